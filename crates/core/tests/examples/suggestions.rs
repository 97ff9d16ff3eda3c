//! What would change a denial: the smallest grants, any one of which would allow it.

use std::sync::Arc;

use lockstep_core::{
    Access, Level, PermissionSpec, Policy, PrincipalKind, Record, RoleSpec, Suggestion, TokenLimit,
    Window,
};

use crate::shop::{NOW_MS, access, denial, policy, record, record_until, resolve, spec, strings};

/// The suggestions for a denial, in words.
#[track_caller]
fn suggested(access: &Access, permission: &str, node: &str, known: &[(&str, bool)]) -> Vec<String> {
    let place = |node| access.describe(node).unwrap().id;
    let suggestions = denial(access, permission, node, known).suggestions;
    let said = suggestions.into_iter().map(|suggestion| match suggestion {
        Suggestion::Ownership(node) => format!("owner of {}", place(node)),
        Suggestion::Role(role, node) => {
            format!(
                "{} in {}",
                policy().describe_role(role).unwrap().id,
                place(node)
            )
        }
    });
    said.collect()
}

#[test]
fn the_role_that_holds_least_is_suggested() {
    let staff = access(&[("staff", "shop")]);
    assert_eq!(suggested(&staff, "look", "north", &[]), ["viewer in north"]);
    assert_eq!(suggested(&staff, "sell", "till", &[]), ["clerk in north"]);
    assert_eq!(
        suggested(&staff, "close", "south", &[]),
        ["manager in south"]
    );
}

#[test]
fn what_only_the_organization_gives_is_suggested_there() {
    let clerk = access(&[("staff", "shop"), ("clerk", "north")]);
    assert_eq!(suggested(&clerk, "hire", "shop", &[]), ["foreman in shop"]);
    // A role of a branch cannot be granted on the organization.
    assert_eq!(suggested(&clerk, "sell", "shop", &[]), ["foreman in shop"]);
}

#[test]
fn ownership_is_suggested_where_it_would_do() {
    let staff = access(&[("staff", "shop")]);
    let shut = [("resource.open", false)];
    assert_eq!(
        suggested(&staff, "count", "till", &shut),
        ["manager in north", "owner of till"]
    );
    assert_eq!(
        suggested(&staff, "count", "north", &shut),
        ["manager in north"]
    );
}

#[test]
fn a_stranger_is_told_how_to_get_in() {
    assert_eq!(
        suggested(&access(&[]), "look", "north", &[]),
        ["viewer in north"]
    );
}

/// What a token keeps from it is kept from a stranger who gets in, too.
#[test]
fn a_stranger_is_told_no_way_in_that_their_token_closes() {
    let with = |token: TokenLimit| {
        let token = Some(token);
        resolve(Record {
            token,
            ..record(&[])
        })
    };
    let to = |permissions: &[&str]| TokenLimit {
        permissions: Some(strings(permissions)),
        ..TokenLimit::default()
    };
    let below = |node: &str| TokenLimit {
        node: Some(node.into()),
        ..TokenLimit::default()
    };
    let over = TokenLimit {
        window: Window {
            not_before_ms: None,
            expires_at_ms: Some(NOW_MS),
        },
        ..TokenLimit::default()
    };
    for token in [to(&["sell"]), below("south"), over] {
        assert_eq!(suggested(&with(token), "look", "north", &[]), [""; 0]);
    }
    for token in [to(&["look"]), below("north")] {
        let found = suggested(&with(token), "look", "north", &[]);
        assert_eq!(found, ["viewer in north"]);
    }
}

#[test]
fn under_a_cap_only_another_role_of_the_organization_helps() {
    let guest = access(&[("guest", "shop"), ("manager", "north")]);
    // With `staff` in place of `guest`, what `manager` gives comes to life.
    assert_eq!(suggested(&guest, "sell", "north", &[]), ["staff in shop"]);
    // Where nothing is to come to life, the role itself has to give it.
    assert_eq!(suggested(&guest, "sell", "south", &[]), ["foreman in shop"]);
}

#[test]
fn who_had_it_may_be_given_it_again() {
    let over = resolve(record_until(
        &[("staff", "shop"), ("clerk", "north")],
        NOW_MS,
    ));
    assert_eq!(suggested(&over, "sell", "north", &[]), ["clerk in north"]);
}

#[test]
fn a_condition_that_fails_may_be_got_round_by_a_role_without_it() {
    let clerk = access(&[("clerk", "north")]);
    let foreign = [("resource.own", false)];
    assert_eq!(
        suggested(&clerk, "refund", "north", &foreign),
        ["manager in north"]
    );
}

#[test]
fn where_no_grant_helps_none_is_suggested() {
    let manager = access(&[("manager", "north")]);
    assert_eq!(
        suggested(&manager, "count", "north", &[("resource.open", true)]),
        [""; 0]
    );
    assert_eq!(suggested(&manager, "count", "north", &[]), [""; 0]);
    let mut record = record(&[("staff", "shop")]);
    record.token = Some(TokenLimit {
        permissions: Some(Vec::new()),
        node: None,
        ..TokenLimit::default()
    });
    assert_eq!(suggested(&resolve(record), "look", "north", &[]), [""; 0]);
}

