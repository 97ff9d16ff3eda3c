//! Everybody in one organization at once: what searches and comparisons read.

mod answers;
mod grants;
mod rows;
mod spec;
mod table;

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::hierarchy::{Hierarchy, NodeId, ROOT};
use crate::holdings::{Basis, Holdings};
use crate::index::Index;
use crate::{
    Access, Customization, Grant, Level, Node, OwnPolicy, Policy, PrincipalKind, Record, RoleId,
    Step, TokenLimit, Value,
};

use grants::{Grants, Numbered};
use rows::Rows;
pub use spec::{GroupSpec, PrincipalSpec, WorldError, WorldErrorKind, WorldNode, WorldSpec};

/// A principal of one [`World`], as a small number: in another one it may be anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(pub(crate) usize);

impl PrincipalId {
    /// The principal's place in the world's list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// One organization with all its principals, resolved at one moment.
///
/// Each principal takes some hundred and fifty bytes, and a check costs the same however many roles, groups
/// and workspaces there are that it does not use.
///
/// ```
/// use std::sync::Arc;
///
/// use lockstep_core::{
///     Facts, Grant, Level, PermissionSpec, Policy, PolicySpec, PrincipalSpec, RoleSpec, World,
///     WorldNode, WorldSpec,
/// };
///
/// let role = |id: &str, admin| RoleSpec {
///     id: id.into(),
///     admin,
///     ..RoleSpec::new(Level::Organization)
/// };
/// let policy = Arc::new(Policy::compile(&PolicySpec {
///     id: "example".into(),
///     roles: vec![role("admin", true), role("member", false)],
///     permissions: vec![PermissionSpec {
///         id: "members.invite".into(),
///         allow: vec!["admin".into()],
///         ..PermissionSpec::new(Level::Organization)
///     }],
///     ..PolicySpec::default()
/// })?);
/// let principal = |id: &str, role: &str| PrincipalSpec {
///     id: id.into(),
///     grants: vec![Grant::new(role, "org")],
///     ..PrincipalSpec::default()
/// };
/// let level = Level::Organization;
/// let spec = WorldSpec {
///     nodes: vec![WorldNode { id: "org".into(), level, parent: None, owner: None }],
///     principals: vec![principal("ada", "admin"), principal("ben", "member")],
///     ..WorldSpec::default()
/// };
/// let world = World::resolve(&policy, &spec, 0)?;
///
/// let invite = world.policy().permission("members.invite").ok_or("unknown permission")?;
/// let (org, none) = (world.root(), Facts::default());
/// let who: Vec<&str> = world.subjects(invite, org, &none).map(|id| world.principal_name(id)).collect();
/// assert_eq!(who, ["ada"]);
/// let ben = world.principal("ben").ok_or("unknown principal")?;
/// assert!(!world.evaluate(ben, invite, org, &none).is_allow());
/// assert_eq!(world.changes_at_ms(), None);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct World {
    policy: OwnPolicy,
    hierarchy: Hierarchy,
    names: Index,
    now_ms: u64,
    plan: Vec<String>,
    customization: Customization,
    creator: Option<PrincipalId>,
    /// Ids of the groups.
    groups: Vec<String>,
    /// The numbers of the groups that a principal is in.
    memberships: BTreeMap<PrincipalId, Vec<u32>>,
    /// A list for each principal: its own.
    grants: Grants,
    /// A list for each group: there once, however many are in it.
    group_grants: Grants,
    /// By node.
    owners: BTreeMap<NodeId, PrincipalId>,
    /// What few principals have.
    extras: BTreeMap<PrincipalId, Extra>,
    gone: Vec<(Vec<Step>, String)>,
    counts: Counts,
    rows: Rows,
}

/// How the facts are called that a world says of a principal beside its id.
const PROPERTIES: &str = "principal.properties.";

#[derive(Clone, Debug, Default)]
struct Extra {
    kind: PrincipalKind,
    token: Option<TokenLimit>,
    properties: Vec<(String, Value)>,
    owned: Vec<NodeId>,
}

/// What the directory states about the organization.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    members: i64,
    admins: i64,
    workspaces: i64,
}

