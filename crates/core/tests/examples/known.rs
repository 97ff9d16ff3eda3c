//! Which nodes somebody need know of: what is not named to them, no explanation names either.

use std::sync::Arc;

use lockstep_core::{Access, Grant, Level, Operation, Policy, PolicySpec, Record, Window};

use crate::shop::{NOW_MS, access, policy, record, record_until, resolve, spec};

/// The names of the nodes that `access` knows of.
fn known(access: &Access) -> Vec<&str> {
    let known = access.known_nodes();
    let nodes = access.nodes().zip(access.node_ids());
    let nodes = nodes.filter(|(_, id)| known.contains(id.index()));
    nodes.map(|(node, _)| node.id).collect()
}

fn under(spec: &PolicySpec, record: Record) -> Access {
    Access::resolve(&Arc::new(Policy::compile(spec).unwrap()), record, NOW_MS).unwrap()
}

#[test]
fn a_member_knows_what_lies_above_and_below_what_they_were_granted() {
    let staff = ("staff", "shop");
    assert_eq!(known(&access(&[staff])), ["shop"]);
    assert_eq!(
        known(&access(&[staff, ("clerk", "south")])),
        ["shop", "south"]
    );
    assert_eq!(
        known(&access(&[("clerk", "north")])),
        ["shop", "north", "till"]
    );
    assert_eq!(
        known(&access(&[staff, ("clerk", "till")])),
        ["shop", "north", "till"]
    );
    // It is no matter what a role gives there: that may change.
    assert_eq!(
        known(&access(&[staff, ("gone", "north")])),
        ["shop", "north", "till"]
    );
}

#[test]
fn an_owner_knows_the_way_to_what_is_theirs_as_long_as_they_are_a_member() {
    let owns = |grants: &[(&str, &str)]| {
        let mut record = record(grants);
        record.nodes[3].owned = true;
        resolve(record)
    };
    assert_eq!(
        known(&owns(&[("staff", "shop")])),
        ["shop", "north", "till"]
    );
    assert_eq!(known(&owns(&[])), ["shop"]);
}

#[test]
fn a_role_of_the_organization_that_reaches_down_makes_all_known() {
    let all = ["shop", "north", "south", "till"];
    for role in ["owner", "foreman"] {
        assert_eq!(known(&access(&[(role, "shop")])), all, "{role}");
    }
    for role in ["staff", "guest", "gone"] {
        assert_eq!(known(&access(&[(role, "shop")])), ["shop"], "{role}");
    }
    // What concerns the organization alone does not.
    let mut hiring = spec();
    hiring.permissions[4].allow.push("staff".into());
    let staff = under(&hiring, record(&[("staff", "shop")]));
    assert_eq!(known(&staff), ["shop"]);
    // A conditional right reaches down, too.
    let mut conditional = spec();
    let refund = &mut conditional.permissions[2].conditional[0];
    refund.roles = vec!["staff".into()];
    assert_eq!(
        known(&under(&conditional, record(&[("staff", "shop")]))),
        all
    );
    // So does what every member holds, unless it is personal.
    let mut everyone = spec();
    everyone.everyone = vec!["look".into()];
    assert_eq!(known(&under(&everyone, record(&[("staff", "shop")]))), all);
    assert_eq!(known(&under(&everyone, record(&[]))), ["shop"]);
    everyone.permissions[0].personal = true;
    assert_eq!(
        known(&under(&everyone, record(&[("staff", "shop")]))),
        ["shop"]
    );
}

#[test]
fn what_it_takes_to_see_a_place_makes_it_known_whatever_its_level() {
    let all = ["shop", "north", "south", "till"];
    for operation in [Operation::WorkspaceRead, Operation::ProjectRead] {
        let mut seeing = spec();
        seeing
            .operations
            .push((operation.as_str().into(), "resign".into()));
        assert_eq!(known(&under(&seeing, record(&[("staff", "shop")]))), all);
    }
    // Where no permission is of a lower level, each says something about all places, but the personal ones.
    let mut flat = spec();
    flat.ownership = Vec::new();
    for permission in &mut flat.permissions {
        permission.level = Level::Organization;
    }
    assert_eq!(known(&under(&flat, record(&[("foreman", "shop")]))), all);
    assert_eq!(known(&under(&flat, record(&[("staff", "shop")]))), ["shop"]);
}

#[test]
fn what_is_over_leaves_its_node_known_and_not_what_lies_below() {
    let over = record_until(&[("staff", "shop"), ("clerk", "north")], NOW_MS);
    assert_eq!(known(&resolve(over)), ["shop", "north"]);
    let last = record_until(&[("foreman", "shop")], NOW_MS);
    assert_eq!(known(&resolve(last)), ["shop"]);
    let mut later = record(&[("clerk", "north")]);
    later.grants[0].window = Window {
        not_before_ms: Some(NOW_MS + 1),
        expires_at_ms: None,
    };
    assert_eq!(known(&resolve(later)), ["shop", "north", "till"]);
}

#[test]
fn a_group_makes_nothing_known_to_who_is_no_member() {
    let mut grouped = record(&[("clerk", "north")]);
    grouped.grants[0].group = Some("night".into());
    assert_eq!(known(&resolve(grouped.clone())), ["shop"]);
    grouped.grants.push(Grant::new("staff", "shop"));
    assert_eq!(known(&resolve(grouped)), ["shop", "north", "till"]);
}

#[test]
fn a_role_of_elsewhere_reaches_nothing() {
    let policy = policy();
    let reaches = |id: &str| policy.reaches_places(policy.role(id).unwrap());
    assert!(reaches("clerk") && reaches("owner"));
    assert!(!reaches("staff") && !reaches("guest"));
}
