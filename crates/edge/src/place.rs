//! For which organization, and which workspace of it, a request is.
//!
//! Its path says so, or its headers, or a credential that acts in one organization only. Those that say something must say the same: what disagrees is 400, and a credential of another organization is 403. Both are settled before any object is asked.

use lockstep_core::{Access, Level, NodeId};
use lockstep_token::OrganizationId;
use lockstep_wire::{ResourceRequest, ResourceTypes};

use crate::{
    authenticate::{Caller, Operator},
    edge::Edge,
    http::Request,
    objects::ask,
    organization::{Actor, Command, OrganizationObject, StructureQuestion, WorkspaceQuestion},
    problem::{ApiError, Code},
};

/// Names an organization by its id.
const ORGANIZATION: &str = "x-organization-id";
/// Each names a workspace by its id. LangSmith's clients send the second one: its workspaces were once called tenants.
pub const WORKSPACES: [&str; 2] = ["x-workspace-id", "x-tenant-id"];
/// Names a workspace by its name, as Opik's clients do.
pub const WORKSPACE_NAME: &str = "comet-workspace";

/// The id of no node.
const NOTHING: &str = "";

/// What path and headers say, before anybody has proven who they are.
#[derive(Debug, Clone, Default)]
pub struct Named {
    organization: Option<OrganizationId>,
    workspace: Option<String>,
    workspace_name: Option<String>,
}

/// For which organization a request is, and what it says of a workspace.
#[derive(Debug, Clone)]
pub struct Place {
    organization: OrganizationId,
    workspace: Option<String>,
    workspace_name: Option<String>,
}

impl Named {
    /// Reads the headers of a request whose path names `organization` and `workspace`.
    ///
    /// # Errors
    /// 400 `context-mismatch` when they disagree, 404 for an organization that is none of ours.
    pub fn read(
        edge: &Edge,
        request: &Request,
        organization: Option<&str>,
        workspace: Option<&str>,
    ) -> Result<Self, ApiError> {
        let organization = agreed([organization, request.header(ORGANIZATION)])?;
        let [first, second] = WORKSPACES.map(|name| request.header(name));
        Ok(Self {
            organization: organization.map(|id| parse(edge, id)).transpose()?,
            workspace: agreed([workspace, first, second])?.map(str::to_owned),
            workspace_name: request.header(WORKSPACE_NAME).map(str::to_owned),
        })
    }

    /// The organization that path or headers name: whose issuers may vouch for the caller, for example.
    #[must_use]
    pub const fn organization(&self) -> Option<&OrganizationId> {
        self.organization.as_ref()
    }

    /// Where a request of the operator is.
    ///
    /// # Errors
    /// 400 `organization-required` when nothing says which organization it is for.
    pub fn by_operator(self, _: Operator) -> Result<Place, ApiError> {
        Ok(Place {
            organization: self.organization.ok_or_else(unnamed)?,
            workspace: self.workspace,
            workspace_name: self.workspace_name,
        })
    }

    /// Where the request is, now that it is known who sends it.
    ///
    /// # Errors
    /// 403 for a credential of another organization, 400 `organization-required` when nothing says which one.
    pub fn of(self, edge: &Edge, caller: &Caller) -> Result<Place, ApiError> {
        let organization = match (self.organization, caller.organization()) {
            (Some(named), Some(own)) if named.as_str() != own => return Err(foreign()),
            (Some(named), _) => named,
            (None, Some(own)) => parse(edge, own)?,
            (None, None) => return Err(unnamed()),
        };
        Ok(Place {
            organization,
            workspace: self.workspace,
            workspace_name: self.workspace_name,
        })
    }
}

impl Place {
    /// The organization.
    #[must_use]
    pub const fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The workspace that path, headers and `stated`, which the body says, agree on; `None` when none of them says anything.
    ///
    /// # Errors
    /// 400 `context-mismatch`; 404 for a name that no workspace has in which the caller holds something, 400 for one that several have.
    pub async fn workspace(
        &self,
        edge: &Edge,
        caller: &Caller,
        stated: Option<&str>,
    ) -> Result<Option<String>, ApiError> {
        let called = match &self.workspace_name {
            Some(name) => Some(self.find(edge, caller, name).await?),
            None => None,
        };
        let workspace = agreed([self.workspace.as_deref(), called.as_deref(), stated])?;
        Ok(workspace.map(str::to_owned))
    }

    async fn find(&self, edge: &Edge, caller: &Caller, name: &str) -> Result<String, ApiError> {
        let organization = self.organization.as_str();
        let find = WorkspaceQuestion::Find {
            name: name.to_owned(),
        };
        let find = Command::Structure {
            actor: Actor::of(caller, organization),
            command: StructureQuestion::Workspace(find),
        };
        ask::<OrganizationObject, _>(&*edge.objects, organization, &find).await
    }
}

