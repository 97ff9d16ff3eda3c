//! The check of every credential of this user.

use serde::{Deserialize, Serialize};

use super::{organization, session, token};
use crate::{
    narrow::Narrow,
    objects::Context,
    problem::{ApiError, Code},
    stored_token::{StoredToken, until_ms},
};

/// A credential as the object sees it: which table, and the secret's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// A personal access token.
    PersonalAccessToken {
        /// The secret's hash.
        hash: String,
    },
    /// A session cookie.
    Session {
        /// The secret's hash.
        hash: String,
    },
}

/// Who a valid credential stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticated {
    /// The verified address, if there is one.
    pub address: Option<String>,
    /// The credential's own id; a JWT has none.
    #[serde(default)]
    pub id: Option<String>,
    /// What a personal access token is narrowed to; a session and a JWT are not.
    #[serde(default)]
    pub narrow: Option<Narrow>,
    /// From when on the secret no longer counts, in Unix milliseconds, as far as that is known.
    #[serde(default)]
    pub until_ms: Option<i64>,
    /// Whether it is a session that should get another secret.
    #[serde(default)]
    pub is_old: bool,
}

/// What a JWT says of its user's address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// What it was when the token was issued, in Unix seconds: a later token may have said otherwise.
    At(i64),
    /// The issuer is not believed, so there is none. Older code says nothing else, also of an address.
    #[default]
    Ever,
    /// Nothing.
    Nothing,
}

impl Said {
    const fn at_s(self) -> Option<i64> {
        match self {
            Self::At(at_s) => Some(at_s),
            Self::Ever | Self::Nothing => None,
        }
    }

    /// Whether it counts after what was said at `last_s`. What older code says of an address is of no known time.
    fn counts(self, address: Option<&str>, last_s: Option<i64>) -> bool {
        match self {
            Self::At(at_s) => last_s.is_none_or(|last_s| at_s >= last_s),
            Self::Ever => address.is_none() || last_s.is_none(),
            Self::Nothing => false,
        }
    }
}

/// Makes the user of a JWT known. Identity is (issuer, subject): another pair under this id is a fault.
pub(super) fn recognize(
    context: &Context<'_>,
    issuer: &str,
    subject: &str,
    address: Option<String>,
    said: Said,
) -> Result<Authenticated, ApiError> {
    let known = "SELECT issuer, subject, address, address_said_at_s FROM birth";
    let Some(row) = context.sql.one(known, &[])? else {
        let birth = "INSERT INTO birth (one, user, address, address_said_at_s, issuer, subject, created_at_ms) VALUES (1, ?, ?, ?, ?, ?, ?)";
        let values = [
            context.name.into(),
            address.clone().into(),
            said.at_s().into(),
            issuer.into(),
            subject.into(),
            context.now_ms.into(),
        ];
        context.sql.exec(birth, &values)?;
        return Ok(of_address(address));
    };
    if row.optional_text("issuer")? != Some(issuer)
        || row.optional_text("subject")? != Some(subject)
    {
        return Err(ApiError::internal(
            "a user id belongs to another issuer and subject",
        ));
    }
    let last_s = row.optional_integer("address_said_at_s")?;
    let known = row.optional_text("address")?;
    if !said.counts(address.as_deref(), last_s) {
        return Ok(of_address(known.map(str::to_owned)));
    }
    let said_at_s = said.at_s().or(last_s);
    let is_another = known != address.as_deref();
    if is_another || said_at_s != last_s {
        let keep = "UPDATE birth SET address = ?, address_said_at_s = ?";
        context
            .sql
            .exec(keep, &[address.clone().into(), said_at_s.into()])?;
    }
    // An address that the issuer no longer vouches for is gone.
    if is_another {
        organization::tell_address(context)?;
    }
    Ok(of_address(address))
}

/// Checks a credential.
pub(super) fn authenticate(
    context: &Context<'_>,
    presented: &Presented,
) -> Result<Authenticated, ApiError> {
    let address = verified_address(context)?;
    match presented {
        Presented::PersonalAccessToken { hash } => {
            let row = token::TABLE.present(context, hash)?.ok_or_else(refused)?;
            let stored = StoredToken::read(&row)?;
            // What a rotation replaced is as old as the token, or younger.
            let is_newest = row.text("hash")? == hash;
            let rotated_at_ms = row.optional_integer("rotated_at_ms")?;
            Ok(Authenticated {
                id: Some(stored.id.clone()),
                until_ms: until_ms(&row, hash)?,
                narrow: Some(Narrow {
                    secret_made_at_ms: rotated_at_ms.filter(|_| is_newest),
                    ..stored.narrow(row.optional_text("organization")?)?
                }),
                ..of_address(address)
            })
        }
        Presented::Session { hash } => {
            let live = session::present(context, hash)?.ok_or_else(refused)?;
            Ok(Authenticated {
                id: Some(live.id),
                until_ms: Some(live.until_ms),
                is_old: live.is_old,
                ..of_address(address)
            })
        }
    }
}

fn of_address(address: Option<String>) -> Authenticated {
    Authenticated {
        address,
        ..Authenticated::default()
    }
}

/// One sentence for every credential that is not valid, whatever is wrong with it.
pub(crate) fn refused() -> ApiError {
    ApiError::new(
        Code::Unauthenticated,
        "The credential is not valid, or no longer.",
    )
}

pub(super) fn verified_address(context: &Context<'_>) -> Result<Option<String>, ApiError> {
    let birth = context.sql.one("SELECT address FROM birth", &[])?;
    let birth = birth.ok_or_else(ApiError::not_found)?;
    Ok(birth.optional_text("address")?.map(str::to_owned))
}
