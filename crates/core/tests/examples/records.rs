//! What an access says of the record it was resolved from: windows, groups, limits, membership.

use lockstep_core::{
    Access, Grant, Level, Node, PermissionSpec, Policy, Record, RecordError, TokenLimit, Window,
    limits,
};

use crate::shop::{NOW_MS, access, decide, policy, record, resolve, spec};

fn window(not_before_ms: Option<u64>, expires_at_ms: Option<u64>) -> Window {
    Window {
        not_before_ms,
        expires_at_ms,
    }
}

#[test]
fn who_has_no_grant_of_their_own_is_no_member() {
    let stranger = access(&[]);
    assert!(!stranger.is_member());
    let elsewhere = access(&[("clerk", "elsewhere")]);
    assert!(!elsewhere.is_member());
    // A role that is gone gives nothing, and leaves a member.
    let former = access(&[("gone", "shop")]);
    assert!(former.is_member());
    // In a group only.
    let mut record = record(&[("clerk", "north")]);
    record.grants[0].group = Some("night".into());
    let grouped = resolve(record.clone());
    assert!(!grouped.is_member());
    assert!(!decide(&grouped, "sell", "north", &[]).is_allow());
    record.grants.push(Grant::new("staff", "shop"));
    assert!(decide(&resolve(record), "sell", "north", &[]).is_allow());
}

#[test]
fn a_node_of_elsewhere_holds_nothing() {
    let deep = access(&[("owner", "shop")]);
    let flat = Record {
        nodes: vec![Node::organization("shop")],
        ..record(&[("owner", "shop")])
    };
    let flat = resolve(flat);
    let till = deep.node("till").unwrap();
    let may = |access: &Access| access.allows(access.policy().permission("sell").unwrap(), till);
    assert!(may(&deep) && !may(&flat));
    assert_eq!(flat.describe(till), None);
    assert_eq!(deep.nodes().count(), 4);
    assert_eq!(deep.node_ids().count(), 4);
    assert_eq!(till.index(), 3);
}

#[test]
fn nodes_that_decide_alike_are_of_one_class() {
    let clerk = access(&[("staff", "shop"), ("clerk", "north")]);
    let class = |node: &str| clerk.class(clerk.node(node).unwrap()).unwrap();
    assert_eq!(class("north"), class("till"));
    assert_eq!(class("shop"), class("south"));
    assert_ne!(class("shop"), class("north"));
    assert_eq!(clerk.classes(), 2);
    assert_eq!(access(&[("staff", "shop")]).classes(), 1);
}

#[test]
fn an_access_knows_at_which_level_a_node_is_and_what_lies_within_what() {
    let access = access(&[("staff", "shop")]);
    let node = |id: &str| access.node(id).unwrap();
    for (id, level) in [
        ("shop", Level::Organization),
        ("north", Level::Workspace),
        ("till", Level::Project),
    ] {
        assert_eq!(access.level(node(id)), Some(level), "{id}");
    }
    for (id, top, expected) in [
        ("till", "till", true),
        ("till", "north", true),
        ("till", "shop", true),
        ("till", "south", false),
        ("north", "till", false),
        ("south", "north", false),
    ] {
        assert_eq!(
            access.is_within(node(id), node(top)),
            expected,
            "{id} in {top}"
        );
    }
}

#[test]
fn an_access_changes_when_a_grant_or_the_token_does() {
    let mut record = record(&[("clerk", "north"), ("manager", "south"), ("staff", "shop")]);
    assert_eq!(resolve(record.clone()).changes_at_ms(), None);
    record.grants[0].window = window(Some(NOW_MS - 1), Some(NOW_MS + 30));
    record.grants[1].window = window(Some(NOW_MS + 20), None);
    record.grants[2].window = window(None, Some(NOW_MS));
    assert_eq!(resolve(record.clone()).changes_at_ms(), Some(NOW_MS + 20));
    record.token = Some(TokenLimit {
        window: window(None, Some(NOW_MS + 10)),
        ..TokenLimit::default()
    });
    let now = resolve(record);
    assert_eq!(
        (now.now_ms(), now.changes_at_ms()),
        (NOW_MS, Some(NOW_MS + 10))
    );
    assert!(decide(&now, "sell", "north", &[]).is_allow());
    assert!(!decide(&now, "sell", "south", &[]).is_allow());

    // From that millisecond on the token is over, and with it everything.
    let later = now.clone().at(NOW_MS + 10);
    assert_eq!(later.changes_at_ms(), Some(NOW_MS + 20));
    assert!(later.is_member());
    assert!(!decide(&later, "sell", "north", &[]).is_allow());
    assert!(decide(&now.at(NOW_MS + 9), "sell", "north", &[]).is_allow());
}

