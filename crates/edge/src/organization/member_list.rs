//! The list of members: pages of it, sorted, searched, with what each member is granted where.

use std::collections::BTreeMap;

use lockstep_core::{Access, Operation};
use lockstep_wire::{MemberRoleView, MemberView};
use serde::{Deserialize, Serialize};

use super::{
    Actor,
    actor::{self, access, directory_facts},
    customization::role_name,
    members,
    store::{self, Member, SUSPENDED, organization},
};
use crate::{
    objects::{Context, Reply},
    paging::{Range, Slice},
    problem::ApiError,
    sql::{Row, Value},
};

/// How many roles a page has before it ends early.
const ROLES_MAX: i64 = 5_000;

/// Which members are wanted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MemberList {
    /// From where on, and how many.
    pub range: Range<MemberPosition>,
    /// Part of their addresses, in lower case; everybody, when absent.
    pub search: Option<String>,
    /// In which order.
    pub sort: MemberSort,
}

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberSort {
    /// By address; who has none comes first.
    Email,
    /// The first who joined first.
    Joined,
}

/// A place in the list, in each of its orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberPosition {
    address: String,
    joined_at_ms: i64,
    row: i64,
}

/// Members are found by an index of their order, from the position on: a late page costs what the first one does.
pub(super) fn list(
    context: &Context<'_>,
    actor: &Actor,
    list: &MemberList,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.principal)?;
    actor::permit(context, &access, Operation::MemberRead, &facts)?;
    let rows = store::member_rows(context, &condition(list), &values(list))?;
    let mut slice: Slice<(Member, MemberView), _> = list.range.fill(&rows, position, |row| {
        let member = store::read_member(row)?;
        let view = members::view(access.policy(), &organization, actor, &member);
        Ok::<_, ApiError>(Some((member, view)))
    })?;
    let people = slice.entries.iter().map(|(member, _)| member.user.clone());
    let mut people: Vec<String> = people.collect();
    let shown = with_room(context, &people)?;
    if let (true, Some(last)) = (shown < people.len(), shown.checked_sub(1)) {
        slice.next = rows.get(last).map(position).transpose()?;
        slice.entries.truncate(shown);
        people.truncate(shown);
    }
    // Who has which role in a workspace is for who may see that there. Many are granted something on the same node.
    let mut readable: BTreeMap<String, bool> = BTreeMap::from([(organization.id.clone(), true)]);
    let mut roles = roles(context, &access, &people, |node| {
        if let Some(known) = readable.get(node) {
            return *known;
        }
        let read = Operation::WorkspaceMemberRead;
        let at = access.node(node);
        let is_seen =
            at.is_some_and(|at| actor::permit_on(context, &access, read, at, &facts).is_ok());
        readable.insert(node.to_owned(), is_seen);
        is_seen
    })?;
    for (member, view) in &mut slice.entries {
        view.roles = roles.remove(&member.user).or_else(|| Some(Vec::new()));
    }
    Reply::of(&Slice {
        entries: slice.entries.into_iter().map(|(_, view)| view).collect(),
        next: slice.next,
    })
}

fn position(row: &Row) -> Result<MemberPosition, ApiError> {
    Ok(MemberPosition {
        address: row.optional_text("address")?.unwrap_or_default().to_owned(),
        joined_at_ms: row.integer("joined_at_ms")?,
        row: row.integer("place")?,
    })
}

fn condition(list: &MemberList) -> String {
    let column = match list.sort {
        MemberSort::Email => "member.address",
        MemberSort::Joined => "member.joined_at_ms",
    };
    let after = match (&list.range.after, list.sort) {
        (None, _) => String::new(),
        // Who has no address comes before everybody who has one, and is told from others by the row alone.
        (Some(after), MemberSort::Email) if after.address.is_empty() => {
            "AND (member.address IS NOT NULL OR member.rowid > ?)".to_owned()
        }
        (Some(_), _) => format!("AND ({column}, member.rowid) > (?, ?)"),
    };
    let search = list
        .search
        .as_ref()
        .map_or("", |_| "AND INSTR(member.address, ?) > 0");
    format!("{after} {search} ORDER BY {column}, member.rowid LIMIT ?")
}

