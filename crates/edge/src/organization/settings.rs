//! Settings of the organization and of its workspaces: list, read, set, remove, and what programs run with.
//!
//! A setting has a name in its place, a value in clear, and possibly a secret, which comes here sealed and is never opened here.
//! Whoever may change what stands beside a secret (the host that a password is sent to) may as well read it, so everything about a setting that has one takes the permission to set secrets besides.

mod rows;

pub(super) use rows::Place;

use std::collections::BTreeMap;

use lockstep_core::Operation;
use lockstep_wire::{ExportedSetting, SettingValue};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, Change, FreshActing},
    actor::Permitted,
};
use crate::{
    objects::{Context, Reply},
    paging::Range,
    precondition,
    problem::{ApiError, Code},
    sealing::{self, Sealed},
    sql::Row,
};
use rows::{COLUMNS, Stored, find, read};

/// Settings of one place.
pub(super) const SETTINGS_MAX: i64 = 100;

/// What a member may change about settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingChange {
    /// Removes one; answers `Written`.
    Delete {
        /// The workspace; the organization itself, when absent.
        workspace: Option<String>,
        /// Its name.
        setting: String,
    },
    /// Sets one, which may be there; answers `Written` with `SettingView`.
    Put {
        /// The workspace; the organization itself, when absent.
        workspace: Option<String>,
        /// Its name.
        setting: String,
        /// What it is from now on.
        value: SettingValue,
        /// What becomes of its secret.
        secret: SecretChange,
        /// Whether it must not be there yet.
        is_new: bool,
    },
    /// Makes a database the current one of its place; answers `Written` with `SettingView`.
    Select {
        /// The workspace; the organization itself, when absent.
        workspace: Option<String>,
        /// Its name.
        setting: String,
    },
}

/// What becomes of a setting's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretChange {
    /// It stays as it is.
    Keep,
    /// There is one, and the deployment has no key to seal it with.
    Refuse,
    /// It is taken away.
    Remove,
    /// It is another one.
    Set {
        /// The secret.
        sealed: Sealed,
    },
}

/// What a member may ask about settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingQuestion {
    /// Those of one place, by their names; answers a slice of `SettingView`.
    List {
        /// The workspace; the organization itself, when absent.
        workspace: Option<String>,
        /// Only those of this kind.
        kind: Option<String>,
        /// Which of them.
        range: Range<String>,
    },
    /// One of them; answers `SettingView`.
    Read {
        /// The workspace; the organization itself, when absent.
        workspace: Option<String>,
        /// Its name.
        setting: String,
    },
}

/// What a program runs with, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredConfiguration {
    /// The epoch at which a setting of the organization changed last.
    pub epoch: i64,
    /// Name of the current database.
    pub current_database: Option<String>,
    /// Values and secrets by their names.
    pub settings: BTreeMap<String, (SettingValue, Option<Sealed>)>,
    /// Whether the program has all of this already; then none of it is here.
    #[serde(default)]
    pub is_known: bool,
}

impl SettingChange {
    fn named(&self) -> (Option<&str>, &str) {
        match self {
            Self::Delete { workspace, setting }
            | Self::Put {
                workspace, setting, ..
            }
            | Self::Select { workspace, setting } => (workspace.as_deref(), setting),
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        let (workspace, name) = self.named();
        let place = Place::of(acting, workspace)?;
        // Programs go on by what it says, whatever becomes of who set it.
        let permitted = acting.permit_on_others_at(place.update(), place.node)?;
        let stored = find(acting, &place, name)?;
        match self {
            Self::Delete { .. } => delete(
                acting,
                permitted,
                &place,
                stored.ok_or_else(ApiError::not_found)?,
            ),
            Self::Put {
                value,
                secret,
                is_new,
                ..
            } => {
                if *is_new && stored.is_some() {
                    return Err(precondition::failed());
                }
                put(acting, permitted, &place, (name, value, secret), stored)
            }
            Self::Select { .. } => select(
                acting,
                permitted,
                &place,
                stored.ok_or_else(ApiError::not_found)?,
            ),
        }
    }
}

impl SettingQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        let (Self::List { workspace, .. } | Self::Read { workspace, .. }) = self;
        let place = Place::of(acting, workspace.as_deref())?;
        acting.permit(place.read(), place.node)?;
        match self {
            Self::List { kind, range, .. } => list(acting, &place, kind.as_deref(), range),
            Self::Read { setting, .. } => {
                let stored = find(acting, &place, setting)?;
                Reply::of(&place.view(stored.ok_or_else(ApiError::not_found)?))
            }
        }
    }
}

