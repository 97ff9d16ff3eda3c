//! The decision corpus, natively: every file of `tests/corpus`. Its README describes the format.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lockstep_wire::{CompiledPolicy, WorldDocument, compile_toml, read_world};

/// How far each moment lies from the ends of all windows, so that the HTTP run may take its time.
const DISTANCE_MS: u64 = 60_000;
/// Files in which a grant names a role that the policy does not have, or a token a node that is not there.
const WITH_WHAT_IS_GONE: [&str; 2] = ["openlit-no-membership.toml", "openlit-token.toml"];

#[test]
fn every_case_of_the_corpus_is_decided_as_it_says() {
    let mut wrong = Vec::new();
    for path in files() {
        let (name, world) = read(&path);
        let policy = policy(world.policy.as_deref().unwrap());
        for (at, case) in world.cases.iter().enumerate() {
            let now_ms = case.now_ms.unwrap_or(world.now_ms);
            let resolved = world.resolve(&policy.policy, now_ms).unwrap();
            let without_effect = world.without_effect(&policy.policy, &resolved);
            let on_purpose = WITH_WHAT_IS_GONE.contains(&name.as_str());
            assert_eq!(
                !without_effect.is_empty(),
                on_purpose,
                "{name}: {without_effect:?}"
            );
            let found = world.answer(&resolved, case).unwrap();
            let [reason] = found.reasons.as_slice() else {
                panic!("a decision has one reason");
            };
            assert!(reason.text.ends_with('.'), "no sentence: {}", reason.text);
            if !case.expect.is_met(&found) {
                wrong.push(format!("{name}, case {at}: {case:?}: {found:?}"));
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
            .filter(|case| case.expect.as_str() == "allow")
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
    let worlds: Vec<WorldDocument> = files().iter().map(|path| read(path).1).collect();
    for id in shipped() {
        assert!(
            worlds
                .iter()
                .any(|world| world.policy.as_ref() == Some(&id)),
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

/// The ids of the shipped policies.
fn shipped() -> Vec<String> {
    let id = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    toml_files("policies").iter().map(id).collect()
}

fn policy(id: &str) -> CompiledPolicy {
    let path = root().join(format!("policies/{id}.toml"));
    compile_toml(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn read(path: &Path) -> (String, WorldDocument) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let world = read_world(&std::fs::read_to_string(path).unwrap());
    let world = world.unwrap_or_else(|error| panic!("{name}:{error}"));
    // The runs outside Rust take these for given.
    assert_eq!(world.organization, "organization", "{name}");
    assert_eq!(world.creator, None, "{name}");
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