/// Where a resource lies, and which place it is itself: that is named by `type` and `id`, as AuthZEN has it.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Its workspace, also where it is that.
    pub workspace: Option<&'a str>,
    project: Option<&'a str>,
    itself: Option<&'a str>,
}

impl<'a> Resource<'a> {
    /// What a body says of it, in the words of the policy.
    ///
    /// # Errors
    /// 400 `invalid-value` when it names two workspaces or two projects.
    pub fn read(stated: &'a ResourceRequest, types: &ResourceTypes) -> Result<Self, ApiError> {
        let kind = stated.kind.as_deref().and_then(|name| types.level(name));
        let itself = |level: Level| stated.id.as_deref().filter(|_| kind == Some(level));
        let one = |named: &'a Option<String>, level| match (named.as_deref(), itself(level)) {
            (Some(named), Some(id)) if named != id => {
                let level = level.as_str();
                let detail = format!("`{level}` and `id` name different {level}s.");
                Err(ApiError::new(Code::InvalidValue, detail))
            }
            (named, id) => Ok(named.or(id)),
        };
        Ok(Self {
            workspace: one(&stated.workspace, Level::Workspace)?,
            project: one(&stated.project, Level::Project)?,
            itself: Level::ALL.into_iter().find_map(itself),
        })
    }

    /// Whether it is named by its `type` and `id` as this very place.
    #[must_use]
    pub fn is(self, place: &str) -> bool {
        self.itself == Some(place)
    }

    /// The node that a question about it names: its project, else its workspace, else the organization. What is called a project and is one of the others is the id of nothing, and so is a place that is said to lie in itself.
    #[must_use]
    pub fn node<'n>(self, organization: &'n str, workspace: Option<&'n str>) -> &'n str
    where
        'a: 'n,
    {
        let above = workspace.unwrap_or(organization);
        let named = match self.project {
            Some(project) if [above, organization].contains(&project) => NOTHING,
            Some(project) => project,
            None => above,
        };
        if self.itself.is_none_or(|itself| itself == named) {
            named
        } else {
            NOTHING
        }
    }
}

/// `node`, as [`Resource::node`], if it is of the level that the question says: `workspace` itself, or a project in it; without one the organization, or a project. Else it is the id of nothing, so that every answer about it is a deny.
#[must_use]
pub fn inside<'a>(access: &Access, node: &'a str, workspace: Option<&str>) -> &'a str {
    let is = |node: NodeId, level| access.level(node) == Some(level);
    let is_there = |at: &NodeId| match workspace.map(|id| access.node(id)) {
        None => is(*at, Level::Organization) || is(*at, Level::Project),
        Some(None) => false,
        Some(Some(top)) => {
            let is_named = *at == top || is(*at, Level::Project) && access.is_within(*at, top);
            is(top, Level::Workspace) && is_named
        }
    };
    if access.node(node).as_ref().is_some_and(is_there) {
        node
    } else {
        NOTHING
    }
}

/// `node` for who need know of it; what is not named to somebody is no node to them.
#[must_use]
pub fn known<'a>(access: &Access, node: &'a str) -> &'a str {
    let at = access.node(node);
    match at.filter(|at| access.known_nodes().contains(at.index())) {
        Some(_) => node,
        None => NOTHING,
    }
}

/// As [`known`], where `access` is made of bytes that name only what was known when they were written. Without a change nothing but the end of a grant takes a place away, so nothing is looked for before one has ended.
#[must_use]
pub fn still_known<'a>(access: &Access, node: &'a str) -> &'a str {
    let mut grants = access.grants().iter();
    if grants.any(|grant| grant.window.is_over(access.now_ms())) {
        known(access, node)
    } else {
        node
    }
}

/// The one value of all that are there.
fn agreed<const N: usize>(values: [Option<&str>; N]) -> Result<Option<&str>, ApiError> {
    let mut values = values.into_iter().flatten();
    let first = values.next();
    if values.all(|value| Some(value) == first) {
        return Ok(first);
    }
    let detail = "Path, headers and body name different organizations or workspaces.";
    Err(ApiError::new(Code::ContextMismatch, detail))
}

/// An organization's keyed check is read before its object is called.
fn parse(edge: &Edge, id: &str) -> Result<OrganizationId, ApiError> {
    if let Some(known) = edge.grants.organization(id) {
        return Ok(known);
    }
    let parsed = OrganizationId::parse(&edge.config.keys.id, id);
    let parsed = parsed.map_err(|_| ApiError::not_found())?;
    edge.grants.remember_organization(&parsed);
    Ok(parsed)
}

fn foreign() -> ApiError {
    let detail = "The credential acts in one organization, and this is another.";
    ApiError::new(Code::OutOfTokenScope, detail)
}

fn unnamed() -> ApiError {
    let detail = "Send `X-Organization-Id`; nothing says for which organization this is.";
    ApiError::new(Code::OrganizationRequired, detail)
}
