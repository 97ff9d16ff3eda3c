//! The answers that do not depend on facts, laid out so that JavaScript can read them in place.

use alloc::vec::Vec;

use lockstep_core::{Access, Outcome, PermissionId};

/// For each class of nodes one row, for each permission one answer in it.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// An answer a byte: 0 deny, 1 allow, 2 depends on facts.
    answers: Vec<u8>,
    /// The same, with 0 in place of 2.
    sure: Vec<u8>,
    /// Where the answers for each node begin.
    rows: Vec<u32>,
    stride: usize,
    layout: [u32; 6],
}

impl Table {
    pub(crate) fn new(access: &Access) -> Self {
        let policy = access.policy();
        let permissions = (0..).map_while(|index| policy.permission_at(index));
        let permissions: Vec<PermissionId> = permissions.collect();
        let mut table = Self {
            stride: permissions.len(),
            ..Self::default()
        };
        let mut row_of_class: Vec<Option<u32>> = Vec::new();
        for node in access.node_ids() {
            let Some(class) = access.class(node) else {
                continue;
            };
            if row_of_class.len() <= class {
                row_of_class.resize(class + 1, None);
            }
            let Some(row) = row_of_class.get_mut(class) else {
                continue;
            };
            let start = *row.get_or_insert_with(|| {
                let start = narrow(table.answers.len());
                for permission in &permissions {
                    let outcome = access.settled(*permission, node);
                    table.sure.push((outcome == Outcome::True).into());
                    table.answers.push(match outcome {
                        Outcome::False => 0,
                        Outcome::True => 1,
                        Outcome::Unknown => 2,
                    });
                }
                start
            });
            table.rows.push(start);
        }
        table.layout = [
            address(&table.answers),
            narrow(table.answers.len()),
            address(&table.sure),
            address(&table.rows),
            narrow(table.rows.len()),
            narrow(table.stride),
        ];
        table
    }

    pub(crate) const fn stride(&self) -> usize {
        self.stride
    }

    pub(crate) fn layout(&self) -> u32 {
        address(&self.layout)
    }
}

/// Where `items` lie in WASM memory.
pub(crate) fn address<T>(items: &[T]) -> u32 {
    narrow(items.as_ptr().addr())
}

/// WASM addresses and lengths have 32 bits. Natively an address may not fit; nobody reads it there.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
