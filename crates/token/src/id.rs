//! Ids that carry a keyed check, so that a made-up id is refused before any object is called.
//!
//! An id is `<org|usr>_<22 base62><6 base62>`: 128 random bits, then 35 bits of an HMAC-SHA-256
//! over the kind and the random part. Whoever lacks the deployment's key cannot write one that
//! parses; whoever holds one learns nothing about any other.
//!
//! ```
//! use lockstep_token::id::{IdKey, OrganizationId, UserId};
//!
//! let key = IdKey::from_base64url("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE").unwrap();
//! let organization = OrganizationId::mint(&key, [7; 16]);
//!
//! assert_eq!(OrganizationId::parse(&key, organization.as_str()), Ok(organization.clone()));
//! assert!(UserId::parse(&key, organization.as_str()).is_err(), "an id has one kind");
//! ```

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::address::Address;
use crate::base62;

/// The fewest bytes a key may have.
pub const KEY_BYTES_MIN: usize = 32;

/// The length of every organization and user id in bytes, all of them ASCII.
pub const ID_LEN: usize = PREFIX_LEN + base62::DIGITS_128 + base62::DIGITS_CHECK;

const PREFIX_LEN: usize = "org_".len();

/// The deployment's secret behind ids and address names.
///
/// It is kept for the life of the deployment: with another key every stored id stops parsing.
#[derive(Clone)]
pub struct IdKey {
    mac: Hmac<Sha256>,
}

impl IdKey {
    /// Reads the key as it is configured: base64url without padding, 32 bytes or more.
    ///
    /// # Errors
    /// [`IdKeyError`] says which of the two it is not.
    pub fn from_base64url(text: &str) -> Result<Self, IdKeyError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| IdKeyError::NotBase64Url)?;
        if bytes.len() < KEY_BYTES_MIN {
            return Err(IdKeyError::TooShort { bytes: bytes.len() });
        }
        let mac = Hmac::new_from_slice(&bytes)
            .map_err(|_| IdKeyError::TooShort { bytes: bytes.len() })?;
        Ok(Self { mac })
    }

    /// HMAC over a purpose and fields, each with its length in front: no two lists run together,
    /// and no purpose can be used as another.
    fn keyed(&self, purpose: &str, fields: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        for field in core::iter::once(&purpose.as_bytes()).chain(fields) {
            // Same bytes on 32 and 64 bits: the length is always written as eight.
            mac.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(field);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for IdKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdKey(redacted)")
    }
}

/// Why a configured key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKeyError {
    /// The text is not base64url without padding.
    NotBase64Url,
    /// The key has fewer than [`KEY_BYTES_MIN`] bytes.
    TooShort {
        /// How many it has.
        bytes: usize,
    },
}

impl fmt::Display for IdKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64Url => {
                formatter.write_str("the id key is not base64url without padding")
            }
            Self::TooShort { bytes } => {
                write!(
                    formatter,
                    "the id key has {bytes} bytes, it needs {KEY_BYTES_MIN} or more"
                )
            }
        }
    }
}

impl std::error::Error for IdKeyError {}

/// Why a text is not an id of this deployment. It says no more, because the difference between
/// a typo and a forgery concerns nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not an id of this deployment")
    }
}

impl std::error::Error for IdError {}

/// An organization's id, `org_…`. INVARIANT: its check held, because only `mint` and `parse` make one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationId(Box<str>);

/// A user's id, `usr_…`. INVARIANT: its check held, because only `mint`, `parse` and
/// [`derived_user_id`] make one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Box<str>);

impl OrganizationId {
    /// Makes a new id from 16 random bytes.
    pub fn mint(key: &IdKey, random: [u8; 16]) -> Self {
        Self(mint("org_", key, random))
    }

