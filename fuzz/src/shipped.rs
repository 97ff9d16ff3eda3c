//! The shipped policies, and the worlds of the decision corpus under them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lockstep_wire::{
    CompiledPolicy, GrantRecord, LevelName, NodeRecord, PolicyReference, SNAPSHOT_FORMAT, Snapshot,
    TokenRecord, compile_toml,
};
use serde::Deserialize;

/// A moment inside the windows that the corpus opens.
pub const NOW_MS: u64 = 1_764_000_000_000;
/// How the corpus calls its organization.
const ORGANIZATION: &str = "organization";

/// The texts of `policies/*.toml`, by name.
pub static POLICY_TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| texts("policies"));

/// The shipped policies, compiled.
pub static POLICIES: LazyLock<Vec<CompiledPolicy>> = LazyLock::new(|| {
    let compile = |text: &String| compile_toml(text).expect("a shipped policy compiles");
    POLICY_TEXTS.iter().map(compile).collect()
});

/// The worlds of `tests/corpus`.
pub static WORLDS: LazyLock<Vec<World>> = LazyLock::new(|| {
    let read = |text: &String| toml::from_str(text).expect("a world of the corpus is read");
    texts("tests/corpus").iter().map(read).collect()
});

/// A world, as far as it makes snapshots and requests.
#[derive(Deserialize)]
pub struct World {
    policy: String,
    #[serde(default)]
    nodes: Vec<WorldNode>,
    principals: Vec<Principal>,
    /// The questions put to it.
    pub cases: Vec<Case>,
}

/// A question of the corpus.
#[derive(Deserialize)]
pub struct Case {
    /// Permission id.
    pub permission: String,
    /// Node id.
    #[serde(default = "organization")]
    pub node: String,
}

#[derive(Deserialize)]
struct WorldNode {
    id: String,
    level: LevelName,
    parent: Option<String>,
    owner: Option<String>,
}

#[derive(Deserialize)]
struct Principal {
    name: String,
    grants: Vec<GrantRecord>,
    token: Option<TokenRecord>,
}

impl World {
    /// The policy that it stands under.
    pub fn policy(&self) -> &'static CompiledPolicy {
        let mut policies = POLICIES.iter();
        policies
            .find(|policy| policy.document.id == self.policy)
            .expect("a world stands under a shipped policy")
    }

    /// One snapshot for each principal.
    pub fn snapshots(&self) -> impl Iterator<Item = Snapshot> {
        self.principals.iter().map(|principal| {
            let root = NodeRecord {
                id: organization(),
                level: LevelName::Organization,
                parent: None,
                owned: false,
            };
            let below = self.nodes.iter().map(|node| NodeRecord {
                id: node.id.clone(),
                level: node.level,
                parent: Some(node.parent.clone().unwrap_or_else(organization)),
                owned: node.owner.as_ref() == Some(&principal.name),
            });
            Snapshot {
                format: SNAPSHOT_FORMAT,
                policy: PolicyReference {
                    id: self.policy.clone(),
                    digest: self.policy().digest.clone(),
                },
                organization: organization(),
                principal: principal.name.clone(),
                epoch: 1,
                server_time_ms: NOW_MS,
                nodes: std::iter::once(root).chain(below).collect(),
                grants: principal.grants.clone(),
                token: principal.token.clone(),
                ..Snapshot::default()
            }
        })
    }
}

fn organization() -> String {
    ORGANIZATION.to_owned()
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
