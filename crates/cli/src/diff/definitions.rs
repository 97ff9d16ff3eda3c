//! What roles alone do not show: rules, caps, ownership, plans. Another one is a change of who may do it.

use std::fmt::Write;

use lockstep_wire::CompiledPolicy;
use serde::Serialize;

use crate::definitions;
use crate::output::{BAD, GOOD, printable, styled};

/// Something that is defined in another way than before.
#[derive(Serialize)]
pub(super) struct DefinitionChange {
    definition: String,
    /// How it was; absent where it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// How it is; absent where it is not there any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// What `new` defines in another way than `old`, beside what roles show.
pub(super) fn compare(
    old: &CompiledPolicy,
    new: &CompiledPolicy,
    shown: &definitions::Shown,
) -> Vec<DefinitionChange> {
    let changes = definitions::compare(old, new, shown).into_iter();
    changes
        .map(|(definition, before, after)| DefinitionChange {
            definition,
            before,
            after,
        })
        .collect()
}

/// The changes for people, a line for each.
pub(super) fn print(changes: &[DefinitionChange]) -> String {
    let mut text = String::new();
    if !changes.is_empty() {
        text.push_str("(definitions)\n");
    }
    let names: Vec<String> = changes
        .iter()
        .map(|change| printable(&change.definition))
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default();
    for (name, change) in names.iter().zip(changes) {
        let (sign, words) = match (&change.before, &change.after) {
            (Some(before), Some(after)) => ("~".to_owned(), format!("{after}; before, {before}")),
            (Some(before), None) => (styled(BAD, "-"), before.clone()),
            (None, after) => (styled(GOOD, "+"), after.clone().unwrap_or_default()),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {sign} {name:width$}  {}", printable(&words));
    }
    text
}
