//! The organizations that a user is a member of, as their outboxes tell it.

use serde::{Deserialize, Serialize};

use crate::{
    objects::Context,
    outbox::{self, Delivery},
    paging::{Range, Slice},
    problem::ApiError,
    sql::Row,
};

/// One change of one membership, as an organization's outbox tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationChange {
    /// The organization's id.
    pub organization: String,
    /// The organization's epoch of this change; a lower or equal one than the last seen is ignored.
    pub epoch: i64,
    /// The organization's name while the user is a member; `None` once not any more.
    pub name: Option<String>,
    /// Set when the organization was deleted and the user may ask to have it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restorable: Option<Restorable>,
}

/// A deleted organization, as its former admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restorable {
    /// Its name.
    pub name: String,
    /// From when on it can no longer be restored, in Unix milliseconds.
    pub until_ms: i64,
}

/// A deleted organization of a former admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedOrganization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// From when on it can no longer be restored, in Unix milliseconds.
    pub restorable_until_ms: i64,
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
    let select = "SELECT id FROM organization WHERE id = ? AND name IS NOT NULL";
    let known = context.sql.one(select, &[(&change.organization).into()])?;
    if change.name.is_some() && known.is_none() {
        // While it was not in the list it was told of no other address.
        tell(context, &change.organization)?;
    }
    // A row without a name is what keeps a late "joined" from undoing a "left".
    let newest = "INSERT INTO organization (id, epoch, name, restorable_name, restorable_until_ms) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, name = excluded.name,
            restorable_name = excluded.restorable_name, restorable_until_ms = excluded.restorable_until_ms
        WHERE excluded.epoch > organization.epoch";
    let values = [
        change.organization.as_str().into(),
        change.epoch.into(),
        change.name.clone().into(),
        change
            .restorable
            .as_ref()
            .map(|restorable| restorable.name.clone())
            .into(),
        change
            .restorable
            .as_ref()
            .map(|restorable| restorable.until_ms)
            .into(),
    ];
    context.sql.exec(newest, &values)?;
    Ok(())
}

/// Where an organization is in the list: its name and its id.
pub type OrganizationPosition = (String, String);

pub(super) fn list(
    context: &Context<'_>,
    range: &Range<OrganizationPosition>,
) -> Result<Slice<ListedOrganization, OrganizationPosition>, ApiError> {
    let select = "SELECT id, name FROM organization
        WHERE name IS NOT NULL AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?";
    let (name, id) = range.after.clone().unwrap_or_default();
    let values = [name.into(), id.into(), range.rows().into()];
    let rows = context.sql.exec(select, &values)?;
    let listed = |row: &Row| {
        Ok::<_, ApiError>(ListedOrganization {
            id: row.text("id")?.to_owned(),
            name: row.text("name")?.to_owned(),
        })
    };
    let position = |row: &Row| {
        let ListedOrganization { id, name } = listed(row)?;
        Ok((name, id))
    };
    range.fill(&rows, position, |row| listed(row).map(Some))
}

/// Tells all organizations that know the user, those that they have left among them, by which address they are known now.
pub(super) fn tell_address(context: &Context<'_>) -> Result<(), ApiError> {
    for row in context.sql.exec("SELECT id FROM organization", &[])? {
        tell(context, row.text("id")?)?;
    }
    Ok(())
}

/// Tells one. Who has signed in by an address has no other.
fn tell(context: &Context<'_>, organization: &str) -> Result<(), ApiError> {
    let select = "SELECT address FROM birth WHERE issuer IS NOT NULL";
    let Some(row) = context.sql.one(select, &[])? else {
        return Ok(());
    };
    let delivery = Delivery::MemberAddress {
        organization: organization.to_owned(),
        user: context.name.to_owned(),
        address: row.optional_text("address")?.map(str::to_owned),
        at_ms: context.now_ms,
    };
    outbox::enqueue(context.sql, context.now_ms, &delivery)
}

/// Those that the user may ask to have back.
pub(super) fn restorable(context: &Context<'_>) -> Result<Vec<DeletedOrganization>, ApiError> {
    let select = "SELECT id, restorable_name, restorable_until_ms FROM organization
        WHERE restorable_until_ms > ? ORDER BY restorable_name, id";
    let rows = context.sql.exec(select, &[context.now_ms.into()])?;
    let read = |row: &Row| {
        Ok(DeletedOrganization {
            id: row.text("id")?.to_owned(),
            name: row.text("restorable_name")?.to_owned(),
            restorable_until_ms: row.integer("restorable_until_ms")?,
        })
    };
    rows.iter().map(read).collect()
}

/// When the first of them can be restored no longer, in Unix milliseconds.
pub(super) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let first = "SELECT MIN(restorable_until_ms) AS first FROM organization";
    let row = context.sql.one(first, &[])?;
    Ok(row.map_or(Ok(None), |row| row.optional_integer("first"))?)
}

/// Forgets what those were called that can be restored no longer.
pub(super) fn sweep(context: &Context<'_>) -> Result<(), ApiError> {
    let gone = "UPDATE organization SET restorable_name = NULL, restorable_until_ms = NULL WHERE restorable_until_ms <= ?";
    context.sql.exec(gone, &[context.now_ms.into()])?;
    Ok(())
}

/// Ends the streams that the user has open in their organizations, or in `only` one: what they were opened by has ended. It is the organizations' to do, and whatever still counts opens another one.
pub(super) fn end_streams(context: &Context<'_>, only: Option<&str>) -> Result<(), ApiError> {
    let select = "SELECT id FROM organization WHERE name IS NOT NULL";
    for row in context.sql.exec(select, &[])? {
        let id = row.text("id")?;
        if only.is_none_or(|only| only == id) {
            let delivery = Delivery::StreamsEnd {
                organization: id.to_owned(),
                user: context.name.to_owned(),
            };
            // Once is enough.
            let lane = format!("streams/{id}");
            outbox::replace(context.sql, context.now_ms, &lane, &delivery)?;
        }
    }
    Ok(())
}
