//! The object of one e-mail address: sign-in codes, who has proven the address, invitations that wait for it, and how many mails organizations sent it.
//!
//! It does the same work whether the address is known or not, and deletes itself when nothing is left in it.

mod code;
mod invitation;
mod mail;
#[cfg(test)]
mod tests;

use lockstep_token::{Address, id::address_name};
use serde::{Deserialize, Serialize};

pub use invitation::{InvitationChange, InvitationList, ListedInvitation, PendingInvitation};

use crate::{
    edge::Edge,
    objects::{self, Class, Context, Object, Reply},
    paging::Range,
    problem::{ApiError, Code},
};

/// The object of one e-mail address.
#[derive(Debug, Clone, Copy)]
pub struct AddressObject;

/// What may be asked of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Sends a code to the address.
    AskCode {
        /// The address in its normal form.
        address: String,
        /// The browser that asks, hashed.
        browser: String,
        /// The client's network address, hashed; or the cookie of a browser that has proven the address before.
        client: String,
        /// Whether it is such a browser; earlier code knows of none.
        #[serde(default)]
        has_proven: bool,
    },
    /// An organization is to mail something; answers whether it may.
    CountMail {
        /// What the mail is known by.
        message: String,
    },
    /// The newest pending invitations, as earlier code asks for them; answers [`InvitationList`].
    ListInvitations,
    /// The pending invitations; answers a slice of [`ListedInvitation`].
    PageInvitations {
        /// Which of them.
        range: Range<i64>,
    },
    /// An organization's outbox tells of an invitation.
    ProjectInvitation {
        /// What happened.
        change: InvitationChange,
    },
    /// Uses up a code; answers [`Taken`].
    TakeCode {
        /// The browser that presents it, hashed.
        browser: String,
        /// The code in its normal form.
        code: String,
        /// The id of the user who is made when nobody has proven this address before.
        fresh_user: String,
    },
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(
            self,
            Self::AskCode { .. } | Self::CountMail { .. } | Self::ProjectInvitation { .. }
        )
    }

    fn is_idempotent(&self) -> bool {
        matches!(
            self,
            Self::CountMail { .. }
                | Self::ListInvitations
                | Self::PageInvitations { .. }
                | Self::ProjectInvitation { .. }
        )
    }
}

/// The answer to [`Command::AskCode`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// When the code expires, in Unix milliseconds.
    pub expires_at_ms: i64,
}

/// The answer to [`Command::TakeCode`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// The code was right, and is used up: this user has proven the address.
    Proven {
        /// The user's id.
        user: String,
    },
    /// Wrong, used, expired, tried too often or asked for by another browser. The try is counted.
    Refused,
}

impl Object for AddressObject {
    type Command = Command;

    const CLASS: Class = Class::Address;

    const MIGRATIONS: &'static [&'static str] = &[
        "
        CREATE TABLE owner (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            user TEXT NOT NULL,
            proven_at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE code (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            browser TEXT NOT NULL,
            client TEXT NOT NULL,
            nonce TEXT NOT NULL,
            created_at_ms INTEGER NOT NULL,
            expires_at_ms INTEGER NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE invitation (
            id TEXT PRIMARY KEY,
            epoch INTEGER NOT NULL,
            expires_at_ms INTEGER NOT NULL,
            pending TEXT
        ) STRICT;
    ",
        "
        CREATE TABLE invitation_mail (
            message TEXT PRIMARY KEY,
            at_ms INTEGER NOT NULL
        ) STRICT;
    ",
    ];

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        match command {
            Command::AskCode {
                address,
                browser,
                client,
                has_proven,
            } => Reply::of(&code::ask(context, address, &browser, &client, has_proven)?),
            Command::CountMail { message } => Reply::of(&mail::count(context, &message)?),
            Command::ListInvitations => Reply::of(&invitation::newest(context)?),
            Command::PageInvitations { range } => Reply::of(&invitation::list(context, &range)?),
            Command::ProjectInvitation { change } => {
                invitation::project(context, &change)?;
                Ok(Reply::done())
            }
            Command::TakeCode {
                browser,
                code,
                fresh_user,
            } => Reply::of(&code::take(context, &browser, &code, &fresh_user)?),
        }
    }

    fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
        let code = code::wake_at_ms(context)?;
        let invitation = invitation::wake_at_ms(context)?;
        let mail = mail::wake_at_ms(context)?;
        Ok(code.into_iter().chain(invitation).chain(mail).min())
    }

    fn sweep(context: &Context<'_>) -> Result<bool, ApiError> {
        code::sweep(context)?;
        invitation::sweep(context)?;
        mail::sweep(context)?;
        let left = "SELECT (SELECT COUNT(*) FROM owner) + (SELECT COUNT(*) FROM code) + (SELECT COUNT(*) FROM invitation) + (SELECT COUNT(*) FROM invitation_mail) AS n";
        Ok(context
            .sql
            .one(left, &[])?
            .map_or(Ok(0), |row| row.integer("n"))?
            == 0)
    }
}

/// The name of an address's object; `address` is in its normal form.
///
/// # Errors
/// 400 when the text is no address.
pub fn name(edge: &Edge, address: &str) -> Result<String, ApiError> {
    let address = Address::parse(address).map_err(|error| {
        ApiError::new(
            Code::InvalidAddress,
            format!("The address is not accepted: {error}."),
        )
    })?;
    Ok(address_name(&edge.config.keys.id, &address))
}
