//! A world as it is written, and what may be wrong with it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::{PrincipalId, narrow, wide};
use crate::error::write_path;
use crate::hierarchy::{Hierarchy, NodeId};
use crate::index::Index;
use crate::{
    Customization, Grant, Level, Policy, PrincipalKind, RecordError, Step, TokenLimit, Value,
    limits,
};

/// A world as written: plain data, any of which may be wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldSpec {
    /// The nodes, each after its parent; the first is the organization.
    pub nodes: Vec<WorldNode>,
    /// Everybody, in the order in which searches list them.
    pub principals: Vec<PrincipalSpec>,
    /// The access groups.
    pub groups: Vec<GroupSpec>,
    /// Id of the principal who created the organization.
    pub creator: Option<String>,
    /// Ids of the features that the organization's plan has.
    pub plan: Vec<String>,
    /// What the organization added to the policy.
    pub customization: Customization,
}

/// A node as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldNode {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Id of the node it lies in; `None` for the organization only.
    pub parent: Option<String>,
    /// Id of the principal who owns it.
    pub owner: Option<String>,
}

/// A principal as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalSpec {
    /// Its id.
    pub id: String,
    /// What kind of principal it is.
    pub kind: PrincipalKind,
    /// Its own grants. Without a live one it is not a member.
    pub grants: Vec<Grant>,
    /// Set when it acts through a token that is narrower than itself.
    pub token: Option<TokenLimit>,
    /// What is known about it: `principal.properties.*`. The edge's directory has nothing of it.
    pub properties: Vec<(String, Value)>,
}

/// An access group as written: what is granted to it is granted to its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSpec {
    /// Its id.
    pub id: String,
    /// Ids of its members.
    pub members: Vec<String>,
    /// Its grants.
    pub grants: Vec<Grant>,
}

/// Why a world cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError {
    /// The way to the wrong place, in the members' names.
    pub path: Vec<Step>,
    /// What is wrong there.
    pub kind: WorldErrorKind,
}

/// What is wrong with a world.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorldErrorKind {
    /// The id was used before.
    Duplicate(String),
    /// The id is empty.
    NoId,
    /// The nodes do not form a hierarchy.
    Nodes(RecordError),
    /// The node is another organization.
    SecondOrganization(String),
    /// More entries than the limit.
    TooMany {
        /// The limit, from [`crate::limits`].
        limit: usize,
    },
    /// Nothing of that name exists.
    Unknown {
        /// What was looked for: a node, a principal, a feature.
        noun: &'static str,
        /// The name that was not found.
        name: String,
    },
}

impl fmt::Display for WorldErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(id) => write!(f, "`{id}` is defined twice"),
            Self::NoId => f.write_str("an id is not empty"),
            Self::Nodes(error) => write!(f, "{error}"),
            Self::SecondOrganization(id) => write!(
                f,
                "`{id}` cannot be an organization: a world has one, and workspaces and projects in it"
            ),
            Self::TooMany { limit } => write!(f, "more than {limit} entries"),
            Self::Unknown { noun, name } => write!(f, "there is no {noun} `{name}`"),
        }
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.path)?;
        write!(f, ": {}", self.kind)
    }
}

impl core::error::Error for WorldError {}

/// What a sound world consists of, in numbers.
pub(super) struct Checked {
    pub(super) hierarchy: Hierarchy,
    pub(super) names: Index,
    pub(super) creator: Option<PrincipalId>,
    pub(super) owners: BTreeMap<NodeId, PrincipalId>,
    /// For a principal the numbers of the groups that it is in.
    pub(super) groups: BTreeMap<PrincipalId, Vec<u32>>,
    /// The places of grants whose role is gone, with the role.
    pub(super) gone: Vec<(Vec<Step>, String)>,
}

fn fail<T>(path: Vec<Step>, kind: WorldErrorKind) -> Result<T, WorldError> {
    Err(WorldError { path, kind })
}

fn unknown<T>(noun: &'static str, name: &str, path: Vec<Step>) -> Result<T, WorldError> {
    let name = name.into();
    fail(path, WorldErrorKind::Unknown { noun, name })
}

