//! The rows of an organization, and what follows from a change of them.

use lockstep_core::Role;
use serde::Serialize;

use super::{Written, addresses, holdings, mails, plan::Plan};
use crate::{
    objects::{Context, Reply},
    outbox::{self, Delivery},
    problem::ApiError,
    sql::{Row, SqlError, Value},
    user::{Notice, NoticeKind, OrganizationChange},
};

/// The organization's own row.
#[derive(Debug, Clone)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
    /// Who owns it: its creator, or whom it was handed to. Nobody, when empty: they have left.
    pub(super) creator: String,
    pub(super) created_at_ms: i64,
    pub(super) epoch: i64,
    /// How long tokens may live in it, in seconds.
    pub(super) token_lifetime_max_s: Option<i64>,
    /// Id of the plan that the operator gave it.
    pub(super) plan: Option<String>,
    pub(super) slug: Option<String>,
    /// Whether whoever manages the members of a workspace may invite from there.
    pub(super) workspace_admins_invite: bool,
}

/// A member's row, with the role it holds on the organization itself.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) user: String,
    pub(super) address: Option<String>,
    /// The organization's own issuer that vouches for them, and how it calls them.
    pub(super) issuer: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) joined_at_ms: i64,
    pub(super) suspended_at_ms: Option<i64>,
    pub(super) role: String,
    pub(super) epoch: i64,
}

impl Member {
    /// By which name the member's grants are kept.
    pub(super) fn granted_as(&self) -> String {
        match self.suspended_at_ms {
            Some(_) => format!("{SUSPENDED}{}", self.user),
            None => self.user.clone(),
        }
    }
}

/// A deleted organization answers as if it had never been.
pub(super) fn require_live(context: &Context<'_>) -> Result<(), ApiError> {
    organization(context).map(|_| ())
}

pub(super) fn organization(context: &Context<'_>) -> Result<Organization, ApiError> {
    let row = context
        .sql
        .one(&format!("{ORGANIZATION} WHERE deleted_at_ms IS NULL"), &[])?;
    Ok(read_organization(&row.ok_or_else(ApiError::not_found)?)?)
}

/// The organization that was deleted, and when.
pub(super) fn deleted(context: &Context<'_>) -> Result<Option<(Organization, i64)>, ApiError> {
    let row = context.sql.one(
        &format!("{ORGANIZATION} WHERE deleted_at_ms IS NOT NULL"),
        &[],
    )?;
    let read = |row: &Row| Ok((read_organization(row)?, row.integer("deleted_at_ms")?));
    row.as_ref().map(read).transpose()
}

const ORGANIZATION: &str = "SELECT id, name, creator, created_at_ms, deleted_at_ms, epoch, token_lifetime_max_s, plan, slug, workspace_admins_invite FROM organization";

fn read_organization(row: &Row) -> Result<Organization, SqlError> {
    Ok(Organization {
        id: row.text("id")?.to_owned(),
        name: row.text("name")?.to_owned(),
        creator: row.text("creator")?.to_owned(),
        created_at_ms: row.integer("created_at_ms")?,
        epoch: row.integer("epoch")?,
        token_lifetime_max_s: row.optional_integer("token_lifetime_max_s")?,
        plan: row.optional_text("plan")?.map(str::to_owned),
        slug: row.optional_text("slug")?.map(str::to_owned),
        workspace_admins_invite: row.integer("workspace_admins_invite")? != 0,
    })
}

/// The epoch after this change; a command takes one step, whatever it changes.
pub(super) fn next_epoch(context: &Context<'_>) -> Result<i64, ApiError> {
    let step = "UPDATE organization SET epoch = epoch + 1 RETURNING epoch";
    let row = context
        .sql
        .one(step, &[])?
        .ok_or_else(ApiError::not_found)?;
    Ok(row.integer("epoch")?)
}

/// The epoch as it is, also of an organization that is being deleted.
pub(super) fn epoch(context: &Context<'_>) -> Result<i64, ApiError> {
    let row = context.sql.one("SELECT epoch FROM organization", &[])?;
    let row = row.ok_or_else(ApiError::not_found)?;
    Ok(row.integer("epoch")?)
}

/// Who is suspended keeps what they were granted under another name, by which nobody is asked about.
pub(super) const SUSPENDED: &str = "suspended/";