/// The epoch of the last change of what a command edits.
pub(super) fn tag(context: &Context<'_>, change: &SettingChange) -> Result<Option<i64>, ApiError> {
    let (workspace, name) = change.named();
    let select = "SELECT epoch FROM setting WHERE node = ? AND id = ?";
    let named = [workspace.unwrap_or(context.name).into(), name.into()];
    let row = context.sql.one(select, &named)?;
    Ok(row.map(|row| row.integer("epoch")).transpose()?)
}

fn list(
    acting: &Acting<'_>,
    place: &Place,
    kind: Option<&str>,
    range: &Range<String>,
) -> Result<Reply, ApiError> {
    let select = format!(
        "{COLUMNS} WHERE node = ? AND id > ? AND (kind = ? OR ? IS NULL) ORDER BY id LIMIT ?"
    );
    let values = [
        (&place.id).into(),
        range.after.as_deref().unwrap_or_default().into(),
        kind.into(),
        kind.into(),
        range.rows().into(),
    ];
    let rows = acting.rows(&select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.text("id")?.to_owned());
    let listed = range.fill(&rows, position, |row| Ok(Some(place.view(read(row)?))))?;
    Reply::of(&listed)
}

/// What a program runs with: everything of the place, for who may read its secrets.
pub(super) fn configuration(
    acting: &FreshActing<'_>,
    workspace: Option<&str>,
    known: &[i64],
) -> Result<Reply, ApiError> {
    let place = Place::of(acting, workspace)?;
    acting.permit(Operation::SecretRead, place.node)?;
    let select = "SELECT settings_epoch FROM organization";
    let epoch = acting.row(select, &[])?.ok_or_else(ApiError::not_found)?;
    let rows = acting.rows(&format!("{COLUMNS} WHERE node = ?"), &[(&place.id).into()])?;
    let mut configuration = StoredConfiguration {
        epoch: epoch.integer("settings_epoch")?,
        current_database: None,
        settings: BTreeMap::new(),
        is_known: false,
    };
    if known.contains(&configuration.epoch) {
        configuration.is_known = true;
        return Reply::of(&configuration);
    }
    for row in &rows {
        let stored = read(row)?;
        if stored.is_current {
            configuration.current_database = Some(stored.name.clone());
        }
        let setting = (stored.value, stored.sealed);
        configuration.settings.insert(stored.name, setting);
    }
    let mut settings = configuration.settings.values();
    let shows_secrets = settings.any(|(_, sealed)| sealed.is_some());
    let reply = Reply::of(&configuration)?;
    Ok(if shows_secrets {
        reply.telling()
    } else {
        reply
    })
}

fn put(
    acting: &FreshActing<'_>,
    permitted: Permitted,
    place: &Place,
    (name, value, secret): (&str, &SettingValue, &SecretChange),
    stored: Option<Stored>,
) -> Result<Reply, ApiError> {
    let had_secret = stored
        .as_ref()
        .is_some_and(|stored| stored.sealed.is_some());
    if had_secret || matches!(secret, SecretChange::Set { .. } | SecretChange::Refuse) {
        acting.permit(Operation::SecretUpdate, place.node)?;
    }
    if *secret == SecretChange::Refuse {
        return Err(sealing::refused());
    }
    match &stored {
        Some(stored) if stored.value.kind() != value.kind() => {
            let detail = "A setting keeps its kind. Remove it first, or take another name.";
            return Err(ApiError::new(Code::Conflict, detail));
        }
        Some(_) => {}
        None => require_room(acting, place)?,
    }
    let (sealed, set_at_ms) = match secret {
        SecretChange::Keep => {
            let kept = stored
                .as_ref()
                .map(|stored| (stored.sealed.clone(), stored.set_at_ms));
            kept.unwrap_or_default()
        }
        SecretChange::Set { sealed } => (Some(sealed.clone()), Some(acting.now_ms())),
        SecretChange::Remove | SecretChange::Refuse => (None, None),
    };
    if sealed.is_none() && matches!(value, SettingValue::Secret(_)) {
        let detail = "A setting of this kind has a `secret`.";
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let change = acting.change(permitted)?;
    // Where there are databases, also without a current one, none becomes it by itself: programs would silently read another one.
    let write = "INSERT INTO setting (node, id, kind, value, sealed, sealed_by, set_at_ms, is_current, changed_by, changed_at_ms, epoch)
        VALUES (?, ?, ?, ?, ?, ?, ?, ? AND NOT EXISTS (SELECT 1 FROM setting WHERE node = ? AND kind = 'database'), ?, ?, ?)
        ON CONFLICT (node, id) DO UPDATE SET value = excluded.value, sealed = excluded.sealed, sealed_by = excluded.sealed_by,
        set_at_ms = excluded.set_at_ms, changed_by = excluded.changed_by, changed_at_ms = excluded.changed_at_ms, epoch = excluded.epoch";
    let values = [
        (&place.id).into(),
        name.into(),
        value.kind().into(),
        text(value)?.into(),
        sealed.as_ref().map(Sealed::as_str).into(),
        sealed.as_ref().and_then(Sealed::kid).into(),
        set_at_ms.into(),
        matches!(value, SettingValue::Database(_)).into(),
        (&place.id).into(),
        acting.principal().into(),
        acting.now_ms().into(),
        change.epoch.into(),
    ];
    change.exec(write, &values)?;
    finish(change, place, name)
}

/// Writes down a setting without a secret in a place that has none of its name.
pub(super) fn restore(
    change: &Change<'_>,
    place: &Place,
    name: &str,
    setting: &ExportedSetting,
) -> Result<(), ApiError> {
    let insert = "INSERT INTO setting (node, id, kind, value, is_current, changed_by, changed_at_ms, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let values = [
        (&place.id).into(),
        name.into(),
        setting.value.kind().into(),
        text(&setting.value)?.into(),
        setting.current.into(),
        change.acting.principal().into(),
        change.acting.now_ms().into(),
        change.epoch.into(),
    ];
    change.exec(insert, &values)?;
    renew(change)
}

