//! The answers that do not depend on facts, laid out so that JavaScript can read them in place.

use std::collections::BTreeMap;

use lockstep_core::{Access, Outcome, PermissionId};

/// For each class of nodes one row, for each permission one answer in it.
#[derive(Debug, Default)]
pub(crate) struct Table {
    answers: Vec<u8>,
    rows: Vec<u32>,
    stride: usize,
}

/// An outcome as the byte in the table: 0 deny, 1 allow, 2 depends on facts.
const fn answer(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::False => 0,
        Outcome::True => 1,
        Outcome::Unknown => 2,
    }
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
        let mut row_of_class = BTreeMap::new();
        for node in access.node_ids() {
            let Some(class) = access.class(node) else {
                continue;
            };
            let row = *row_of_class.entry(class).or_insert_with(|| {
                let row = table.answers.len().checked_div(table.stride).unwrap_or(0);
                table
                    .answers
                    .extend(permissions.iter().map(|p| answer(access.settled(*p, node))));
                u32::try_from(row).unwrap_or(u32::MAX)
            });
            table.rows.push(row);
        }
        table
    }

    pub(crate) fn answer(&self, permission: i32, node: i32) -> i32 {
        let cell = || {
            let row = usize::try_from(*self.rows.get(usize::try_from(node).ok()?)?).ok()?;
            let permission = usize::try_from(permission)
                .ok()
                .filter(|p| *p < self.stride)?;
            self.answers
                .get(row.checked_mul(self.stride)?.checked_add(permission)?)
                .copied()
        };
        cell().map_or(0, i32::from)
    }

    pub(crate) fn answers_address(&self) -> u32 {
        narrow(self.answers.as_ptr().addr())
    }

    pub(crate) fn answers_len(&self) -> u32 {
        narrow(self.answers.len())
    }

    pub(crate) fn rows_address(&self) -> u32 {
        narrow(self.rows.as_ptr().addr())
    }

    pub(crate) fn rows_len(&self) -> u32 {
        narrow(self.rows.len())
    }

    pub(crate) fn stride(&self) -> u32 {
        narrow(self.stride)
    }
}

/// WASM addresses and lengths have 32 bits. Natively an address may not fit; nobody reads it there.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