/// Each row is found by keys, whatever order a list has: the organization is no table to be joined.
const MEMBER: &str = "SELECT member.rowid AS place, member.user, member.address, member.issuer, member.subject, member.joined_at_ms, member.suspended_at_ms, member.epoch, granted.role
    FROM member JOIN granted ON granted.node = (SELECT id FROM organization)
        AND granted.user = CASE WHEN member.suspended_at_ms IS NULL THEN member.user ELSE 'suspended/' || member.user END
    WHERE member.left_at_ms IS NULL";

pub(super) fn members(context: &Context<'_>) -> Result<Vec<Member>, ApiError> {
    let select = format!("{MEMBER} ORDER BY member.joined_at_ms, member.rowid");
    let rows = context.sql.exec(&select, &[])?;
    Ok(rows.iter().map(read_member).collect::<Result<_, _>>()?)
}

/// Members as rows, as `condition` chooses and orders them.
pub(super) fn member_rows(
    context: &Context<'_>,
    condition: &str,
    values: &[Value],
) -> Result<Vec<Row>, ApiError> {
    Ok(context.sql.exec(&format!("{MEMBER} {condition}"), values)?)
}

pub(super) fn member(context: &Context<'_>, user: &str) -> Result<Option<Member>, ApiError> {
    let row = context
        .sql
        .one(&format!("{MEMBER} AND member.user = ?"), &[user.into()])?;
    Ok(row.as_ref().map(read_member).transpose()?)
}

pub(super) fn read_member(row: &Row) -> Result<Member, SqlError> {
    Ok(Member {
        user: row.text("user")?.to_owned(),
        address: row.optional_text("address")?.map(str::to_owned),
        issuer: row.optional_text("issuer")?.map(str::to_owned),
        subject: row.optional_text("subject")?.map(str::to_owned),
        joined_at_ms: row.integer("joined_at_ms")?,
        suspended_at_ms: row.optional_integer("suspended_at_ms")?,
        role: row.text("role")?.to_owned(),
        epoch: row.integer("epoch")?,
    })
}

/// From when on a member's tokens count; always, for who never left.
pub(super) fn tokens_from_ms(context: &Context<'_>, user: &str) -> Result<Option<i64>, ApiError> {
    let select = "SELECT tokens_from_ms FROM member WHERE user = ?";
    let row = context.sql.one(select, &[user.into()])?;
    Ok(row.map_or(Ok(None), |row| row.optional_integer("tokens_from_ms"))?)
}

/// How many there are of what rights may depend on.
pub(super) struct Counts {
    /// Members, as [`member_count`] counts them.
    pub(super) members: i64,
    pub(super) workspaces: i64,
    /// As [`admins`] counts them.
    pub(super) admins: i64,
}

pub(super) fn counts(context: &Context<'_>) -> Result<Counts, ApiError> {
    let select = format!(
        "SELECT {MEMBERS} AS members, {WORKSPACES} AS workspaces, (SELECT COUNT(*) FROM ({ADMINS})) AS admins"
    );
    let row = context.sql.one(&select, &[admin_roles(context)?.into()])?;
    let row = row.ok_or_else(|| ApiError::internal("counts are no row"))?;
    Ok(Counts {
        members: row.integer("members")?,
        workspaces: row.integer("workspaces")?,
        admins: row.integer("admins")?,
    })
}

/// SQLite knows how many rows a table has, and so need not look at all of them: only those who have left are counted.
const MEMBERS: &str =
    "(SELECT COUNT(*) FROM member) - (SELECT COUNT(*) FROM member WHERE left_at_ms IS NOT NULL)";

/// How many members there are; who is suspended is one.
pub(super) fn member_count(context: &Context<'_>) -> Result<i64, ApiError> {
    let row = context
        .sql
        .one(&format!("SELECT {MEMBERS} AS members"), &[])?;
    Ok(row.map_or(Ok(0), |row| row.integer("members"))?)
}

/// How many members are admins in the sense of law 7: a direct grant on the organization, without any time limit, of a role marked `admin`. `except` is not counted, nor is whom only an issuer of the organization vouches for: it can be switched off.
pub(super) fn admins(context: &Context<'_>, except: Option<&str>) -> Result<usize, ApiError> {
    let admins = admin_users(context)?;
    let others = admins.iter().filter(|user| Some(user.as_str()) != except);
    Ok(others.count())
}

/// It is asked with every command, so it begins at the few grants of such roles and not at all members.
const ADMINS: &str = "SELECT DISTINCT member.user
    FROM json_each(?) AS admin CROSS JOIN granted ON granted.role = admin.value AND granted.node = (SELECT id FROM organization)
    CROSS JOIN member ON member.user = granted.user
    WHERE member.left_at_ms IS NULL AND member.issuer IS NULL AND granted.expires_at_ms IS NULL AND granted.not_before_ms IS NULL";

