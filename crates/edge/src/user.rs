//! The object of one user: the verified address, sessions, personal access tokens, and the list of organizations.
//!
//! The list is a projection of what organizations decided: it is shown, and never grants.

mod credential;
mod organization;
#[cfg(test)]
mod tests;
mod token;

use serde::{Deserialize, Serialize};

pub(crate) use credential::refused;
pub use credential::{Authenticated, Presented};
pub use organization::{ListedOrganization, OrganizationChange};
pub use token::{ListedToken, TokenList};

use crate::{
    objects::{self, Class, Context, Object, Reply},
    problem::ApiError,
};

/// The object of one user.
#[derive(Debug, Clone, Copy)]
pub struct UserObject;

/// What may be asked of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Checks a credential; answers [`Authenticated`], or refuses with `unauthenticated`.
    Authenticate {
        /// The credential, hashed.
        presented: Presented,
    },
    /// Ends a session.
    CloseSession {
        /// The session's hash.
        hash: String,
    },
    /// Makes a personal access token; answers [`ListedToken`].
    CreateToken {
        /// Its id.
        id: String,
        /// The secret's hash.
        hash: String,
        /// The name that its user gives it.
        name: String,
        /// How long it lives, in seconds; for ever, when absent.
        expires_in_s: Option<i64>,
    },
    /// Deletes a personal access token; refuses with `not-found` when there is none.
    DeleteToken {
        /// Its id.
        id: String,
    },
    /// The personal access tokens; answers [`TokenList`].
    ListTokens,
    /// Opens a session for the user who has just proven `address`; it makes the user when there is none.
    OpenSession {
        /// The proven address in its normal form.
        address: String,
        /// The session's hash.
        hash: String,
    },
    /// Address and organizations; answers [`Profile`].
    Profile,
    /// An organization's outbox tells of a membership.
    ProjectOrganization {
        /// What happened.
        change: OrganizationChange,
    },
    /// Makes the user of a JWT known, whose issuer vouches for who it is; answers [`Authenticated`].
    Recognize {
        /// The issuer.
        issuer: String,
        /// The issuer's name for the user.
        subject: String,
        /// The address, when the issuer is trusted to have verified it.
        address: Option<String>,
    },
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(self, Self::OpenSession { .. } | Self::Recognize { .. })
    }

    fn is_idempotent(&self) -> bool {
        !matches!(self, Self::CreateToken { .. } | Self::DeleteToken { .. })
    }
}

/// The answer to [`Command::Profile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The organizations that the user is a member of, by name.
    pub organizations: Vec<ListedOrganization>,
}

impl Object for UserObject {
    type Command = Command;

    const CLASS: Class = Class::User;

    const MIGRATIONS: &'static [&'static str] = &["
        CREATE TABLE birth (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            user TEXT NOT NULL,
            address TEXT,
            issuer TEXT,
            subject TEXT,
            created_at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE session (
            hash TEXT PRIMARY KEY,
            created_at_ms INTEGER NOT NULL,
            seen_at_ms INTEGER NOT NULL,
            expires_at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE token (
            id TEXT PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL,
            seen_at_ms INTEGER,
            expires_at_ms INTEGER
        ) STRICT;
        CREATE TABLE organization (
            id TEXT PRIMARY KEY,
            epoch INTEGER NOT NULL,
            name TEXT
        ) STRICT;
    "];

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        match command {
            Command::Authenticate { presented } => {
                Reply::of(&credential::authenticate(context, &presented)?)
            }
            Command::CloseSession { hash } => {
                context
                    .sql
                    .exec("DELETE FROM session WHERE hash = ?", &[hash.into()])?;
                Ok(Reply::done())
            }
            Command::CreateToken {
                id,
                hash,
                name,
                expires_in_s,
            } => Reply::of(&token::create(context, id, &hash, name, expires_in_s)?),
            Command::DeleteToken { id } => {
                token::delete(context, &id)?;
                Ok(Reply::done())
            }
            Command::ListTokens => Reply::of(&token::list(context)?),
            Command::OpenSession { address, hash } => {
                credential::open_session(context, &address, &hash)?;
                Ok(Reply::done())
            }
            Command::Profile => Reply::of(&Profile {
                organizations: organization::list(context)?,
            }),
            Command::ProjectOrganization { change } => {
                organization::project(context, &change)?;
                Ok(Reply::done())
            }
            Command::Recognize {
                issuer,
                subject,
                address,
            } => Reply::of(&credential::recognize(context, &issuer, &subject, address)?),
        }
    }

    fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
        let first = context
            .sql
            .one("SELECT MIN(expires_at_ms) AS first FROM session", &[])?;
        Ok(first.map_or(Ok(None), |row| row.optional_integer("first"))?)
    }

    fn sweep(context: &Context<'_>) -> Result<bool, ApiError> {
        let gone = "DELETE FROM session WHERE expires_at_ms <= ?";
        context.sql.exec(gone, &[context.now_ms.into()])?;
        Ok(false)
    }
}
