//! The organization's own issuers: list, read, register, change, switch off, delete.
//!
//! Whoever says which keys an issuer has can be any of its members, so all that these hold is compared (law 5).

use lockstep_core::{Grant, Operation, Record};
use lockstep_token::{Algorithm, IssuerRecord, uri::Reach};
use lockstep_wire::{IssuerChangeRequest, IssuerView, IssuersView};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    acting::{Acting, Change, FreshActing},
    admission::{COLUMNS, Stored, read},
    holdings,
};
use crate::{
    config::Config,
    objects::Reply,
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// Issuers of one organization.
const ISSUERS_MAX: i64 = 10;
/// Longest record, in bytes; a row of the audit log has it twice.
const RECORD_BYTES_MAX: usize = 16_384;

/// What a member may change about issuers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerChange {
    /// Registers one; answers `Written` with `IssuerView`.
    Create {
        /// Its id.
        issuer: String,
        /// Its record.
        record: Value,
        /// The role with which people come in.
        role: Option<String>,
    },
    /// Deletes one, and ends the memberships of whom it vouches for; answers `Written`.
    Delete {
        /// Its id.
        issuer: String,
    },
    /// Changes one; answers `Written` with `IssuerView`.
    Update {
        /// Its id.
        issuer: String,
        /// What changes.
        change: IssuerChangeRequest,
    },
}

/// What a member may ask about issuers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerQuestion {
    /// All of them; answers `IssuersView`.
    List,
    /// One of them; answers `IssuerView`.
    Read {
        /// Its id.
        issuer: String,
    },
}

impl IssuerChange {
    /// The issuer that it edits.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Delete { issuer } | Self::Update { issuer, .. } => Some(issuer),
            Self::Create { .. } => None,
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create {
                issuer,
                record,
                role,
            } => create(acting, issuer, record, role.as_deref()),
            Self::Delete { issuer } => delete(acting, issuer),
            Self::Update { issuer, change } => update(acting, issuer, change),
        }
    }
}

impl IssuerQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        acting.permit_under_any_plan(Operation::IssuerRead)?;
        match self {
            Self::List => {
                let rows = acting.rows(&format!("{COLUMNS} ORDER BY created_at_ms, rowid"), &[])?;
                let views = rows.iter().map(|row| view(acting, &read(row)?));
                Reply::of(&IssuersView {
                    issuers: views.collect::<Result<_, ApiError>>()?,
                })
            }
            Self::Read { issuer } => Reply::of(&view(acting, &find(acting, issuer)?)?),
        }
    }
}

fn find(acting: &Acting<'_>, id: &str) -> Result<Stored, ApiError> {
    let row = acting.row(&format!("{COLUMNS} WHERE id = ?"), &[id.into()])?;
    Ok(read(&row.ok_or_else(ApiError::not_found)?)?)
}

