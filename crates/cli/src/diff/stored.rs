//! What a change of the policy does to what organizations have stored: they name roles, permissions and plans by id,
//! and outlive the policy that they were stored under.

use std::collections::BTreeSet;
use std::fmt::Write;

use lockstep_core::Level;
use lockstep_wire::{CompiledPolicy, PolicyDocument, RoleDocument};
use serde::Serialize;

use crate::output::{BAD, printable, styled};

/// What is stored and counts in another way, or for nothing.
#[derive(Serialize)]
pub(super) struct Consequence {
    /// What of the old policy it names, such as `role guest`.
    of: String,
    /// What becomes of it.
    text: String,
}

/// What `new` does to what was stored under `old`.
pub(super) fn compare(old: &CompiledPolicy, new: &CompiledPolicy) -> Vec<Consequence> {
    let (old, new) = (&old.document, &new.document);
    let mut all = Vec::new();
    let levels = old.roles.iter().map(|role| role.level);
    let top = levels.min_by_key(|level| Level::from(*level));
    let mut add = |of: String, text: String| all.push(Consequence { of, text });
    for role in &old.roles {
        let of = format!("role {}", role.id);
        let kept = new.roles.iter().find(|kept| kept.id == role.id);
        if kept.is_none() {
            add(of.clone(), GONE_ROLE.into());
            if role.cap.is_some() {
                add(of.clone(), GONE_CAP.into());
            }
        } else if is_base(old, role) && kept.is_some_and(|kept| !is_base(new, kept)) {
            add(of.clone(), NO_BASE.into());
        }
        // Law 7 counts who holds such a role on the organization itself.
        if role.admin && Some(role.level) == top && kept.is_none_or(|kept| !kept.admin) {
            add(of, NO_ADMIN.into());
        }
    }
    if old.custom_roles.additions && !new.custom_roles.additions {
        add("roles of organizations".into(), NO_ADDITIONS.into());
    }
    for permission in &old.permissions {
        let mut kept = new.permissions.iter();
        if kept.all(|kept| kept.id != permission.id) {
            add(
                format!("permission {}", permission.id),
                GONE_PERMISSION.into(),
            );
        }
    }
    for permission in managed_by(old, new) {
        add(format!("deny rules for {permission}"), KEEPS_RULES.into());
    }
    for id in old.plan.offers.keys() {
        if !new.plan.offers.contains_key(id) {
            add(format!("plan {id}"), gone_plan(new).into());
        }
    }
    for (of, before, after) in [
        (
            "personal access tokens",
            old.tokens.personal(),
            new.tokens.personal(),
        ),
        (
            "keys of service accounts",
            old.tokens.service(),
            new.tokens.service(),
        ),
    ] {
        if before != after {
            let text =
                format!("end at once: they begin with {before}, and only {after} is read any more");
            add(of.into(), text);
        }
    }
    all
}

/// Whether organizations may make roles of it.
fn is_base(policy: &PolicyDocument, role: &RoleDocument) -> bool {
    policy.custom_roles.levels.contains(&role.level) && !role.overriding
}

/// What rules are seen or managed by under `new` and were not under `old`, though organizations could make deny rules for it.
fn managed_by<'a>(old: &PolicyDocument, new: &'a PolicyDocument) -> BTreeSet<&'a str> {
    let by = |operation| Some((operation, new.operations.get(operation)?));
    let managing = ["rule.manage", "rule.read"].into_iter().filter_map(by);
    let moved = managing.filter(|(operation, permission)| {
        let mut known = old.permissions.iter();
        old.operations.contains_key("rule.manage")
            && old.operations.get(*operation) != Some(permission)
            && known.any(|known| known.id == **permission)
    });
    moved.map(|(_, permission)| permission.as_str()).collect()
}

const KEEPS_RULES: &str = "go on: whom they bind neither sees nor manages rules, which is done by it now; where that \
    is everybody, nobody ends them";
const GONE_ROLE: &str = "is gone: grants of it, roles made of it and allow rules for it give nothing; \
    deny rules for it, or for a role made of it, bind every member";
const GONE_CAP: &str =
    "capped whoever had it and caps nobody any more: they hold all else that they were granted";
const NO_BASE: &str = "is none of which organizations make roles any more: those that they made of it give \
    nothing, and deny rules for these bind every member";
const NO_ADDITIONS: &str =
    "hold no more than what they are made of: what they added to it counts for nothing";
const NO_ADMIN: &str = "was an admin's and is none: an organization whose admins have no other such role \
    has no admin any more";
const GONE_PERMISSION: &str = "is gone: tokens, rules and roles of organizations name it for nothing; \
    what their deny rules took by it, and their roles left out, is taken and left out no more";

fn gone_plan(new: &PolicyDocument) -> &'static str {
    if new.plan.offers.is_empty() {
        "is gone, as all plans: an organization that has it is without limits"
    } else {
        "is gone: an organization that has it gets no features, members or workspaces by it until the \
         operator gives it another one"
    }
}

/// The consequences for people, a line for each.
pub(super) fn print(consequences: &[Consequence]) -> String {
    let mut text = String::new();
    if !consequences.is_empty() {
        text.push_str("(what organizations have stored)\n");
    }
    let names: Vec<String> = consequences
        .iter()
        .map(|consequence| printable(&consequence.of))
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default();
    for (name, consequence) in names.iter().zip(consequences) {
        let sign = styled(BAD, "!");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {sign} {name:width$}  {}", consequence.text);
    }
    text
}
