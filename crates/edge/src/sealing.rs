//! Secrets of settings, as they are stored: sealed with AES-256-GCM under the deployment's settings keys.
//!
//! A secret is sealed and opened in the Worker, outside of the objects: no command, reply, row, log or memory of a request ever holds one in clear, because [`SecretText`] cannot be written down and an object knows [`Sealed`] only.
//! What it was sealed for (organization, place, name) is authenticated with it, so a row that is put elsewhere does not open. Every organization has a key of its own, derived from the deployment's: random nonces of 96 bits then never come near repeating, and no organization's rows open under another's key.

use std::{fmt, rc::Rc};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use lockstep_token::json::{Object, Value};
use lockstep_wire::SecretText;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    edge::Random,
    problem::{ApiError, Code},
};

/// The most settings keys of a deployment: the newest, and those that older secrets are sealed with.
const KEYS_MAX: usize = 8;
/// The longest name of a key, in characters.
const KID_CHARS_MAX: usize = 64;
/// Length of a key, in bytes.
const KEY_BYTES: usize = 32;
/// Length of a nonce, in bytes (NIST SP 800-38D, section 8.2.2: random ones).
const NONCE_BYTES: usize = 12;
/// What a sealed secret begins with; another form has another number.
const VERSION: &str = "1";
/// What a key is derived for, and what is sealed; no value of one is ever one of the other.
const KEY_PURPOSE: &str = "lockstep settings key";
const SEAL_PURPOSE: &str = "lockstep settings secret";

/// The deployment's settings keys: the first one seals, all of them open.
#[derive(Clone)]
pub struct SettingsKeys(Rc<[SettingsKey]>);

struct SettingsKey {
    kid: String,
    mac: Hmac<Sha256>,
}

/// A secret as it is stored: `1.<key id>.<nonce, ciphertext and tag in base64url>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// For what a secret is sealed: it opens as nothing else.
#[derive(Debug, Clone, Copy)]
pub struct SealedFor<'a> {
    /// Id of the organization.
    pub organization: &'a str,
    /// Id of the organization again, or of the workspace whose setting it is.
    pub place: &'a str,
    /// The setting's name.
    pub name: &'a str,
}

impl SettingsKeys {
    /// The secret that holds them.
    pub const VARIABLE: &'static str = "LOCKSTEP_SETTINGS_KEYS";

    /// Reads a JWK set of symmetric keys of 32 bytes, each with a `kid`; the newest is the first.
    ///
    /// # Errors
    /// A sentence that repeats nothing of a key.
    pub fn parse(json: &str, id_key: &str) -> Result<Self, String> {
        let set = Object::parse(json.as_bytes()).map_err(|error| error.to_string())?;
        let keys = set.member("keys").and_then(Value::as_array);
        let keys = keys.ok_or("it has no list `keys`")?;
        if keys.is_empty() || keys.len() > KEYS_MAX {
            return Err(format!("it has 1 to {KEYS_MAX} keys"));
        }
        let mut read: Vec<SettingsKey> = Vec::new();
        for jwk in keys {
            let key = jwk.as_object().and_then(|jwk| key(jwk, id_key));
            let key = key.ok_or("a key has `kty` \"oct\", a `kid` of letters, digits and `-`, and as `k` 32 bytes in base64url that are no other secret of the deployment")?;
            if read.iter().any(|known| known.kid == key.kid) {
                return Err("two keys have the same `kid`".to_owned());
            }
            read.push(key);
        }
        Ok(Self(read.into()))
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn newest(&self) -> &str {
        self.0.first().map_or("", |key| key.kid.as_str())
    }

    /// The ids of all of them.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(|key| key.kid.clone()).collect()
    }

    /// Seals a secret with the newest key.
    ///
    /// # Errors
    /// When there is no randomness, which is a fault.
    pub fn seal(
        &self,
        random: &dyn Random,
        sealed_for: SealedFor<'_>,
        secret: &SecretText,
    ) -> Result<Sealed, ApiError> {
        self.seal_text(random, sealed_for, secret.reveal())
    }

    /// Opens a secret.
    ///
    /// # Errors
    /// `secret-unreadable` when its key is not configured, or it was sealed for something else or changed.
    pub fn open(&self, sealed_for: SealedFor<'_>, sealed: &Sealed) -> Result<String, ApiError> {
        self.opened(sealed_for, sealed).ok_or_else(|| {
            let kid = sealed.kid().unwrap_or_default();
            ApiError::unreadable(format!(
                "the secret of setting `{}` in {} does not open; it names key `{kid}`",
                sealed_for.name, sealed_for.place
            ))
        })
    }

