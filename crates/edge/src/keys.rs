//! What is derived from the deployment's secret, `LOCKSTEP_ID_KEY`.
//!
//! Sign-in codes and invitation secrets are derived from a random nonce that is stored, so that the storage alone, mail still to be sent included, never holds one.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use lockstep_token::IdKey;
use sha2::Sha256;

/// What a derived value is for; no value of one purpose is ever one of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A client's network address, as it is stored beside a sign-in code.
    Client,
    /// The position in a list that a cursor carries.
    Cursor,
    /// The comparison of two values.
    Equality,
    /// An address of who has left an organization, as that keeps it.
    FormerAddress,
    /// The 32 bytes that an invitation's secret is made of.
    InvitationSecret,
    /// The name under which a mail is known to its transport, so that a repeated delivery is recognized.
    Message,
    /// The check inside the cookie of a browser in which an address was proven.
    ProvenCookie,
    /// The body of a request that may be sent again, as it is stored.
    RequestBody,
    /// The code that proves an address.
    SignInCode,
    /// The 32 bytes that a webhook's secret is made of.
    WebhookSecret,
    /// The cookie that binds a sign-in code to a browser, as it is stored.
    SignInBrowser,
    /// The check inside that cookie.
    SignInCookie,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "lockstep edge client",
            Self::Cursor => "lockstep edge cursor",
            Self::Equality => "lockstep edge equality",
            Self::FormerAddress => "lockstep edge former address",
            Self::InvitationSecret => "lockstep edge invitation secret",
            Self::Message => "lockstep edge message",
            Self::ProvenCookie => "lockstep edge proven cookie",
            Self::RequestBody => "lockstep edge request body",
            Self::SignInBrowser => "lockstep edge sign-in browser",
            Self::SignInCode => "lockstep edge sign-in code",
            Self::SignInCookie => "lockstep edge sign-in cookie",
            Self::WebhookSecret => "lockstep edge webhook secret",
        }
    }
}

/// The deployment's secret, prepared.
#[derive(Clone)]
pub struct Keys {
    /// The key behind ids and address names.
    pub id: IdKey,
    mac: Hmac<Sha256>,
}

impl Keys {
    /// Reads the secret as configured: 32 bytes or more in base64url without padding.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = IdKey::from_base64url(text).ok()?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self {
            id,
            mac: Hmac::new_from_slice(&bytes).ok()?,
        })
    }

    /// HMAC-SHA-256 over the purpose and the fields, each with its length in front.
    #[must_use]
    pub fn derive(&self, purpose: Purpose, fields: &[&str]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        for field in std::iter::once(&purpose.as_str()).chain(fields) {
            mac.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(field.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// [`derive`](Self::derive) in lower-case hex.
    #[must_use]
    pub fn derive_hex(&self, purpose: Purpose, fields: &[&str]) -> String {
        hex(&self.derive(purpose, fields))
    }

    /// [`is_equal`](Self::is_equal) for bytes.
    #[must_use]
    pub fn is_equal_bytes(&self, one: &[u8], other: &[u8]) -> bool {
        self.is_equal(&hex(one), &hex(other))
    }

    /// Whether two derived values are equal; the time it takes tells nothing about where they differ.
    #[must_use]
    pub fn is_equal(&self, one: &str, other: &str) -> bool {
        // Comparing MACs of both: what differs first says nothing about the texts.
        self.derive(Purpose::Equality, &[one]) == self.derive(Purpose::Equality, &[other])
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(redacted)")
    }
}

/// Lower-case hex, the form in which bytes are stored.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
