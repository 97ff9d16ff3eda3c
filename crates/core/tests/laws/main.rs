//! The laws, as theorems about random policies, records and facts.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

#[path = "../support/mod.rs"]
mod support;

mod delegation;
mod differential;
mod lists;
mod rules;

use std::sync::Arc;

use lockstep_core::{
    Access, Decision, Effect, Facts, Grant, Level, Operation, Outcome, PermissionSpec, Policy,
    PolicySpec, Record, Suggestion, Target, change_role, evaluate, evaluate_on, leave, remove,
    verdict,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use support::policies::{Without, policies};
use support::worlds::{self, NODES, NOW_MS};
use support::{allowed, config, decisions, permissions};

fn compile(spec: &PolicySpec) -> Arc<Policy> {
    Arc::new(Policy::compile(spec).unwrap())
}

fn resolve(policy: &Arc<Policy>, record: &Record) -> Access {
    Access::resolve(policy, record.clone(), NOW_MS).unwrap()
}

fn any_policy() -> impl Strategy<Value = PolicySpec> {
    policies(Without::default())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn default_deny(spec in any_policy(), record in worlds::records(), facts in worlds::facts()) {
        // Nobody granted anything: nothing is allowed, also where nodes are owned.
        let policy = compile(&spec);
        let stranger = resolve(&policy, &Record { grants: Vec::new(), ..record.clone() });
        prop_assert_eq!(allowed(&stranger, &facts), []);
        // Nor to who is in groups alone: a group makes nobody a member.
        let mut guest = record.clone();
        guest.grants.iter_mut().for_each(|grant| grant.group = Some("group".into()));
        prop_assert_eq!(allowed(&resolve(&policy, &guest), &facts), []);

        // A permission that the policy gives to nobody is denied to everybody.
        let mut spec = spec;
        spec.everyone.clear();
        spec.ownership.clear();
        spec.roles.iter_mut().for_each(|role| role.overriding = false);
        for permission in &mut spec.permissions {
            permission.allow.clear();
            permission.conditional.clear();
        }
        spec.rules.retain(|rule| rule.effect == Effect::Deny);
        spec.custom_additions = false;
        let mut record = record;
        record.customization.rules.retain(|rule| rule.effect == Effect::Deny);
        let policy = compile(&spec);
        prop_assert_eq!(allowed(&resolve(&policy, &record), &facts), []);
    }

    #[test]
    fn adding_a_grant_never_removes_access(
        spec in policies(Without { caps: true, denials: true, ..Without::default() }),
        record in worlds::records().prop_map(worlds::without_denials),
        token in prop::option::of(worlds::tokens()),
        grant in worlds::grants(),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let before = Record { token, ..record };
        let mut after = before.clone();
        after.grants.push(grant);
        let after = allowed(&resolve(&policy, &after), &facts);
        for access in allowed(&resolve(&policy, &before), &facts) {
            prop_assert!(after.contains(&access), "{:?} was lost", access);
        }
    }

    #[test]
    fn order_and_duplicates_of_grants_do_not_matter(
        spec in any_policy(),
        (record, shuffled) in worlds::records().prop_flat_map(|record| {
            let twice = [record.grants.clone(), record.grants.clone()].concat();
            (Just(record), Just(twice).prop_shuffle())
        }),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let other = Record { grants: shuffled, ..record.clone() };
        let codes = |record: &Record| -> Vec<&'static str> {
            let decisions = decisions(&resolve(&policy, record), &facts);
            decisions.iter().map(code).collect()
        };
        prop_assert_eq!(codes(&record), codes(&other));
    }

    #[test]
    fn tenants_never_mix(
        spec in any_policy(),
        record in worlds::records(),
        foreign in vec(worlds::grants(), 1..=3),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let here = resolve(&policy, &record);
        // Grants on nodes of another organization change nothing in this one.
        let mut with_foreign = record.clone();
        for grant in foreign {
            with_foreign.grants.push(Grant { node: format!("other-{}", grant.node), ..grant });
        }
        let both = resolve(&policy, &with_foreign);
        prop_assert_eq!(decisions(&here, &facts), decisions(&both, &facts));
        // And a node of another organization is an unknown one, which is an ordinary deny.
        for (permission, _) in permissions(&policy) {
            for node in NODES {
                let there = evaluate_on(&both, permission, &format!("other-{}", node.id), &facts);
                prop_assert!(!there.is_allow());
            }
        }
    }

    #[test]
    fn effective_token_is_scope_and_principal(
        spec in any_policy(),
        record in worlds::records(),
        token in worlds::tokens(),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let principal = allowed(&resolve(&policy, &record), &facts);
        let in_time = token.window.contains(NOW_MS);
        let subtree = token.node.as_deref().map(worlds::below);
        let expected: Vec<_> = principal
            .into_iter()
            .filter(|_| in_time)
            .filter(|(id, _)| token.permissions.as_ref().is_none_or(|ids| ids.contains(id)))
            .filter(|(_, node)| subtree.as_ref().is_none_or(|nodes| nodes.contains(node)))
            .collect();
        let through_token = resolve(&policy, &Record { token: Some(token), ..record });
        prop_assert_eq!(allowed(&through_token, &facts), expected);
    }

    #[test]
    fn organization_keeps_an_admin(
        spec in any_policy(),
        roles in vec(0..3_u8, 0..=3),
        steps in vec((0..3_u8, any::<u8>(), any::<u8>(), any::<u8>()), 1..=12),
    ) {
        let (_, policy) = manageable(spec);
        let roles_here: Vec<_> = policy.organization_roles().collect();
        let is_admin = |role: &str| policy.describe_role(policy.role(role).unwrap()).unwrap().admin;
        let overrides = |role: &str| policy.describe_role(policy.role(role).unwrap()).unwrap().overriding;
        // The first member is an admin; the others are anything.
        let pick = |at: u8| policy.describe_role(roles_here[usize::from(at) % roles_here.len()]).unwrap().id.clone();
        let mut members = vec!["r0".to_owned()];
        members.extend(roles.into_iter().map(pick));
        for (step, actor, target, role) in steps {
            let (actor, target) = (usize::from(actor) % members.len(), usize::from(target) % members.len());
            let access = resolve(&policy, &Record {
                nodes: worlds::nodes(0),
                grants: vec![Grant::new(members[actor].clone(), "org")],
                ..Record::default()
            });
            let beside = |is: &dyn Fn(&str) -> bool| {
                let others = members.iter().enumerate();
                others.filter(|(at, role)| *at != target && is(role)).count()
            };
            let had_owner = members.iter().any(|role| overrides(role));
            let member = Target {
                role: policy.role(&members[target]),
                role_id: &members[target],
                is_self: actor == target,
                is_creator: false,
                other_admins: beside(&is_admin),
                keeps_owner: beside(&overrides) > 0,
                record: None,
            };
            let role = pick(role);
            match step {
                0 if change_role(&access, &member, policy.role(&role).unwrap(), &Facts::default()).is_ok() => {
                    members[target] = role;
                }
                1 if remove(&access, &member, &Facts::default()).is_ok() => {
                    members.remove(target);
                }
                2 if actor == target && leave(&access, &member, &Facts::default()).is_ok() => {
                    members.remove(target);
                }
                _ => {}
            }
            prop_assert!(members.iter().any(|role| is_admin(role)), "{:?}", members);
            // Whose role overrides is the owner: where there was one, there is one.
            prop_assert!(!had_owner || members.iter().any(|role| overrides(role)), "{:?}", members);
        }
    }

    #[test]
    fn same_inputs_same_decision(
        spec in any_policy(),
        record in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        facts in worlds::facts(),
    ) {
        let record = Record { token, ..record };
        let once = compile(&spec);
        let again = compile(&spec);
        prop_assert_eq!(
            decisions(&resolve(&once, &record), &facts),
            decisions(&resolve(&again, &record), &facts)
        );
    }

    #[test]
    fn an_answer_that_needs_no_facts_stays_whatever_the_facts(
        spec in any_policy(),
        record in worlds::records(),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let access = resolve(&policy, &record);
        for node in NODES {
            for (permission, _) in permissions(&policy) {
                let at = access.node(node.id).unwrap();
                let without = verdict(&access, permission, at, &Facts::default());
                if without != Outcome::Unknown {
                    prop_assert_eq!(verdict(&access, permission, at, &facts), without);
                }
            }
        }
    }

    #[test]
    fn nodes_of_one_class_have_the_same_answers(
        spec in any_policy(),
        record in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let access = resolve(&policy, &Record { token, ..record });
        let nodes: Vec<_> = NODES.iter().map(|node| access.node(node.id).unwrap()).collect();
        for (one, other) in nodes.iter().flat_map(|one| nodes.iter().map(move |other| (*one, *other))) {
            if access.class(one) == access.class(other) {
                for (permission, _) in permissions(&policy) {
                    let on = |node| verdict(&access, permission, node, &facts);
                    prop_assert_eq!(on(one), on(other));
                }
            }
        }
    }

    #[test]
    fn every_suggested_grant_would_allow(
        spec in any_policy(),
        record in worlds::records(),
        token in option::of(worlds::tokens()),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let record = Record { token, ..record };
        let access = resolve(&policy, &record);
        for decision in decisions_by_node(&access, &facts) {
            let (node, Decision::Deny(denial)) = decision else { continue };
            for suggestion in denial.suggestions {
                let after = with_suggestion(&access, &record, suggestion);
                prop_assert!(!has(&access, suggestion), "{:?} is there already", suggestion);
                let at = after.node(node).unwrap();
                prop_assert!(
                    evaluate(&after, denial.permission, at, &facts).is_allow(),
                    "{:?} on {} does not allow {:?}", suggestion, node, denial.permission
                );
            }
        }
    }
}

