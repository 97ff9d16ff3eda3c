//! Where settings are, and their rows.

use lockstep_core::{NodeId, Operation};
use lockstep_wire::{MaskedView, SettingValue, SettingView};

use super::super::{acting::Acting, workspaces};
use crate::{problem::ApiError, sealing::Sealed, sql::Row};

/// What is shown of every secret.
const MASK: &str = "\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}";
pub(super) const COLUMNS: &str = "SELECT id, value, sealed, set_at_ms, is_current, changed_by, changed_at_ms, epoch FROM setting";

/// Where settings are, for an actor who may do something there.
pub(in crate::organization) struct Place {
    pub(in crate::organization) node: NodeId,
    pub(in crate::organization) id: String,
    pub(in crate::organization) workspace: Option<String>,
}

pub(super) struct Stored {
    pub(super) name: String,
    pub(super) value: SettingValue,
    pub(super) sealed: Option<Sealed>,
    pub(super) set_at_ms: Option<i64>,
    pub(super) is_current: bool,
    pub(super) changed_by: String,
    pub(super) changed_at_ms: i64,
    pub(super) epoch: i64,
}

impl Place {
    pub(in crate::organization) fn of(
        acting: &Acting<'_>,
        workspace: Option<&str>,
    ) -> Result<Self, ApiError> {
        let node = match workspace {
            Some(workspace) => workspaces::visible(acting, workspace)?,
            None => acting.access.root(),
        };
        Ok(Self {
            node,
            id: workspace.unwrap_or(&acting.organization.id).to_owned(),
            workspace: workspace.map(str::to_owned),
        })
    }

    pub(in crate::organization) const fn read(&self) -> Operation {
        match self.workspace {
            Some(_) => Operation::WorkspaceSettingsRead,
            None => Operation::SettingsRead,
        }
    }

    pub(in crate::organization) const fn update(&self) -> Operation {
        match self.workspace {
            Some(_) => Operation::WorkspaceSettingsUpdate,
            None => Operation::SettingsUpdate,
        }
    }

    pub(super) fn view(&self, stored: Stored) -> SettingView {
        SettingView {
            name: stored.name,
            workspace: self.workspace.clone(),
            value: stored.value,
            secret: stored.set_at_ms.map(|set_at_ms| MaskedView {
                masked: MASK.to_owned(),
                set_at_ms,
            }),
            current: stored.is_current,
            changed_by: stored.changed_by,
            changed_at_ms: stored.changed_at_ms,
            epoch: stored.epoch,
        }
    }
}

/// The setting called `name`.
pub(super) fn find(
    acting: &Acting<'_>,
    place: &Place,
    name: &str,
) -> Result<Option<Stored>, ApiError> {
    let select = format!("{COLUMNS} WHERE node = ? AND id = ?");
    let row = acting.row(&select, &[(&place.id).into(), name.into()])?;
    row.as_ref().map(read).transpose()
}

pub(super) fn read(row: &Row) -> Result<Stored, ApiError> {
    let value = serde_json::from_slice(row.text("value")?.as_bytes())
        .map_err(|error| ApiError::internal(format!("a setting cannot be read: {error}")))?;
    Ok(Stored {
        name: row.text("id")?.to_owned(),
        value,
        sealed: row.optional_text("sealed")?.map(Sealed::stored),
        set_at_ms: row.optional_integer("set_at_ms")?,
        is_current: row.integer("is_current")? == 1,
        changed_by: row.text("changed_by")?.to_owned(),
        changed_at_ms: row.integer("changed_at_ms")?,
        epoch: row.integer("epoch")?,
    })
}