impl World {
    /// Resolves `spec` under `policy` at `now_ms`, in Unix milliseconds.
    ///
    /// A grant of a role that is gone gives nothing; [`World::gone_roles`] lists them.
    ///
    /// # Errors
    /// The first place where the world contradicts itself or passes a limit.
    pub fn resolve(
        policy: &Arc<Policy>,
        spec: &WorldSpec,
        now_ms: u64,
    ) -> Result<Self, WorldError> {
        let policy = if spec.customization.is_empty() {
            OwnPolicy::plain(policy)
        } else {
            policy.customized(&spec.customization)
        };
        let checked = spec::check(spec, &policy)?;
        let mut world = Self {
            policy,
            now_ms,
            plan: spec.plan.clone(),
            customization: spec.customization.clone(),
            groups: spec.groups.iter().map(|group| group.id.clone()).collect(),
            memberships: checked.groups,
            creator: checked.creator,
            owners: checked.owners,
            gone: checked.gone,
            hierarchy: checked.hierarchy,
            names: checked.names,
            grants: Grants::default(),
            group_grants: Grants::default(),
            extras: BTreeMap::new(),
            counts: Counts::default(),
            rows: Rows::default(),
        };
        for (at, principal) in spec.principals.iter().enumerate() {
            world.add(PrincipalId(at), principal);
        }
        for group in &spec.groups {
            let (policy, hierarchy) = (&world.policy, &world.hierarchy);
            world.group_grants.add(&group.grants, policy, hierarchy);
        }
        for (node, owner) in &world.owners {
            world.extras.entry(*owner).or_default().owned.push(*node);
        }
        world.counts = world.count();
        world.rows = Rows::new(&world);
        Ok(world)
    }

    fn add(&mut self, id: PrincipalId, spec: &PrincipalSpec) {
        let (policy, hierarchy) = (&self.policy, &self.hierarchy);
        self.grants.add(&spec.grants, policy, hierarchy);
        let is_plain =
            spec.kind == PrincipalKind::User && spec.token.is_none() && spec.properties.is_empty();
        if !is_plain {
            let extra = Extra {
                kind: spec.kind,
                token: spec.token.clone(),
                properties: spec.properties.clone(),
                owned: Vec::new(),
            };
            self.extras.insert(id, extra);
        }
    }

    /// Members and admins (law 7) are active people with a grant of their own.
    fn count(&self) -> Counts {
        let mut counts = Counts::default();
        for principal in self.principals() {
            let is_person = self.kind(principal) == PrincipalKind::User;
            let own = || self.grants.list(principal.0, None);
            let live = |grant: Numbered| grant.window.contains(self.now_ms);
            let is_admin = |grant: Numbered| {
                let role = grant.role.and_then(|role| self.policy.describe_role(role));
                let is_lasting = live(grant) && grant.window.expires_at_ms.is_none();
                is_lasting && grant.node == ROOT && role.is_some_and(|role| role.admin)
            };
            counts.members += i64::from(is_person && own().any(live));
            counts.admins += i64::from(is_person && own().any(is_admin));
        }
        let levels = self.nodes().filter_map(|node| self.level(node));
        let workspaces = levels.filter(|level| *level == Level::Workspace).count();
        counts.workspaces = i64::try_from(workspaces).unwrap_or(i64::MAX);
        counts
    }

    /// The policy, with what the organization added to it.
    #[must_use]
    pub const fn policy(&self) -> &OwnPolicy {
        &self.policy
    }

    /// The moment for which this was resolved, in Unix milliseconds.
    #[must_use]
    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// From when on this must be resolved anew, because a grant or a token of somebody begins or ends;
    /// `None` means never.
    #[must_use]
    pub fn changes_at_ms(&self) -> Option<u64> {
        let granted = self.grants.windows();
        let through = self.group_grants.windows();
        let tokens = self
            .extras
            .values()
            .filter_map(|extra| extra.token.as_ref());
        let windows = granted
            .chain(through)
            .chain(tokens.map(|token| &token.window));
        let times = windows.flat_map(|window| [window.not_before_ms, window.expires_at_ms]);
        times.flatten().filter(|at| *at > self.now_ms).min()
    }

    /// The principal called `id`.
    #[must_use]
    pub fn principal(&self, id: &str) -> Option<PrincipalId> {
        self.names.number(id).map(PrincipalId)
    }

    /// Id of `principal`; empty for a number that none has. One of another world may be somebody else here.
    #[must_use]
    pub fn principal_name(&self, principal: PrincipalId) -> &str {
        self.names.name(principal.0)
    }

    /// All principals, in the order of the world.
    pub fn principals(&self) -> impl DoubleEndedIterator<Item = PrincipalId> + use<> {
        (0..self.names.len()).map(PrincipalId)
    }

