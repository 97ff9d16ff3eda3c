//! The two forms of a snapshot: they say the same, they stay readable, and what is damaged is refused.

use std::format;
use std::sync::LazyLock;

use alloc::string::ToString;
use alloc::vec;
use lockstep_core::{Access, Facts};
use proptest::prelude::*;

use super::*;
use crate::digest::with_checksum;
use crate::{ConditionDocument, DecisionView, EffectName, GatePolicy, compile_toml};

/// Fixed, because the committed bytes below name its digest.
const POLICY: &str = r#"
    id = "fixed"
    name = "Fixed"
    everyone = ["leave"]

    [[roles]]
    id = "admin"
    level = "organization"
    admin = true
    [[roles]]
    id = "viewer"
    level = "workspace"

    [[permissions]]
    id = "read"
    level = "workspace"
    allow = ["admin", "viewer"]
    [[permissions]]
    id = "write"
    level = "workspace"
    allow = ["admin"]
    plan = ["extra"]
    [[permissions]]
    id = "leave"
    level = "organization"

    [plan]
    features = ["extra"]
    [custom_roles]
    levels = ["workspace"]
    additions = true
"#;

static COMPILED: LazyLock<CompiledPolicy> = LazyLock::new(|| compile_toml(POLICY).unwrap());
static POLICY_OF_GATE: LazyLock<GatePolicy> = LazyLock::new(|| GatePolicy::of(&COMPILED).unwrap());

/// Written by the first release.
const FORMAT_1: &str = r#"{"format":1,"policy":{"id":"fixed","digest":"DIGEST"},
    "organization":"o","principal":"p","epoch":3,"server_time_ms":1764000000000,
    "nodes":[{"id":"o","level":"organization"},
        {"id":"w","level":"workspace","parent":"o","owned":true}],
    "grants":[{"role":"admin","node":"o"},{"role":"viewer","node":"w","expires_at_ms":5}],
    "token":{"permissions":["read"],"node":"w"}}"#;

/// With everything that the format has.
const FORMAT_2: &str = r#"{"format":2,"policy":{"id":"fixed","digest":"DIGEST"},
    "organization":"o","principal":"p","epoch":300,"server_time_ms":1764000000000,
    "kind":"service-account","plan":["extra"],
    "roles":[{"id":"c","name":"C","base":"viewer","with":["write"],"without":["read"]}],
    "rules":[{"id":"r","effect":"deny","roles":["viewer","c"],"permissions":["*"],
        "when":[{"fact":"resource.tags.Env","equals_ignore_case":"prod","if_exists":true},
            {"fact":"resource.size","at_least":-3}],"because":"No."}],
    "nodes":[{"id":"o","level":"organization"},
        {"id":"w","level":"workspace","parent":"o"},
        {"id":"é","level":"project","parent":"w","owned":true}],
    "grants":[{"role":"c","node":"w","group":"g","not_before_ms":1,"expires_at_ms":2},
        {"role":"gone","node":"elsewhere"}],
    "token":{"permissions":["leave"],"node":"é","not_before_ms":7}}"#;

/// [`FORMAT_2`] in version 1 of the binary form.
const BINARY_1: &str = "\
    6c6f636b01bc30961aefe28a449d410eca4a67cebe014f3d9f287a38a0f1afe868db5c1ea0017001ac0280d0\
    dfb4ab3301056578747261010163014302020101017201034e6f2e020200016301012a02117265736f757263\
    652e746167732e456e7601040470726f640d7265736f757263652e73697a650000fdffffffffffffff03046f\
    77c3a901000101020e020001630207016701020004676f6e650009656c736577686572650001010401030207\
    4e54b526\
";

fn golden(text: &str) -> Snapshot {
    let text = text.replace("DIGEST", &COMPILED.digest);
    Snapshot::read(text.as_bytes(), &COMPILED).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// What a snapshot says to the evaluator.
type Said = (u64, u64, Record);

fn said_by(snapshot: &Snapshot) -> Said {
    let Snapshot {
        epoch,
        server_time_ms,
        ..
    } = *snapshot;
    (epoch, server_time_ms, snapshot.record())
}

fn read(bytes: &[u8]) -> Said {
    let held = Held::read(bytes, &POLICY_OF_GATE).unwrap();
    (held.epoch, held.server_time_ms, held.record())
}

fn code(bytes: &[u8]) -> &'static str {
    Held::read(bytes, &POLICY_OF_GATE).map_or_else(|error| error.code(), |_| "ready")
}