fn text(value: &SettingValue) -> Result<String, ApiError> {
    serde_json::to_string(value)
        .map_err(|error| ApiError::internal(format!("setting cannot be written: {error}")))
}

fn select(
    acting: &FreshActing<'_>,
    permitted: Permitted,
    place: &Place,
    stored: Stored,
) -> Result<Reply, ApiError> {
    require_secret(acting, place, stored.sealed.is_some())?;
    // What it displaces is edited, too: programs read it no longer.
    let displaced = "SELECT COUNT(*) AS count FROM setting WHERE node = ? AND is_current = 1 AND id <> ? AND sealed IS NOT NULL";
    let named = [(&place.id).into(), (&stored.name).into()];
    require_secret(acting, place, acting.count(displaced, &named)? > 0)?;
    if !matches!(stored.value, SettingValue::Database(_)) {
        let detail = "Only a database can be the current one.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let change = acting.change(permitted)?;
    for (is_current, which) in [
        (false, "is_current = 1 AND id <> ?"),
        (true, "is_current = 0 AND id = ?"),
    ] {
        let set = format!(
            "UPDATE setting SET is_current = ?, changed_by = ?, changed_at_ms = ?, epoch = ? WHERE node = ? AND {which}"
        );
        let values = [
            is_current.into(),
            acting.principal().into(),
            acting.now_ms().into(),
            change.epoch.into(),
            (&place.id).into(),
            (&stored.name).into(),
        ];
        change.exec(&set, &values)?;
    }
    finish(change, place, &stored.name)
}

fn delete(
    acting: &FreshActing<'_>,
    permitted: Permitted,
    place: &Place,
    stored: Stored,
) -> Result<Reply, ApiError> {
    require_secret(acting, place, stored.sealed.is_some())?;
    let others =
        "SELECT COUNT(*) AS count FROM setting WHERE node = ? AND kind = 'database' AND id <> ?";
    let named = [(&place.id).into(), (&stored.name).into()];
    if stored.is_current && acting.count(others, &named)? > 0 {
        let detail = "This is the current database. Make another one the current one first.";
        return Err(ApiError::new(Code::Conflict, detail));
    }
    let change = acting.change(permitted)?;
    change.exec("DELETE FROM setting WHERE node = ? AND id = ?", &named)?;
    renew(&change)?;
    change.finish(())
}

/// What has a secret takes the permission for it, too.
fn require_secret(acting: &Acting<'_>, place: &Place, has_secret: bool) -> Result<(), ApiError> {
    if has_secret {
        acting.permit(Operation::SecretUpdate, place.node)?;
    }
    Ok(())
}

fn require_room(acting: &Acting<'_>, place: &Place) -> Result<(), ApiError> {
    let select = "SELECT COUNT(*) AS count FROM setting WHERE node = ?";
    if acting.count(select, &[(&place.id).into()])? < SETTINGS_MAX {
        return Ok(());
    }
    let detail = format!("An organization and each workspace may have {SETTINGS_MAX} settings.");
    Err(ApiError::new(Code::LimitReached, detail))
}

/// The answer, once a setting is written: what programs run with is out of date.
fn finish(change: Change<'_>, place: &Place, name: &str) -> Result<Reply, ApiError> {
    renew(&change)?;
    let stored = find(change.acting, place, name)?;
    let view = place.view(stored.ok_or_else(ApiError::not_found)?);
    change.finish(view)
}

fn renew(change: &Change<'_>) -> Result<(), ApiError> {
    let renew = "UPDATE organization SET settings_epoch = ?";
    change.exec(renew, &[change.epoch.into()])?;
    Ok(())
}