#[test]
fn a_token_acts_in_its_subtree_and_time_only() {
    let with = |node: Option<&str>, window: Window| {
        let mut record = record(&[("manager", "shop")]);
        record.token = Some(TokenLimit {
            node: node.map(Into::into),
            window,
            ..TokenLimit::default()
        });
        let access = resolve(record);
        ["shop", "north", "south", "till"].map(|node| decide(&access, "sell", node, &[]).is_allow())
    };
    let always = Window::default();
    assert_eq!(with(None, always), [true; 4]);
    assert_eq!(with(Some("north"), always), [false, true, false, true]);
    assert_eq!(with(Some("shop"), always), [true; 4]);
    assert_eq!(with(Some("gone"), always), [false; 4]);
    assert_eq!(with(Some("north"), window(None, Some(NOW_MS))), [false; 4]);
    assert_eq!(with(None, window(Some(NOW_MS + 1), None)), [false; 4]);
    assert_eq!(
        with(None, window(Some(NOW_MS), Some(NOW_MS + 1))),
        [true; 4]
    );
}

#[test]
fn records_have_limits_and_form_a_hierarchy() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut Record), expected: Result<(), RecordError>) {
        let mut record = record(&[("clerk", "north")]);
        change(&mut record);
        assert_eq!(
            Access::resolve(&policy(), record, NOW_MS).map(drop),
            expected
        );
    }
    let grants = |count: usize| {
        move |record: &mut Record| record.grants = vec![Grant::new("clerk", "north"); count]
    };
    let limit = limits::GRANTS_MAX;
    check(grants(limit), Ok(()));
    check(grants(limit + 1), Err(RecordError::TooMany { limit }));
    let nodes = |count: usize| {
        move |record: &mut Record| {
            let more = (record.nodes.len()..count)
                .map(|at| Node::inside(Level::Project, format!("n{at}"), "south"));
            record.nodes.extend(more);
        }
    };
    let limit = limits::NODES_MAX;
    check(nodes(limit), Ok(()));
    check(nodes(limit + 1), Err(RecordError::TooMany { limit }));

    let none = || Err(RecordError::NoOrganization);
    check(|record| record.nodes.clear(), none());
    check(|record| record.nodes.swap(0, 1), none());
    check(|record| record.nodes[0].level = Level::Workspace, none());
    check(
        |record| record.nodes[0].parent = Some("shop".into()),
        none(),
    );
    check(|record| record.nodes[2].parent = None, none());
    check(
        |record| record.nodes.push(Node::organization("second")),
        none(),
    );
    let orphan = |id: &str| Err(RecordError::OrphanNode(id.into()));
    check(|record| record.nodes.swap(1, 3), orphan("till"));
    check(
        |record| record.nodes[3].parent = Some("till".into()),
        orphan("till"),
    );
    check(
        |record| record.nodes[3].level = Level::Workspace,
        orphan("till"),
    );
    check(
        |record| record.nodes[2].id = "north".into(),
        Err(RecordError::RepeatedNode("north".into())),
    );
}

#[test]
fn a_policy_says_what_everybody_holds_and_what_depends_on_facts() {
    let policy = policy();
    assert_eq!(policy.id(), "shop");
    let of = |id: &str| policy.permission(id).unwrap();
    assert_eq!((of("look").index(), of("refund").index()), (0, 2));
    assert!(policy.everyone_holds(of("resign")) && !policy.everyone_holds(of("look")));
    assert!(policy.depends_on_facts(of("refund")) && policy.depends_on_facts(of("count")));
    assert!(!policy.depends_on_facts(of("look")));
    // A number of another policy depends on nothing.
    let mut longer = spec();
    longer.permissions.push(PermissionSpec {
        id: "more".into(),
        ..PermissionSpec::new(Level::Workspace)
    });
    let longer = Policy::compile(&longer).unwrap();
    assert!(!policy.depends_on_facts(longer.permission("more").unwrap()));
}