/// The body with a sum of its own, so that what it says is looked at and not only its damage.
fn summed(body: &[u8]) -> Vec<u8> {
    with_checksum(body.to_vec())
}

#[test]
fn what_earlier_releases_wrote_is_still_read() {
    for text in [FORMAT_1, FORMAT_2, SIBLINGS] {
        let snapshot = golden(text);
        assert_eq!(read(&snapshot.to_flat().unwrap()), said_by(&snapshot));
    }
    let snapshot = golden(FORMAT_2);
    assert_eq!(hex(&snapshot.to_bytes(&COMPILED).unwrap()), BINARY_1);
    assert_eq!(read(&unhex(BINARY_1)), said_by(&snapshot));
}

/// With nodes that lie side by side.
const SIBLINGS: &str = r#"{"format":3,"policy":{"id":"fixed","digest":"DIGEST"},
    "organization":"o","principal":"p","epoch":1,"server_time_ms":0,
    "nodes":[{"id":"o","level":"organization"},
        {"ids":["w","x"],"level":"workspace","parent":"o"},
        {"id":"a","level":"project","parent":"w"},
        {"id":"é","level":"project","parent":"w","owned":true},
        {"ids":["b","c"],"level":"project","parent":"w"},
        {"id":"d","level":"project","parent":"x"}],
    "grants":[]}"#;

#[test]
fn nodes_side_by_side_are_one_entry_unless_they_are_owned() {
    let snapshot = golden(SIBLINGS);
    let ids: Vec<&str> = snapshot.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["o", "w", "x", "a", "é", "b", "c", "d"]);
    let parents = snapshot.nodes.iter().map(|node| node.parent.as_deref());
    let parents: Vec<&str> = parents.flatten().collect();
    assert_eq!(parents, ["o", "o", "w", "w", "w", "w", "x"]);
    assert!(
        snapshot
            .nodes
            .iter()
            .all(|node| node.owned == (node.id == "é"))
    );
    let written = serde_json::to_value(&snapshot).unwrap();
    let same: serde_json::Value = serde_json::from_str(SIBLINGS).unwrap();
    assert_eq!(written["nodes"], same["nodes"]);
    assert_eq!(read(&snapshot.to_flat().unwrap()), said_by(&snapshot));
}

#[test]
fn an_entry_that_is_neither_one_node_nor_several_is_refused() {
    let one = r#""id":"a","level":"project""#;
    for wrong in [
        r#""level":"project""#,
        r#""id":"a","ids":["b"],"level":"project""#,
        r#""ids":["a"],"owned":true,"level":"project""#,
        r#""ids":"a","level":"project""#,
        r#""ids":[1],"level":"project""#,
    ] {
        let text = SIBLINGS.replace("DIGEST", &COMPILED.digest);
        let text = text.replace(one, wrong);
        assert!(text.contains(wrong));
        let refused = Snapshot::read(text.as_bytes(), &COMPILED).unwrap_err();
        assert_eq!(refused.code(), "snapshot-unreadable", "{wrong}");
    }
}

#[test]
fn what_later_releases_write_is_refused() {
    let mut bytes = unhex(BINARY_1);
    bytes[4] += 1;
    assert_eq!(code(&bytes), "snapshot-other-format");
    let later = FORMAT_2
        .replace("DIGEST", &COMPILED.digest)
        .replace("\"format\":2", "\"format\":4");
    assert_eq!(
        Snapshot::read(later.as_bytes(), &COMPILED)
            .unwrap_err()
            .code(),
        "snapshot-other-format"
    );
    let later = Snapshot {
        format: SNAPSHOT_FORMAT + 1,
        ..golden(FORMAT_2)
    };
    assert_eq!(code(&later.to_flat().unwrap()), "snapshot-other-format");
}

#[test]
fn a_snapshot_of_another_policy_is_refused() {
    let mut body = unhex(BINARY_1);
    body.truncate(body.len() - 4);
    body[5] ^= 1;
    assert_eq!(code(&summed(&body)), "snapshot-other-policy");
    let other = compile_toml(&POLICY.replace("Fixed", "Other")).unwrap();
    assert_eq!(golden(FORMAT_2).to_bytes(&other), None);
}

