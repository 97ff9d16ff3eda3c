//! The object of one user: the verified address, sessions, personal access tokens, and the list of organizations.
//!
//! The list is a projection of what organizations decided: it is shown, and never grants.

mod credential;
mod notice;
mod organization;
mod personal;
mod session;
#[cfg(test)]
mod tests;
mod token;

use serde::{Deserialize, Serialize};

pub(crate) use credential::refused;
pub use credential::{Authenticated, Presented, Said};
pub use notice::{ListedNotice, Notice, NoticeKind, NoticePage};
pub use organization::{
    DeletedOrganization, ListedOrganization, OrganizationChange, OrganizationPosition, Restorable,
};
pub use session::{ListedSession, SessionList};
pub use token::ListedToken;

use crate::{
    narrow::Subtree,
    objects::{self, Class, Context, Object, Reply},
    paging::{LIMIT_MAX, Range},
    problem::ApiError,
    stored_token::NewToken,
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
    /// Ends a session; refuses with `not-found` when there is none.
    CloseSession {
        /// Its id.
        id: String,
    },
    /// Makes a personal access token; answers [`ListedToken`].
    CreateToken {
        /// Its id.
        id: String,
        /// The secret's hash.
        hash: String,
        /// The name that its user gives it.
        name: String,
        /// Permission ids that it may use; all, when absent.
        #[serde(default)]
        scopes: Option<Vec<String>>,
        /// Where it may act; everywhere, when absent.
        #[serde(default)]
        subtree: Option<Subtree>,
        /// How long it lives, in seconds; for ever, when absent.
        expires_in_s: Option<i64>,
    },
    /// Deletes a personal access token; refuses with `not-found` when there is none.
    DeleteToken {
        /// Its id.
        id: String,
    },
    /// Ends every session, and on demand every personal access token.
    EndAll {
        /// Whether tokens end, too.
        tokens: bool,
    },
    /// What they are told; answers [`NoticePage`].
    ListNotices {
        /// Which of it.
        range: Range<i64>,
    },
    /// The organizations that the user is a member of, by name; answers a slice of [`ListedOrganization`].
    ListOrganizations {
        /// Which of them.
        range: Range<OrganizationPosition>,
    },
    /// The sessions; answers [`SessionList`].
    ListSessions,
    /// The personal access tokens; answers a slice of [`ListedToken`].
    ListTokens {
        /// Which of them.
        range: Range<i64>,
    },
    /// They have read what they are told, up to a number.
    MarkNotices {
        /// The number of the newest one that they have read.
        until: i64,
    },
    /// Opens a session for the user who has just proven `address`; it makes the user when there is none.
    OpenSession {
        /// The proven address in its normal form.
        address: String,
        /// The session's id.
        id: String,
        /// The session's hash.
        hash: String,
    },
    /// Address and organizations; answers [`Profile`].
    Profile,
    /// Says which id the organization has that they make: the one at hand, or for a request that is sent again the one of the first time.
    NameOrganization {
        /// An id that no organization has had.
        id: String,
    },
    /// An organization's outbox tells them something.
    ProjectNotice {
        /// What.
        notice: Notice,
    },
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
        /// What the token says of it.
        #[serde(default)]
        said: Said,
    },
    /// Gives a session another secret when its present one is old; answers whether it did.
    RotateSession {
        /// The present secret's hash.
        hash: String,
        /// The new secret's hash.
        fresh_hash: String,
    },
    /// Gives a personal access token another secret; answers [`ListedToken`].
    RotateToken {
        /// Its id.
        id: String,
        /// The new secret's hash.
        hash: String,
        /// How long the old secret still counts, in seconds.
        overlap_s: i64,
    },
    /// Switches a personal access token on or off; answers [`ListedToken`].
    SetTokenActive {
        /// Its id.
        id: String,
        /// Whether it is to be on.
        active: bool,
    },
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(self, Self::OpenSession { .. } | Self::Recognize { .. })
    }

    fn is_idempotent(&self) -> bool {
        !matches!(
            self,
            Self::CloseSession { .. }
                | Self::CreateToken { .. }
                | Self::DeleteToken { .. }
                | Self::NameOrganization { .. }
                | Self::RotateSession { .. }
                | Self::RotateToken { .. }
        )
    }
}

/// The answer to [`Command::Profile`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The first [`LIMIT_MAX`] organizations that the user is a member of, by name.
    pub organizations: Vec<ListedOrganization>,
    /// Whether there are others.
    #[serde(default)]
    pub has_more: bool,
    /// Those that were deleted and can be restored, by name.
    #[serde(default)]
    pub deleted: Vec<DeletedOrganization>,
}

/// Tokens move to a table of their own: older code, which knows neither scopes nor subtrees, must not find a narrow token and take it for a whole one.
const MIGRATION_2: &str = "
    CREATE TABLE access_token (
        id TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        previous_hash TEXT UNIQUE,
        previous_until_ms INTEGER,
        name TEXT NOT NULL,
        scopes TEXT,
        organization TEXT,
        node TEXT,
        created_at_ms INTEGER NOT NULL,
        seen_at_ms INTEGER,
        expires_at_ms INTEGER,
        deactivated_at_ms INTEGER
    ) STRICT;
    INSERT INTO access_token (id, hash, name, created_at_ms, seen_at_ms, expires_at_ms)
        SELECT id, hash, name, created_at_ms, seen_at_ms, expires_at_ms FROM token;
    DELETE FROM token;
    ALTER TABLE session ADD COLUMN id TEXT;
    ALTER TABLE session ADD COLUMN rotated_at_ms INTEGER;
    ALTER TABLE session ADD COLUMN previous_hash TEXT;
    ALTER TABLE session ADD COLUMN previous_until_ms INTEGER;
    UPDATE session SET id = 'ses_' || lower(hex(randomblob(16)));
    CREATE INDEX session_previous ON session (previous_hash) WHERE previous_hash IS NOT NULL;
