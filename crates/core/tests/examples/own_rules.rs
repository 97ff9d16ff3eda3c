//! Rules that an organization makes by itself: which may be saved, and who may make, edit and end one (law 5).

use std::sync::Arc;

use lockstep_core::{
    Access, Customization, Decision, DelegationError, Effect, Facts, Level, MembershipError,
    Operation, OwnPolicy, PermissionSpec, Policy, PolicySpec, Record, RuleChange, RuleSpec,
    TokenLimit, change_rule,
};

use crate::shop::{NOW_MS, decide, is, record, spec, strings};

/// The shop, where a foreman and its staff govern rules.
fn policy() -> Arc<Policy> {
    let mut spec = spec();
    for operation in [Operation::RuleManage, Operation::RuleRead] {
        let bound = (operation.as_str().into(), "govern".into());
        spec.operations.push(bound);
    }
    spec.permissions.push(PermissionSpec {
        id: "govern".into(),
        allow: strings(&["foreman", "staff"]),
        ..PermissionSpec::new(Level::Organization)
    });
    Arc::new(Policy::compile(&spec).unwrap())
}

fn rule(id: &str, effect: Effect, roles: &[&str], permissions: &[&str]) -> RuleSpec {
    RuleSpec {
        id: id.into(),
        effect,
        roles: strings(roles),
        permissions: strings(permissions),
        when: Vec::new(),
        because: String::new(),
    }
}

fn allow(roles: &[&str], permissions: &[&str]) -> RuleSpec {
    rule("new", Effect::Allow, roles, permissions)
}

fn deny(roles: &[&str], permissions: &[&str]) -> RuleSpec {
    rule("new", Effect::Deny, roles, permissions)
}

fn actor(policy: &Arc<Policy>, grants: &[(&str, &str)], rules: &[RuleSpec]) -> Access {
    let customization = Customization {
        rules: rules.to_vec(),
        ..Customization::default()
    };
    let record = Record {
        customization,
        ..record(grants)
    };
    Access::resolve(policy, record, NOW_MS).unwrap()
}

/// What is missing to put `new` in the place of the first of `rules` (to make it, when there is none), or why
/// it is refused; nothing when it may be done.
fn change(
    grants: &[(&str, &str)],
    rules: &[RuleSpec],
    is_edit: bool,
    new: Option<&RuleSpec>,
) -> Vec<String> {
    let policy = policy();
    let kept = rules.iter().skip(usize::from(is_edit)).cloned();
    let kept: Vec<RuleSpec> = kept.chain(new.cloned()).collect();
    let after = actor(&policy, grants, &kept);
    let change = RuleChange {
        old: rules.first().filter(|_| is_edit),
        new,
        after: &after,
    };
    let actor = actor(&policy, grants, rules);
    match change_rule(&actor, &change, &Facts::default()) {
        Ok(()) => Vec::new(),
        Err(MembershipError::Delegation(DelegationError::Exceeds { permissions })) => permissions
            .into_iter()
            .map(|at| policy.describe(at).unwrap().id.clone())
            .collect(),
        Err(MembershipError::BindsTooMuch) => vec!["binds too much".into()],
        Err(error) => vec![error.to_string()],
    }
}

const FOREMAN: &[(&str, &str)] = &[("foreman", "shop")];
const OWNER: &[(&str, &str)] = &[("owner", "shop")];

#[test]
fn an_allow_rule_hands_out_what_its_maker_holds_everywhere() {
    let make = |grants, rule: RuleSpec| change(grants, &[], false, Some(&rule));
    assert_eq!(make(FOREMAN, allow(&["viewer"], &["sell"])), [""; 0]);
    assert_eq!(make(FOREMAN, allow(&[], &["look", "sell"])), [""; 0]);
    assert_eq!(
        make(FOREMAN, allow(&["viewer"], &["sell", "close"])),
        ["close"]
    );
    // Nor to themselves.
    assert_eq!(make(FOREMAN, allow(&["foreman"], &["close"])), ["close"]);
    assert_eq!(make(OWNER, allow(&["viewer"], &["close"])), [""; 0]);
    // What is held in one branch is not held in the other, where the role may be granted as well.
    let both = &[("staff", "shop"), ("manager", "north")];
    assert_eq!(
        make(both, allow(&["viewer"], &["close"])),
        ["look", "close"]
    );
    // Who may not make rules makes none.
    let denied = make(&[("manager", "shop")], allow(&["viewer"], &["look"]));
    assert_eq!(denied, ["denied: no-grant"]);
}

