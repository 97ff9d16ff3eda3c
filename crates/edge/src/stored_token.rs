//! Tokens and keys as they are stored: what personal access tokens, in a user's object, and service keys, in an organization's, have in common.
//!
//! Only hashes are stored. A rotated one keeps the hash of its last secret for as long as that one still counts.

use lockstep_core::Policy;

use crate::{
    narrow::{Narrow, Subtree},
    objects::Context,
    problem::{ApiError, Code},
    sql::{Row, Value},
};

/// "Last used" is written at most this often, in milliseconds, so that reading stays reading.
pub const SEEN_MS: i64 = 3_600_000;

/// A table of tokens.
#[derive(Debug, Clone, Copy)]
pub struct Table(pub &'static str);

/// A token to be stored.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Its id.
    pub id: &'a str,
    /// The secret's hash.
    pub hash: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Permission ids that it may use; all, when absent.
    pub scopes: Option<&'a [String]>,
    /// The node of its subtree.
    pub node: Option<&'a str>,
    /// How long it lives, in seconds; for ever, when absent.
    pub expires_in_s: Option<i64>,
}

/// A stored token.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Permission ids that it may use; all, when absent.
    pub scopes: Option<Vec<String>>,
    /// The node of its subtree.
    pub node: Option<String>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was last used, to the hour.
    pub seen_at_ms: Option<i64>,
    /// From when on it is over.
    pub expires_at_ms: Option<i64>,
    /// Whether it is switched on.
    pub is_active: bool,
}

impl Table {
    /// Stores a token, with what only this table has; the caller has counted how many there are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn insert(
        self,
        context: &Context<'_>,
        token: &NewToken<'_>,
        own: &[(&'static str, Option<&str>)],
    ) -> Result<(), ApiError> {
        let now_ms = context.now_ms;
        let life = |life_s: i64| now_ms.saturating_add(life_s.saturating_mul(1_000));
        let mut columns = "id, hash, name, scopes, node, created_at_ms, expires_at_ms".to_owned();
        let mut places = "?, ?, ?, ?, ?, ?, ?".to_owned();
        let mut values: Vec<Value> = vec![
            token.id.into(),
            token.hash.into(),
            token.name.into(),
            token.scopes.map(write_scopes).transpose()?.into(),
            token.node.into(),
            now_ms.into(),
            token.expires_in_s.map(life).into(),
        ];
        for (column, value) in own {
            columns.push_str(", ");
            columns.push_str(column);
            places.push_str(", ?");
            values.push((*value).into());
        }
        let insert = format!("INSERT INTO {} ({columns}) VALUES ({places})", self.0);
        context.sql.exec(&insert, &values)?;
        Ok(())
    }

    /// The row of the live token with this hash, and marks it as used. A hash that a rotation replaced counts until its time is over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn present(self, context: &Context<'_>, hash: &str) -> Result<Option<Row>, ApiError> {
        let now_ms = context.now_ms;
        let live = format!(
            "SELECT * FROM {} WHERE (hash = ? OR (previous_hash = ? AND previous_until_ms > ?))
                AND deactivated_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > ?)",
            self.0
        );
        let values = [hash.into(), hash.into(), now_ms.into(), now_ms.into()];
        let Some(row) = context.sql.one(&live, &values)? else {
            return Ok(None);
        };
        let seen_at_ms = row.optional_integer("seen_at_ms")?;
        if seen_at_ms.is_none_or(|at_ms| at_ms.saturating_add(SEEN_MS) <= now_ms) {
            let seen = format!("UPDATE {} SET seen_at_ms = ? WHERE id = ?", self.0);
            let values = [now_ms.into(), row.text("id")?.into()];
            context.sql.exec(&seen, &values)?;
        }
        Ok(Some(row))
    }

    /// The row of a token that is not over, switched on or not.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn find(self, context: &Context<'_>, id: &str) -> Result<Row, ApiError> {
        let select = format!(
            "SELECT * FROM {} WHERE id = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)",
            self.0
        );
        let row = context
            .sql
            .one(&select, &[id.into(), context.now_ms.into()])?;
        row.ok_or_else(ApiError::not_found)
    }

    /// Gives a token another secret. The last one counts for `overlap_s` more seconds; the one before it no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rotate(
        self,
        context: &Context<'_>,
        id: &str,
        hash: &str,
        overlap_s: i64,
    ) -> Result<(), ApiError> {
        let until_ms = context
            .now_ms
            .saturating_add(overlap_s.saturating_mul(1_000));
        let rotate = format!(
            "UPDATE {} SET previous_hash = hash, previous_until_ms = ?, hash = ? WHERE id = ?",
            self.0
        );
        let values = [until_ms.into(), hash.into(), id.into()];
        context.sql.exec(&rotate, &values)?;
        Ok(())
    }

    /// Switches a token on or off.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_active(
        self,
        context: &Context<'_>,
        id: &str,
        is_active: bool,
    ) -> Result<(), ApiError> {
        let set = format!("UPDATE {} SET deactivated_at_ms = ? WHERE id = ?", self.0);
        let at_ms = (!is_active).then_some(context.now_ms);
        context.sql.exec(&set, &[at_ms.into(), id.into()])?;
        Ok(())
    }

    /// Deletes a token.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn delete(self, context: &Context<'_>, id: &str) -> Result<(), ApiError> {
        let delete = format!("DELETE FROM {} WHERE id = ? RETURNING id", self.0);
        match context.sql.one(&delete, &[id.into()])? {
            Some(_) => Ok(()),
            None => Err(ApiError::not_found()),
        }
    }

    /// Deletes what is over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sweep(self, context: &Context<'_>) -> Result<(), ApiError> {
        let delete = format!("DELETE FROM {} WHERE expires_at_ms <= ?", self.0);
        context.sql.exec(&delete, &[context.now_ms.into()])?;
        Ok(())
    }
}