fn create(
    acting: &FreshActing<'_>,
    id: &str,
    record: &Value,
    role: Option<&str>,
) -> Result<Reply, ApiError> {
    // Who may not is told so before what is wrong with the record.
    acting.permit(Operation::IssuerManage, acting.access.root())?;
    let (issuer, record) = checked(acting.config(), record)?;
    let permitted = acting.save_issuer(role, &Record::default())?;
    let select = "SELECT COUNT(*) AS count FROM issuer";
    if acting.count(select, &[])? >= ISSUERS_MAX {
        let detail = format!("An organization may have {ISSUERS_MAX} issuers.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let select = "SELECT id FROM issuer WHERE issuer = ?";
    if acting
        .row(select, &[issuer.issuer().to_owned().into()])?
        .is_some()
    {
        let detail = "The organization has an issuer of this name already.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    if role.is_some() {
        require_claim(acting, issuer.issuer(), issuer.subject_claim())?;
    }
    let change = acting.change(permitted)?;
    let insert = "INSERT INTO issuer (id, issuer, record, role, created_by, created_at_ms, saved_by, seen_by, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let values = [
        id.into(),
        issuer.issuer().to_owned().into(),
        record.into(),
        role.into(),
        acting.principal().into(),
        acting.now_ms().into(),
        acting.principal().into(),
        acting.seer().into(),
        change.epoch.into(),
    ];
    change.exec(insert, &values)?;
    finish(change, id)
}

fn update(
    acting: &FreshActing<'_>,
    id: &str,
    wanted: &IssuerChangeRequest,
) -> Result<Reply, ApiError> {
    let only_off = IssuerChangeRequest {
        active: Some(false),
        ..IssuerChangeRequest::default()
    };
    let is_off = *wanted == only_off;
    let permitted = if is_off {
        acting.permit_to_end(Operation::IssuerManage)?
    } else {
        acting.permit_on_others(Operation::IssuerManage)?
    };
    let stored = find(acting, id)?;
    let role = wanted.role.clone().unwrap_or_else(|| stored.role.clone());
    // Switching off hands out nothing.
    let permitted = if is_off {
        permitted
    } else {
        acting.save_issuer(role.as_deref(), &held(acting, &stored.issuer)?)?
    };
    if role.is_some() && stored.role.is_none() {
        require_claim(acting, &stored.issuer, &stored.subject_claim()?)?;
    }
    let record = match &wanted.record {
        Some(record) => replaced(acting, &stored, record)?,
        None => stored.record.clone(),
    };
    let change = acting.change(permitted)?;
    let (saved_by, seen_by) = if is_off {
        (stored.saved_by.as_str(), stored.seen_by.as_deref())
    } else {
        (acting.principal(), Some(acting.seer()))
    };
    let set = "UPDATE issuer SET record = ?, role = ?, saved_by = ?, seen_by = ?, disabled_at_ms = CASE WHEN ? THEN NULL ELSE COALESCE(disabled_at_ms, ?) END, epoch = ? WHERE id = ?";
    let is_active = wanted.active.unwrap_or(stored.disabled_at_ms.is_none());
    let values = [
        record.into(),
        role.as_deref().into(),
        saved_by.into(),
        seen_by.into(),
        is_active.into(),
        acting.now_ms().into(),
        change.epoch.into(),
        id.into(),
    ];
    change.exec(set, &values)?;
    let members = members(acting, &stored.issuer)?;
    let reply = finish(change, id)?;
    // Their streams were opened by tokens that were verified before.
    Ok(members
        .iter()
        .fold(reply, |reply, (user, _)| reply.ending(user)))
}

fn delete(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit_to_end(Operation::IssuerManage)?;
    let stored = find(acting, id)?;
    let members = members(acting, &stored.issuer)?;
    let change = acting.change(permitted)?;
    let mut users = Vec::new();
    for (user, is_suspended) in members {
        change.end_membership(&user)?;
        // Who was removed or suspended comes in by no later issuer of that name; who leaves with this one may.
        if !is_suspended {
            let forget = "UPDATE member SET issuer = NULL, subject = NULL WHERE user = ?";
            change.exec(forget, &[(&user).into()])?;
        }
        users.push(user);
    }
    change.exec("DELETE FROM issuer WHERE id = ?", &[id.into()])?;
    renew(&change)?;
    let reply = change.finish(())?;
    Ok(users.iter().fold(reply, |reply, user| reply.ending(user)))
}

/// The answer, once an issuer is written: what was verified before is out of date.
fn finish(change: Change<'_>, id: &str) -> Result<Reply, ApiError> {
    renew(&change)?;
    let view = view(change.acting, &find(change.acting, id)?)?;
    change.finish(view)
}

fn renew(change: &Change<'_>) -> Result<(), ApiError> {
    let renew = "UPDATE organization SET issuers_epoch = ?";
    change.exec(renew, &[change.epoch.into()])?;
    Ok(())
}

/// Whom an issuer vouches for, and whether they are suspended.
fn members(acting: &Acting<'_>, issuer: &str) -> Result<Vec<(String, bool)>, ApiError> {
    let select = "SELECT user, suspended_at_ms FROM member WHERE issuer = ? AND left_at_ms IS NULL";
    let rows = acting.rows(select, &[issuer.into()])?;
    let read = |row: &Row| -> Result<(String, bool), SqlError> {
        let suspended_at_ms = row.optional_integer("suspended_at_ms")?;
        Ok((row.text("user")?.to_owned(), suspended_at_ms.is_some()))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// All that the members of an issuer hold and is not over, as if they were one: each role on each node once. What is kept of who is suspended is theirs, too: it comes back without the issuer being looked at again.
fn held(acting: &Acting<'_>, issuer: &str) -> Result<Record, ApiError> {
    let select =
        "SELECT granted.role, granted.node FROM member JOIN granted
        ON granted.user = CASE WHEN member.suspended_at_ms IS NULL THEN member.user ELSE 'suspended/' || member.user END
        WHERE member.issuer = ?1 AND member.left_at_ms IS NULL AND COALESCE(granted.expires_at_ms > ?2, 1)
        UNION SELECT group_granted.role, group_granted.node FROM group_granted
        JOIN group_member ON group_member.access_group = group_granted.access_group
        JOIN member ON member.user = group_member.user
        WHERE member.issuer = ?1 AND member.left_at_ms IS NULL AND COALESCE(group_granted.expires_at_ms > ?2, 1)";
    let rows = acting.rows(select, &[issuer.into(), acting.now_ms().into()])?;
    let mut record = acting.record("")?;
    let mut granted = Vec::new();
    for row in &rows {
        granted.push(Grant::new(row.text("role")?, row.text("node")?));
    }
    record.grants = holdings::on_nodes_of(&acting.access, granted);
    let select = "SELECT node.id FROM node JOIN member ON member.user = node.owner WHERE member.issuer = ? AND member.left_at_ms IS NULL";
    let rows = acting.rows(select, &[issuer.into()])?;
    let owned = rows.iter().map(|row| row.text("id"));
    let owned = owned.collect::<Result<Vec<_>, _>>()?;
    for node in &mut record.nodes {
        node.owned = owned.contains(&node.id.as_str());
    }
    Ok(record)
}

/// Refuses to let people in by another claim than that by which somebody is kept out: it calls them something else. Rows of before have none, and most issuers use `sub`.
fn require_claim(acting: &Acting<'_>, issuer: &str, claim: &str) -> Result<(), ApiError> {
    let select = "SELECT COALESCE(subject_claim, 'sub') AS kept_by FROM member
        WHERE issuer = ? AND COALESCE(subject_claim, 'sub') <> ? LIMIT 1";
    let Some(row) = acting.row(select, &[issuer.into(), claim.into()])? else {
        return Ok(());
    };
    let kept_by = row.text("kept_by")?;
    let detail = format!(
        "Who was removed or suspended is kept out by what this issuer calls them in `{kept_by}`. Register it with that `subject_claim`, or without a role."
    );
    Err(ApiError::new(Code::Conflict, detail))
}

/// A record that takes the place of another one: who is whom stays.
fn replaced(acting: &Acting<'_>, stored: &Stored, record: &Value) -> Result<String, ApiError> {
    let (new, text) = checked(acting.config(), record)?;
    let old = stored.value()?;
    let is_same = |name, new: &str| old.get(name).and_then(Value::as_str) == Some(new);
    if is_same("issuer", new.issuer()) && is_same("subject_claim", new.subject_claim()) {
        return Ok(text);
    }
    let detail = "`issuer` and `subject_claim` say who is whom, so they stay. Delete this one and register it anew instead: whom it vouches for leaves with it.";
    Err(ApiError::new(Code::InvalidIssuer, detail))
}

/// Where an organization's issuers may publish their keys.
pub(crate) const fn reach(config: &Config) -> Reach {
    if config.is_development {
        Reach::Loopback
    } else {
        Reach::Public
    }
}

/// A record that an organization may have, and its text with what was left out spelled out, so that other defaults change no record.
fn checked(config: &Config, record: &Value) -> Result<(IssuerRecord, String), ApiError> {
    let refused = |reason: &str| {
        let detail = format!("The issuer cannot be saved: {reason}.");
        ApiError::new(Code::InvalidIssuer, detail)
    };
    let text = record.to_string();
    if text.len() > RECORD_BYTES_MAX {
        return Err(refused(&format!(
            "it has more than {RECORD_BYTES_MAX} bytes"
        )));
    }
    let issuer = IssuerRecord::parse_within(&text, reach(config))
        .map_err(|error| refused(&error.to_string()))?;
    // The secret would have to be kept where a hash is not enough.
    if issuer
        .algorithms()
        .iter()
        .any(|&one| Algorithm::is_symmetric(one))
    {
        return Err(refused(
            "`algorithms` names a symmetric one, which only the deployment's own issuers may have",
        ));
    }
    let ours = config.issuers.records().iter().map(IssuerRecord::issuer);
    if ours
        .chain([config.origin.as_str()])
        .any(|ours| ours == issuer.issuer())
    {
        return Err(refused("`issuer` is one of the deployment's own"));
    }
    let mut spelled = record.clone();
    if let Value::Object(members) = &mut spelled {
        let mut set = |name: &str, value: Value| {
            members.entry(name).or_insert(value);
        };
        set("subject_claim", issuer.subject_claim().into());
        set("leeway_s", issuer.leeway_s().into());
        set("max_lifetime_s", issuer.max_lifetime_s().into());
        set("issued_at_required", issuer.issued_at_required().into());
    }
    Ok((issuer, spelled.to_string()))
}

fn view(acting: &Acting<'_>, stored: &Stored) -> Result<IssuerView, ApiError> {
    let select = "SELECT COUNT(*) AS count FROM member WHERE issuer = ? AND left_at_ms IS NULL";
    Ok(IssuerView {
        id: stored.id.clone(),
        record: stored.value()?,
        role: stored.role.clone(),
        admits: stored.disabled_at_ms.is_none() && acting.admits(stored)?,
        active: stored.disabled_at_ms.is_none(),
        members: acting.count(select, &[(&stored.issuer).into()])?,
        created_by: stored.created_by.clone(),
        created_at_ms: stored.created_at_ms,
        saved_by: stored.saved_by.clone(),
        epoch: stored.epoch,
    })
}