fn values(list: &MemberList) -> Vec<Value> {
    let mut values = Vec::new();
    if let Some(after) = &list.range.after {
        match list.sort {
            MemberSort::Email if after.address.is_empty() => {}
            MemberSort::Email => values.push((&after.address).into()),
            MemberSort::Joined => values.push(after.joined_at_ms.into()),
        }
        values.push(after.row.into());
    }
    if let Some(search) = &list.search {
        values.push(search.into());
    }
    values.push(list.range.rows().into());
    values
}

/// How many of these people, the first ones, a page has room for with all that they were granted; it has for one, whatever that is.
fn with_room(context: &Context<'_>, people: &[String]) -> Result<usize, ApiError> {
    let list = granted_as(people)?;
    let select = "SELECT user, COUNT(*) AS roles FROM granted WHERE user IN (SELECT value FROM json_each(?)) GROUP BY user
        UNION ALL SELECT group_member.user, COUNT(*) FROM group_member JOIN group_granted ON group_granted.access_group = group_member.access_group
        WHERE group_member.user IN (SELECT value FROM json_each(?)) GROUP BY group_member.user";
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for row in context.sql.exec(select, &[(&list).into(), list.into()])? {
        let user = row.text("user")?;
        let user = user.strip_prefix(SUSPENDED).unwrap_or(user);
        *counts.entry(user.to_owned()).or_default() += row.integer("roles")?;
    }
    let mut taken = 0;
    let fits = people.iter().take_while(|user| {
        taken += counts.get(*user).copied().unwrap_or(0);
        taken <= ROLES_MAX
    });
    Ok(fits.count().max(1))
}

/// Under which names these people are granted anything, as JSON.
fn granted_as(people: &[String]) -> Result<String, ApiError> {
    let suspended = people.iter().map(|user| format!("{SUSPENDED}{user}"));
    let names: Vec<String> = people.iter().cloned().chain(suspended).collect();
    serde_json::to_string(&names)
        .map_err(|error| ApiError::internal(format!("ids cannot be written: {error}")))
}

/// What each member was granted, by themselves and through groups, on the nodes that `is_seen`. What is kept of who is suspended is theirs, too.
fn roles(
    context: &Context<'_>,
    access: &Access,
    people: &[String],
    mut is_seen: impl FnMut(&str) -> bool,
) -> Result<BTreeMap<String, Vec<MemberRoleView>>, ApiError> {
    let list = granted_as(people)?;
    let select = "SELECT user, node, role, not_before_ms, expires_at_ms, NULL AS through FROM granted WHERE user IN (SELECT value FROM json_each(?))
        UNION ALL SELECT group_member.user, group_granted.node, group_granted.role, group_granted.not_before_ms, group_granted.expires_at_ms, group_granted.access_group
        FROM group_member JOIN group_granted ON group_granted.access_group = group_member.access_group
        WHERE group_member.user IN (SELECT value FROM json_each(?)) ORDER BY through, node";
    let policy = access.policy();
    let mut roles: BTreeMap<String, Vec<MemberRoleView>> = BTreeMap::new();
    for row in context.sql.exec(select, &[(&list).into(), list.into()])? {
        let (user, node, role) = (row.text("user")?, row.text("node")?, row.text("role")?);
        if !is_seen(node) {
            continue;
        }
        let user = user.strip_prefix(SUSPENDED).unwrap_or(user);
        let of_member = roles.entry(user.to_owned()).or_default();
        of_member.push(MemberRoleView {
            node: node.to_owned(),
            role: role.to_owned(),
            role_name: role_name(policy, role),
            not_before_ms: row.optional_integer("not_before_ms")?,
            expires_at_ms: row.optional_integer("expires_at_ms")?,
            group: row.optional_text("through")?.map(str::to_owned),
        });
    }
    Ok(roles)
}