impl StoredToken {
    /// Reads a row of either table.
    ///
    /// # Errors
    /// When a column is missing or holds something else.
    pub fn read(row: &Row) -> Result<Self, ApiError> {
        Ok(Self {
            id: row.text("id")?.to_owned(),
            name: row.text("name")?.to_owned(),
            scopes: row.optional_text("scopes")?.map(read_scopes).transpose()?,
            node: row.optional_text("node")?.map(str::to_owned),
            created_at_ms: row.integer("created_at_ms")?,
            seen_at_ms: row.optional_integer("seen_at_ms")?,
            expires_at_ms: row.optional_integer("expires_at_ms")?,
            is_active: row.optional_integer("deactivated_at_ms")?.is_none(),
        })
    }

    /// What it is narrowed to; its node, if it has one, lies in `organization`.
    ///
    /// # Errors
    /// For one without the other, which is a fault: "everywhere" must never be what is left of a subtree.
    pub fn narrow(self, organization: Option<&str>) -> Result<Narrow, ApiError> {
        let subtree = match (organization, self.node) {
            (None, None) => None,
            (Some(organization), Some(node)) => Some(Subtree {
                organization: organization.to_owned(),
                node,
            }),
            _ => return Err(ApiError::internal("half a subtree is stored")),
        };
        Ok(Narrow {
            scopes: self.scopes,
            subtree,
            created_at_ms: self.created_at_ms,
            secret_made_at_ms: None,
            expires_at_ms: self.expires_at_ms,
            seen_by: None,
        })
    }
}

/// From when on the secret with this hash no longer counts, as far as that is known: its end, or the end of what a rotation left to it.
///
/// # Errors
/// When a column is missing or holds something else.
pub fn until_ms(row: &Row, hash: &str) -> Result<Option<i64>, ApiError> {
    let ends_at_ms = row.optional_integer("expires_at_ms")?;
    if row.text("hash")? == hash {
        return Ok(ends_at_ms);
    }
    let replaced_at_ms = row.optional_integer("previous_until_ms")?;
    Ok(ends_at_ms.into_iter().chain(replaced_at_ms).min())
}

/// Refuses scopes that the policy does not have.
///
/// # Errors
/// 400 `unknown-permission`.
pub fn check_scopes(policy: &Policy, scopes: Option<&[String]>) -> Result<(), ApiError> {
    let mut scopes = scopes.unwrap_or_default().iter();
    match scopes.find(|scope| policy.permission(scope).is_none()) {
        None => Ok(()),
        Some(_) => {
            let detail = "The policy of this deployment has not all of these permissions.";
            Err(ApiError::new(Code::UnknownPermission, detail))
        }
    }
}

fn write_scopes(scopes: &[String]) -> Result<String, ApiError> {
    serde_json::to_string(scopes)
        .map_err(|error| ApiError::internal(format!("scopes cannot be written: {error}")))
}

/// Scopes that cannot be read are a fault: "all" must never be what is left of them.
fn read_scopes(text: &str) -> Result<Vec<String>, ApiError> {
    serde_json::from_slice(text.as_bytes())
        .map_err(|error| ApiError::internal(format!("scopes cannot be read: {error}")))
}
