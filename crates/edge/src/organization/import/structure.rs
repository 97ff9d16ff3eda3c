//! What the file has beside people: roles, workspaces, projects, settings, groups, service accounts.

use lockstep_core::{Level, NodeId, Operation};
use lockstep_token::id::opaque_id;
use lockstep_wire::{
    CustomRoleRecord, ExportedGrant, ExportedGroup, ExportedNode, ExportedOrganization,
    GrantRequest, NodeGrantRequest, RuleDocument,
};

use super::{
    super::{
        acting::{Acting, Change, FreshActing},
        actor::Permitted,
        groups,
        nodes::{self, NodeRow},
        profile, roles as own_roles, rules as own_rules, service_accounts,
        settings::{self as setting_rows, Place},
    },
    Made, at,
};
use crate::{
    edge::Random,
    problem::{ApiError, Code},
};

/// Goes on with the transaction that has brought the organization into being.
pub(super) fn begun<'a>(
    acting: &'a FreshActing<'_>,
    permitted: Permitted,
) -> Result<Change<'a>, ApiError> {
    acting.change_of(permitted, Some(acting.organization.epoch))
}

fn id(change: &Change<'_>, prefix: &str) -> Result<String, ApiError> {
    Ok(opaque_id(prefix, change.context().random.bytes()?))
}

pub(super) fn roles(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &mut Made,
    random: &dyn Random,
) -> Result<(), ApiError> {
    let mut last = None;
    for (number, role) in file.roles.iter().enumerate() {
        let place = || format!("/roles/{number}");
        let record = own_roles::ordered(&CustomRoleRecord {
            id: opaque_id("role", random.bytes()?),
            name: role.name.clone(),
            base: role.base.clone(),
            with: role.with.clone(),
            without: role.without.clone(),
        });
        let permitted = at(acting.define_role(&(&record).into(), false), place)?;
        at(own_roles::check(acting, &record), place)?;
        let change = begun(acting, permitted)?;
        own_roles::write(&change, &record)?;
        made.roles.insert(role.key.clone(), record.id);
        last = Some(change);
    }
    last.map_or(Ok(()), |change| {
        at(own_roles::publish(&change), || "/roles".to_owned())
    })
}

/// Who makes the rest acts as they did before there were rules: what else is made is not to be denied, or allowed, by them.
pub(super) fn rules(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &Made,
    random: &dyn Random,
) -> Result<(), ApiError> {
    let last = file.rules.len().saturating_sub(1);
    let mut rules: Vec<_> = file.rules.iter().enumerate().collect();
    rules.sort_by_key(|(_, rule)| own_rules::turn(acting.base(), rule));
    // Each is permitted on the rules before it, as if it were made by hand.
    for (made_before, (number, rule)) in rules.into_iter().enumerate() {
        let place = || format!("/rules/{number}");
        let acting = acting.anew()?;
        let roles = rule.roles.iter().map(|role| made.role(role).to_owned());
        let document = own_rules::ordered(&RuleDocument {
            id: opaque_id("rule", random.bytes()?),
            effect: rule.effect,
            roles: roles.collect(),
            permissions: rule.permissions.clone(),
            when: rule.when.clone(),
            because: rule.because.clone(),
        });
        at(own_rules::check(&acting, &document), place)?;
        let permitted = at(acting.change_rule(None, Some(&document)), place)?;
        let change = begun(&acting, permitted)?;
        own_rules::write(&change, &document)?;
        if made_before == last {
            at(own_rules::publish(&change), place)?;
        }
    }
    Ok(())
}