pub(super) fn check(spec: &WorldSpec, policy: &Policy) -> Result<Checked, WorldError> {
    limit("principals", spec.principals.len(), limits::PRINCIPALS_MAX)?;
    limit("groups", spec.groups.len(), limits::GROUPS_MAX)?;
    limit("rules", spec.customization.rules.len(), limits::RULES_MAX)?;
    limit(
        "roles",
        spec.customization.roles.len(),
        limits::CUSTOM_ROLES_MAX,
    )?;
    named(spec.nodes.iter().map(|node| node.id.as_str()), "nodes")?;
    let hierarchy = hierarchy(spec)?;
    let principals = spec
        .principals
        .iter()
        .map(|principal| principal.id.as_str());
    let names = different(principals, "principals")?;
    different(spec.groups.iter().map(|group| group.id.as_str()), "groups")?;
    for (at, feature) in spec.plan.iter().enumerate() {
        if !policy.features().contains(feature) {
            return unknown("feature", feature, vec!["plan".into(), at.into()]);
        }
    }
    let principal = |id: &str, path: Vec<Step>| match names.number(id) {
        Some(number) => Ok(PrincipalId(number)),
        None => unknown("principal", id, path),
    };
    let creator = match &spec.creator {
        Some(id) => Some(principal(id, vec!["creator".into()])?),
        None => None,
    };
    let mut owners = BTreeMap::new();
    for (at, node) in spec.nodes.iter().enumerate() {
        if let Some(owner) = &node.owner {
            let path = vec!["nodes".into(), at.into(), "owner".into()];
            owners.insert(NodeId(at), principal(owner, path)?);
        }
    }
    let mut gone = Vec::new();
    for (at, principal) in spec.principals.iter().enumerate() {
        let path = ["principals".into(), at.into()];
        check_grants(&principal.grants, &path, policy, &hierarchy, &mut gone)?;
    }
    let mut groups: BTreeMap<PrincipalId, Vec<u32>> = BTreeMap::new();
    for (at, group) in spec.groups.iter().enumerate() {
        let path = ["groups".into(), at.into()];
        check_grants(&group.grants, &path, policy, &hierarchy, &mut gone)?;
        for (index, member) in group.members.iter().enumerate() {
            let path = [path.as_slice(), &["members".into(), index.into()]].concat();
            let of_member = groups.entry(principal(member, path)?).or_default();
            // Named twice, they are in it once.
            if of_member.last() != Some(&narrow(at)) {
                of_member.push(narrow(at));
            }
        }
    }
    for (principal, of_member) in &groups {
        let own = spec.principals.get(principal.0);
        let own = own.map_or(0, |known| known.grants.len());
        let through = of_member.iter().filter_map(|at| spec.groups.get(wide(*at)));
        if own + through.map(|group| group.grants.len()).sum::<usize>() > limits::GRANTS_MAX {
            let limit = limits::GRANTS_MAX;
            let path = vec!["principals".into(), principal.0.into()];
            return fail(path, WorldErrorKind::TooMany { limit });
        }
    }
    Ok(Checked {
        hierarchy,
        names,
        creator,
        owners,
        groups,
        gone,
    })
}

fn hierarchy(spec: &WorldSpec) -> Result<Hierarchy, WorldError> {
    let mut below = spec.nodes.iter().enumerate().skip(1);
    if let Some((at, node)) = below.find(|(_, node)| node.level == Level::Organization) {
        let path = vec!["nodes".into(), at.into(), "level".into()];
        return fail(path, WorldErrorKind::SecondOrganization(node.id.clone()));
    }
    let nodes = spec.nodes.iter();
    let nodes = nodes.map(|node| (node.id.as_str(), node.level, node.parent.as_deref()));
    Hierarchy::new(nodes).map_err(|error| {
        if let RecordError::OrphanNode(id) = &error
            && let Some(unknown) = unknown_parent(spec, id)
        {
            return unknown;
        }
        let named = match &error {
            RecordError::OrphanNode(id) | RecordError::RepeatedNode(id) => {
                spec.nodes.iter().rposition(|node| node.id == *id)
            }
            _ => None,
        };
        let mut path = vec!["nodes".into()];
        path.extend(named.map(Step::from));
        WorldError {
            path,
            kind: WorldErrorKind::Nodes(error),
        }
    })
}

/// What is wrong with the parent of the node called `id`, if there is no such node.
fn unknown_parent(spec: &WorldSpec, id: &str) -> Option<WorldError> {
    let known = || spec.nodes.iter().map(|node| &node.id);
    let at = known().position(|known| known == id)?;
    let parent = spec.nodes.get(at)?.parent.as_ref()?;
    if known().any(|known| known == parent) {
        return None;
    }
    let path = vec!["nodes".into(), at.into(), "parent".into()];
    unknown::<()>("node", parent, path).err()
}

/// An empty id is what is before all others, where lists go on behind one.
fn named<'a>(ids: impl Iterator<Item = &'a str>, list: &str) -> Result<(), WorldError> {
    for (at, id) in ids.enumerate() {
        if id.is_empty() {
            let path = vec![list.into(), at.into(), "id".into()];
            return fail(path, WorldErrorKind::NoId);
        }
    }
    Ok(())
}

fn limit(list: &str, len: usize, limit: usize) -> Result<(), WorldError> {
    if len > limit {
        return fail(vec![list.into()], WorldErrorKind::TooMany { limit });
    }
    Ok(())
}

/// Each id is there, and once.
fn different<'a>(
    ids: impl Iterator<Item = &'a str> + Clone,
    list: &str,
) -> Result<Index, WorldError> {
    named(ids.clone(), list)?;
    Index::new(ids.clone()).or_else(|at| {
        let id = ids.clone().nth(at).unwrap_or_default();
        let path = vec![list.into(), at.into(), "id".into()];
        fail(path, WorldErrorKind::Duplicate(id.into()))
    })
}

/// Each grant lies on a node that is there. One of a role that is gone is noted, and gives nothing.
fn check_grants(
    grants: &[Grant],
    path: &[Step],
    policy: &Policy,
    hierarchy: &Hierarchy,
    gone: &mut Vec<(Vec<Step>, String)>,
) -> Result<(), WorldError> {
    let at = |rest: &[Step]| [path, &["grants".into()], rest].concat();
    if grants.len() > limits::GRANTS_MAX {
        let limit = limits::GRANTS_MAX;
        return fail(at(&[]), WorldErrorKind::TooMany { limit });
    }
    for (index, grant) in grants.iter().enumerate() {
        if hierarchy.node(&grant.node).is_none() {
            return unknown("node", &grant.node, at(&[index.into(), "node".into()]));
        }
        if policy.role(&grant.role).is_none() {
            gone.push((at(&[index.into(), "role".into()]), grant.role.clone()));
        }
    }
    Ok(())
}