#[test]
fn what_a_cap_holds_back_is_freed_by_another_role_on_the_organization() {
    // Granted on the organization, but a role of the branches.
    let guest = access(&[("guest", "shop"), ("manager", "shop")]);
    let free = ["owner in shop", "staff in shop"];
    let suggested_to = |guest: &Access, permission: &str, node: &str| {
        let mut found = suggested(guest, permission, node, &[("resource.open", false)]);
        found.retain(|grant| free.contains(&grant.as_str()));
        found
    };
    assert_eq!(suggested_to(&guest, "sell", "north"), ["staff in shop"]);
    let mut owner_of_till = record(&[("guest", "shop")]);
    owner_of_till.nodes.last_mut().unwrap().owned = true;
    let owner_of_till = resolve(owner_of_till);
    assert_eq!(
        suggested_to(&owner_of_till, "count", "till"),
        ["staff in shop"]
    );
}

#[test]
fn of_two_roles_alike_the_first_is_suggested() {
    let mut spec = spec();
    for id in ["another", "third"] {
        spec.roles.push(RoleSpec {
            id: id.into(),
            includes: vec!["viewer".into()],
            ..RoleSpec::new(Level::Workspace)
        });
    }
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let staff = Access::resolve(&policy, record(&[("staff", "shop")]), NOW_MS).unwrap();
    assert_eq!(suggested(&staff, "look", "north", &[]), ["viewer in north"]);
}

#[test]
fn a_program_is_not_told_how_to_get_what_is_personal() {
    let mut record = record(&[("staff", "shop")]);
    record.kind = PrincipalKind::ServiceAccount;
    assert_eq!(suggested(&resolve(record), "resign", "shop", &[]), [""; 0]);
}

#[test]
fn another_role_of_the_organization_takes_the_place_of_the_one_that_gave_it() {
    // A foreman sells; as staff alone they would not.
    let capped = access(&[("guest", "shop"), ("foreman", "shop")]);
    let found = suggested(&capped, "sell", "north", &[]);
    assert!(!found.contains(&"staff in shop".to_owned()), "{found:?}");
}

#[test]
fn what_is_personal_is_suggested_to_people() {
    let mut spec = spec();
    spec.permissions.push(PermissionSpec {
        id: "photo".into(),
        personal: true,
        allow: vec!["viewer".into()],
        ..PermissionSpec::new(Level::Workspace)
    });
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let staff = Access::resolve(&policy, record(&[("staff", "shop")]), NOW_MS).unwrap();
    assert_eq!(
        suggested(&staff, "photo", "north", &[]),
        ["viewer in north"]
    );
}

#[test]
fn a_cap_keeps_a_role_from_being_suggested_but_for_what_is_personal() {
    // Guests are capped to what viewers hold.
    for (personal, expected) in [(true, ["guest in shop"]), (false, ["owner in shop"])] {
        let mut spec = spec();
        spec.permissions.push(PermissionSpec {
            id: "browse".into(),
            allow: vec!["guest".into()],
            personal,
            ..PermissionSpec::new(Level::Organization)
        });
        let policy = Arc::new(Policy::compile(&spec).unwrap());
        let staff = Access::resolve(&policy, record(&[("staff", "shop")]), NOW_MS).unwrap();
        assert_eq!(suggested(&staff, "browse", "shop", &[]), expected);
    }
}

/// Two roles of the organization: `guest` caps what the others give.
#[test]
fn what_is_held_already_is_no_way_out_of_a_cap() {
    let both = access(&[("guest", "shop"), ("staff", "shop"), ("manager", "north")]);
    assert_eq!(suggested(&both, "sell", "north", &[]), ["foreman in shop"]);
    // One that is over would count again.
    let over = resolve(record_until(
        &[("guest", "shop"), ("manager", "north"), ("staff", "shop")],
        NOW_MS,
    ));
    assert_eq!(suggested(&over, "sell", "north", &[]), ["staff in shop"]);
}

/// The directory knows owners of projects alone.
#[test]
fn ownership_of_anything_but_a_project_is_not_suggested() {
    let mut spec = spec();
    for level in [Level::Organization, Level::Workspace] {
        spec.ownership.push((level, strings(&["count", "hire"])));
    }
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let staff = Access::resolve(&policy, record(&[("staff", "shop")]), NOW_MS).unwrap();
    let shut = [("resource.open", false)];
    assert_eq!(
        suggested(&staff, "count", "till", &shut),
        ["manager in north", "owner of till"]
    );
    assert_eq!(suggested(&staff, "hire", "north", &[]), ["foreman in shop"]);
}

#[test]
fn ownership_is_suggested_to_uncapped_members_only() {
    let shut = [("resource.open", false)];
    for grants in [&[][..], &[("guest", "shop")]] {
        let found = suggested(&access(grants), "count", "till", &shut);
        assert!(!found.contains(&"owner of till".to_owned()), "{found:?}");
    }
}