/// `spec` with one more permission, which every role holds and which all changes of members need: so
/// what stands between a change and its effect is the laws alone.
fn manageable(mut spec: PolicySpec) -> (PolicySpec, Arc<Policy>) {
    spec.permissions.push(PermissionSpec {
        id: "manage".into(),
        allow: spec.roles.iter().map(|role| role.id.clone()).collect(),
        personal: true,
        ..PermissionSpec::new(Level::Organization)
    });
    let changes = [
        Operation::IssuerManage,
        Operation::MemberLeave,
        Operation::MemberRemove,
        Operation::MemberUpdateRole,
        Operation::WorkspaceMemberManage,
    ];
    spec.operations = changes
        .iter()
        .map(|change| (change.as_str().into(), "manage".into()))
        .collect();
    let policy = compile(&spec);
    (spec, policy)
}

fn is_personal(spec: &PolicySpec, id: &str) -> bool {
    spec.permissions
        .iter()
        .any(|permission| permission.id == id && permission.personal)
}

fn code(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow(_) => "allow",
        Decision::Deny(denial) => denial.reason.code(),
    }
}

fn decisions_by_node(access: &Access, facts: &Facts) -> Vec<(&'static str, Decision)> {
    let nodes = NODES
        .iter()
        .flat_map(|node| vec![node.id; access.policy().permissions().len()]);
    nodes.zip(decisions(access, facts)).collect()
}

