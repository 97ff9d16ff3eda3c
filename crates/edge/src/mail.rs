//! Mail: what it says, and where it goes.
//!
//! A [`Mail`] waits in an outbox without its secret: code and link are derived when it is [rendered](Mail::render), right before it is sent.

mod provider;
mod refusal;
mod render;
#[cfg(test)]
mod tests;

pub use provider::HttpPost;
pub use refusal::is_final;

use lockstep_token::{OrganizationId, Secret};
use serde::{Deserialize, Serialize};

use crate::{
    edge::Later,
    keys::{Keys, Purpose},
};

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mail {
    /// An invitation into an organization, with its link.
    Invitation {
        /// The invited address in its normal form.
        to: String,
        /// The organization's id.
        organization: String,
        /// The organization's name, as a member wrote it.
        organization_name: String,
        /// The role's name.
        role_name: String,
        /// The address of who invites, or the id.
        invited_by: String,
        /// The name of the program that does, as a member wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invited_by_program: Option<String>,
        /// What the invited person is told, as the inviter wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// What the secret of the link is derived from.
        nonce: String,
        /// When the invitation expires, in Unix milliseconds.
        expires_at_ms: i64,
    },
    /// Word to a member that they were removed.
    Removed {
        /// The member's address.
        to: String,
        /// The organization's id.
        organization: String,
        /// The organization's name, as a member wrote it.
        organization_name: String,
        /// The organization's epoch after the change, which tells one such mail from the next.
        epoch: i64,
        /// Until when it is worth telling, in Unix milliseconds.
        expires_at_ms: i64,
    },
    /// Word to a member of another role.
    RoleChanged {
        /// The member's address.
        to: String,
        /// The organization's id.
        organization: String,
        /// The organization's name, as a member wrote it.
        organization_name: String,
        /// The new role's name.
        role_name: String,
        /// The organization's epoch after the change, which tells one such mail from the next.
        epoch: i64,
        /// Until when it is worth telling, in Unix milliseconds.
        expires_at_ms: i64,
    },
    /// A code that proves an address.
    SignInCode {
        /// The address in its normal form.
        to: String,
        /// The name of the address object.
        name: String,
        /// What the code is derived from.
        nonce: String,
        /// When the code expires, in Unix milliseconds.
        expires_at_ms: i64,
    },
}

impl Mail {
    /// When it is of no more use, in Unix milliseconds.
    #[must_use]
    pub const fn expires_at_ms(&self) -> i64 {
        match self {
            Self::Invitation { expires_at_ms, .. }
            | Self::Removed { expires_at_ms, .. }
            | Self::RoleChanged { expires_at_ms, .. }
            | Self::SignInCode { expires_at_ms, .. } => *expires_at_ms,
        }
    }

    /// Its kind, as the audit log calls it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::Removed { .. } => "removed",
            Self::RoleChanged { .. } => "role-changed",
            Self::SignInCode { .. } => "sign-in-code",
        }
    }

    /// The receiver.
    #[must_use]
    pub fn to(&self) -> &str {
        match self {
            Self::Invitation { to, .. }
            | Self::Removed { to, .. }
            | Self::RoleChanged { to, .. }
            | Self::SignInCode { to, .. } => to,
        }
    }
}

/// A mail, ready to be sent. It holds its secret, so it is not stored (save in the development mailbox).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The same for every delivery of one mail.
    pub id: String,
    /// The receiver.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// Where mail goes.
pub trait Post {
    /// Sends one message; a repeated id is the same message again.
    fn send<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), PostError>>;
}

/// Why a message was not sent; the text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostError {
    /// Nobody knows: there was no answer, and the transport has no way to tell a second time from the first.
    Doubtful(String),
    /// It never will be.
    Refused(String),
    /// It may be later.
    Unavailable {
        /// Why not now.
        reason: String,
        /// Not before so many seconds, where the transport says so.
        retry_after_s: Option<u32>,
    },
}

impl PostError {
    /// It may be sent later; nobody said when.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable {
            reason: reason.into(),
            retry_after_s: None,
        }
    }
}

/// The secret of an invitation: from the deployment's key and a random nonce that is stored with the invitation, so that the mail can be written later and the stored data alone is worth nothing.
/// Store the nonce only inside [`Mail::Invitation`], and [`Secret::hash`] beside the invitation.
#[must_use]
pub fn invitation_secret(keys: &Keys, organization: &OrganizationId, nonce: &str) -> Secret {
    let bytes = keys.derive(Purpose::InvitationSecret, &[organization.as_str(), nonce]);
    Secret::invitation(organization, bytes)
}

/// The code that a nonce of an address object stands for: 40 bits as eight characters of Crockford's base32.
#[must_use]
pub fn sign_in_code(keys: &Keys, address_name: &str, nonce: &str) -> String {
    const DIGITS: [char; 32] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H',
        'J', 'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
    ];
    let bytes = keys.derive(Purpose::SignInCode, &[address_name, nonce]);
    // 256 is a multiple of 32, so every digit is equally likely.
    bytes
        .iter()
        .take(8)
        .filter_map(|byte| DIGITS.get(usize::from(byte % 32)))
        .collect()
}
