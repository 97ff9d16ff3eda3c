//! Which permission stands behind each act of the directory: another one is a change of who may do it.

use std::fmt::Write;

use lockstep_core::{Operation, Policy};
use serde::Serialize;

use crate::output::{BAD, GOOD, styled};

/// An operation that asks for another permission than before.
#[derive(Serialize)]
pub(super) struct OperationChange<'a> {
    operation: &'static str,
    /// The permission that it needed; without one it was open to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    /// The permission that it needs; without one it is open to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

/// The operations that ask for another permission under `new` than under `old`.
pub(super) fn compare<'a>(old: &'a Policy, new: &'a Policy) -> Vec<OperationChange<'a>> {
    let all = Operation::ALL.iter().map(|operation| OperationChange {
        operation: operation.as_str(),
        before: old.operation_permission(*operation),
        after: new.operation_permission(*operation),
    });
    all.filter(|change| change.before != change.after).collect()
}

/// The changes for people, a line for each.
pub(super) fn print(changes: &[OperationChange<'_>]) -> String {
    let mut text = String::new();
    if !changes.is_empty() {
        text.push_str("(operations of the directory)\n");
    }
    let width = changes.iter().map(|change| change.operation.len()).max();
    let width = width.unwrap_or_default();
    for change in changes {
        let (sign, words) = match (change.before, change.after) {
            (None, after) => {
                let after = after.unwrap_or_default();
                let words = format!("needs {after}; before, open to nobody");
                (styled(GOOD, "+"), words)
            }
            (Some(before), Some(after)) => {
                ("~".to_owned(), format!("needs {after}; before, {before}"))
            }
            (Some(before), None) => {
                let words = format!("open to nobody; before, needed {before}");
                (styled(BAD, "-"), words)
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {sign} {:width$}  {words}", change.operation);
    }
    text
}