#[test]
fn what_is_held_under_a_condition_is_allowed_under_it_or_a_narrower_one() {
    let make = |when: &[&str]| {
        let rule = RuleSpec {
            when: when.iter().map(|fact| is(fact, true)).collect(),
            ..allow(&["viewer"], &["refund"])
        };
        change(FOREMAN, &[], false, Some(&rule))
    };
    assert_eq!(make(&[]), ["refund"]);
    assert_eq!(make(&["context.night"]), ["refund"]);
    assert_eq!(make(&["resource.own"]), [""; 0]);
    assert_eq!(make(&["resource.own", "context.night"]), [""; 0]);
}

#[test]
fn a_deny_rule_binds_nobody_who_holds_more_and_can_be_taken_back_by_its_maker() {
    let make = |grants, rule: RuleSpec| change(grants, &[], false, Some(&rule));
    let refused = ["binds too much"];
    assert_eq!(
        make(FOREMAN, deny(&["viewer", "clerk"], &["look", "sell"])),
        [""; 0]
    );
    for rule in [
        // What they do not hold they could not give back.
        deny(&["manager"], &["close"]),
        deny(&["manager"], &["refund"]),
        // What takes it from themselves, too.
        deny(&["foreman"], &["sell"]),
        deny(&[], &["sell"]),
        // An owner.
        deny(&["owner"], &["sell"]),
    ] {
        assert_eq!(make(FOREMAN, rule.clone()), refused, "{rule:?}");
        assert_eq!(make(OWNER, rule.clone()), [""; 0], "{rule:?}");
    }
}

#[test]
fn a_deny_rule_is_ended_or_loosened_by_who_holds_what_it_took() {
    let end = |grants, rules: &[RuleSpec]| change(grants, rules, true, None);
    let old = |roles: &[&str], permissions: &[&str]| rule("old", Effect::Deny, roles, permissions);
    assert_eq!(end(FOREMAN, &[old(&["clerk"], &["sell"])]), [""; 0]);
    assert_eq!(end(FOREMAN, &[old(&["manager"], &["close"])]), ["close"]);
    // Held under a condition only.
    assert_eq!(end(FOREMAN, &[old(&["manager"], &["refund"])]), ["refund"]);
    // One that binds themselves only who holds everything ends.
    for roles in [&["foreman"][..], &["foreman", "owner"], &[], &["gone"]] {
        assert_eq!(
            end(FOREMAN, &[old(roles, &["sell"])]),
            ["sell"],
            "{roles:?}"
        );
        assert_eq!(end(OWNER, &[old(roles, &["sell"])]), [""; 0], "{roles:?}");
    }
    // What another rule takes from them they do not hold, unless it binds whom they free as well.
    let other = |roles: &[&str]| rule("other", Effect::Deny, roles, &["sell"]);
    let clerks = old(&["clerk"], &["sell"]);
    assert_eq!(
        end(FOREMAN, &[clerks.clone(), other(&["foreman"])]),
        ["sell"]
    );
    assert_eq!(end(OWNER, &[clerks.clone(), other(&["owner"])]), ["sell"]);
    assert_eq!(
        end(FOREMAN, &[clerks.clone(), other(&["foreman", "clerk"])]),
        [""; 0]
    );
    assert_eq!(end(FOREMAN, &[clerks, other(&[])]), [""; 0]);
    // An edit ends the one and begins the other.
    let closed = old(&["manager"], &["close"]);
    let night = RuleSpec {
        when: vec![is("context.night", true)],
        ..closed.clone()
    };
    assert_eq!(
        change(FOREMAN, std::slice::from_ref(&closed), true, Some(&night)),
        ["close"]
    );
    assert_eq!(change(OWNER, &[closed], true, Some(&night)), [""; 0]);
    // An allow rule that ends hands out nothing.
    let given = rule("old", Effect::Allow, &["viewer"], &["close"]);
    assert_eq!(end(FOREMAN, &[given]), [""; 0]);
}

