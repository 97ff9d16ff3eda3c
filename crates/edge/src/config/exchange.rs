//! What tokens are exchanged for: who signs, and for whom.

use lockstep_token::{Issuers, jwk::SigningKeys};

use super::ConfigError;

const KEYS: &str = "LOCKSTEP_SIGNING_KEYS";
const AUDIENCES: &str = "LOCKSTEP_EXCHANGE_AUDIENCES";
/// The most audiences.
const AUDIENCES_MAX: usize = 64;
/// The longest audience, in bytes.
const AUDIENCE_BYTES_MAX: usize = 256;

/// Reads keys and audiences; neither is legal, keys that nobody uses yet are, audiences without keys are not.
pub(super) fn parse(
    keys: Option<&str>,
    audiences: Option<&str>,
    origin: &str,
    issuers: &Issuers,
) -> Result<(Option<SigningKeys>, Vec<String>), ConfigError> {
    let keys = keys.map(|keys| SigningKeys::parse(keys.as_bytes()));
    let keys = keys
        .transpose()
        .map_err(|error| ConfigError::Refused(KEYS, error.to_string()))?;
    let audiences: Vec<String> = serde_json::from_slice(audiences.unwrap_or("[]").as_bytes())
        .map_err(|_| ConfigError::Malformed(AUDIENCES, "a JSON array of texts"))?;
    let is_plain = |audience: &String| {
        (1..=AUDIENCE_BYTES_MAX).contains(&audience.len())
            && audience.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if audiences.len() > AUDIENCES_MAX || !audiences.iter().all(is_plain) {
        let form = "at most 64 audiences of 1 to 256 visible ASCII characters";
        return Err(ConfigError::Malformed(AUDIENCES, form));
    }
    if keys.is_none() && !audiences.is_empty() {
        return Err(ConfigError::Missing(KEYS));
    }
    // A token for a service must be worth nothing here, whoever gets hold of it.
    if let Some(own) = audiences.iter().find(|name| is_own(name, origin, issuers)) {
        let reason = format!("`{own}` is this deployment itself");
        return Err(ConfigError::Refused(AUDIENCES, reason));
    }
    let mut records = issuers.records().iter();
    if keys.is_some() && records.any(|record| record.issuer() == origin) {
        let reason = "a deployment does not accept the tokens that it issues".to_owned();
        return Err(ConfigError::Refused("LOCKSTEP_ISSUERS", reason));
    }
    Ok((keys, audiences))
}

/// Whether an audience names the edge: by its address, or as the tokens do that it accepts.
fn is_own(audience: &str, origin: &str, issuers: &Issuers) -> bool {
    let rest = audience
        .split_at_checked(origin.len())
        .filter(|(first, _)| first.eq_ignore_ascii_case(origin))
        .map(|(_, rest)| rest);
    let is_address =
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#', ':']));
    let records = issuers.records().iter();
    let mut accepted = records.flat_map(lockstep_token::IssuerRecord::audiences);
    is_address || accepted.any(|accepted| accepted == audience)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://app.example";
    const KEY: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn issuers(issuer: &str) -> Issuers {
        let record = r#"[{"issuer":"ISSUER","audiences":["lockstep"],"algorithms":["EdDSA"],"jwks_uri":"https://login.example/keys"}]"#;
        Issuers::parse(&record.replace("ISSUER", issuer)).unwrap()
    }

    fn audience(name: &str) -> Result<(Option<SigningKeys>, Vec<String>), ConfigError> {
        let audiences = serde_json::to_string(&[name]).unwrap();
        let issuers = issuers("https://login.example");
        parse(Some(KEY), Some(&audiences), ORIGIN, &issuers)
    }

    #[test]
    fn j17_no_audience_is_the_deployment_itself() {
        for own in [
            ORIGIN,
            "https://app.example/",
            "https://APP.example/v1",
            "https://app.example:443",
            "lockstep",
        ] {
            let refused = audience(own).unwrap_err();
            assert!(
                matches!(refused, ConfigError::Refused(AUDIENCES, _)),
                "{own}"
            );
        }
        for other in ["https://api.example", "https://app.example.evil", "orders"] {
            assert!(audience(other).is_ok(), "{other}");
        }
        for malformed in ["", " ", "a b", "\u{fc}", &"a".repeat(257)] {
            assert!(audience(malformed).is_err(), "{malformed}");
        }
        let none = issuers("https://login.example");
        for malformed in ["{}", "[1]", "orders"] {
            assert!(
                parse(Some(KEY), Some(malformed), ORIGIN, &none).is_err(),
                "{malformed}"
            );
        }
    }

    #[test]
    fn j17_no_issuer_is_the_deployment_itself() {
        let refused = parse(Some(KEY), None, ORIGIN, &issuers(ORIGIN)).unwrap_err();
        assert!(matches!(
            refused,
            ConfigError::Refused("LOCKSTEP_ISSUERS", _)
        ));
        assert!(parse(None, None, ORIGIN, &issuers(ORIGIN)).is_ok());
    }

    #[test]
    fn nothing_is_signed_by_a_key_that_nobody_made() {
        let none = issuers("https://login.example");
        let (keys, audiences) = parse(None, None, ORIGIN, &none).unwrap();
        assert!(keys.is_none() && audiences.is_empty());
        let refused = parse(None, Some(r#"["orders"]"#), ORIGIN, &none).unwrap_err();
        assert_eq!(refused, ConfigError::Missing(KEYS));
        let broken = KEY.replace("nWGxne", "");
        let refused = parse(Some(&broken), None, ORIGIN, &none).unwrap_err();
        assert!(!refused.to_string().contains("_9WmC6"), "{refused}");
    }
}
