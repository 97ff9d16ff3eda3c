//! A compiled policy as plain data, and back: nothing that decides is lost, and nothing that points
//! nowhere is whole.

use std::sync::Arc;

use lockstep_core::{
    Access, Assembly, Bits, Effect, Facts, Level, Policy, PolicyParts, PolicySpec, Record,
    ReplacementSpec, RuleSpec, can_delegate, evaluate,
};

use crate::shop::{NOW_MS, facts, is, record, spec, strings};

/// The shop with everything that a policy can have.
fn policy() -> Arc<Policy> {
    let rule = |id: &str, effect, roles: &[&str], permission: &str| RuleSpec {
        id: id.into(),
        effect,
        roles: strings(roles),
        permissions: strings(&[permission]),
        when: vec![is("context.night", true)],
        because: format!("because of {id}"),
    };
    let mut spec = PolicySpec {
        features: strings(&["card", "flat"]),
        replacements: vec![ReplacementSpec {
            feature: "flat".into(),
            level: Level::Workspace,
            role: "clerk".into(),
        }],
        rules: vec![
            rule("night", Effect::Deny, &[], "sell"),
            rule("late", Effect::Allow, &["staff"], "look"),
            rule("tired", Effect::Deny, &["clerk"], "refund"),
        ],
        custom_levels: vec![Level::Workspace],
        custom_additions: true,
        ..spec()
    };
    spec.permissions[0].plan = strings(&["card"]);
    Arc::new(Policy::compile(&spec).unwrap())
}

/// The policy that a reader puts together of `parts`.
fn assembled(parts: PolicyParts) -> Option<Policy> {
    let mut made = Assembly::new(parts.rights, parts.everyone, parts.everyone_denied);
    made.organization(parts.features, parts.custom_levels, parts.custom_additions);
    parts.guards.into_iter().for_each(|it| made.guard(it));
    let permissions = parts.permissions.into_iter();
    permissions.for_each(|it| made.permission(it));
    parts.roles.into_iter().for_each(|it| made.role(it));
    for (level, rights) in parts.ownership {
        made.ownership(level, rights);
    }
    parts.rules.into_iter().for_each(|it| made.rule(it));
    parts.denials.iter().for_each(|it| made.denial(it));
    let replacements = parts.replacements.iter();
    replacements.for_each(|it| made.replacement(it));
    made.finish()
}

#[test]
fn a_policy_made_of_its_parts_decides_alike() {
    let before = policy();
    let parts = PolicyParts::from(&*before);
    let after = Arc::new(assembled(parts.clone()).unwrap());
    assert_eq!(PolicyParts::from(&*after), parts);
    let grants: [&[(&str, &str)]; 7] = [
        &[],
        &[("owner", "shop")],
        &[("guest", "shop"), ("manager", "north")],
        &[("foreman", "shop")],
        &[("clerk", "north"), ("staff", "shop")],
        &[("manager", "south")],
        &[("viewer", "shop")],
    ];
    let stated = [
        Facts::default(),
        facts(&[("context.night", true), ("resource.own", true)]),
        facts(&[
            ("context.night", false),
            ("resource.own", true),
            ("resource.open", false),
        ]),
    ];
    for grants in grants {
        for plan in [&["card"][..], &[], &["card", "flat"]] {
            let mut record = Record {
                plan: strings(plan),
                ..record(grants)
            };
            record.nodes[3].owned = true;
            let [one, other] = [&before, &after]
                .map(|policy| Access::resolve(policy, record.clone(), NOW_MS).unwrap());
            for node in one.node_ids() {
                for role in before.roles() {
                    let role = before.role(&role.id).unwrap();
                    assert_eq!(
                        can_delegate(&one, role, node),
                        can_delegate(&other, role, node)
                    );
                }
            }
            for facts in &stated {
                for node in one.node_ids() {
                    for at in 0..before.permissions().len() {
                        let id = before.permission_at(at).unwrap();
                        let named = after.permission(&before.permissions()[at].id);
                        assert_eq!(named, Some(id));
                        assert_eq!(
                            evaluate(&one, id, node, facts),
                            evaluate(&other, id, node, facts)
                        );
                    }
                }
            }
        }
    }
    assert_eq!(after.permission_at(after.permissions().len()), None);
    let (one, other) = (before.rule(0).unwrap(), after.rule(0).unwrap());
    assert_eq!((&one.id, &one.because), (&other.id, &other.because));
}

#[test]
fn what_points_behind_a_list_is_not_whole() {
    let whole = PolicyParts::from(&*policy());
    let guards = whole.guards.len();
    let permissions = whole.permissions.len();
    let (denials, rules) = (whole.denials.len(), whole.rules.len());
    let check = |change: &dyn Fn(&mut PolicyParts), expected: bool| {
        let mut parts = whole.clone();
        change(&mut parts);
        assert_eq!(assembled(parts).is_some(), expected);
    };
    type Place = fn(&mut PolicyParts, usize);
    let places: [(Place, usize); 8] = [
        (|parts, at| parts.permissions[0].guard = Some(at), guards),
        (
            |parts, at| parts.permissions[2].conditional[0].1 = at,
            guards,
        ),
        (|parts, at| parts.permissions[0].plan = vec![at], 2),
        (
            |parts, at| parts.roles[0].denied = Bits::of([at], at + 1),
            denials,
        ),
        (|parts, at| parts.denials[0].permission = at, permissions),
        (|parts, at| parts.denials[0].guard = Some(at), guards),
        (|parts, at| parts.denials[0].rule = at, rules),
        (
            |parts, at| parts.everyone_denied = Bits::of([at], at + 1),
            denials,
        ),
    ];
    for (place, len) in places {
        check(&|parts| place(parts, len - 1), true);
        check(&|parts| place(parts, 0), true);
        check(&|parts| place(parts, len), false);
        check(&|parts| place(parts, len + 1), false);
    }
}
