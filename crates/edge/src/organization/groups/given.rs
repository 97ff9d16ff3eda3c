//! What a group gives, and whom an invitation puts into it.

use lockstep_core::{Access, Grant, Window};
use lockstep_wire::GroupMemberView;

use super::GROUPS_OF_MEMBER_MAX;
use crate::{
    objects::Context,
    organization::{acting::Acting, holdings, invitations::Group, store::unsigned},
    paging::{Range, Slice},
    problem::ApiError,
    sql::{Row, SqlError},
};

const GRANTED: &str = "SELECT node, role, not_before_ms, expires_at_ms FROM group_granted WHERE access_group = ? ORDER BY node";

/// What a group was granted.
pub(in crate::organization) fn grants(
    acting: &Acting<'_>,
    id: &str,
) -> Result<Vec<Grant>, ApiError> {
    read_all(&acting.access, id, &acting.rows(GRANTED, &[id.into()])?)
}

/// The members of a group, by their ids: however late a page is, it begins at its first entry.
pub(super) fn page(
    acting: &Acting<'_>,
    id: &str,
    range: &Range<String>,
) -> Result<Slice<GroupMemberView, String>, ApiError> {
    let select = "SELECT group_member.user, member.address FROM group_member JOIN member ON member.user = group_member.user
        WHERE group_member.access_group = ? AND group_member.user > ? ORDER BY group_member.user LIMIT ?";
    let after = range.after.clone().unwrap_or_default();
    let values = [id.into(), after.into(), range.rows().into()];
    let rows = acting.rows(select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.text("user")?.to_owned());
    range.fill(&rows, position, |row| {
        Ok(Some(GroupMemberView {
            user_id: row.text("user")?.to_owned(),
            email: row.optional_text("address")?.map(str::to_owned),
        }))
    })
}

/// What a group gives to who is put into it; `None` when it is gone.
pub(in crate::organization) fn given(
    context: &Context<'_>,
    access: &Access,
    id: &str,
) -> Result<Option<Group>, ApiError> {
    let select = "SELECT home FROM access_group WHERE id = ?";
    let Some(row) = context.sql.one(select, &[id.into()])? else {
        return Ok(None);
    };
    let Some(home) = access.node(row.text("home")?) else {
        return Ok(None);
    };
    let granted = context.sql.exec(GRANTED, &[id.into()])?;
    Ok(Some((home, read_all(access, id, &granted)?)))
}

fn read_all(access: &Access, id: &str, rows: &[Row]) -> Result<Vec<Grant>, ApiError> {
    let read = |row: &Row| -> Result<Grant, SqlError> {
        Ok(Grant {
            window: Window {
                not_before_ms: row.optional_integer("not_before_ms")?.map(unsigned),
                expires_at_ms: row.optional_integer("expires_at_ms")?.map(unsigned),
            },
            group: Some(id.to_owned()),
            ..Grant::new(row.text("role")?, row.text("node")?)
        })
    };
    let grants = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(holdings::on_nodes_of(access, grants))
}

/// What groups of the workspace `home` are granted on one of its projects and is not over, each role once.
pub(in crate::organization) fn granted_from(
    acting: &Acting<'_>,
    home: &str,
    project: &str,
) -> Result<Vec<Grant>, ApiError> {
    let select = "SELECT DISTINCT group_granted.role FROM group_granted
        JOIN access_group ON access_group.id = group_granted.access_group
        WHERE access_group.home = ? AND group_granted.node = ? AND COALESCE(group_granted.expires_at_ms > ?, 1)";
    let values = [home.into(), project.into(), acting.now_ms().into()];
    let mut granted = Vec::new();
    for row in acting.rows(select, &values)? {
        granted.push(Grant::new(row.text("role")?, project));
    }
    Ok(granted)
}

/// Puts a member into a group that is there, unless they are in as many as one may be in.
pub(in crate::organization) fn enter(
    context: &Context<'_>,
    id: &str,
    user: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    let enter = "INSERT INTO group_member (access_group, user) SELECT id, ?1 FROM access_group
        WHERE id = ?2 AND (SELECT COUNT(*) FROM group_member WHERE user = ?1) < ?3
        ON CONFLICT DO NOTHING";
    let values = [user.into(), id.into(), GROUPS_OF_MEMBER_MAX.into()];
    context.sql.exec(enter, &values)?;
    let renew = "UPDATE access_group SET epoch = ? WHERE id = ?";
    context.sql.exec(renew, &[epoch.into(), id.into()])?;
    Ok(())
}
