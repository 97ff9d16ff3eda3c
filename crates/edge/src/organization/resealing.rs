//! Secrets of settings that are sealed with an earlier key: the operator has them sealed with the newest one.
//!
//! They are opened and sealed in the Worker; here each is put in the place of exactly what it was made of.

use serde::{Deserialize, Serialize};

use super::store::{deleted, organization, written};
use crate::{
    authenticate::Operator,
    objects::{Context, Reply},
    problem::ApiError,
    sealing::Sealed,
    sql::{Row, SqlError},
};

/// Secrets that are sealed anew at once.
const RESEALED_MAX: u32 = 100;

/// What the operator may ask about secrets that are sealed with an earlier key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResealCommand {
    /// Some of those that are not sealed with this key; answers a list of `StoredSecret` and how many there are.
    List {
        /// Who asks.
        operator: Operator,
        /// The key's id.
        newest: String,
        /// Ids of the keys that open something; what is sealed with another one is left out. All, when there are none, as earlier code asks.
        #[serde(default)]
        known: Vec<String>,
        /// Those after this one; from the first on, when absent.
        #[serde(default)]
        after: Option<(String, String)>,
    },
    /// Puts them back sealed anew, each unless it has changed meanwhile; answers how many.
    Replace {
        /// Who asks.
        operator: Operator,
        /// Each as it was, and as it is to be.
        secrets: Vec<(StoredSecret, Sealed)>,
    },
}

/// A secret and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSecret {
    /// The organization or the workspace.
    pub place: String,
    /// The setting's name.
    pub name: String,
    /// The secret.
    pub sealed: Sealed,
}

impl ResealCommand {
    pub(super) fn answer(&self, context: &Context<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List {
                newest,
                known,
                after,
                ..
            } => earlier(context, newest, known, after.as_ref()),
            Self::Replace { secrets, .. } => replace(context, secrets),
        }
    }
}

fn earlier(
    context: &Context<'_>,
    newest: &str,
    known: &[String],
    after: Option<&(String, String)>,
) -> Result<Reply, ApiError> {
    let mut there = "FROM setting WHERE sealed_by IS NOT NULL AND sealed_by <> ?".to_owned();
    let mut values = vec![newest.into()];
    if !known.is_empty() {
        let places = vec!["?"; known.len()].join(", ");
        there.push_str(&format!(" AND sealed_by IN ({places})"));
        values.extend(known.iter().map(Into::into));
    }
    let count = format!("SELECT COUNT(*) AS count {there}");
    let count = context.sql.one(&count, &values)?;
    let count = count.map_or(Ok(0), |row| row.integer("count"))?;
    if let Some((place, name)) = after {
        there.push_str(" AND (node, id) > (?, ?)");
        values.extend([place.into(), name.into()]);
    }
    let select = format!("SELECT node, id, sealed {there} ORDER BY node, id LIMIT ?");
    values.push(RESEALED_MAX.into());
    let rows = context.sql.exec(&select, &values)?;
    let read = |row: &Row| -> Result<StoredSecret, SqlError> {
        Ok(StoredSecret {
            place: row.text("node")?.to_owned(),
            name: row.text("id")?.to_owned(),
            sealed: Sealed::stored(row.text("sealed")?),
        })
    };
    let secrets = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Reply::of(&(secrets, count))
}

/// The secrets stay what they are, so no epoch rises and nobody reads them anew.
fn replace(context: &Context<'_>, secrets: &[(StoredSecret, Sealed)]) -> Result<Reply, ApiError> {
    let mut replaced = 0_u32;
    for (old, new) in secrets {
        let set = "UPDATE setting SET sealed = ?, sealed_by = ? WHERE node = ? AND id = ? AND sealed = ? RETURNING id";
        let values = [
            new.as_str().into(),
            new.kid().into(),
            (&old.place).into(),
            (&old.name).into(),
            old.sealed.as_str().into(),
        ];
        let rows = context.sql.exec(set, &values)?;
        replaced = replaced.saturating_add(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    }
    let organization = match deleted(context)? {
        Some((organization, _)) => organization,
        None => organization(context)?,
    };
    written(organization.epoch, replaced)
}
