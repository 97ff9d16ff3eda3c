//! Policies that do not compile: what is said, and of which place.

mod overlooked;

use lockstep_core::{
    CaseSpec, Effect, Level, Operation, PermissionSpec, Policy, PolicySpec, ReplacementSpec,
    RoleSpec, RuleSpec, Value, limits,
};

use crate::shop::{is, spec, strings};

/// Places in the shop's lists.
const CLERK: usize = 5;
const GUEST: usize = 2;
pub(crate) const LOOK: usize = 0;
const REFUND: usize = 2;

#[track_caller]
pub(crate) fn refused(change: impl FnOnce(&mut PolicySpec), expected: &str) {
    let mut spec = spec();
    change(&mut spec);
    assert_eq!(Policy::compile(&spec).unwrap_err().to_string(), expected);
}

#[track_caller]
pub(crate) fn accepted(change: impl FnOnce(&mut PolicySpec)) -> Policy {
    let mut spec = spec();
    change(&mut spec);
    Policy::compile(&spec).unwrap()
}

pub(crate) fn role(id: &str, level: Level) -> RoleSpec {
    RoleSpec {
        id: id.into(),
        ..RoleSpec::new(level)
    }
}

pub(crate) fn permission(id: &str) -> PermissionSpec {
    PermissionSpec {
        id: id.into(),
        ..PermissionSpec::new(Level::Workspace)
    }
}