pub(super) fn workspaces(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &mut Made,
) -> Result<(), ApiError> {
    // The one that a plan of one has come with.
    let mut there = acting.row("SELECT id FROM node WHERE level = 'workspace'", &[])?;
    for (number, node) in file.workspaces.iter().enumerate() {
        let place = || format!("/workspaces/{number}");
        if let Some(first) = there.take() {
            let id = first.text("id")?;
            let permitted = acting.permit(Operation::WorkspaceUpdate, known(acting, id)?);
            let change = begun(acting, at(permitted, place)?)?;
            nodes::rename(&change, id, &node.name)?;
            made.nodes.insert(node.key.clone(), id.to_owned());
            continue;
        }
        let permitted = acting.permit(Operation::WorkspaceCreate, acting.access.root());
        let permitted = at(permitted, place)?;
        at(acting.require_workspace(), place)?;
        let change = begun(acting, permitted)?;
        let parent = acting.organization.id.clone();
        insert(&change, Level::Workspace, node, parent, None, made)?;
    }
    Ok(())
}

/// Whoever imports owns what was theirs; what is another's has an owner once they have accepted.
pub(super) fn projects(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &mut Made,
    address: Option<&str>,
) -> Result<(), ApiError> {
    let has_workspaces = acting.access.policy().operation(Operation::WorkspaceCreate);
    for (number, node) in file.projects.iter().enumerate() {
        let place = || format!("/projects/{number}");
        let parent = made.node(acting, node.workspace.as_deref()).to_owned();
        let permitted = acting.permit(Operation::ProjectCreate, known(acting, &parent)?);
        let permitted = at(permitted, place)?;
        if node.workspace.is_none() && has_workspaces.is_some() {
            let detail = "A project lies in a workspace.";
            return at(Err(ApiError::new(Code::InvalidValue, detail)), place);
        }
        let is_theirs = node.owner.is_some() && node.owner.as_deref() == address;
        let owner = is_theirs.then(|| acting.principal().to_owned());
        let change = begun(acting, permitted)?;
        insert(&change, Level::Project, node, parent, owner, made)?;
    }
    Ok(())
}

fn insert(
    change: &Change<'_>,
    level: Level,
    node: &ExportedNode,
    parent: String,
    owner: Option<String>,
    made: &mut Made,
) -> Result<(), ApiError> {
    let prefix = match level {
        Level::Project => "prj",
        _ => "wsp",
    };
    let row = NodeRow {
        id: id(change, prefix)?,
        parent,
        owner,
        name: node.name.clone(),
        created_at_ms: change.acting.now_ms(),
        archived_at_ms: None,
        epoch: change.epoch,
    };
    nodes::insert(change, level, &row)?;
    made.nodes.insert(node.key.clone(), row.id);
    Ok(())
}

pub(super) fn archive(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &Made,
) -> Result<(), ApiError> {
    for (list, nodes, update) in [
        ("workspaces", &file.workspaces, Operation::WorkspaceUpdate),
        ("projects", &file.projects, Operation::ProjectUpdate),
    ] {
        let archived = nodes.iter().enumerate().filter(|(_, node)| node.archived);
        for (number, node) in archived {
            let id = made.node(acting, Some(&node.key));
            let permitted = acting.permit(update, known(acting, id)?);
            let permitted = at(permitted, || format!("/{list}/{number}/archived"))?;
            nodes::archive(&begun(acting, permitted)?, id, true)?;
        }
    }
    Ok(())
}

pub(super) fn settings(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &Made,
) -> Result<(), ApiError> {
    let of_workspaces = file.workspaces.iter().enumerate().map(|(number, node)| {
        let place = format!("/workspaces/{number}/settings");
        (
            place,
            Some(made.node(acting, Some(&node.key))),
            &node.settings,
        )
    });
    let of_it = ("/settings".to_owned(), None, &file.settings);
    for (place, workspace, settings) in of_workspaces.chain([of_it]) {
        if settings.is_empty() {
            continue;
        }
        let node = Place::of(acting, workspace)?;
        let permitted = at(acting.permit(node.update(), node.node), || place)?;
        let change = begun(acting, permitted)?;
        for (name, setting) in settings {
            setting_rows::restore(&change, &node, name, setting)?;
        }
    }
    Ok(())
}