";

/// What is left of an organization that can be restored.
const MIGRATION_3: &str = "
    ALTER TABLE organization ADD COLUMN restorable_name TEXT;
    ALTER TABLE organization ADD COLUMN restorable_until_ms INTEGER;
";

/// What they are told. One change of an organization tells somebody one thing.
const MIGRATION_5: &str = "
    CREATE TABLE notice (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        organization TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        body TEXT NOT NULL,
        read_at_ms INTEGER,
        UNIQUE (organization, epoch)
    ) STRICT;
    CREATE INDEX notice_unread ON notice (number) WHERE read_at_ms IS NULL;
";

/// When the secret of a token was made, if not with the token.
const MIGRATION_6: &str = "
    ALTER TABLE access_token ADD COLUMN rotated_at_ms INTEGER;
";

/// When the token was issued that said the address, in Unix seconds.
const MIGRATION_7: &str = "
    ALTER TABLE birth ADD COLUMN address_said_at_s INTEGER;
";

/// The organization of the user's own.
const MIGRATION_4: &str = "
    ALTER TABLE birth ADD COLUMN personal TEXT;
";

impl Object for UserObject {
    type Command = Command;

    const CLASS: Class = Class::User;

    const MIGRATIONS: &'static [&'static str] = &[
        "
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
    ",
        MIGRATION_2,
        MIGRATION_3,
        MIGRATION_4,
        MIGRATION_5,
        MIGRATION_6,
        MIGRATION_7,
    ];

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        match command {
            Command::Authenticate { presented } => {
                Reply::of(&credential::authenticate(context, &presented)?)
            }
            Command::CloseSession { id } => {
                session::close(context, &id)?;
                Ok(Reply::done())
            }
            Command::CreateToken {
                id,
                hash,
                name,
                scopes,
                subtree,
                expires_in_s,
            } => {
                let new = NewToken {
                    id: &id,
                    hash: &hash,
                    name: &name,
                    scopes: scopes.as_deref(),
                    node: subtree.as_ref().map(|subtree| subtree.node.as_str()),
                    expires_in_s,
                };
                Reply::of(&token::create(context, &new, subtree.as_ref())?)
            }
            Command::DeleteToken { id } => {
                token::delete(context, &id)?;
                Ok(Reply::done())
            }
            Command::EndAll { tokens } => {
                session::close_all(context)?;
                if tokens {
                    token::delete_all(context)?;
                }
                Ok(Reply::done())
            }
            Command::ListNotices { range } => Reply::of(&notice::list(context, &range)?),
            Command::ListSessions => Reply::of(&session::list(context)?),
            Command::ListTokens { range } => Reply::of(&token::list(context, &range)?),
            Command::MarkNotices { until } => {
                notice::mark(context, until)?;
                Ok(Reply::done())
            }
            Command::OpenSession { address, id, hash } => {
                session::open(context, &address, &id, &hash)?;
                personal::ensure(context)?;
                Ok(Reply::done())
            }
            Command::ListOrganizations { range } => {
                Reply::of(&organization::list(context, &range)?)
            }
            Command::Profile => {
                let range = Range {
                    after: None,
                    limit: LIMIT_MAX,
                };
                let first = organization::list(context, &range)?;
                Reply::of(&Profile {
                    organizations: first.entries,
                    has_more: first.next.is_some(),
                    deleted: organization::restorable(context)?,
                })
            }
            // What remembers it is what remembers every answer to a request with a key.
            Command::NameOrganization { id } => Reply::of(&id),
            Command::ProjectNotice { notice } => {
                notice::keep(context, &notice)?;
                Ok(Reply::done())
            }
            Command::ProjectOrganization { change } => {
                organization::project(context, &change)?;
                Ok(Reply::done())
            }
            Command::Recognize {
                issuer,
                subject,
                address,
                said,
            } => {
                let known = credential::recognize(context, &issuer, &subject, address, said)?;
                personal::ensure(context)?;
                Reply::of(&known)
            }
            Command::RotateSession { hash, fresh_hash } => {
                Reply::of(&session::rotate(context, &hash, &fresh_hash)?)
            }
            Command::RotateToken {
                id,
                hash,
                overlap_s,
            } => Reply::of(&token::rotate(context, &id, &hash, overlap_s)?),
            Command::SetTokenActive { id, active } => {
                Reply::of(&token::set_active(context, &id, active)?)
            }
        }
    }

    fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
        let first = context
            .sql
            .one("SELECT MIN(expires_at_ms) AS first FROM session", &[])?;
        let first = first.map_or(Ok(None), |row| row.optional_integer("first"))?;
        let all = [
            first,
            notice::wake_at_ms(context)?,
            organization::wake_at_ms(context)?,
        ];
        Ok(all.into_iter().flatten().min())
    }

    fn sweep(context: &Context<'_>) -> Result<bool, ApiError> {
        let gone = "DELETE FROM session WHERE expires_at_ms <= ?";
        context.sql.exec(gone, &[context.now_ms.into()])?;
        notice::sweep(context)?;
        organization::sweep(context)?;
        Ok(false)
    }
}