    /// The node called `id`.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<NodeId> {
        self.hierarchy.node(id)
    }

    /// Id of `node`; empty for a number that none has. One of another world may be another node here.
    #[must_use]
    pub fn node_name(&self, node: NodeId) -> &str {
        self.hierarchy.id(node)
    }

    /// The node of the organization itself.
    #[must_use]
    pub const fn root(&self) -> NodeId {
        ROOT
    }

    /// The level of `node`.
    #[must_use]
    pub fn level(&self, node: NodeId) -> Option<Level> {
        self.hierarchy.level(node)
    }

    /// The node in which `node` lies.
    #[must_use]
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.hierarchy.parent(node)
    }

    /// All nodes, each after its parent.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.hierarchy.nodes()
    }

    /// The places of grants, in the world as written, whose role the policy does not have, with the role.
    #[must_use]
    pub fn gone_roles(&self) -> &[(Vec<Step>, String)] {
        &self.gone
    }

    /// What `principal` holds, with what a reason needs to name: all nodes, also those of which they need not
    /// know ([`Access::known_nodes`]). The directory's facts are not in it: ask it under
    /// [`World::known`], or ask [`World::evaluate`].
    #[must_use]
    pub fn access(&self, principal: PrincipalId) -> Access {
        let extra = self.extras.get(&principal);
        let owned = |node: &NodeId| self.owners.get(node) == Some(&principal);
        let nodes = self.nodes().map(|node| Node {
            id: self.node_name(node).to_owned(),
            level: self.level(node).unwrap_or(Level::Organization),
            parent: self
                .parent(node)
                .map(|parent| self.node_name(parent).to_owned()),
            owned: owned(&node),
        });
        let role = |grant: Numbered| match grant.role {
            Some(role) => self.policy.describe_role(role).map(|role| &role.id),
            // By the name that it had: any other may be some role's.
            None if grant.group.is_some() => self.group_grants.gone(grant.at),
            None => self.grants.gone(grant.at),
        };
        let grants = self.granted(principal).map(|grant| Grant {
            role: role(grant).cloned().unwrap_or_default(),
            node: self.node_name(grant.node).to_owned(),
            window: grant.window,
            group: grant
                .group
                .and_then(|group| self.groups.get(wide(group)).cloned()),
        });
        let record = Record {
            principal: self.principal_name(principal).to_string(),
            kind: self.kind(principal),
            nodes: nodes.collect(),
            grants: grants.collect(),
            plan: self.plan.clone(),
            customization: self.customization.clone(),
            token: extra.and_then(|extra| extra.token.clone()),
        };
        Access::of(
            self.policy.clone(),
            self.hierarchy.clone(),
            record,
            self.now_ms,
        )
    }

    /// What kind of principal `principal` is.
    #[must_use]
    pub fn kind(&self, principal: PrincipalId) -> PrincipalKind {
        let extra = self.extras.get(&principal);
        extra.map(|extra| extra.kind).unwrap_or_default()
    }

    /// All grants of `principal`, whatever their window: its own, then those of its groups.
    fn granted(&self, principal: PrincipalId) -> impl Iterator<Item = Numbered> + '_ {
        let groups = self.memberships.get(&principal).into_iter().flatten();
        let through = groups.flat_map(|group| self.group_grants.list(wide(*group), Some(*group)));
        self.grants.list(principal.0, None).chain(through)
    }

    pub(crate) fn holdings(&self, principal: PrincipalId) -> Holdings {
        let kind = self.kind(principal);
        let live = || {
            let granted = self.granted(principal);
            granted.filter(|grant| grant.window.contains(self.now_ms))
        };
        let granted = live().filter_map(|grant| Some((grant.role?, grant.node)));
        let granted: Vec<(RoleId, NodeId)> = granted.collect();
        let extra = self.extras.get(&principal);
        let basis = Basis {
            kind,
            member: live().any(|grant| grant.group.is_none()),
            live: &granted,
            owned: extra.map_or(&[], |extra| extra.owned.as_slice()),
            plan: &self.plan,
            token: extra.and_then(|extra| extra.token.as_ref()),
            now_ms: self.now_ms,
        };
        Holdings::new(&self.policy, &self.hierarchy, &basis)
    }

    pub(crate) const fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }
}

/// Counts of a world fit 32 bits: its limits see to it.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
