//! The decision corpus, natively: every file of `tests/corpus`. Its README describes the format.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lockstep_core::{Access, Customization, Facts, Grant, Level, Node, Record, Target, TokenLimit};
use lockstep_wire::{
    CompiledPolicy, CustomRoleRecord, DecisionView, FactsView, GrantRecord, KindName, LevelName,
    RuleDocument, TokenRecord, compile_toml,
};
use serde::Deserialize;

/// The moment of the questions where a file names none: an hour like any other.
const NOW_MS: u64 = 1_764_000_000_000;
/// How far each moment lies from the ends of all windows, so that the HTTP run may take its time.
const DISTANCE_MS: u64 = 60_000;
/// How a world calls its organization.
const ORGANIZATION: &str = "organization";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct World {
    about: String,
    policy: String,
    #[serde(default = "now_ms")]
    now_ms: u64,
    plan: Option<Vec<String>>,
    #[serde(default)]
    roles: Vec<CustomRoleRecord>,
    #[serde(default)]
    rules: Vec<RuleDocument>,
    #[serde(default)]
    nodes: Vec<WorldNode>,
    principals: Vec<Principal>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldNode {
    id: String,
    level: LevelName,
    parent: Option<String>,
    owner: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Principal {
    name: String,
    #[serde(default)]
    kind: KindName,
    grants: Vec<GrantRecord>,
    token: Option<TokenRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    principal: String,
    permission: String,
    #[serde(default = "organization")]
    node: String,
    target: Option<String>,
    #[serde(default)]
    facts: FactsView,
    now_ms: Option<u64>,
    expect: String,
}

const fn now_ms() -> u64 {
    NOW_MS
}

fn organization() -> String {
    ORGANIZATION.into()
}

#[test]
fn every_case_of_the_corpus_is_decided_as_it_says() {
    let mut wrong = Vec::new();
    for path in files() {
        let (name, world) = read(&path);
        let policy = policy(&world.policy);
        for (at, case) in world.cases.iter().enumerate() {
            let found = world.decide(&policy, case);
            if found != case.expect {
                let Case {
                    principal,
                    permission,
                    node,
                    expect,
                    ..
                } = case;
                wrong.push(format!(
                    "{name}, case {at}: {principal} {permission} on {node}: {found}, not {expect}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_sound_and_show_both_answers() {
    for path in files() {
        let (name, world) = read(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.lines().count() < 60,
            "{name} is long: what is its second subject?"
        );
        assert!(
            world.about.ends_with('.'),
            "{name} says in a sentence what it is about"
        );
        let allowed = world
            .cases
            .iter()
            .filter(|case| case.expect == "allow")
            .count();
        assert!(
            (1..world.cases.len()).contains(&allowed),
            "{name} shows one answer only"
        );
        let names: BTreeSet<&str> = world.principals.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            names.len(),
            world.principals.len(),
            "{name} names two principals alike"
        );
        let ends = world
            .principals
            .iter()
            .flat_map(|principal| &principal.grants);
        let ends: Vec<u64> = ends
            .flat_map(|grant| [grant.not_before_ms, grant.expires_at_ms])
            .flatten()
            .collect();
        for now_ms in world
            .cases
            .iter()
            .map(|case| case.now_ms.unwrap_or(world.now_ms))
        {
            let far = ends.iter().all(|end| now_ms.abs_diff(*end) >= DISTANCE_MS);
            assert!(far, "{name}: {now_ms} is too near the end of a window");
        }
        for owner in world.nodes.iter().filter_map(|node| node.owner.as_deref()) {
            assert!(
                names.contains(owner),
                "{name}: {owner} owns and is not there"
            );
        }
    }
}

#[test]
fn every_policy_and_every_denial_has_a_case() {
    let worlds: Vec<World> = files().iter().map(|path| read(path).1).collect();
    for id in shipped() {
        assert!(
            worlds.iter().any(|world| world.policy == id),
            "{id} has no case"
        );
    }
    let expected: BTreeSet<&str> = worlds
        .iter()
        .flat_map(|world| &world.cases)
        .map(|case| case.expect.as_str())
        .collect();
    let all = [
        "allow",
        "capped",
        "denied-by-rule",
        "expired",
        "fact-missing",
        "guard-failed",
        "no-grant",
        "no-membership",
        "out-of-token-scope",
        "plan",
    ];
    assert_eq!(expected.into_iter().collect::<Vec<_>>(), all);
}

impl World {
    /// `allow`, or the code of the denial.
    fn decide(&self, policy: &CompiledPolicy, case: &Case) -> String {
        let record = self.record(policy, self.principal(&case.principal));
        let now_ms = case.now_ms.unwrap_or(self.now_ms);
        let access = Access::resolve(&policy.policy, record, now_ms).unwrap();
        let mut facts = Facts::from(case.facts.clone());
        if let Some(target) = &case.target {
            facts.extend(&self.facts(policy, case, target));
        }
        let view = DecisionView::decide(&access, &case.permission, &case.node, &facts);
        let view = view.unwrap_or_else(|error| panic!("{error}"));
        let [reason] = view.reasons.as_slice() else {
            panic!("a decision has one reason");
        };
        assert!(reason.text.ends_with('.'), "no sentence: {}", reason.text);
        if view.decision {
            "allow".into()
        } else {
            reason.code.clone()
        }
    }

    fn principal(&self, name: &str) -> &Principal {
        let found = self
            .principals
            .iter()
            .find(|principal| principal.name == name);
        found.unwrap_or_else(|| panic!("{name} is not in this world"))
    }

    fn record(&self, policy: &CompiledPolicy, principal: &Principal) -> Record {
        let nodes = self.nodes.iter().map(|node| Node {
            id: node.id.clone(),
            level: node.level.into(),
            parent: Some(node.parent.clone().unwrap_or_else(organization)),
            owned: node.owner.as_ref() == Some(&principal.name),
        });
        Record {
            principal: principal.name.clone(),
            kind: principal.kind.into(),
            plan: self
                .plan
                .clone()
                .unwrap_or_else(|| policy.policy.full_plan()),
            customization: Customization {
                roles: self.roles.iter().map(Into::into).collect(),
                rules: self.rules.iter().map(Into::into).collect(),
            },
            nodes: std::iter::once(Node::organization(ORGANIZATION))
                .chain(nodes)
                .collect(),
            grants: principal.grants.iter().map(Grant::from).collect(),
            token: principal.token.as_ref().map(TokenLimit::from),
        }
    }

    /// What the directory says about `target`, as the case's principal sees them.
    fn facts(&self, policy: &CompiledPolicy, case: &Case, target: &str) -> Facts {
        let member = self.principal(target);
        let mut grants = member
            .grants
            .iter()
            .filter(|grant| grant.node == ORGANIZATION);
        let role_id = grants.next().map_or("", |grant| grant.role.as_str());
        let target = Target {
            role: policy.policy.role(role_id),
            role_id,
            is_self: case.principal == target,
            is_creator: self
                .principals
                .first()
                .is_some_and(|first| first.name == target),
            other_admins: 1,
            record: None,
        };
        target.facts()
    }
}

/// The ids of the shipped policies.
fn shipped() -> Vec<String> {
    let id = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    toml_files("policies").iter().map(id).collect()
}

fn policy(id: &str) -> CompiledPolicy {
    let path = root().join(format!("policies/{id}.toml"));
    compile_toml(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn read(path: &Path) -> (String, World) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let world = toml::from_str(&std::fs::read_to_string(path).unwrap());
    let world: World = world.unwrap_or_else(|error| panic!("{name}: {error}"));
    let organization = world
        .nodes
        .iter()
        .any(|node| node.level == LevelName::from(Level::Organization));
    assert!(!organization, "{name} lists its organization");
    (name, world)
}

fn files() -> Vec<PathBuf> {
    toml_files("tests/corpus")
}

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(root().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
