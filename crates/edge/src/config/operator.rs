//! The operator's key, as a deployment knows it.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::ConfigError;
use crate::keys::Keys;

/// Shortest operator's key, in bytes.
const BYTES_MIN: usize = 32;

/// What the operator's key is known by: SHA-256 of its text. The key itself is not kept.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorKey([u8; 32]);

impl OperatorKey {
    /// The secret that holds it.
    pub(super) const VARIABLE: &'static str = "LOCKSTEP_OPERATOR_KEY";

    /// Reads it as configured, if it is: 32 bytes or more in base64url without padding, and no other secret.
    pub(super) fn configured(
        text: Option<String>,
        id_key: &str,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(text) = text else {
            return Ok(None);
        };
        if text == id_key {
            let reason = "it is `LOCKSTEP_ID_KEY`, too".to_owned();
            return Err(ConfigError::Refused(Self::VARIABLE, reason));
        }
        let bytes = URL_SAFE_NO_PAD.decode(&text);
        if bytes.is_ok_and(|bytes| bytes.len() >= BYTES_MIN) {
            return Ok(Some(Self(Sha256::digest(text).into())));
        }
        let form = "32 bytes or more in base64url";
        Err(ConfigError::Malformed(Self::VARIABLE, form))
    }

    /// Whether `text` is the key; the time it takes tells nothing about where it differs.
    #[must_use]
    pub fn is(&self, text: &str, keys: &Keys) -> bool {
        let presented: [u8; 32] = Sha256::digest(text).into();
        keys.is_equal_bytes(&presented, &self.0)
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const KEY: &str = "b3BlcmF0b3JvcGVyYXRvcm9wZXJhdG9yb3BlcmF0b3I";

    #[test]
    fn a_short_key_one_of_another_form_and_the_id_key_stop_the_deployment() {
        let configured = |text: &str| OperatorKey::configured(Some(text.to_owned()), ID_KEY);
        for text in ["x", "b3BlcmF0b3I", &format!("{KEY}="), ID_KEY] {
            assert!(configured(text).is_err(), "{text}");
        }
        assert_eq!(OperatorKey::configured(None, ID_KEY), Ok(None));
        let key = configured(KEY).unwrap().unwrap();
        let keys = Keys::parse(ID_KEY).unwrap();
        assert!(key.is(KEY, &keys));
        for text in ["", ID_KEY, &KEY.to_lowercase(), &format!("{KEY}A")] {
            assert!(!key.is(text, &keys), "{text}");
        }
        assert!(!format!("{key:?}").contains("b3Bl"));
    }
}
