//! The shipped policies, and the worlds of the decision corpus under them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lockstep_core::{Access, World};
use lockstep_wire::{
    CompiledPolicy, GrantRecord, NodeRecord, PolicyReference, SNAPSHOT_FORMAT, Snapshot,
    WorldDocument, compile_toml, read_world,
};

/// A moment inside the windows that the corpus opens.
pub const NOW_MS: u64 = 1_764_000_000_000;

/// The texts of `policies/*.toml`, by name.
pub static POLICY_TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| texts("policies"));

/// The shipped policies, compiled.
pub static POLICIES: LazyLock<Vec<CompiledPolicy>> = LazyLock::new(|| {
    let compile = |text: &String| compile_toml(text).expect("a shipped policy compiles");
    POLICY_TEXTS.iter().map(compile).collect()
});

/// The texts of the worlds of `tests/corpus`, by name.
pub static WORLD_TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| texts("tests/corpus"));

/// The worlds, each resolved under its policy.
pub static WORLDS: LazyLock<Vec<ShippedWorld>> = LazyLock::new(|| {
    let resolve = |text: &String| {
        let document = read_world(text).expect("a world of the corpus is read");
        let policy = policy_of(&document);
        let world = document.resolve(&policy.policy, document.now_ms);
        ShippedWorld {
            world: world.expect("a world of the corpus is resolved"),
            policy,
            document,
        }
    };
    WORLD_TEXTS.iter().map(resolve).collect()
});

/// A world of the corpus.
pub struct ShippedWorld {
    /// As it is written.
    pub document: WorldDocument,
    /// The policy that it stands under.
    pub policy: &'static CompiledPolicy,
    /// Resolved.
    pub world: World,
}

impl ShippedWorld {
    /// One access for each principal.
    pub fn accesses(&self) -> impl Iterator<Item = Access> {
        self.world.principals().map(|id| self.world.access(id))
    }

    /// One snapshot for each principal.
    pub fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.accesses().map(|access| {
            let record = access.record();
            let nodes = record.nodes.iter().map(|node| NodeRecord {
                id: node.id.clone(),
                level: node.level.into(),
                parent: node.parent.clone(),
                owned: node.owned,
            });
            let grants = record.grants.iter().map(|grant| GrantRecord {
                role: grant.role.clone(),
                node: grant.node.clone(),
                group: grant.group.clone(),
                not_before_ms: grant.window.not_before_ms,
                expires_at_ms: grant.window.expires_at_ms,
            });
            Snapshot {
                format: SNAPSHOT_FORMAT,
                policy: PolicyReference {
                    id: self.policy.document.id.clone(),
                    digest: self.policy.digest.clone(),
                },
                organization: self.document.organization.clone(),
                principal: record.principal.clone(),
                epoch: 1,
                server_time_ms: NOW_MS,
                plan: record.plan.clone(),
                rules: self.document.rules.clone(),
                nodes: nodes.collect(),
                grants: grants.collect(),
                ..Snapshot::default()
            }
        })
    }
}

/// The shipped policy that a world names, or else the first one.
pub fn policy_of(document: &WorldDocument) -> &'static CompiledPolicy {
    let named = |policy: &&CompiledPolicy| Some(&policy.document.id) == document.policy.as_ref();
    POLICIES.iter().find(named).unwrap_or_else(|| &POLICIES[0])
}

/// The `*.toml` of a folder of the repository, sorted by name.
fn texts(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder is readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("the file is text");
    paths.into_iter().map(read).collect()
}
