//! Secrets and signatures of Standard Webhooks 1.0.0 (HMAC-SHA256, `v1`).
//!
//! A secret is derived from the deployment's key and a random nonce, as those of invitations are: what is stored alone signs nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{
    keys::{Keys, Purpose},
    problem::ApiError,
};

/// What every secret begins with.
pub(crate) const PREFIX: &str = "whsec_";

/// The 32 bytes behind a secret.
pub(super) fn key(keys: &Keys, organization: &str, webhook: &str, nonce: &str) -> [u8; 32] {
    keys.derive(Purpose::WebhookSecret, &[organization, webhook, nonce])
}

/// A webhook's secret as it is shown, once.
#[must_use]
pub fn secret(keys: &Keys, organization: &str, webhook: &str, nonce: &str) -> String {
    format!(
        "{PREFIX}{}",
        STANDARD.encode(key(keys, organization, webhook, nonce))
    )
}

/// `webhook-signature`: one signature for each key, separated by spaces.
///
/// # Errors
/// Never for a key of any length; HMAC's constructor says so by its type.
pub(super) fn sign(
    keys: &[&[u8]],
    id: &str,
    timestamp_s: i64,
    body: &str,
) -> Result<String, ApiError> {
    let signed = |key: &&[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key)
            .map_err(|error| ApiError::internal(format!("webhook key: {error}")))?;
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body.as_bytes());
        Ok(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ))
    };
    let signatures: Result<Vec<String>, ApiError> = keys.iter().map(signed).collect();
    Ok(signatures?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the test vector of the specification's own libraries,
    /// <https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries>.
    #[test]
    fn a_signature_is_what_the_specification_says() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let sign = |keys: &[&[u8]]| {
            let body = r#"{"test": 2432232314}"#;
            sign(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap()
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(&[&key]), expected);
        let both = sign(&[b"another key", &key]);
        assert_eq!(both.split(' ').nth(1), Some(expected));
        assert_eq!(both.matches("v1,").count(), 2);
    }

    #[test]
    fn a_secret_is_of_one_webhook_and_one_nonce() {
        let keys = Keys::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        let one = secret(&keys, "org_1", "whk_1", "00");
        assert_eq!(one.len(), PREFIX.len() + 44);
        for other in [
            ["org_2", "whk_1", "00"],
            ["org_1", "whk_2", "00"],
            ["org_1", "whk_1", "01"],
        ] {
            let [organization, webhook, nonce] = other;
            assert_ne!(secret(&keys, organization, webhook, nonce), one);
        }
    }
}
