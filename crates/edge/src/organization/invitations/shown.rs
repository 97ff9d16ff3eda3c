//! Invitations and who sent them, as others are shown them.

use lockstep_wire::{InvitationBringsView, InvitationView, WorkspaceRoleView};

use super::{Stored, imported};
use crate::{
    objects::Context,
    organization::{customization, store::unsigned},
    problem::ApiError,
    sql::SqlError,
};

/// What each role is called.
pub(in crate::organization) type Names<'a> = &'a dyn Fn(&str) -> String;

/// An invitation as it is shown, with the workspaces that `is_seen`.
pub(in crate::organization) fn view(
    context: &Context<'_>,
    stored: &Stored,
    names: Names<'_>,
    is_seen: &dyn Fn(&str) -> bool,
) -> Result<InvitationView, ApiError> {
    Ok(InvitationView {
        workspaces: workspaces(context, &stored.id, names, is_seen)?,
        ..without_workspaces(context, stored, names)?
    })
}

/// The same but for them.
pub(in crate::organization) fn without_workspaces(
    context: &Context<'_>,
    stored: &Stored,
    names: Names<'_>,
) -> Result<InvitationView, ApiError> {
    let inviter = Inviter::of(context, &stored.invited_by)?;
    Ok(InvitationView {
        id: stored.id.clone(),
        email: stored.address.clone(),
        role: stored.role.clone(),
        role_name: names(&stored.role),
        workspaces: Vec::new(),
        brings: brings(context, &stored.id)?,
        message: stored.message.clone(),
        status: stored
            .transition()
            .status(unsigned(context.now_ms))
            .as_str()
            .to_owned(),
        invited_by: inviter.shown,
        invited_by_program: inviter.program,
        created_at_ms: stored.created_at_ms,
        // One from before it was noted was sent when it was made.
        sent_at_ms: (stored.sent_at_ms != imported::NEVER)
            .then(|| stored.sent_at_ms.max(stored.created_at_ms)),
        expires_at_ms: stored.expires_at_ms,
    })
}

/// The roles on workspaces that come with what `id` offers.
pub(in crate::organization) fn workspaces(
    context: &Context<'_>,
    id: &str,
    names: Names<'_>,
    is_seen: &dyn Fn(&str) -> bool,
) -> Result<Vec<WorkspaceRoleView>, ApiError> {
    let select = "SELECT node.id, node.name, invitation_grant.role FROM invitation_grant
        JOIN node ON node.id = invitation_grant.node
        WHERE invitation_grant.invitation = ? AND node.level = 'workspace' ORDER BY node.position";
    let mut workspaces = Vec::new();
    for row in context.sql.exec(select, &[id.into()])? {
        let (node, role) = (row.text("id")?, row.text("role")?);
        if is_seen(node) {
            workspaces.push(WorkspaceRoleView {
                workspace: node.to_owned(),
                name: row.text("name")?.to_owned(),
                role: role.to_owned(),
                role_name: names(role),
            });
        }
    }
    Ok(workspaces)
}

/// How much comes with an invitation beside roles on workspaces. What it is called is for who may see it.
fn brings(context: &Context<'_>, id: &str) -> Result<Option<InvitationBringsView>, ApiError> {
    let select = "SELECT (SELECT COUNT(*) FROM invitation_group WHERE invitation = ?1) AS groups,
        (SELECT COUNT(*) FROM invitation_grant JOIN node ON node.id = invitation_grant.node
            WHERE invitation_grant.invitation = ?1 AND node.level = 'project') AS project_roles,
        (SELECT COUNT(*) FROM invitation_project WHERE invitation = ?1) AS projects";
    let Some(row) = context.sql.one(select, &[id.into()])? else {
        return Ok(None);
    };
    let brings = InvitationBringsView {
        groups: row.integer("groups")?,
        project_roles: row.integer("project_roles")?,
        projects: row.integer("projects")?,
    };
    Ok(Some(brings).filter(|brings| *brings != InvitationBringsView::default()))
}

/// Who invited, or made a link, as others are shown them.
pub(in crate::organization) struct Inviter {
    /// Their address, or the id: an identity provider need not give an address, and a program has none.
    pub(in crate::organization) shown: String,
    /// What a program is called. Whoever may make accounts writes that, so it is never shown as an address is.
    pub(in crate::organization) program: Option<String>,
}

impl Inviter {
    pub(in crate::organization) fn of(context: &Context<'_>, id: &str) -> Result<Self, ApiError> {
        let select = "SELECT address, NULL AS program FROM member WHERE user = ?
            UNION ALL SELECT NULL AS address, name AS program FROM service_account WHERE id = ?";
        let row = context.sql.one(select, &[id.into(), id.into()])?;
        let text = |column| {
            let text = row.as_ref().map(|row| row.optional_text(column));
            Ok::<_, SqlError>(text.transpose()?.flatten().map(str::to_owned))
        };
        Ok(Self {
            shown: text("address")?.unwrap_or_else(|| id.to_owned()),
            program: text("program")?,
        })
    }
}

/// The name of a role of the policy or the organization, or the id of one that is gone.
pub(in crate::organization) fn role_name(
    context: &Context<'_>,
    id: &str,
) -> Result<String, ApiError> {
    let policy = &context.config.policy.policy;
    // Most are the policy's, for which nothing need be read.
    match policy.role(id) {
        Some(_) => Ok(customization::role_name(policy, id)),
        None => Ok(role_names(context)?(id)),
    }
}

/// As [`role_name`], for however many: those of the organization are read once.
pub(in crate::organization) fn role_names<'a>(
    context: &Context<'a>,
) -> Result<impl Fn(&str) -> String + use<'a>, ApiError> {
    let policy = &context.config.policy.policy;
    let own = customization::roles(context)?;
    Ok(move |id: &str| {
        let own = own.iter().find(|role| role.id == id);
        own.map_or_else(
            || customization::role_name(policy, id),
            |role| role.name.clone(),
        )
    })
}