#[test]
fn any_changed_byte_and_any_cut_is_refused() {
    let good = unhex(BINARY_1);
    assert_eq!(code(&good), "ready");
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            assert_ne!(code(&bytes), "ready", "bit {bit} of byte {at}");
        }
        assert_ne!(code(&good[..at]), "ready", "cut at {at}");
        assert_ne!(code(&good[at + 1..]), "ready", "begun at {at}");
    }
    // Also with a sum that fits: a body that ends early is no body.
    for at in 0..good.len() - 4 {
        assert_ne!(
            code(&summed(&good[..at])),
            "ready",
            "cut at {at}, summed anew"
        );
    }
    let longer = [&good[..good.len() - 4], &[0]].concat();
    assert_eq!(
        code(&summed(&longer)),
        "snapshot-unreadable",
        "something follows"
    );
}

#[test]
fn counts_that_the_bytes_do_not_bear_out_are_refused() {
    let snapshot = Snapshot {
        nodes: vec![golden(FORMAT_1).nodes[0].clone()],
        grants: Vec::new(),
        token: None,
        ..golden(FORMAT_1)
    };
    let bytes = snapshot.to_bytes(&COMPILED).unwrap();
    assert_eq!(code(&bytes), "ready");
    // From the end: sum, token, grants, then the one node with its id.
    let body = &bytes[..bytes.len() - 4];
    let grants = body.len() - 2;
    let nodes = grants - 5;
    for at in [grants, nodes] {
        let huge = [
            &body[..at],
            &[0xff, 0xff, 0xff, 0xff, 0x7f],
            &body[at + 1..],
        ]
        .concat();
        assert_eq!(code(&summed(&huge)), "snapshot-unreadable");
    }
    // More than the limit, and all of it there.
    let count = lockstep_core::limits::GRANTS_MAX + 1;
    let mut many = body[..grants].to_vec();
    crate::bytes::write_index(count, &mut many);
    many.extend([1, 1, 0].repeat(count));
    many.push(0);
    assert_eq!(code(&summed(&many)), "snapshot-unreadable");
    let fewer = count - 1;
    let mut most = body[..grants].to_vec();
    crate::bytes::write_index(fewer, &mut most);
    most.extend([1, 1, 0].repeat(fewer));
    most.push(0);
    assert_eq!(code(&summed(&most)), "ready");
}

#[test]
fn permissions_that_are_gone_narrow_a_token_and_widen_nothing() {
    let mut snapshot = golden(FORMAT_1);
    snapshot.token.as_mut().unwrap().permissions = Some(vec!["gone".into()]);
    let bytes = snapshot.to_bytes(&COMPILED).unwrap();
    let held = Held::read(&bytes, &POLICY_OF_GATE).unwrap();
    assert_eq!(held.record.token.unwrap().permissions, Some(vec![]));
}

fn times() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![Just(None), Just(Some(u64::MAX)), (0..9_u64).prop_map(Some)]
}

fn id(kind: &'static str) -> impl Strategy<Value = String> {
    (0..6_u8).prop_map(move |n| format!("{kind}{n}"))
}

fn names(all: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    proptest::sample::subsequence(names, 0..=all.len())
}

fn condition() -> impl Strategy<Value = ConditionDocument> {
    use lockstep_core::{Condition, Test, Value};
    let value = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        "[a-zé]{0,3}".prop_map(Value::Text),
    ];
    (0..14_u8, value, any::<i64>(), "[a-z*]{0,3}", any::<bool>()).prop_map(
        |(kind, value, number, text, if_exists)| {
            let test = match kind {
                0 => Test::AtLeast(number),
                1 => Test::AtMost(number),
                2 => Test::Equals(value),
                3 => Test::EqualsFact(text),
                4 => Test::EqualsIgnoreCase(text),
                5 => Test::In(vec![text, "é".into()]),
                6 => Test::Matches(text),
                7 => Test::NotEquals(value),
                8 => Test::NotEqualsIgnoreCase(text),
                9 => Test::NotIn(vec![]),
                10 => Test::NotMatches(text),
                11 => Test::AtLeastFact(text),
                12 => Test::AtMostFact(text),
                _ => Test::NotEqualsFact(text),
            };
            ConditionDocument(Condition {
                fact: "resource.x".into(),
                test,
                if_exists,
            })
        },
    )
}

