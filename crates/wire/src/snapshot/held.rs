//! A snapshot as the page's evaluator takes it: without the steps in between that serde needs.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{
    CustomRole, Customization, Effect, Grant, Node, PrincipalKind, Record, RecordError, RuleSpec,
    TokenLimit, Window,
};

use super::{OLDEST_FORMAT, SNAPSHOT_FORMAT, SnapshotError, binary};
use crate::gate_policy::{condition, level};
use crate::{GatePolicy, Tree};

/// What one principal holds, as of one epoch: a snapshot that was made under the policy at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The organization's epoch when the principal last changed.
    pub epoch: u64,
    /// The server's clock when it was sent, in Unix milliseconds.
    pub server_time_ms: u64,
    /// What the evaluator needs. Its first node is the organization.
    pub record: Record,
}

impl Held {
    /// Reads a snapshot made under `policy`: in the binary form, or in JSON that the browser has parsed
    /// and written flat (see [`Tree`]).
    ///
    /// # Errors
    /// When it is neither, or of another format or policy.
    pub fn read(bytes: &[u8], policy: &GatePolicy) -> Result<Self, SnapshotError> {
        if binary::is_binary(bytes) {
            return binary::read(bytes, policy);
        }
        let tree = Tree::read(bytes).ok_or(SnapshotError::Damaged)?;
        Self::read_tree(&tree, &policy.digest)
    }

    /// Reads a snapshot in JSON that the browser has parsed.
    ///
    /// # Errors
    /// When it is none, or of another format or policy.
    pub fn read_tree(tree: &Tree<'_>, digest: &str) -> Result<Self, SnapshotError> {
        let format = tree.member("format").and_then(Tree::unsigned);
        let format = format.ok_or(SnapshotError::Damaged)?;
        if !(u64::from(OLDEST_FORMAT)..=u64::from(SNAPSHOT_FORMAT)).contains(&format) {
            return Err(SnapshotError::OtherFormat(format));
        }
        let policy = tree
            .member("policy")
            .and_then(|policy| policy.member("digest"));
        let named = policy.and_then(Tree::text).ok_or(SnapshotError::Damaged)?;
        if named != digest {
            return Err(SnapshotError::OtherPolicy);
        }
        let held = held(tree).ok_or(SnapshotError::Damaged)?;
        let organization = tree.member("organization").and_then(Tree::text);
        let root = held.record.nodes.first().map(|node| node.id.as_str());
        if organization.is_none() || root != organization {
            return Err(SnapshotError::Record(RecordError::NoOrganization));
        }
        Ok(held)
    }
}

fn held(tree: &Tree<'_>) -> Option<Held> {
    Some(Held {
        epoch: tree.member("epoch")?.unsigned()?,
        server_time_ms: tree.member("server_time_ms")?.unsigned()?,
        record: Record {
            principal: text(tree, "principal")?,
            kind: match tree.optional("kind").map(Tree::text) {
                None | Some(Some("user")) => PrincipalKind::User,
                Some(Some("service-account")) => PrincipalKind::ServiceAccount,
                Some(_) => return None,
            },
            plan: texts(tree, "plan")?,
            customization: Customization {
                roles: tree.list_of("roles", role)?,
                rules: tree.list_of("rules", rule)?,
            },
            nodes: tree.member("nodes")?.list(node)?,
            grants: tree.member("grants")?.list(grant)?,
            token: match tree.optional("token") {
                Some(token) => Some(self::token(token)?),
                None => None,
            },
        },
    })
}

fn role(tree: &Tree<'_>) -> Option<CustomRole> {
    Some(CustomRole {
        id: text(tree, "id")?,
        name: text(tree, "name")?,
        base: text(tree, "base")?,
        with: texts(tree, "with")?,
        without: texts(tree, "without")?,
    })
}

fn rule(tree: &Tree<'_>) -> Option<RuleSpec> {
    Some(RuleSpec {
        id: text(tree, "id")?,
        effect: match tree.member("effect")?.text()? {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            _ => return None,
        },
        roles: texts(tree, "roles")?,
        permissions: texts(tree, "permissions")?,
        when: tree.list_of("when", condition)?,
        because: optional_text(tree, "because")?.unwrap_or_default(),
    })
}

fn node(tree: &Tree<'_>) -> Option<Node> {
    Some(Node {
        id: text(tree, "id")?,
        level: level(tree)?,
        parent: optional_text(tree, "parent")?,
        owned: tree.flag("owned"),
    })
}

fn grant(tree: &Tree<'_>) -> Option<Grant> {
    Some(Grant {
        role: text(tree, "role")?,
        node: text(tree, "node")?,
        group: optional_text(tree, "group")?,
        window: window(tree)?,
    })
}

fn token(tree: &Tree<'_>) -> Option<TokenLimit> {
    Some(TokenLimit {
        permissions: match tree.optional("permissions") {
            Some(_) => Some(texts(tree, "permissions")?),
            None => None,
        },
        node: optional_text(tree, "node")?,
        window: window(tree)?,
    })
}

fn window(tree: &Tree<'_>) -> Option<Window> {
    let time = |name: &str| match tree.optional(name) {
        Some(time) => time.unsigned().map(Some),
        None => Some(None),
    };
    Some(Window {
        not_before_ms: time("not_before_ms")?,
        expires_at_ms: time("expires_at_ms")?,
    })
}

fn text(tree: &Tree<'_>, name: &str) -> Option<String> {
    Some(tree.member(name)?.text()?.to_owned())
}

fn texts(tree: &Tree<'_>, name: &str) -> Option<Vec<String>> {
    tree.list_of(name, |text| Some(text.text()?.to_owned()))
}

fn optional_text(tree: &Tree<'_>, name: &str) -> Option<Option<String>> {
    match tree.optional(name) {
        Some(value) => value.text().map(|text| Some(text.to_owned())),
        None => Some(None),
    }
}
