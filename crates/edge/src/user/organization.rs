//! The organizations that a user is a member of, as their outboxes tell it.

use serde::{Deserialize, Serialize};

use crate::{objects::Context, problem::ApiError, sql::Row};

/// One change of one membership, as an organization's outbox tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationChange {
    /// The organization's id.
    pub organization: String,
    /// The organization's epoch of this change; a lower or equal one than the last seen is ignored.
    pub epoch: i64,
    /// The organization's name while the user is a member; `None` once not any more.
    pub name: Option<String>,
}

/// One organization of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedOrganization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

pub(super) fn project(context: &Context<'_>, change: &OrganizationChange) -> Result<(), ApiError> {
    // A row without a name is what keeps a late "joined" from undoing a "left".
    let newest = "INSERT INTO organization (id, epoch, name) VALUES (?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, name = excluded.name
        WHERE excluded.epoch > organization.epoch";
    let values = [
        change.organization.as_str().into(),
        change.epoch.into(),
        change.name.clone().into(),
    ];
    context.sql.exec(newest, &values)?;
    Ok(())
}

pub(super) fn list(context: &Context<'_>) -> Result<Vec<ListedOrganization>, ApiError> {
    let select = "SELECT id, name FROM organization WHERE name IS NOT NULL ORDER BY name, id";
    let rows = context.sql.exec(select, &[])?;
    let read = |row: &Row| {
        Ok(ListedOrganization {
            id: row.text("id")?.to_owned(),
            name: row.text("name")?.to_owned(),
        })
    };
    rows.iter().map(read).collect()
}