fn rule(id: &str) -> RuleSpec {
    RuleSpec {
        id: id.into(),
        effect: Effect::Deny,
        roles: strings(&["clerk"]),
        permissions: strings(&["sell"]),
        when: Vec::new(),
        because: String::new(),
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn ids_are_short_plain_and_given_once() {
    let longest = "a".repeat(limits::ID_BYTES_MAX);
    let too_long = "a".repeat(limits::ID_BYTES_MAX + 1);
    let no_id = "is not an id: use 1 to 128 letters, digits and `. _ : - >`";
    accepted(|spec| spec.id = longest.clone());
    for id in ["", "a b", "ä", &too_long] {
        refused(|spec| spec.id = id.into(), &format!("id: `{id}` {no_id}"));
    }
    refused(
        |spec| spec.roles[CLERK].id = "a b".into(),
        &format!("roles[5].id: `a b` {no_id}"),
    );
    refused(
        |spec| spec.roles.push(role("clerk", Level::Project)),
        "roles[7].id: `clerk` is defined twice",
    );
    refused(
        |spec| spec.permissions.push(permission("look")),
        "permissions[9].id: `look` is defined twice",
    );
}

#[test]
fn lists_have_limits() {
    let roles = |count: usize| {
        move |spec: &mut PolicySpec| {
            let more = (spec.roles.len()..count).map(|at| role(&format!("r{at}"), Level::Project));
            spec.roles.extend(more);
        }
    };
    accepted(roles(limits::ROLES_MAX));
    refused(roles(limits::ROLES_MAX + 1), "roles: more than 256 entries");

    let permissions = |count: usize| {
        move |spec: &mut PolicySpec| {
            let more = (spec.permissions.len()..count).map(|at| permission(&format!("p{at}")));
            spec.permissions.extend(more);
        }
    };
    accepted(permissions(limits::PERMISSIONS_MAX));
    refused(
        permissions(limits::PERMISSIONS_MAX + 1),
        "permissions: more than 1024 entries",
    );

    let features = |count: usize| {
        move |spec: &mut PolicySpec| {
            spec.features = (0..count).map(|at| format!("f{at}")).collect();
        }
    };
    accepted(features(limits::FEATURES_MAX));
    refused(
        features(limits::FEATURES_MAX + 1),
        "plan.features[64]: more than 64 entries",
    );

    let rules = |count: usize| {
        move |spec: &mut PolicySpec| {
            spec.rules = (0..count).map(|at| rule(&format!("r{at}"))).collect();
        }
    };
    accepted(rules(limits::RULES_MAX));
    refused(rules(limits::RULES_MAX + 1), "rules: more than 256 entries");

    let cases = |count: usize| {
        move |spec: &mut PolicySpec| {
            spec.permissions[LOOK].cases = (0..count).map(|at| case(&format!("c{at}"))).collect();
        }
    };
    accepted(cases(limits::CASES_MAX));
    refused(
        cases(limits::CASES_MAX + 1),
        "permissions[0].cases: more than 64 entries",
    );

    let conditions = |count: usize| {
        move |spec: &mut PolicySpec| {
            spec.permissions[LOOK].guard = vec![is("resource.own", true); count];
        }
    };
    accepted(conditions(limits::CONDITIONS_MAX));
    refused(
        conditions(limits::CONDITIONS_MAX + 1),
        "permissions[0].guard: more than 16 entries",
    );
}

#[test]
fn somebody_administers_and_the_creator_does() {
    refused(
        |spec| spec.roles[0].admin = false,
        "roles: no role is marked `admin = true`, so nobody could administer an organization",
    );
    let creator = |id: &str| {
        let id = id.to_owned();
        move |spec: &mut PolicySpec| spec.creator = Some(id)
    };
    let policy = accepted(creator("owner"));
    assert_eq!(policy.creator_role(), policy.role("owner"));
    refused(creator("nobody"), "creator: there is no role `nobody`");
    refused(
        creator("staff"),
        "creator: `staff` is not marked `admin = true`, so a new organization would have no admin",
    );
    refused(
        creator("clerk"),
        "creator: `clerk` is a role of the workspace, but a role of the organization is needed",
    );
}

#[test]
fn caps_and_overrides_belong_to_roles_of_the_organization() {
    refused(
        |spec| spec.roles[GUEST].cap = Some("nobody".into()),
        "roles[2].cap: there is no role `nobody`",
    );
    let wrong = "`clerk` is a role of the workspace, but a role of the organization is needed";
    refused(
        |spec| spec.roles[CLERK].cap = Some("viewer".into()),
        &format!("roles[5].cap: {wrong}"),
    );
    refused(
        |spec| spec.roles[CLERK].overriding = true,
        &format!("roles[5].override: {wrong}"),
    );
}

#[test]
fn two_roles_of_one_level_are_not_called_alike() {
    let called = |at: usize, name: &'static str| {
        move |spec: &mut PolicySpec| spec.roles[at].name = name.into()
    };
    // A role without a name is called by its id.
    refused(
        called(CLERK, "viewer"),
        "roles[6].name: `viewer` is defined twice",
    );
    let policy = accepted(called(CLERK, "staff"));
    assert_eq!(policy.roles()[CLERK].name, "staff");
    assert_eq!(policy.roles()[GUEST].name, "guest");
}

#[test]
fn what_is_named_exists_and_does_not_lead_back() {
    refused(
        |spec| spec.roles[CLERK].includes = strings(&["viewer", "nobody"]),
        "roles[5].includes[1]: there is no role `nobody`",
    );
    refused(
        |spec| spec.roles[CLERK].includes = strings(&["foreman"]),
        "roles[3].includes: `foreman` leads back to itself",
    );
    refused(
        |spec| spec.roles[CLERK].includes = strings(&["clerk"]),
        "roles[5].includes: `clerk` leads back to itself",
    );
    refused(
        |spec| spec.permissions[LOOK].implies = strings(&["nothing"]),
        "permissions[0].implies[0]: there is no permission `nothing`",
    );
    refused(
        |spec| spec.permissions[LOOK].implies = strings(&["close"]),
        "permissions[0].implies: `look` leads back to itself",
    );
    refused(
        |spec| spec.permissions[LOOK].allow = strings(&["clerk", "nobody"]),
        "permissions[0].allow[1]: there is no role `nobody`",
    );
    refused(
        |spec| spec.permissions[REFUND].conditional[0].roles = strings(&["clerk", "nobody"]),
        "permissions[2].conditional[0].roles[1]: there is no role `nobody`",
    );
    refused(
        |spec| spec.permissions[REFUND].conditional[0].when.clear(),
        "permissions[2].conditional[0].when: a condition is needed here",
    );
    refused(
        |spec| spec.everyone.push("nothing".into()),
        "everyone[1]: there is no permission `nothing`",
    );
    refused(
        |spec| spec.ownership[0].1.push("nothing".into()),
        "ownership.project[1]: there is no permission `nothing`",
    );
    refused(
        |spec| spec.operations[0].1 = "nothing".into(),
        "operations.invitation.create: there is no permission `nothing`",
    );
    refused(
        |spec| spec.operations[0].0 = "shop.burn".into(),
        "operations.shop.burn: there is no operation `shop.burn`",
    );
}

#[test]
fn features_and_what_they_replace_exist() {
    let features = |ids: &[&str]| {
        let ids = strings(ids);
        move |spec: &mut PolicySpec| spec.features = ids
    };
    refused(
        features(&["sso", "sso"]),
        "plan.features[1]: `sso` is defined twice",
    );
    refused(
        features(&["s s"]),
        "plan.features[0]: `s s` is not an id: use 1 to 128 letters, digits and `. _ : - >`",
    );
    refused(
        |spec| spec.permissions[LOOK].plan = strings(&["sso"]),
        "permissions[0].plan[0]: there is no feature `sso`",
    );
    let replacement = |feature: &str, level, role: &str| {
        let replacement = ReplacementSpec {
            feature: feature.into(),
            level,
            role: role.into(),
        };
        move |spec: &mut PolicySpec| {
            spec.features = strings(&["flat"]);
            spec.replacements = vec![replacement];
        }
    };
    accepted(replacement("flat", Level::Workspace, "manager"));
    refused(
        replacement("round", Level::Workspace, "manager"),
        "plan.replace.round: there is no feature `round`",
    );
    refused(
        replacement("flat", Level::Workspace, "nobody"),
        "plan.replace.flat.workspace: there is no role `nobody`",
    );
    refused(
        replacement("flat", Level::Project, "manager"),
        "plan.replace.flat.project: `manager` is a role of the workspace, but a role of the \
         project is needed",
    );
}

#[test]
fn rules_name_what_exists() {
    let with = |change: fn(&mut RuleSpec)| {
        move |spec: &mut PolicySpec| {
            let mut second = rule("second");
            change(&mut second);
            spec.rules = vec![rule("first"), second];
        }
    };
    accepted(with(|_| ()));
    refused(
        with(|rule| rule.id = "first".into()),
        "rules[1].id: `first` is defined twice",
    );
    refused(
        with(|rule| rule.id = String::new()),
        "rules[1].id: `` is not an id: use 1 to 128 letters, digits and `. _ : - >`",
    );
    refused(
        with(|rule| rule.roles.push("nobody".into())),
        "rules[1].roles[1]: there is no role `nobody`",
    );
    refused(
        with(|rule| rule.permissions.push("nothing".into())),
        "rules[1].permissions[1]: there is no permission `nothing`",
    );
    let error = accepted(with(|_| ()))
        .check_rule(&RuleSpec {
            permissions: Vec::new(),
            ..rule("third")
        })
        .unwrap_err();
    assert_eq!(error.path, ["permissions".into()]);
    refused(
        with(|rule| rule.when = vec![is("target.role", true)]),
        "rules[1].when[0].fact: the values of `target.role` are role ids, so this would never hold",
    );
    // An organization's own rules pass the same check.
    let policy = accepted(with(|_| ()));
    assert!(policy.check_rule(&rule("first")).is_ok());
    let unknown = RuleSpec {
        roles: strings(&["nobody"]),
        ..rule("own")
    };
    let error = policy.check_rule(&unknown).unwrap_err();
    assert_eq!(error.to_string(), "roles[0]: there is no role `nobody`");
}

fn case(id: &str) -> CaseSpec {
    CaseSpec {
        id: id.into(),
        label: String::new(),
        facts: vec![("target.self".into(), Value::Bool(true))],
    }
}

#[test]
fn cases_are_rows_of_their_own() {
    let policy = accepted(|spec| {
        let named = CaseSpec {
            label: "Own".into(),
            ..case("own")
        };
        spec.permissions[LOOK].cases = vec![named, case("other")];
        spec.permissions[LOOK].label = "Look".into();
    });
    let look = &policy.permissions()[LOOK];
    let rows: Vec<_> = look.cases.iter().map(|case| case.row_id.as_str()).collect();
    assert_eq!(rows, ["look:own", "look:other"]);
    let labels: Vec<_> = look.cases.iter().map(|case| case.label.as_str()).collect();
    assert_eq!(labels, ["Own", "look:other"]);
    assert_eq!(look.label, "Look");
    assert_eq!(policy.permissions()[REFUND].label, "refund");

    let cases =
        |cases: Vec<CaseSpec>| move |spec: &mut PolicySpec| spec.permissions[LOOK].cases = cases;
    refused(
        cases(vec![case("own"), case("own")]),
        "permissions[0].cases[1].id: `look:own` is defined twice",
    );
    refused(
        |spec| {
            spec.permissions[LOOK].cases = vec![case("own")];
            spec.permissions.push(permission("look:own"));
        },
        "permissions[0].cases[0].id: `look:own` is defined twice",
    );
    // Of two permissions, too.
    refused(
        |spec| {
            spec.permissions[LOOK].cases = vec![case("own:now")];
            let cases = vec![case("now")];
            spec.permissions.push(PermissionSpec {
                cases,
                ..permission("look:own")
            });
        },
        "permissions[9].cases[0].id: `look:own:now` is defined twice",
    );
    refused(
        cases(vec![case("o n")]),
        "permissions[0].cases[0].id: `o n` is not an id: use 1 to 128 letters, digits and \
         `. _ : - >`",
    );
    let wrong = CaseSpec {
        facts: vec![("target.self".into(), text("yes"))],
        ..case("own")
    };
    refused(
        cases(vec![wrong]),
        "permissions[0].cases[0].facts.target.self: the values of `target.self` are true or false, \
         so this would never hold",
    );
}

#[test]
fn what_changes_the_directory_is_sensitive() {
    let policy = accepted(|spec| spec.permissions[LOOK].sensitive = true);
    let sensitive = policy.permissions().iter().filter(|p| p.sensitive);
    let sensitive: Vec<&str> = sensitive.map(|p| p.id.as_str()).collect();
    assert_eq!(sensitive, ["look", "hire", "promote", "dismiss", "resign"]);
}

#[test]
fn what_only_reads_the_directory_is_not_sensitive() {
    // A secret in clear is as good as what it opens.
    assert!(Operation::SecretRead.is_change());
    let reads = Operation::ALL.iter().copied();
    let reads = reads.filter(|operation| {
        *operation != Operation::SecretRead && operation.as_str().ends_with(".read")
    });
    for operation in reads {
        let policy = accepted(|spec| {
            let bound = (operation.as_str().into(), "look".into());
            spec.operations.push(bound);
        });
        let sensitive = policy.permissions().iter().filter(|p| p.sensitive);
        let sensitive: Vec<&str> = sensitive.map(|p| p.id.as_str()).collect();
        assert!(!sensitive.contains(&"look"), "{}", operation.as_str());
    }
}