prop_compose! {
    fn customization()(
        roles in proptest::collection::vec(
            (id("custom"), prop_oneof![Just("viewer"), Just("gone")],
             names(&["read", "write", "leave"]), names(&["read", "write"])), 0..3),
        rules in proptest::collection::vec(
            (id("rule"), any::<bool>(), names(&["admin", "gone"]), names(&["read", "*", "gone"]),
             proptest::collection::vec(condition(), 0..3), "[a-z]{0,3}"), 0..3),
    ) -> (Vec<CustomRoleRecord>, Vec<RuleDocument>) {
        let roles = roles.into_iter().map(|(id, base, with, without)| CustomRoleRecord {
            name: id.to_uppercase(), id, base: base.into(), with, without,
        });
        let rules = rules.into_iter().map(|(id, denies, roles, permissions, when, because)| {
            let effect = if denies { EffectName::Deny } else { EffectName::Allow };
            RuleDocument { id, effect, roles, permissions, when, because }
        });
        (roles.collect(), rules.collect())
    }
}

prop_compose! {
    fn snapshots()(
        epoch: u64, server_time_ms: u64, service: bool, has_token: bool, scoped: bool,
        plan in names(&["extra", "other"]),
        scope in names(&["read", "write", "leave"]),
        (roles, rules) in customization(),
        parents in proptest::collection::vec((0..8_usize, any::<bool>(), any::<bool>()), 0..8),
        grants in proptest::collection::vec(
            (prop_oneof![Just("admin"), Just("viewer"), Just("gone"), Just("custom1")], 0..12_usize,
             proptest::option::of("[a-z]{0,2}"), times(), times()), 0..6),
        top in proptest::option::of(0..12_usize), from in times(), to in times(),
    ) -> Snapshot {
        let name = |at: usize| format!("n{}{at}", "é".repeat(at % 3));
        let mut nodes = vec![NodeRecord {
            id: name(0), level: LevelName::Organization, parent: None, owned: service,
        }];
        for (parent, is_project, owned) in parents {
            let parent = nodes[parent % nodes.len()].id.clone();
            let level = if is_project { LevelName::Project } else { LevelName::Workspace };
            nodes.push(NodeRecord { id: name(nodes.len()), level, parent: Some(parent), owned });
        }
        Snapshot {
            format: SNAPSHOT_FORMAT,
            policy: PolicyReference { id: "fixed".into(), digest: COMPILED.digest.clone() },
            organization: name(0),
            principal: "é".into(),
            epoch, server_time_ms, plan, roles, rules, nodes,
            kind: if service { KindName::ServiceAccount } else { KindName::User },
            grants: grants.into_iter().map(|(role, node, group, not_before_ms, expires_at_ms)| {
                GrantRecord { role: role.into(), node: name(node), group, not_before_ms, expires_at_ms }
            }).collect(),
            token: has_token.then(|| TokenRecord {
                permissions: scoped.then_some(scope),
                node: top.map(name),
                not_before_ms: from,
                expires_at_ms: to,
            }),
        }
    }
}

/// Every decision, in words.
fn decisions(access: Access) -> Vec<DecisionView> {
    let mut all = Vec::new();
    for permission in access.policy().permissions() {
        for node in access.nodes() {
            let none = Facts::default();
            let view = DecisionView::decide(&access, &permission.id, node.id, &none);
            all.push(view.unwrap());
        }
    }
    all
}

proptest! {
    #[test]
    fn the_binary_form_says_what_json_says(snapshot in snapshots()) {
        let bytes = snapshot.to_bytes(&COMPILED).unwrap();
        prop_assert_eq!(read(&bytes), said_by(&snapshot));
        let flat = snapshot.to_flat().unwrap();
        prop_assert_eq!(read(&flat), said_by(&snapshot));
        // All are resolved, or refused, and then decide alike.
        let decided = |access: Result<Access, RecordError>| access.ok().map(decisions);
        let expected = decided(Access::resolve(&COMPILED.policy, snapshot.record(), 5));
        for bytes in [bytes, flat] {
            let Held { record, nodes, .. } = Held::read(&bytes, &POLICY_OF_GATE).unwrap();
            let GatePolicy { policy, .. } = &*POLICY_OF_GATE;
            let own = || POLICY_OF_GATE.anew();
            let mut nameless = nodes.clone();
            nameless.ends.pop();
            prop_assert!(Access::resolve_packed(policy, &own, record.clone(), nameless, 5).is_err());
            let packed = Access::resolve_packed(policy, &own, record, nodes, 5);
            prop_assert_eq!(decided(packed), expected.clone());
        }
    }

    #[test]
    fn any_one_changed_byte_is_refused(
        snapshot in snapshots(), place: proptest::sample::Index, other in 1..=255_u8
    ) {
        let mut bytes = snapshot.to_bytes(&COMPILED).unwrap();
        let at = place.index(bytes.len());
        bytes[at] ^= other;
        prop_assert_ne!(code(&bytes), "ready");
    }
}
