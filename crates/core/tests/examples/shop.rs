//! A shop: an organization with two branches (workspaces) and a till (project) in one of them.
//!
//! Roles of the organization: `owner` (admin, overrides), `staff`, and `guest`, who is capped to what
//! `viewer` holds. Roles of a branch: `manager`, `clerk`, `viewer`.

use std::sync::Arc;

use lockstep_core::{
    Access, Condition, ConditionalSpec, Decision, Denial, DenyReason, Facts, Grant, Level, Node,
    Operation, PermissionSpec, Policy, PolicySpec, Record, RoleSpec, Test, Value, Window, evaluate,
};

pub(crate) const NOW_MS: u64 = 10_000;

pub(crate) fn spec() -> PolicySpec {
    let role = |id: &str, level| RoleSpec {
        id: id.into(),
        ..RoleSpec::new(level)
    };
    let permission = |id: &str, level, allow: &[&str]| PermissionSpec {
        id: id.into(),
        allow: strings(allow),
        ..PermissionSpec::new(level)
    };
    let (organization, workspace) = (Level::Organization, Level::Workspace);
    PolicySpec {
        id: "shop".into(),
        everyone: strings(&["resign"]),
        ownership: vec![(Level::Project, strings(&["count"]))],
        operations: vec![
            (Operation::InvitationCreate.as_str().into(), "hire".into()),
            (
                Operation::MemberUpdateRole.as_str().into(),
                "promote".into(),
            ),
            (Operation::MemberRemove.as_str().into(), "dismiss".into()),
            (Operation::MemberLeave.as_str().into(), "resign".into()),
        ],
        roles: vec![
            RoleSpec {
                admin: true,
                overriding: true,
                ..role("owner", organization)
            },
            role("staff", organization),
            RoleSpec {
                cap: Some("viewer".into()),
                ..role("guest", organization)
            },
            // Hires and promotes, and holds of the branches what a clerk does.
            RoleSpec {
                includes: strings(&["clerk"]),
                ..role("foreman", organization)
            },
            role("manager", workspace),
            role("clerk", workspace),
            role("viewer", workspace),
        ],
        permissions: vec![
            permission("look", workspace, &["manager", "clerk", "viewer"]),
            permission("sell", workspace, &["manager", "clerk"]),
            // A clerk takes back what they sold themselves.
            PermissionSpec {
                conditional: vec![ConditionalSpec {
                    roles: strings(&["clerk"]),
                    when: vec![is("resource.own", true)],
                }],
                ..permission("refund", workspace, &["manager"])
            },
            // Nobody counts a till that is open.
            PermissionSpec {
                guard: vec![is("resource.open", false)],
                ..permission("count", workspace, &["manager"])
            },
            permission("hire", organization, &["owner", "foreman"]),
            permission("promote", organization, &["owner", "foreman"]),
            PermissionSpec {
                guard: vec![is("target.creator", false)],
                ..permission("dismiss", organization, &["owner", "foreman"])
            },
            PermissionSpec {
                personal: true,
                ..permission("resign", organization, &[])
            },
            // Closing the books lets one look at them.
            PermissionSpec {
                implies: strings(&["look"]),
                ..permission("close", workspace, &["manager"])
            },
        ],
        ..PolicySpec::default()
    }
}

pub(crate) fn policy() -> Arc<Policy> {
    Arc::new(Policy::compile(&spec()).unwrap())
}

/// A condition that `fact` is `value`.
pub(crate) fn is(fact: &str, value: bool) -> Condition {
    Condition::new(fact, Test::Equals(Value::Bool(value)))
}

/// What somebody is granted in the shop.
pub(crate) fn record(grants: &[(&str, &str)]) -> Record {
    let grants = grants.iter().map(|(role, node)| Grant::new(*role, *node));
    Record {
        principal: "somebody".into(),
        nodes: vec![
            Node::organization("shop"),
            Node::inside(Level::Workspace, "north", "shop"),
            Node::inside(Level::Workspace, "south", "shop"),
            Node::inside(Level::Project, "till", "north"),
        ],
        grants: grants.collect(),
        ..Record::default()
    }
}

/// The same with a window on the last grant.
pub(crate) fn record_until(grants: &[(&str, &str)], expires_at_ms: u64) -> Record {
    let mut record = record(grants);
    record.grants.last_mut().unwrap().window = Window {
        not_before_ms: None,
        expires_at_ms: Some(expires_at_ms),
    };
    record
}

pub(crate) fn access(grants: &[(&str, &str)]) -> Access {
    resolve(record(grants))
}

pub(crate) fn resolve(record: Record) -> Access {
    Access::resolve(&policy(), record, NOW_MS).unwrap()
}

/// Facts that are each yes or no.
pub(crate) fn facts(facts: &[(&str, bool)]) -> Facts {
    let known = facts.iter();
    known
        .map(|(name, value)| ((*name).into(), Value::Bool(*value)))
        .collect()
}

#[track_caller]
pub(crate) fn decide(
    access: &Access,
    permission: &str,
    node: &str,
    known: &[(&str, bool)],
) -> Decision {
    let permission = access.policy().permission(permission).unwrap();
    let node = access.node(node).unwrap();
    evaluate(access, permission, node, &facts(known))
}

#[track_caller]
pub(crate) fn denial(
    access: &Access,
    permission: &str,
    node: &str,
    known: &[(&str, bool)],
) -> Denial {
    match decide(access, permission, node, known) {
        Decision::Deny(denial) => denial,
        Decision::Allow(_) => panic!("{permission} on {node} is allowed"),
    }
}

#[track_caller]
pub(crate) fn reason(
    access: &Access,
    permission: &str,
    node: &str,
    known: &[(&str, bool)],
) -> DenyReason {
    denial(access, permission, node, known).reason
}

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
