//! The compiled form read back, from what the browser parsed.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;

use lockstep_core::{
    Condition, DenialParts, Level, PermissionParts, Policy, PolicyParts, ReplacementParts,
    RoleParts, RuleParts, Test, Value,
};

use super::FORMAT;
use crate::Tree;

/// A compiled policy as a gate reads it.
#[derive(Debug)]
pub struct GatePolicy {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Digest of the document it was compiled from.
    pub digest: String,
}

impl GatePolicy {
    /// Reads the member `gate` of a [`PolicyView`](crate::PolicyView); `None` when it is not one, or of another format.
    #[must_use]
    pub fn read(tree: &Tree<'_>) -> Option<Self> {
        if tree.member("format")?.unsigned()? != FORMAT {
            return None;
        }
        let parts = PolicyParts {
            permissions: tree.member("permissions")?.list(permission)?,
            roles: tree.member("roles")?.list(role)?,
            guards: tree.member("guards")?.list(|guard| guard.list(condition))?,
            rights: tree.member("rights")?.index()?,
            everyone: tree.member("everyone")?.list(Tree::index)?,
            ownership: tree
                .member("ownership")?
                .list(|own| Some((level(own)?, own.member("rights")?.list(Tree::index)?)))?,
            rules: tree.list_of("rules", |rule| {
                Some(RuleParts {
                    id: rule.member("id")?.text()?.to_owned(),
                    because: text(rule, "because")?,
                })
            })?,
            denials: tree.list_of("denials", |denial| {
                Some(DenialParts {
                    permission: denial.member("permission")?.index()?,
                    guard: optional_index(denial, "guard")?,
                    rule: denial.member("rule")?.index()?,
                })
            })?,
            everyone_denied: tree.list_of("everyone_denied", Tree::index)?,
            features: tree.list_of("features", |id| Some(id.text()?.to_owned()))?,
            replacements: tree.list_of("replacements", |replacement| {
                Some(ReplacementParts {
                    feature: replacement.member("feature")?.index()?,
                    level: level(replacement)?,
                    role: replacement.member("role")?.index()?,
                })
            })?,
            custom_levels: tree.list_of("custom_levels", level_name)?,
            custom_additions: tree.flag("custom_additions"),
        };
        let digest = tree.member("digest")?.text()?.to_owned();
        parts.is_whole().then(|| Self {
            policy: Arc::new(parts.into()),
            digest,
        })
    }
}

fn permission(tree: &Tree<'_>) -> Option<PermissionParts> {
    Some(PermissionParts {
        id: tree.member("id")?.text()?.to_owned(),
        because: text(tree, "because")?,
        level: level(tree)?,
        personal: tree.flag("personal"),
        guard: optional_index(tree, "guard")?,
        plan: tree.list_of("plan", Tree::index)?,
        implied: tree.list_of("implied", Tree::index)?,
        conditional: tree.list_of("conditional", |tree| {
            Some((
                tree.member("right")?.index()?,
                tree.member("guard")?.index()?,
            ))
        })?,
    })
}

fn role(tree: &Tree<'_>) -> Option<RoleParts> {
    Some(RoleParts {
        id: tree.member("id")?.text()?.to_owned(),
        name: tree.member("name")?.text()?.to_owned(),
        level: level(tree)?,
        overriding: tree.flag("override"),
        rights: tree.member("rights")?.list(Tree::index)?,
        denied: tree.list_of("denied", Tree::index)?,
        cap: match tree.optional("cap") {
            Some(cap) => Some(cap.list(Tree::index)?),
            None => None,
        },
    })
}

/// The text of a member; empty when it is not there.
fn text(tree: &Tree<'_>, name: &str) -> Option<String> {
    let text = tree.optional(name).map(Tree::text);
    Some(text.unwrap_or(Some(""))?.to_owned())
}

fn optional_index(tree: &Tree<'_>, name: &str) -> Option<Option<usize>> {
    match tree.optional(name) {
        Some(index) => index.index().map(Some),
        None => Some(None),
    }
}

pub(crate) fn level(tree: &Tree<'_>) -> Option<Level> {
    level_name(tree.member("level")?)
}

fn level_name(tree: &Tree<'_>) -> Option<Level> {
    let name = tree.text()?;
    Level::ALL.into_iter().find(|level| level.as_str() == name)
}

pub(crate) fn condition(tree: &Tree<'_>) -> Option<Condition> {
    let texts = |name: &str| {
        tree.optional(name)?
            .list(|text| Some(text.text()?.to_owned()))
    };
    let text = |name: &str| Some(tree.optional(name)?.text()?.to_owned());
    let value = |name: &str| tree.optional(name).and_then(value);
    let integer = |name: &str| match tree.optional(name)? {
        Tree::Integer(number) => Some(*number),
        _ => None,
    };
    let test = value("equals")
        .map(Test::Equals)
        .or_else(|| value("not_equals").map(Test::NotEquals))
        .or_else(|| text("equals_ignore_case").map(Test::EqualsIgnoreCase))
        .or_else(|| text("not_equals_ignore_case").map(Test::NotEqualsIgnoreCase))
        .or_else(|| text("equals_fact").map(Test::EqualsFact))
        .or_else(|| texts("in").map(Test::In))
        .or_else(|| texts("not_in").map(Test::NotIn))
        .or_else(|| text("matches").map(Test::Matches))
        .or_else(|| text("not_matches").map(Test::NotMatches))
        .or_else(|| integer("at_least").map(Test::AtLeast))
        .or_else(|| integer("at_most").map(Test::AtMost))?;
    Some(Condition {
        fact: tree.member("fact")?.text()?.to_owned(),
        test,
        if_exists: tree.flag("if_exists"),
    })
}

pub(crate) fn value(tree: &Tree<'_>) -> Option<Value> {
    match tree {
        Tree::Bool(value) => Some(Value::Bool(*value)),
        Tree::Integer(value) => Some(Value::Integer(*value)),
        Tree::Text(value) => Some(Value::Text((*value).to_owned())),
        Tree::Null | Tree::List(_) | Tree::Map(_) => None,
    }
}