    /// The same secret, sealed with the newest key.
    ///
    /// # Errors
    /// As [`Self::open`] and [`Self::seal`].
    pub fn reseal(
        &self,
        random: &dyn Random,
        sealed_for: SealedFor<'_>,
        sealed: &Sealed,
    ) -> Result<Sealed, ApiError> {
        let secret = self.open(sealed_for, sealed)?;
        self.seal_text(random, sealed_for, &secret)
    }

    fn seal_text(
        &self,
        random: &dyn Random,
        sealed_for: SealedFor<'_>,
        secret: &str,
    ) -> Result<Sealed, ApiError> {
        let fault = || ApiError::internal("a secret cannot be sealed");
        let key = self.0.first().ok_or_else(fault)?;
        let nonce: [u8; NONCE_BYTES] = random.bytes()?;
        let aad = sealed_for.associated(&key.kid);
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: &aad,
        };
        let cipher = key.cipher(sealed_for.organization).ok_or_else(fault)?;
        let text = cipher.encrypt(&nonce.into(), payload);
        let mut bytes = nonce.to_vec();
        bytes.extend(text.map_err(|_| fault())?);
        let encoded = URL_SAFE_NO_PAD.encode(bytes);
        Ok(Sealed(format!("{VERSION}.{}.{encoded}", key.kid)))
    }

    fn opened(&self, sealed_for: SealedFor<'_>, sealed: &Sealed) -> Option<String> {
        let (kid, encoded) = sealed.parts()?;
        let key = self.0.iter().find(|key| key.kid == kid)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let aad = sealed_for.associated(kid);
        let payload = Payload {
            msg: text,
            aad: &aad,
        };
        let cipher = key.cipher(sealed_for.organization)?;
        let opened = cipher.decrypt(&nonce.into(), payload).ok()?;
        String::from_utf8(opened).ok()
    }
}

impl fmt::Debug for SettingsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SettingsKeys(redacted)")
    }
}

impl SettingsKey {
    /// The cipher under the key of one organization.
    fn cipher(&self, organization: &str) -> Option<Aes256Gcm> {
        let mut mac = self.mac.clone();
        mac.update(&fields(&[KEY_PURPOSE, organization]));
        Aes256Gcm::new_from_slice(&mac.finalize().into_bytes()).ok()
    }
}

impl Sealed {
    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it was stored.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id of the key that it was sealed with.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.parts().map(|(kid, _)| kid)
    }

    fn parts(&self) -> Option<(&str, &str)> {
        let (version, rest) = self.0.split_once('.')?;
        rest.split_once('.').filter(|_| version == VERSION)
    }
}

impl SealedFor<'_> {
    /// What is authenticated beside the secret.
    fn associated(&self, kid: &str) -> Vec<u8> {
        let Self {
            organization,
            place,
            name,
        } = self;
        fields(&[SEAL_PURPOSE, VERSION, kid, organization, place, name])
    }
}

/// The fields, each with its length in front: what differs in one of them differs.
fn fields(fields: &[&str]) -> Vec<u8> {
    let field = |text: &&str| {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        [&length.to_be_bytes(), text.as_bytes()].concat()
    };
    fields.iter().flat_map(field).collect()
}

/// The key of a JWK.
fn key(jwk: &Object, id_key: &str) -> Option<SettingsKey> {
    let is_kid = |kid: &&str| {
        (1..=KID_CHARS_MAX).contains(&kid.len())
            && kid
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let kid = jwk.text("kid").filter(is_kid)?;
    let text = jwk.text("k").filter(|text| *text != id_key)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let is_key = jwk.text("kty") == Some("oct") && bytes.len() == KEY_BYTES;
    let mac = Hmac::new_from_slice(&bytes).ok().filter(|_| is_key)?;
    Some(SettingsKey {
        kid: kid.to_owned(),
        mac,
    })
}

/// The refusal where the deployment has no key.
#[must_use]
pub fn refused() -> ApiError {
    let detail = "This deployment has no key to keep secrets with, so it keeps none.";
    ApiError::new(Code::NoSettingsKey, detail)
}

#[cfg(test)]
mod tests;