/// Who counts as an admin, as in [`admins`].
pub(super) fn admin_users(context: &Context<'_>) -> Result<Vec<String>, ApiError> {
    let select = format!("{ADMINS} ORDER BY member.user");
    let rows = context.sql.exec(&select, &[admin_roles(context)?.into()])?;
    let read = |row: &Row| row.text("user").map(str::to_owned);
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Whether somebody holds everything without `user`, counted as [`admins`] are. Where nobody does, and where they are not counted, nothing is lost with them.
pub(super) fn keeps_owner(context: &Context<'_>, user: &str) -> Result<bool, ApiError> {
    let owners = context.sql.exec(
        ADMINS,
        &[roles_that(context, |role| role.overriding)?.into()],
    )?;
    let read = |row: &Row| row.text("user").map(str::to_owned);
    let owners = owners.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(owners.len() > 1 || !owners.iter().any(|owner| owner == user))
}

/// The roles marked `admin`, as JSON.
fn admin_roles(context: &Context<'_>) -> Result<String, ApiError> {
    roles_that(context, |role| role.admin)
}

fn roles_that(context: &Context<'_>, is_one: fn(&Role) -> bool) -> Result<String, ApiError> {
    let roles = context.config.policy.policy.roles().iter();
    let roles: Vec<&str> = roles
        .filter(|role| is_one(role))
        .map(|role| role.id.as_str())
        .collect();
    serde_json::to_string(&roles)
        .map_err(|error| ApiError::internal(format!("roles cannot be written: {error}")))
}

const WORKSPACES: &str = "(SELECT COUNT(*) FROM node WHERE level = 'workspace')";

/// How many workspaces there are.
pub(super) fn workspaces(context: &Context<'_>) -> Result<usize, ApiError> {
    let count = format!("SELECT {WORKSPACES} AS workspaces");
    let row = context.sql.one(&count, &[])?;
    let count = row.map_or(Ok(0), |row| row.integer("workspaces"))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// By how much the clock of a user's object may be behind: what it tells of an address counts from that long before they joined.
const SLACK_MS: i64 = 600_000;

/// Adds a member with a role on the organization, and tells the user's object.
pub(super) fn join(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    address: Option<&str>,
    role: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    Plan::of(context, organization).require_seat(context)?;
    addresses::keep(context, user, address)?;
    // The end of a membership is the end of all tokens that there were, also when there is another one.
    let join = "INSERT INTO member (user, address, address_at_ms, joined_at_ms, epoch) VALUES (?1, ?2, ?5, ?3, ?4)
        ON CONFLICT (user) DO UPDATE SET address = excluded.address, address_at_ms = excluded.address_at_ms, joined_at_ms = excluded.joined_at_ms,
        tokens_from_ms = COALESCE(left_at_ms, tokens_from_ms), left_at_ms = NULL, epoch = excluded.epoch";
    let values = [
        user.into(),
        address.into(),
        context.now_ms.into(),
        epoch.into(),
        context.now_ms.saturating_sub(SLACK_MS).into(),
    ];
    context.sql.exec(join, &values)?;
    // Whoever is back is not told any more that they were removed.
    outbox::withdraw(context.sql, &mails::of_member(user))?;
    set_role(context, organization, user, role)?;
    tell_user(context, organization, user, epoch, Some(&organization.name))
}

/// Tells a person something on their own page. Whom only an issuer of the organization vouches for, and a program, has none.
pub(super) fn notify(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    epoch: i64,
    kind: NoticeKind,
) -> Result<(), ApiError> {
    let select = "SELECT user FROM member WHERE user = ? AND issuer IS NULL";
    if context.sql.one(select, &[user.into()])?.is_none() {
        return Ok(());
    }
    let delivery = Delivery::UserNotice {
        user: user.to_owned(),
        notice: Notice {
            organization: organization.id.clone(),
            organization_name: organization.name.clone(),
            epoch,
            at_ms: context.now_ms,
            kind,
        },
    };
    outbox::enqueue(context.sql, context.now_ms, &delivery)
}

/// Ends a membership: every grant goes, the row stays as the tombstone that carries the epoch.
pub(super) fn leave(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    let granted = "DELETE FROM granted WHERE user IN (?, ?)";
    let suspended = format!("{SUSPENDED}{user}");
    context
        .sql
        .exec(granted, &[user.into(), suspended.into()])?;
    // Whoever comes back is in no group.
    let renew = "UPDATE access_group SET epoch = ? WHERE id IN (SELECT access_group FROM group_member WHERE user = ?)";
    context.sql.exec(renew, &[epoch.into(), user.into()])?;
    context
        .sql
        .exec("DELETE FROM group_member WHERE user = ?", &[user.into()])?;
    let left = "UPDATE member SET left_at_ms = ?, suspended_at_ms = NULL, epoch = ? WHERE user = ?";
    context
        .sql
        .exec(left, &[context.now_ms.into(), epoch.into(), user.into()])?;
    context.sql.exec(
        "UPDATE node SET owner = NULL, epoch = ? WHERE owner = ?",
        &[epoch.into(), user.into()],
    )?;
    // Whoever comes back owns nothing, the organization included.
    let unowned = "UPDATE organization SET creator = '' WHERE creator = ?";
    context.sql.exec(unowned, &[user.into()])?;
    super::service_keys::stop_those_shown_to(context, user)?;
    super::links::revoke_those_of(context, user)?;
    forget_word(context, user)?;
    super::invitations::cancel_those_to(context, organization, user, epoch)?;
    tell_user(context, organization, user, epoch, None)?;
    holdings::publish_end(context, organization, user)
}

/// What lets people in on the word of `user`, or on that of a program whose secret they saw, stays without anybody who
/// stands behind it, also when they come back (law 8): nobody has the empty id.
fn forget_word(context: &Context<'_>, user: &str) -> Result<(), ApiError> {
    for (table, giver, condition) in [
        ("domain", "saved_by", ""),
        ("issuer", "saved_by", ""),
        ("invitation", "invited_by", "AND state = 'pending'"),
    ] {
        // By an index each.
        for by in [giver, "seen_by"] {
            let forget = format!("UPDATE {table} SET seen_by = '' WHERE {by} = ? {condition}");
            context.sql.exec(&forget, &[user.into()])?;
        }
    }
    Ok(())
}

/// Replaces the role that a member holds on the organization itself, by the name that their grants have;
/// grants on nodes below stay.
pub(super) fn set_role(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    role: &str,
) -> Result<(), ApiError> {
    let on_root = [user.into(), organization.id.as_str().into()];
    context
        .sql
        .exec("DELETE FROM granted WHERE user = ? AND node = ?", &on_root)?;
    let insert = "INSERT INTO granted (user, node, role) VALUES (?, ?, ?)";
    context.sql.exec(
        insert,
        &[user.into(), organization.id.as_str().into(), role.into()],
    )?;
    Ok(())
}

/// Marks a principal as changed at `epoch`.
pub(super) fn touch(context: &Context<'_>, user: &str, epoch: i64) -> Result<(), ApiError> {
    context.sql.exec(
        "UPDATE member SET epoch = ? WHERE user = ?",
        &[epoch.into(), user.into()],
    )?;
    Ok(())
}

pub(super) fn tell_user(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    epoch: i64,
    name: Option<&str>,
) -> Result<(), ApiError> {
    let change = OrganizationChange {
        organization: organization.id.clone(),
        epoch,
        name: name.map(str::to_owned),
        restorable: None,
    };
    tell_user_of(context, user, change)
}

/// As [`tell_user`], of any change. Whom only the organization's own issuer vouches for has no object.
pub(super) fn tell_user_of(
    context: &Context<'_>,
    user: &str,
    change: OrganizationChange,
) -> Result<(), ApiError> {
    let select = "SELECT user FROM member WHERE user = ? AND issuer IS NOT NULL";
    if context.sql.one(select, &[user.into()])?.is_some() {
        return Ok(());
    }
    let delivery = Delivery::UserOrganization {
        user: user.to_owned(),
        change,
    };
    let lane = format!("list/{user}");
    outbox::replace(context.sql, context.now_ms, &lane, &delivery)
}

/// The answer to a change.
pub(super) fn written<T: Serialize>(epoch: i64, value: T) -> Result<Reply, ApiError> {
    Reply::of(&Written { epoch, value })
}

/// The answer to a change that has led to `epoch`, which open pages are told.
pub(super) fn committed<T: Serialize>(epoch: i64, value: T) -> Result<Reply, ApiError> {
    Ok(announce(written(epoch, value)?, epoch))
}

/// Tells open pages the new epoch.
pub(super) fn announce(reply: Reply, epoch: i64) -> Reply {
    reply.announcing(epoch_event(epoch))
}

pub(super) fn epoch_event(epoch: i64) -> String {
    format!("event: epoch\ndata: {{\"epoch\":{epoch}}}\n\n")
}

/// Times and epochs are never negative.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