    /// Reads an id and checks it against the key, in constant time.
    ///
    /// # Errors
    /// [`IdError`] when the text is anything but an organization id minted with this key.
    pub fn parse(key: &IdKey, text: &str) -> Result<Self, IdError> {
        parse("org_", key, text).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UserId {
    /// Makes a new id from 16 random bytes.
    pub fn mint(key: &IdKey, random: [u8; 16]) -> Self {
        Self(mint("usr_", key, random))
    }

    /// Reads an id and checks it against the key, in constant time.
    ///
    /// # Errors
    /// [`IdError`] when the text is anything but a user id minted with this key.
    pub fn parse(key: &IdKey, text: &str) -> Result<Self, IdError> {
        parse("usr_", key, text).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrganizationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The name of the object that belongs to an e-mail address: 64 hex digits that do not tell the
/// address to somebody without the key.
pub fn address_name(key: &IdKey, address: &Address) -> String {
    hex(&key.keyed("lockstep address", &[address.as_str().as_bytes()]))
}

/// The user id of a JWT's principal, the same for the same (`issuer`, `subject`) for ever.
///
/// The two are hashed as separate fields: ("a", "bc") and ("ab", "c") are different people.
pub fn derived_user_id(key: &IdKey, issuer: &str, subject: &str) -> UserId {
    let hash = key.keyed(
        "lockstep principal",
        &[issuer.as_bytes(), subject.as_bytes()],
    );
    let (random, _) = hash.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    UserId::mint(key, *random)
}

/// The user id of whom an organization's own issuer vouches for, the same for the same three for ever.
/// `issuer` is the id of its record there: another record of the same name vouches for other people.
///
/// The organization and another purpose are hashed, too. So it is nobody's whom the deployment knows by
/// [`derived_user_id`] or by an address, and nobody's of another organization.
pub fn organization_user_id(
    key: &IdKey,
    organization: &OrganizationId,
    issuer: &str,
    subject: &str,
) -> UserId {
    let fields = [organization.as_str(), issuer, subject].map(str::as_bytes);
    let hash = key.keyed("lockstep organization principal", &fields);
    let (random, _) = hash.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    UserId::mint(key, *random)
}

/// An id without a key, for things that are only looked up inside their owner
/// (`inv_…`, `tok_…`): the prefix, an underscore and 22 base62 digits of 16 random bytes.
pub fn opaque_id(prefix: &str, random: [u8; 16]) -> String {
    format!("{prefix}_{}", base62::encode(random, base62::DIGITS_128))
}

fn mint(prefix: &str, key: &IdKey, random: [u8; 16]) -> Box<str> {
    let random = base62::encode(random, base62::DIGITS_128);
    let check = check(prefix, key, &random);
    format!("{prefix}{random}{check}").into_boxed_str()
}

fn parse(prefix: &str, key: &IdKey, text: &str) -> Result<Box<str>, IdError> {
    let digits = text.strip_prefix(prefix).ok_or(IdError)?;
    let (random, claimed) = digits.split_at_checked(base62::DIGITS_128).ok_or(IdError)?;
    if text.len() != ID_LEN || !base62::is_base62(digits) {
        return Err(IdError);
    }
    if bool::from(
        check(prefix, key, random)
            .as_bytes()
            .ct_eq(claimed.as_bytes()),
    ) {
        Ok(text.into())
    } else {
        Err(IdError)
    }
}

fn check(prefix: &str, key: &IdKey, random: &str) -> String {
    let hash = key.keyed("lockstep id", &[prefix.as_bytes(), random.as_bytes()]);
    base62::encode(hash, base62::DIGITS_CHECK)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
        text.extend(digits.into_iter().flatten());
    }
    text
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "test code")]
mod tests {
    use super::*;

    fn key(byte: u8) -> IdKey {
        IdKey::from_base64url(&URL_SAFE_NO_PAD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn an_id_parses_with_its_own_key_and_kind_only() {
        let id = UserId::mint(&key(1), [9; 16]);
        assert_eq!(id.as_str().len(), ID_LEN);
        assert_eq!(UserId::parse(&key(1), id.as_str()), Ok(id.clone()));
        assert_eq!(UserId::parse(&key(2), id.as_str()), Err(IdError));
        assert_eq!(OrganizationId::parse(&key(1), id.as_str()), Err(IdError));
        let renamed = id.as_str().replace("usr_", "org_");
        assert_eq!(OrganizationId::parse(&key(1), &renamed), Err(IdError));
    }

    #[test]
    fn no_single_edit_of_an_id_parses() {
        let key = key(1);
        let id = OrganizationId::mint(&key, [3; 16]);
        for at in 0..id.as_str().len() {
            for other in (0x20..0x7F).map(char::from) {
                let mut edited: Vec<char> = id.as_str().chars().collect();
                edited[at] = other;
                let edited: String = edited.into_iter().collect();
                if edited != id.as_str() {
                    assert_eq!(
                        OrganizationId::parse(&key, &edited),
                        Err(IdError),
                        "{edited}"
                    );
                }
            }
            assert_eq!(
                OrganizationId::parse(&key, &id.as_str()[..at]),
                Err(IdError)
            );
        }
        for tail in ["0", " ", "\0", "é"] {
            assert_eq!(
                OrganizationId::parse(&key, &format!("{id}{tail}")),
                Err(IdError)
            );
        }
    }

    #[test]
    fn principals_are_hashed_field_by_field() {
        let key = key(1);
        let one = derived_user_id(&key, "a", "bc");
        assert_eq!(one, derived_user_id(&key, "a", "bc"));
        assert_ne!(one, derived_user_id(&key, "ab", "c"));
        assert_ne!(one, derived_user_id(&key, "", "abc"));
        assert_eq!(UserId::parse(&key, one.as_str()), Ok(one));
    }

    #[test]
    fn s10_whom_an_organizations_issuer_vouches_for_is_nobody_else() {
        let key = key(1);
        let [one, two] = [1, 2].map(|byte| OrganizationId::mint(&key, [byte; 16]));
        let of = |organization, issuer, subject| {
            organization_user_id(&key, organization, issuer, subject)
        };
        let ann = of(&one, "iss_1", "ann");
        assert_eq!(ann, of(&one, "iss_1", "ann"));
        for other in [
            of(&two, "iss_1", "ann"),
            of(&one, "iss_2", "ann"),
            of(&one, "iss_1", "ben"),
            of(&one, "iss_1a", "nn"),
            derived_user_id(&key, "iss_1", "ann"),
            derived_user_id(&key, one.as_str(), "ann"),
        ] {
            assert_ne!(ann, other);
        }
        assert_eq!(UserId::parse(&key, ann.as_str()), Ok(ann));
    }

    #[test]
    fn an_address_name_does_not_depend_on_how_the_address_was_typed() {
        let key = key(1);
        let name = |text| address_name(&key, &Address::parse(text).unwrap());
        assert_eq!(name("Ann@Example.com"), name("ann@example.COM"));
        assert_ne!(name("ann@example.com"), name("a.nn@example.com"));
        assert_eq!(name("ann@example.com").len(), 64);
    }

    #[test]
    fn a_weak_key_is_refused() {
        let short = URL_SAFE_NO_PAD.encode([1; 31]);
        assert_eq!(
            IdKey::from_base64url(&short).unwrap_err(),
            IdKeyError::TooShort { bytes: 31 }
        );
        assert_eq!(
            IdKey::from_base64url("").unwrap_err(),
            IdKeyError::TooShort { bytes: 0 }
        );
        assert_eq!(
            IdKey::from_base64url("not base64!").unwrap_err(),
            IdKeyError::NotBase64Url
        );
        let padded = format!("{}=", URL_SAFE_NO_PAD.encode([1; 32]));
        assert_eq!(
            IdKey::from_base64url(&padded).unwrap_err(),
            IdKeyError::NotBase64Url
        );
        assert_eq!(format!("{:?}", key(1)), "IdKey(redacted)");
    }

    /// Stored ids and object names outlive every release: these texts may never change.
    #[test]
    fn the_format_is_frozen() {
        let key = key(0);
        assert_eq!(
            OrganizationId::mint(&key, [0; 16]).as_str(),
            "org_0000000000000000000000714tsf"
        );
        assert_eq!(
            derived_user_id(&key, "https://issuer.example", "ann").as_str(),
            "usr_5Lg3BgiIpGka912PhNBRDWRQImHI"
        );
        let ann = Address::parse("ann@example.com").unwrap();
        assert_eq!(
            address_name(&key, &ann),
            "548b53b853456aa15b6c92f369b9d925e8d3c84b504987d46eb6fba13967692d"
        );
        assert_eq!(opaque_id("inv", [1; 16]), "inv_01tRy6czI6jAOLpZvq3hw1");
    }
}