/// Who was in a group is in none before they have accepted.
pub(super) fn groups(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &mut Made,
) -> Result<(), ApiError> {
    for (number, group) in file.groups.iter().enumerate() {
        let place = || format!("/groups/{number}");
        let home = made.node(acting, group.workspace.as_deref()).to_owned();
        let home_node = known(acting, &home)?;
        let permitted = at(acting.permit(Operation::GroupManage, home_node), place)?;
        let change = begun(acting, permitted)?;
        let id = id(&change, "grp")?;
        groups::write(&change, &id, &group.name, &home)?;
        grant_group(acting, group, (&id, home_node), made, number)?;
        let given = groups::grants(acting, &id)?;
        made.given.insert(id.clone(), (home_node, given));
        made.groups.push(id);
    }
    Ok(())
}

fn grant_group(
    acting: &FreshActing<'_>,
    group: &ExportedGroup,
    (id, home): (&str, NodeId),
    made: &Made,
    number: usize,
) -> Result<(), ApiError> {
    for (at_grant, grant) in group.grants.iter().enumerate() {
        let place = || format!("/groups/{number}/grants/{at_grant}");
        let node = made.node(acting, grant.node.as_deref());
        let node_id = at(groups::within(acting, home, node), place)?;
        let request = NodeGrantRequest {
            role: made.role(&grant.role).to_owned(),
            not_before_ms: grant.not_before_ms,
            expires_at_ms: grant.expires_at_ms,
        };
        let new = Some(nodes::role_of(acting, &request)?);
        let permitted = at(groups::share(acting, node_id, &[], new), place)?;
        groups::begin(&begun(acting, permitted)?, id, node, &request)?;
    }
    Ok(())
}

pub(super) fn accounts(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &Made,
) -> Result<(), ApiError> {
    for (number, account) in file.service_accounts.iter().enumerate() {
        let place = || format!("/service_accounts/{number}");
        let manage = Operation::ServiceAccountManage;
        let mut permitted = at(acting.permit(manage, acting.access.root()), place)?;
        let mut grants = Vec::new();
        let mut held = Vec::new();
        for grant in &account.grants {
            let request = granted(acting, made, grant);
            let node = made.node(acting, grant.node.as_deref());
            known(acting, node)?;
            held.push(service_accounts::held_of(&request, node));
            grants.push(request);
        }
        // One whose roles are gone has none.
        if !held.is_empty() {
            permitted = at(acting.grant_account(None, &held), place)?;
        }
        let change = begun(acting, permitted)?;
        let id = id(&change, "svc")?;
        service_accounts::write(&change, &id, &account.name)?;
        service_accounts::grant(&change, &id, &grants)?;
        change.touch(&[id])?;
    }
    Ok(())
}

fn granted(acting: &Acting<'_>, made: &Made, grant: &ExportedGrant) -> GrantRequest {
    let node = grant.node.as_deref();
    GrantRequest {
        role: made.role(&grant.role).to_owned(),
        node: node.map(|node| made.node(acting, Some(node)).to_owned()),
        not_before_ms: grant.not_before_ms,
        expires_at_ms: grant.expires_at_ms,
    }
}

pub(super) fn choices(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
) -> Result<(), ApiError> {
    if file.workspace_admins_invite {
        let permitted = acting.let_workspace_admins_invite();
        let permitted = at(permitted, || "/workspace_admins_invite".to_owned())?;
        profile::leave_inviting(&begun(acting, permitted)?, true)?;
    }
    Ok(())
}

/// How long tokens may live in the new organization: written last, because who makes it may do so by one that lives longer.
pub(super) fn token_lifetime(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
) -> Result<(), ApiError> {
    let Some(max_s) = file.token_lifetime_max_s else {
        return Ok(());
    };
    let permitted = acting.permit(Operation::OrganizationUpdate, acting.access.root());
    let permitted = at(permitted, || "/token_lifetime_max_s".to_owned())?;
    let set = "UPDATE organization SET token_lifetime_max_s = ?";
    begun(acting, permitted)?.exec(set, &[max_s.into()])?;
    Ok(())
}

/// The node called `id`, which was made a moment ago.
fn known(acting: &Acting<'_>, id: &str) -> Result<NodeId, ApiError> {
    acting.access.node(id).ok_or_else(ApiError::not_found)
}
