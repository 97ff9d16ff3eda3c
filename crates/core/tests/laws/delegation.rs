//! Law 5: no one hands out what they do not hold.

use lockstep_core::{
    Access, Assignment, Effect, Facts, Grant, Level, Operation, PrincipalKind, Record, RuleSpec,
    Target, Window, assign, can_delegate, can_hand_over, change_role, may_admit, save_issuer,
};
use proptest::prelude::*;

use crate::support::worlds::{self, NODES, NOW_MS};
use crate::support::{allowed, config};
use crate::{any_policy, compile, is_personal, manageable, resolve};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_one_hands_out_what_they_do_not_hold(
        spec in any_policy(),
        grantor in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        through_group in any::<bool>(),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let record = Record { token, ..grantor };
        let grantor = resolve(&policy, &record);
        let grantor_may = allowed(&grantor, &facts);
        // A member without any role, and what they are given.
        let grantee_may = |kind, given: Option<Grant>| {
            let grants = std::iter::once(Grant::new("gone", "org")).chain(given);
            let grantee = Record {
                kind,
                nodes: worlds::nodes(0),
                grants: grants.collect(),
                token: None,
                ..record.clone()
            };
            allowed(&resolve(&policy, &grantee), &facts)
        };
        let kinds = [PrincipalKind::User, PrincipalKind::ServiceAccount];
        let before = kinds.map(|kind| grantee_may(kind, None));
        for role in grantor.policy().roles() {
            for node in NODES {
                let at = grantor.node(node.id).unwrap();
                let number = grantor.policy().role(&role.id).unwrap();
                if can_delegate(&grantor, number, at).is_err() {
                    continue;
                }
                let group = through_group.then(|| "group".to_owned());
                let given = Grant { group, ..Grant::new(role.id.clone(), node.id) };
                let after = kinds.map(|kind| grantee_may(kind, Some(given.clone())));
                for access in after.into_iter().flatten() {
                    prop_assert!(
                        is_personal(&spec, &access.0)
                            || before.iter().flatten().any(|known| *known == access)
                            || grantor_may.contains(&access),
                        "{} on {} gives {:?}", role.id, node.id, access
                    );
                }
            }
        }
    }

    #[test]
    fn a_key_gives_no_more_than_who_sees_it_holds(
        spec in any_policy(),
        grantor in worlds::records(),
        grantors_token in prop::option::of(worlds::tokens()),
        account in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        is_program in any::<bool>(),
        facts in worlds::facts(),
    ) {
        let policy = compile(&spec);
        let kind = if is_program { PrincipalKind::ServiceAccount } else { PrincipalKind::User };
        let (plan, customization) = (grantor.plan.clone(), grantor.customization.clone());
        let account = Record { kind, plan, customization, token, ..account };
        let grantor = Record { token: grantors_token, ..grantor };
        let (grantor, holder) = (resolve(&policy, &grantor), resolve(&policy, &account));
        if can_hand_over(&grantor, &account).is_ok() {
            let grantor_may = allowed(&grantor, &facts);
            for access in allowed(&holder, &facts) {
                prop_assert!(
                    is_personal(&spec, &access.0) || grantor_may.contains(&access),
                    "the key gives {:?}", access
                );
            }
        }
    }

    #[test]
    fn who_says_which_keys_an_issuer_has_becomes_nobody_who_holds_more(
        spec in any_policy(),
        saver in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        held in worlds::records(),
        facts in worlds::facts(),
    ) {
        let (spec, policy) = manageable(spec);
        let (plan, customization) = (saver.plan.clone(), saver.customization.clone());
        let held = Record { kind: PrincipalKind::User, plan, customization, token: None, ..held };
        let saver = resolve(&policy, &Record { token, ..saver });
        let saver_may = allowed(&saver, &facts);
        let with = |grants: Vec<Grant>, nodes| {
            let member = Record { grants, nodes, ..held.clone() };
            allowed(&resolve(&policy, &member), &facts)
        };
        let nobody = with(vec![Grant::new("gone", "org")], worlds::nodes(0));
        let is_given = |access: &(String, &'static str)| {
            nobody.contains(access) || saver_may.contains(access) || is_personal(&spec, &access.0)
        };
        let none = Facts::default();
        if save_issuer(&saver, None, &held, &none).is_ok() {
            for access in &with(held.grants.clone(), held.nodes.clone()) {
                prop_assert!(is_given(access), "its members hold {:?}", access);
            }
        }
        for role in policy.organization_roles() {
            let described = policy.describe_role(role).unwrap();
            let admitted = may_admit(&saver, role, &none);
            let saved = save_issuer(&saver, Some(role), &Record::default(), &none);
            prop_assert!(saved.is_err() || !described.admin);
            // What a plan makes of the role is asked of who comes in alone.
            prop_assert!(admitted.is_err() || saved.is_ok());
            if saver.plan().is_empty() {
                prop_assert_eq!(&saved, &admitted);
            }
            if admitted.is_ok() {
                let given = vec![Grant::new(described.id.clone(), "org")];
                for access in &with(given, worlds::nodes(0)) {
                    prop_assert!(is_given(access), "who comes in gets {:?}", access);
                }
            }
        }
    }

    #[test]
    fn a_changed_role_gives_no_more_than_the_actor_holds(
        spec in any_policy(),
        actor in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        target in worlds::records(),
        facts in worlds::facts(),
    ) {
        let (spec, policy) = manageable(spec);
        let (plan, customization) = (actor.plan.clone(), actor.customization.clone());
        let target = Record { plan, customization, ..target };
        // A member has one role on the organization, and others further down.
        let with_role = |role: &str| {
            let elsewhere = target.grants.iter().filter(|grant| grant.node != "org").cloned();
            let grants = std::iter::once(Grant::new(role, "org")).chain(elsewhere).collect();
            Record { grants, ..target.clone() }
        };
        let target_may = |role: &str| allowed(&resolve(&policy, &with_role(role)), &facts);
        let actor = Record { token, ..actor };
        let roles: Vec<_> = policy.organization_roles().collect();
        for new in &roles {
            let new_id = &policy.describe_role(*new).unwrap().id;
            let after = target_may(new_id);
            // Also an actor who holds the new role: then nothing but caps is in the way.
            let mut holder = actor.clone();
            holder.grants.push(Grant::new(new_id.clone(), "org"));
            for (actor, old) in [&actor, &holder].iter().flat_map(|actor| {
                spec.roles.iter().map(move |old| (actor, old))
            }) {
                let actor = resolve(&policy, actor);
                let record = with_role(&old.id);
                let member = Target {
                    role: policy.role(&old.id),
                    role_id: &old.id,
                    is_self: false,
                    is_creator: false,
                    other_admins: 1,
                    keeps_owner: true,
                    record: Some(&record),
                };
                let blindly = Target { record: None, ..member };
                if change_role(&actor, &member, *new, &Facts::default()).is_err() {
                    // Who is not known to hold nothing beside is assumed to hold anything.
                    prop_assert!(change_role(&actor, &blindly, *new, &Facts::default()).is_err());
                    continue;
                }
                let (before, actor_may) = (target_may(&old.id), allowed(&actor, &facts));
                for access in &after {
                    prop_assert!(
                        before.contains(access)
                            || actor_may.contains(access)
                            || is_personal(&spec, &access.0),
                        "{} in place of {} gives {:?}", new_id, old.id, access
                    );
                }
            }
        }
    }

    #[test]
    fn a_role_that_ends_on_a_node_frees_nobody_of_more_than_the_actor_holds(
        spec in any_policy(),
        (bound, denied) in (any::<usize>(), any::<usize>()),
        actor in worlds::records(),
        token in prop::option::of(worlds::tokens()),
        target in worlds::records(),
        facts in worlds::facts(),
    ) {
        let (mut spec, _) = manageable(spec);
        let bound = spec.roles[bound % spec.roles.len()].id.clone();
        // One rule more, which is for whoever has the role that ends.
        spec.rules.push(RuleSpec {
            id: "bound".into(),
            effect: Effect::Deny,
            roles: vec![bound.clone()],
            permissions: vec![spec.permissions[denied % (spec.permissions.len() - 1)].id.clone()],
            when: Vec::new(),
            because: String::new(),
        });
        let policy = compile(&spec);
        let (plan, customization) = (actor.plan.clone(), actor.customization.clone());
        let target = Record { kind: PrincipalKind::User, plan, customization, ..target };
        let target_may = |grants: Vec<Grant>, now_ms| {
            let record = Record { grants, ..target.clone() };
            allowed(&Access::resolve(&policy, record, now_ms).unwrap(), &facts)
        };
        // When a role begins or ends, and moments around that.
        let window = |from, until| Window { not_before_ms: from, expires_at_ms: until };
        let at = Some(NOW_MS + 1);
        let windows = [window(None, None), window(at, None), window(None, at)];
        let moments = [NOW_MS, NOW_MS + 1];
        let actor = Record { token, ..actor };
        for node in NODES.iter().filter(|node| node.level != Level::Organization) {
            // A member, whatever else they were granted there and elsewhere.
            let given = [Grant::new("gone", "org"), Grant::new(bound.clone(), node.id)];
            let grants = target.grants.iter().cloned().chain(given);
            let ends = |grant: &Grant| grant.node == node.id && grant.group.is_none();
            let (ended, kept): (Vec<_>, Vec<_>) = grants.partition(ends);
            let before = moments.map(|moment| target_may([&*kept, &*ended].concat(), moment));
            // Also an actor who has the same role there, and is bound by it.
            let mut holder = actor.clone();
            holder.grants.push(Grant::new(bound.clone(), node.id));
            for actor in [&actor, &holder].map(|record| resolve(&policy, record)) {
                let role = |id: &str| actor.policy().role(id);
                let counts = ended.iter().filter(|grant| !grant.window.is_over(NOW_MS));
                let old: Vec<_> = counts.filter_map(|grant| Some((role(&grant.role)?, grant.window))).collect();
                let actor_may = allowed(&actor, &facts);
                let roles = actor.policy().roles().iter().map(|role| role.id.as_str());
                let begins = roles.flat_map(|role| windows.map(|window| Some((role, window))));
                for new in begins.chain([None]) {
                    let assignment = Assignment {
                        operation: Operation::WorkspaceMemberManage,
                        node: actor.node(node.id).unwrap(),
                        old: &old,
                        new: new.and_then(|(new, window)| Some((role(new)?, window))),
                        facts: Facts::default(),
                    };
                    if assign(&actor, &assignment).is_err() {
                        continue;
                    }
                    let given = new.map(|(new, window)| Grant { window, ..Grant::new(new, node.id) });
                    let after: Vec<Grant> = kept.iter().cloned().chain(given).collect();
                    for (moment, before) in moments.iter().zip(&before) {
                        for access in &target_may(after.clone(), *moment) {
                            prop_assert!(
                                before.contains(access)
                                    || actor_may.contains(access)
                                    || is_personal(&spec, &access.0),
                                "{:?} in place of {:?} on {} gives {:?}", new, ended, node.id, access
                            );
                        }
                    }
                }
            }
        }
    }
}
