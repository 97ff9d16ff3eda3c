//! Secrets that people and programs carry: personal access tokens, service keys, session cookies
//! and invitation links.
//!
//! A secret is `<prefix>_<owner id>_<43 base62>_<6 base62>`: the prefix tells the kind
//! ([`Prefixes`]), the owner id names the object to ask, then 256 random bits, then the CRC-32 of all
//! before it. A typo, a wrong kind and a made-up owner are refused without any storage read. Only the
//! hash is stored.
//!
//! ```
//! use lockstep_token::{IdKey, Prefixes, Secret, SecretKind, UserId};
//!
//! let prefixes = Prefixes::default();
//! let key = IdKey::from_base64url("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE").unwrap();
//! let ann = UserId::mint(&key, [7; 16]);
//! let token = Secret::personal_access_token(&prefixes, &ann, [9; 32]);
//! let stored = token.hash();
//!
//! let shown = token.reveal().to_owned();
//! let presented = Secret::parse(SecretKind::PersonalAccessToken, &prefixes, &key, &shown).unwrap();
//! assert_eq!(presented.user(), Some(&ann));
//! assert!(stored.matches(&presented.hash()));
//! assert!(Secret::parse(SecretKind::Session, &prefixes, &key, &shown).is_err());
//! ```

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::id::{ID_LEN, IdKey, OrganizationId, UserId, hex};
use crate::{Prefixes, base62};

/// What a secret is for. Each kind has its own prefix ([`Prefixes`]) and its own hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// In an invitation link; owned by the organization that invites.
    Invitation,
    /// Acts as its user.
    PersonalAccessToken,
    /// Acts as a service account of the organization that owns it.
    ServiceKey,
    /// The value of the session cookie; owned by its user.
    Session,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::Invitation,
        Self::PersonalAccessToken,
        Self::ServiceKey,
        Self::Session,
    ];

    /// How the id of its owner begins.
    pub(crate) const fn owner(self) -> &'static str {
        match self {
            Self::Invitation | Self::ServiceKey => "org",
            Self::PersonalAccessToken | Self::Session => "usr",
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PersonalAccessToken => "personal access token",
            Self::ServiceKey => "service key",
            Self::Session => "session",
        }
    }

    /// Names the kind in the hash, whatever prefix a policy gives it.
    const fn domain(self) -> &'static [u8] {
        match self {
            Self::Invitation => b"lockstep secret invitation\0",
            Self::PersonalAccessToken => b"lockstep secret personal access token\0",
            Self::ServiceKey => b"lockstep secret service key\0",
            Self::Session => b"lockstep secret session\0",
        }
    }
}

/// A secret whose checksum and owner held. Neither `Debug` nor an error shows it.
#[derive(Clone)]
pub struct Secret {
    kind: SecretKind,
    owner: Owner,
    text: Box<str>,
}

#[derive(Clone)]
enum Owner {
    Organization(OrganizationId),
    User(UserId),
}

impl Secret {
    /// A new personal access token of `user` from 32 random bytes.
    pub fn personal_access_token(prefixes: &Prefixes, user: &UserId, random: [u8; 32]) -> Self {
        let owner = Owner::User(user.clone());
        Self::mint(SecretKind::PersonalAccessToken, prefixes, owner, random)
    }

    /// A new session of `user` from 32 random bytes.
    pub fn session(user: &UserId, random: [u8; 32]) -> Self {
        let (kind, owner) = (SecretKind::Session, Owner::User(user.clone()));
        Self::mint(kind, &Prefixes::default(), owner, random)
    }

    /// A new invitation into `organization` from 32 random bytes.
    pub fn invitation(organization: &OrganizationId, random: [u8; 32]) -> Self {
        let owner = Owner::Organization(organization.clone());
        Self::mint(SecretKind::Invitation, &Prefixes::default(), owner, random)
    }

    /// A new service key of `organization` from 32 random bytes.
    pub fn service_key(
        prefixes: &Prefixes,
        organization: &OrganizationId,
        random: [u8; 32],
    ) -> Self {
        let owner = Owner::Organization(organization.clone());
        Self::mint(SecretKind::ServiceKey, prefixes, owner, random)
    }

    /// Reads a secret of the kind that is expected here.
    ///
    /// # Errors
    /// [`SecretError`] says what is wrong; an answer to the presenter should not, save for
    /// [`SecretError::Legacy`].
    pub fn parse(
        kind: SecretKind,
        prefixes: &Prefixes,
        key: &IdKey,
        text: &str,
    ) -> Result<Self, SecretError> {
        if text.starts_with("ls__") {
            return Err(SecretError::Legacy);
        }
        let rest = prefixes.after(kind, text).ok_or(SecretError::Kind)?;
        let (owner, rest) = field(rest, ID_LEN)?;
        let (random, check) = field(rest, base62::DIGITS_256)?;
        if check.len() != base62::DIGITS_CHECK || !base62::is_base62(random) {
            return Err(SecretError::Format);
        }
        let (signed, _) = text.rsplit_once('_').ok_or(SecretError::Format)?;
        if !bool::from(checksum(signed).as_bytes().ct_eq(check.as_bytes())) {
            return Err(SecretError::Checksum);
        }
        let owner = Owner::parse(kind, key, owner)?;
        Ok(Self {
            kind,
            owner,
            text: text.into(),
        })
    }

