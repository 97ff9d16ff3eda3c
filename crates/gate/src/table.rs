//! The answers that do not depend on facts, laid out so that JavaScript can read them.

use alloc::vec;
use alloc::vec::Vec;

use lockstep_core::{Access, Outcome};

/// For each class of nodes one row, for each permission one answer in it.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// An answer a byte: 0 deny, 1 allow, 2 depends on facts. Then all once more, with 0 in place of 2.
    pub(crate) answers: Vec<u8>,
    /// Where the answers for each node begin.
    pub(crate) rows: Vec<u32>,
    /// How many answers a node has.
    pub(crate) stride: usize,
}

/// Marks a class of which no node was seen yet.
const NO_ROW: u32 = u32::MAX;

impl Table {
    pub(crate) fn new(access: &Access) -> Self {
        let mut table = Self {
            stride: access.policy().permissions().len(),
            ..Self::default()
        };
        let mut row_of_class: Vec<u32> = vec![NO_ROW; access.classes()];
        table.answers.reserve(access.classes() * table.stride * 2);
        table.rows.reserve(access.node_ids().count());
        for node in access.node_ids() {
            let class = access.class(node);
            // A node of no class has a row of its own: left out, it would give those after it each other's.
            let mut own = NO_ROW;
            let known = class.and_then(|class| row_of_class.get_mut(class));
            let row = known.unwrap_or(&mut own);
            if *row == NO_ROW {
                *row = narrow(table.answers.len());
                for at in 0..table.stride {
                    let permission = access.policy().permission_at(at);
                    let outcome = permission.map(|permission| access.settled(permission, node));
                    table.answers.push(match outcome {
                        Some(Outcome::True) => 1,
                        Some(Outcome::Unknown) => 2,
                        Some(Outcome::False) | None => 0,
                    });
                }
            }
            table.rows.push(*row);
        }
        for at in 0..table.answers.len() {
            let is_sure = table.answers.get(at) == Some(&1);
            table.answers.push(is_sure.into());
        }
        table
    }
}

/// Where `items` lie in WASM memory.
pub(crate) fn address<T>(items: &[T]) -> u32 {
    narrow(items.as_ptr().addr())
}

/// WASM addresses and lengths have 32 bits. Natively an address may not fit; nobody reads it there.
pub(crate) fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
