//! All of an organization as a file: structure, roles, people and what they were granted, settings without a secret.
//!
//! No credential, invitation, issuer, secret or id of ours is in it, and nothing of when it was written: the same organization is the same bytes.

mod added;

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::{Operation, Policy};
use lockstep_wire::{
    EXPORT_FORMAT, ExportedAccount, ExportedGrant, ExportedGroup, ExportedMember, ExportedNode,
    ExportedOrganization, ExportedSetting, PolicyReference,
};

use super::acting::{Acting, FreshActing};
use crate::{
    objects::Reply,
    problem::{ApiError, Code},
    sql::{Row, SqlError, Value},
};

/// The most rows that an export is made of: what it takes fits into the memory of an object.
pub(super) const ROWS_MAX: i64 = 50_000;
/// The most bytes of settings in an export.
const SETTINGS_BYTES_MAX: i64 = 8_000_000;
const GRANTED: &str = "granted.node, granted.role, granted.not_before_ms, granted.expires_at_ms";

/// How the file names what has an id of ours.
struct Keys<'a> {
    policy: &'a Policy,
    organization: String,
    nodes: BTreeMap<String, String>,
    people: BTreeMap<String, String>,
    roles: BTreeMap<String, String>,
}

/// Grants by whose they are.
type Grants = BTreeMap<String, Vec<ExportedGrant>>;
/// Settings by where they are.
type Settings = BTreeMap<String, BTreeMap<String, ExportedSetting>>;

pub(super) fn export(acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
    acting.permit(Operation::OrganizationExport, acting.access.root())?;
    require_room(acting)?;
    let (roles, roles_by_id) = added::roles(acting)?;
    let mut keys = Keys {
        policy: acting.base(),
        organization: acting.organization.id.clone(),
        nodes: BTreeMap::new(),
        people: people(acting)?,
        roles: roles_by_id,
    };
    let mut settings = settings(acting)?;
    let mut workspaces = Vec::new();
    let mut projects = Vec::new();
    for level in ["workspace", "project"] {
        let select = "SELECT id, name, parent, owner, archived_at_ms FROM node WHERE level = ? ORDER BY rowid";
        for (at, row) in acting.rows(select, &[level.into()])?.iter().enumerate() {
            let id = row.text("id")?;
            let key = format!("{level}/{}", at.saturating_add(1));
            let node = ExportedNode {
                name: row.text("name")?.to_owned(),
                workspace: keys.nodes.get(row.text("parent")?).cloned(),
                owner: keys.person(row.optional_text("owner")?),
                archived: row.optional_integer("archived_at_ms")?.is_some(),
                settings: settings.remove(id).unwrap_or_default(),
                key: key.clone(),
            };
            keys.nodes.insert(id.to_owned(), key);
            match level {
                "workspace" => workspaces.push(node),
                _ => projects.push(node),
            }
        }
    }
    let granted = format!("SELECT granted.user AS whose, {GRANTED} FROM granted");
    let mut granted = grants(acting, &keys, &granted)?;
    let members = members(acting, &keys, &mut granted)?;
    let policy = &acting.config().policy;
    let reply = Reply::of(&ExportedOrganization {
        format: EXPORT_FORMAT,
        policy: PolicyReference {
            id: policy.document.id.clone(),
            digest: policy.digest.clone(),
        },
        name: acting.organization.name.clone(),
        token_lifetime_max_s: acting.organization.token_lifetime_max_s,
        workspace_admins_invite: acting.organization.workspace_admins_invite,
        roles,
        rules: added::rules(acting, &keys)?,
        workspaces,
        projects,
        members_left_out: left_out(acting, members.len())?,
        members,
        groups: groups(acting, &keys)?,
        service_accounts: accounts(acting, &mut granted)?,
        settings: settings.remove(&keys.organization).unwrap_or_default(),
    })?;
    Ok(reply.telling())
}

/// Refuses an organization that is too large before anything of it is read.
fn require_room(acting: &Acting<'_>) -> Result<(), ApiError> {
    let tables = [
        "node",
        "member",
        "granted",
        "access_group",
        "group_member",
        "group_granted",
        "service_account",
        "custom_role",
        "setting",
    ];
    let counts: Vec<String> = tables
        .iter()
        .map(|table| format!("(SELECT COUNT(*) FROM {table})"))
        .collect();
    let rows = acting.count(&format!("SELECT {} AS count", counts.join(" + ")), &[])?;
    // The length of a text is one of characters.
    let bytes = "SELECT COALESCE(SUM(LENGTH(CAST(value AS BLOB))), 0) AS count FROM setting WHERE sealed IS NULL";
    if rows <= ROWS_MAX && acting.count(bytes, &[])? <= SETTINGS_BYTES_MAX {
        return Ok(());
    }
    let detail = format!(
        "An organization of more than {ROWS_MAX} rows, or of settings of more than {SETTINGS_BYTES_MAX} bytes, is not exported."
    );
    Err(ApiError::new(Code::LimitReached, detail))
}

/// What the rows of a SELECT grant; each says in `whose` to whom.
fn grants(acting: &Acting<'_>, keys: &Keys<'_>, select: &str) -> Result<Grants, ApiError> {
    let mut grants = Grants::new();
    for row in acting.rows(select, &[])? {
        let whose = row.text("whose")?.to_owned();
        // What names a node or a role that is gone gives nothing.
        if let Some(grant) = keys.grant(&row)? {
            grants.entry(whose).or_default().push(grant);
        }
    }
    for granted in grants.values_mut() {
        granted.sort();
    }
    Ok(grants)
}