    /// What the secret is for.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// The user whose object knows the secret; `None` for kinds that an organization owns.
    pub fn user(&self) -> Option<&UserId> {
        match &self.owner {
            Owner::User(user) => Some(user),
            Owner::Organization(_) => None,
        }
    }

    /// The organization whose object knows the secret; `None` for kinds that a user owns.
    pub fn organization(&self) -> Option<&OrganizationId> {
        match &self.owner {
            Owner::Organization(organization) => Some(organization),
            Owner::User(_) => None,
        }
    }

    /// What is stored and looked up. Two kinds never share a hash.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.kind, &self.text)
    }

    /// The secret itself: to show it once to whom it was made for, and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    fn mint(kind: SecretKind, prefixes: &Prefixes, owner: Owner, random: [u8; 32]) -> Self {
        let random = base62::encode(random, base62::DIGITS_256);
        let signed = format!("{}{}_{random}", prefixes.start(kind), owner.as_str());
        let text = format!("{signed}_{}", checksum(&signed)).into_boxed_str();
        Self { kind, owner, text }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Secret({}, {}, redacted)",
            self.kind.as_str(),
            self.owner.as_str()
        )
    }
}

impl Owner {
    fn parse(kind: SecretKind, key: &IdKey, text: &str) -> Result<Self, SecretError> {
        match kind {
            SecretKind::PersonalAccessToken | SecretKind::Session => {
                UserId::parse(key, text).map(Self::User)
            }
            SecretKind::Invitation | SecretKind::ServiceKey => {
                OrganizationId::parse(key, text).map(Self::Organization)
            }
        }
        .map_err(|_| SecretError::Owner)
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Organization(organization) => organization.as_str(),
            Self::User(user) => user.as_str(),
        }
    }
}

/// The SHA-256 under which a secret is stored. The secret has 256 random bits, so a slow
/// password hash would add nothing.
#[derive(Clone)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of what may be a secret of this kind. Another kind, another text or another spelling of it
    /// has another one, so who knows the hash of a secret that was parsed need not parse it again.
    pub fn of(kind: SecretKind, text: &str) -> Self {
        let hash = Sha256::new().chain_update(kind.domain()).chain_update(text);
        Self(hash.finalize().into())
    }

    /// Reads a stored hash; `None` when the text is not 64 lower-case hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 || bytes.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(bytes.chunks_exact(2)) {
            let pair = core::str::from_utf8(pair)
                .ok()
                .filter(|pair| !pair.starts_with('+'))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// The hash as 64 lower-case hex digits, as it is stored.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// Whether both are the hash of one secret, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretHash(redacted)")
    }
}

/// Why a text is not a secret of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// The checksum does not fit: a typo.
    Checksum,
    /// It has the right prefix and the wrong shape.
    Format,
    /// It has the prefix of another kind, or none of ours.
    Kind,
    /// It begins with `ls__`, a form that is no longer accepted.
    Legacy,
    /// Its owner is not an id of this deployment, or of the wrong kind.
    Owner,
}

impl fmt::Display for SecretError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Checksum => "the secret is misspelled: its checksum does not fit",
            Self::Format => "the secret is cut off or has something added",
            Self::Kind => "the secret is not of the kind that is accepted here",
            Self::Legacy => {
                "keys that begin with `ls__` are no longer accepted: create a personal access token"
            }
            Self::Owner => "the secret does not belong to this deployment",
        })
    }
}

impl std::error::Error for SecretError {}

/// Takes a field of `len` bytes and the underscore after it.
fn field(text: &str, len: usize) -> Result<(&str, &str), SecretError> {
    let (field, rest) = text.split_at_checked(len).ok_or(SecretError::Format)?;
    Ok((field, rest.strip_prefix('_').ok_or(SecretError::Format)?))
}

/// CRC-32 (the one of zip and Ethernet) as six base62 digits. It catches every change within 32
/// neighbouring bits, so every single wrong character.
fn checksum(text: &str) -> String {
    let mut register = u32::MAX;
    for byte in text.bytes() {
        register ^= u32::from(byte);
        for _ in 0..8 {
            let carry = if register & 1 == 1 { 0xEDB8_8320 } else { 0 };
            register = (register >> 1) ^ carry;
        }
    }
    base62::encode((!register).to_be_bytes(), base62::DIGITS_CHECK)
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "test code")]
mod tests;