/// Whether the principal has what is suggested already, and it counts.
fn has(access: &Access, suggestion: Suggestion) -> bool {
    match suggestion {
        Suggestion::Ownership(node) => access.describe(node).unwrap().owned,
        Suggestion::Role(role, node) => {
            let role = access.policy().describe_role(role).unwrap();
            let node = access.describe(node).unwrap();
            access.grants().iter().any(|grant| {
                grant.group.is_none()
                    && (&*grant.role, &*grant.node) == (&*role.id, node.id)
                    && grant.window.contains(NOW_MS)
            })
        }
    }
}

/// The principal after following `suggestion`: a role of the organization takes the place of the one
/// held there, any other is added.
fn with_suggestion(access: &Access, record: &Record, suggestion: Suggestion) -> Access {
    let policy = access.policy();
    let mut record = record.clone();
    let id = |node| access.describe(node).unwrap().id;
    match suggestion {
        Suggestion::Ownership(node) => {
            let id = id(node);
            record
                .nodes
                .iter_mut()
                .filter(|node| node.id == id)
                .for_each(|node| node.owned = true);
        }
        Suggestion::Role(role, node) => {
            let role = policy.describe_role(role).unwrap();
            if role.level == Level::Organization {
                let level =
                    |grant: &Grant| Some(policy.describe_role(policy.role(&grant.role)?)?.level);
                record.grants.retain(|grant| {
                    grant.node != "org" || level(grant) != Some(Level::Organization)
                });
            }
            record.grants.push(Grant::new(role.id.clone(), id(node)));
        }
    }
    Access::resolve_own(policy, record, NOW_MS).unwrap()
}