impl Keys<'_> {
    fn person(&self, user: Option<&str>) -> Option<String> {
        self.people.get(user?).cloned()
    }

    fn grant(&self, row: &Row) -> Result<Option<ExportedGrant>, SqlError> {
        let (node, role) = (row.text("node")?, row.text("role")?);
        let there = self.nodes.get(node).cloned();
        if there.is_none() && node != self.organization {
            return Ok(None);
        }
        let of_policy = self.policy.role(role).map(|_| role);
        let Some(role) = self.roles.get(role).map(String::as_str).or(of_policy) else {
            return Ok(None);
        };
        Ok(Some(ExportedGrant {
            node: there,
            role: role.to_owned(),
            not_before_ms: row.optional_integer("not_before_ms")?,
            expires_at_ms: row.optional_integer("expires_at_ms")?,
        }))
    }
}

/// The addresses of those that the file names: who joined by one of their own, of several who have one the first.
fn people(acting: &Acting<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    let select = "SELECT user, address FROM member
        WHERE left_at_ms IS NULL AND address IS NOT NULL AND issuer IS NULL ORDER BY joined_at_ms, rowid";
    let (mut people, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for row in acting.rows(select, &[])? {
        let address = row.text("address")?.to_owned();
        if taken.insert(address.clone()) {
            people.insert(row.text("user")?.to_owned(), address);
        }
    }
    Ok(people)
}

/// Whose role is gone is named without one.
fn members(
    acting: &Acting<'_>,
    keys: &Keys<'_>,
    granted: &mut Grants,
) -> Result<Vec<ExportedMember>, ApiError> {
    let select = "SELECT user, suspended_at_ms, CASE WHEN suspended_at_ms IS NULL THEN user ELSE 'suspended/' || user END AS granted_as
        FROM member WHERE left_at_ms IS NULL ORDER BY address";
    let mut members = Vec::new();
    for row in acting.rows(select, &[])? {
        let Some(email) = keys.person(Some(row.text("user")?)) else {
            continue;
        };
        members.push(ExportedMember {
            email,
            suspended: row.optional_integer("suspended_at_ms")?.is_some(),
            grants: granted.remove(row.text("granted_as")?).unwrap_or_default(),
        });
    }
    Ok(members)
}

/// How many members the file does not name.
fn left_out(acting: &Acting<'_>, named: usize) -> Result<usize, ApiError> {
    let select = "SELECT COUNT(*) AS count FROM member WHERE left_at_ms IS NULL";
    let all = usize::try_from(acting.count(select, &[])?).unwrap_or(0);
    Ok(all.saturating_sub(named))
}

fn groups(acting: &Acting<'_>, keys: &Keys<'_>) -> Result<Vec<ExportedGroup>, ApiError> {
    let select =
        format!("SELECT granted.access_group AS whose, {GRANTED} FROM group_granted AS granted");
    let mut granted = grants(acting, keys, &select)?;
    let mut people: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in acting.rows("SELECT access_group, user FROM group_member", &[])? {
        let group = people.entry(row.text("access_group")?.to_owned());
        group
            .or_default()
            .extend(keys.person(Some(row.text("user")?)));
    }
    people.values_mut().for_each(|people| people.sort());
    let mut groups = Vec::new();
    for row in acting.rows(
        "SELECT id, home, name FROM access_group ORDER BY rowid",
        &[],
    )? {
        let id = row.text("id")?;
        groups.push(ExportedGroup {
            name: row.text("name")?.to_owned(),
            workspace: keys.nodes.get(row.text("home")?).cloned(),
            members: people.remove(id).unwrap_or_default(),
            grants: granted.remove(id).unwrap_or_default(),
        });
    }
    Ok(groups)
}

fn accounts(acting: &Acting<'_>, granted: &mut Grants) -> Result<Vec<ExportedAccount>, ApiError> {
    let select = "SELECT id, name FROM service_account WHERE deleted_at_ms IS NULL ORDER BY rowid";
    let mut accounts = Vec::new();
    for row in acting.rows(select, &[])? {
        accounts.push(ExportedAccount {
            name: row.text("name")?.to_owned(),
            grants: granted.remove(row.text("id")?).unwrap_or_default(),
        });
    }
    Ok(accounts)
}

/// Settings that have no secret. One that has is of no use without it, and says where it leads.
fn settings(acting: &Acting<'_>) -> Result<Settings, ApiError> {
    let none: [Value; 0] = [];
    let select = "SELECT node, id, value, is_current FROM setting WHERE sealed IS NULL";
    let mut settings = Settings::new();
    for row in acting.rows(select, &none)? {
        let value = serde_json::from_slice(row.text("value")?.as_bytes())
            .map_err(|error| ApiError::internal(format!("a setting cannot be read: {error}")))?;
        let setting = ExportedSetting {
            value,
            current: row.integer("is_current")? == 1,
        };
        let there = settings.entry(row.text("node")?.to_owned()).or_default();
        there.insert(row.text("id")?.to_owned(), setting);
    }
    Ok(settings)
}