#[test]
fn through_a_token_nobody_hands_out_more_than_it_leaves_them() {
    let policy = policy();
    let through = |rules: &[RuleSpec], scopes: &[&str]| {
        let record = Record {
            token: Some(TokenLimit {
                permissions: Some(strings(scopes)),
                ..TokenLimit::default()
            }),
            ..actor(&policy, OWNER, rules).record()
        };
        Access::resolve(&policy, record, NOW_MS).unwrap()
    };
    let new = allow(&["viewer"], &["sell"]);
    let old = deny(&["viewer"], &["sell"]);
    for (scopes, may) in [(&["govern"][..], false), (&["govern", "sell"], true)] {
        let after = through(&[], scopes);
        for (old, new) in [(None, Some(&new)), (Some(&old), None), (None, Some(&old))] {
            let before: Vec<RuleSpec> = old.cloned().into_iter().collect();
            let change = RuleChange {
                old,
                new,
                after: &after,
            };
            let actor = through(&before, scopes);
            let done = change_rule(&actor, &change, &Facts::default());
            assert_eq!(done.is_ok(), may, "{scopes:?} {old:?} {new:?}");
        }
    }
}

#[test]
fn a_rule_of_ones_own_names_what_it_is_about_and_leaves_alone_what_it_must() {
    let policy = policy();
    let refused = |rule: RuleSpec| policy.check_own_rule(&rule).unwrap_err().to_string();
    assert_eq!(
        policy.check_own_rule(&deny(&["viewer"], &["look", "sell"])),
        Ok(())
    );
    assert_eq!(
        policy.check_own_rule(&allow(&["viewer"], &["govern"])),
        Ok(())
    );
    for (rule, says) in [
        (
            deny(&[], &["look", "*"]),
            "permissions[1]: a rule of an organization names its permissions",
        ),
        (
            allow(&[], &["*"]),
            "permissions[0]: a rule of an organization names its permissions",
        ),
        (
            deny(&[], &["resign"]),
            "permissions[0]: `resign` concerns only what is one's own",
        ),
        (
            allow(&[], &["resign"]),
            "permissions[0]: `resign` concerns only what is one's own",
        ),
        (
            deny(&["staff"], &["govern"]),
            "permissions[0]: rules are seen and managed by `govern`",
        ),
        (
            deny(&["gone"], &["look"]),
            "roles[0]: there is no role `gone`",
        ),
        (
            deny(&[], &["gone"]),
            "permissions[0]: there is no permission `gone`",
        ),
    ] {
        assert!(refused(rule.clone()).starts_with(says), "{}", refused(rule));
    }
}

/// 64 permissions under 64 conditions are as many as there may be.
#[test]
fn there_is_room_until_all_rights_under_conditions_are_taken() {
    let number = |at: usize| format!("number-{at}");
    let numbered = |count: usize| (0..count).map(number).collect::<Vec<_>>();
    let policy = {
        let mut spec = PolicySpec {
            id: "numbered".into(),
            roles: spec().roles,
            ..PolicySpec::default()
        };
        spec.permissions.extend((0..65).map(|at| PermissionSpec {
            id: number(at),
            ..PermissionSpec::new(Level::Workspace)
        }));
        Arc::new(Policy::compile(&spec).unwrap())
    };
    let room_with = |last: usize| {
        let rules = (0..64).map(|at| RuleSpec {
            permissions: numbered(if at == 63 { last } else { 64 }),
            when: vec![is(&format!("context.{}", number(at)), true)],
            ..rule(&number(at), Effect::Allow, &["clerk"], &[])
        });
        let added = Customization {
            rules: rules.collect(),
            ..Customization::default()
        };
        OwnPolicy::new(&policy, &added)
            .unwrap()
            .has_room_for_conditions()
    };
    assert!(room_with(63));
    assert!(room_with(64), "all there is room for");
    assert!(!room_with(65));
}

/// A later policy may make a permission one's own, about which a rule was stored.
#[test]
fn no_allow_rule_of_an_organization_gives_what_is_ones_own() {
    let mut spec = spec();
    let sell = |id: &str| id == "sell";
    let rules = [allow(&[], &["sell", "look"])];
    for personal in [false, true] {
        let mut permissions = spec.permissions.iter_mut();
        permissions.find(|known| sell(&known.id)).unwrap().personal = personal;
        let policy = Arc::new(Policy::compile(&spec).unwrap());
        let staff = actor(&policy, &[("staff", "shop")], &rules);
        let may = |id| matches!(decide(&staff, id, "north", &[]), Decision::Allow(_));
        assert_eq!((may("look"), may("sell")), (true, !personal));
    }
}
