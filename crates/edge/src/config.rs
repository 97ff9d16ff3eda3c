//! The deployment's configuration, parsed once.
//!
//! Any fault stops the Worker: every request answers 500 `misconfigured`, and the log has the reason.

mod bindings;
mod error;
mod exchange;
mod mail;
mod operator;

use std::rc::Rc;

use lockstep_token::{
    Issuers, Prefixes,
    jwk::SigningKeys,
    uri::{PublicUri, Reach},
};
use lockstep_wire::CompiledPolicy;
use sha2::{Digest, Sha256};

use crate::{
    doubles::Faults,
    keys::{Keys, hex},
    policies,
    sealing::SettingsKeys,
};

pub use bindings::{Binding, GRANTS, MAIL};
pub use error::ConfigError;
pub use mail::{MailProvider, MailTransport};
pub use operator::OperatorKey;

/// How long an answer about a principal's epoch counts for allows, in milliseconds, when `LOCKSTEP_FRESHNESS_MS` is absent.
const FRESHNESS_MS_DEFAULT: u32 = 5_000;
/// The longest such time.
const FRESHNESS_MS_MAX: u32 = 60_000;
/// Longest time that audit logs are kept, in days.
const AUDIT_DAYS_MAX: u32 = 36_500;
/// Who is asked for DNS records when `LOCKSTEP_RESOLVER` is absent.
const RESOLVER_DEFAULT: &str = "https://cloudflare-dns.com/dns-query";
/// The policy when `LOCKSTEP_POLICY` is absent.
const POLICY_DEFAULT: &str = "lockstep";

/// The configuration of one deployment.
#[derive(Debug, Clone)]
pub struct Config {
    /// `LOCKSTEP_ORIGIN`: scheme, host and port; the only source of links and the only accepted `Origin`.
    pub origin: String,
    /// Whether the origin is https.
    pub is_https: bool,
    /// `LOCKSTEP_POLICY`: the shipped policy of that id.
    pub policy: Rc<CompiledPolicy>,
    /// How tokens and keys begin, as the policy says.
    pub prefixes: Prefixes,
    /// What is derived from `LOCKSTEP_ID_KEY`.
    pub keys: Keys,
    /// `LOCKSTEP_ISSUERS`: whose JWTs are accepted; none, when absent.
    pub issuers: Issuers,
    /// SHA-256 over everything that JWTs are held against, in hex: what was verified under another one counts no more.
    pub issuers_digest: String,
    /// `LOCKSTEP_EMAIL_ISSUERS`: those of them whose `email_verified` is believed; none, when absent.
    pub email_issuers: Vec<String>,
    /// `LOCKSTEP_SIGNING_KEYS`: what tokens in exchange are signed with; none are made, when absent.
    pub signing_keys: Option<SigningKeys>,
    /// `LOCKSTEP_EXCHANGE_AUDIENCES`: for whom, never ourselves; nobody, when absent.
    pub exchange_audiences: Vec<String>,
    /// `LOCKSTEP_DEVELOPMENT`: mailbox, seed and faulty doubles are there; refused on an https origin.
    pub is_development: bool,
    /// `LOCKSTEP_FRESHNESS_MS`, 0 to 60,000; defaults to 5,000.
    pub freshness_ms: u32,
    /// `LOCKSTEP_AUDIT_DAYS`: how long rows of audit logs are kept, in days; for ever, when absent.
    pub audit_days: Option<u32>,
    /// `LOCKSTEP_FAULTS`: what the stores do wrong on purpose; development only.
    pub faults: Faults,
    /// `LOCKSTEP_SETTINGS_KEYS`: what secrets of settings are sealed with; none are kept, when absent.
    pub settings_keys: Option<SettingsKeys>,
    /// `LOCKSTEP_MAIL`: how mail leaves; into the mailbox in development, else through the `MAIL` binding, when absent.
    pub mail: MailTransport,
    /// `LOCKSTEP_RESOLVER`: where DNS is asked over HTTPS, in JSON; Cloudflare's, when absent.
    pub resolver: PublicUri,
    /// `LOCKSTEP_OPERATOR_KEY`: SHA-256 of who gives organizations their plans; nobody does, when absent.
    pub operator: Option<OperatorKey>,
}

impl Config {
    /// Reads the configuration; `lookup` gives the value of a variable or secret.
    ///
    /// # Errors
    /// When a variable is missing, malformed, or contradicts another.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let origin = lookup("LOCKSTEP_ORIGIN").ok_or(ConfigError::Missing("LOCKSTEP_ORIGIN"))?;
        let is_https = parse_origin(&origin)?;
        let is_development = match lookup("LOCKSTEP_DEVELOPMENT").as_deref() {
            None | Some("false") => false,
            Some("true") if is_https => return Err(ConfigError::DevelopmentOnHttps),
            Some("true") => true,
            Some(_) => {
                return Err(ConfigError::Malformed(
                    "LOCKSTEP_DEVELOPMENT",
                    "`true` or `false`",
                ));
            }
        };
        let faults = match lookup("LOCKSTEP_FAULTS") {
            None => Faults::default(),
            Some(_) if !is_development => return Err(ConfigError::FaultsInProduction),
            Some(text) => serde_json::from_slice(text.as_bytes())
                .map_err(|error| ConfigError::Refused("LOCKSTEP_FAULTS", error.to_string()))?,
        };
        let id_key = lookup("LOCKSTEP_ID_KEY").ok_or(ConfigError::Missing("LOCKSTEP_ID_KEY"))?;
        let keys = Keys::parse(&id_key).ok_or(ConfigError::Malformed(
            "LOCKSTEP_ID_KEY",
            "32 bytes or more in base64url",
        ))?;
        // Keys that this machine publishes are for development only.
        let reach = if is_development {
            Reach::Loopback
        } else {
            Reach::Public
        };
        let issuers_digest = digest(["LOCKSTEP_ISSUERS", "LOCKSTEP_EMAIL_ISSUERS"].map(&lookup));
        let issuers = lookup("LOCKSTEP_ISSUERS");
        let issuers = Issuers::parse_within(issuers.as_deref().unwrap_or("[]"), reach)
            .map_err(|error| ConfigError::Refused("LOCKSTEP_ISSUERS", error.to_string()))?;
        let [signing, audiences] =
            ["LOCKSTEP_SIGNING_KEYS", "LOCKSTEP_EXCHANGE_AUDIENCES"].map(&lookup);
        let (signing_keys, exchange_audiences) =
            exchange::parse(signing.as_deref(), audiences.as_deref(), &origin, &issuers)?;
        let policy = parse_policy(lookup("LOCKSTEP_POLICY"))?;
        Ok(Self {
            settings_keys: parse_settings_keys(lookup(SettingsKeys::VARIABLE), &id_key)?,
            operator: OperatorKey::configured(lookup(OperatorKey::VARIABLE), &id_key)?,
            origin,
            is_https,
            prefixes: parse_prefixes(&policy)?,
            policy,
            keys,
            email_issuers: parse_email_issuers(lookup("LOCKSTEP_EMAIL_ISSUERS"), &issuers)?,
            issuers,
            issuers_digest,
            signing_keys,
            exchange_audiences,
            is_development,
            freshness_ms: parse_freshness(lookup("LOCKSTEP_FRESHNESS_MS"))?,
            audit_days: parse_audit_days(lookup("LOCKSTEP_AUDIT_DAYS"))?,
            faults,
            resolver: parse_resolver(lookup("LOCKSTEP_RESOLVER"), reach)?,
            mail: MailTransport::parse(lookup, is_development, reach)?,
        })
    }
}

/// Whether the origin is https; refuses everything that is not exactly a serialized http(s) origin.
fn parse_origin(origin: &str) -> Result<bool, ConfigError> {
    let malformed =
        ConfigError::Malformed("LOCKSTEP_ORIGIN", "`https://host` or `http://host:port`");
    let (is_https, host) = match (
        origin.strip_prefix("https://"),
        origin.strip_prefix("http://"),
    ) {
        (Some(host), _) => (true, host),
        (_, Some(host)) => (false, host),
        _ => return Err(malformed),
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    let default_port = if is_https { ":443" } else { ":80" };
    if host.is_empty()
        || !host.chars().all(is_plain)
        || host.ends_with(default_port)
        || host.ends_with(':')
    {
        return Err(malformed);
    }
    Ok(is_https)
}

fn digest(values: [Option<String>; 2]) -> String {
    let values = values.map(Option::unwrap_or_default);
    let [first, _] = &values;
    let length = u64::try_from(first.len()).unwrap_or(u64::MAX);
    let hash = Sha256::new().chain_update(length.to_be_bytes());
    hex(&hash.chain_update(values.concat()).finalize())
}

fn parse_policy(id: Option<String>) -> Result<Rc<CompiledPolicy>, ConfigError> {
    let id = id.as_deref().unwrap_or(POLICY_DEFAULT);
    let unknown = || {
        let known = policies::ids();
        ConfigError::Refused(
            "LOCKSTEP_POLICY",
            format!("there is no policy `{id}`; known: {known}"),
        )
    };
    policies::policy(id).map(Rc::new).ok_or_else(unknown)
}

fn parse_prefixes(policy: &CompiledPolicy) -> Result<Prefixes, ConfigError> {
    let tokens = &policy.document.tokens;
    Prefixes::new(tokens.personal.as_deref(), tokens.service.as_deref())
        .map_err(|error| ConfigError::Refused("LOCKSTEP_POLICY", error.to_string()))
}

/// A JSON array of issuers, each of which is configured.
fn parse_email_issuers(
    value: Option<String>,
    issuers: &Issuers,
) -> Result<Vec<String>, ConfigError> {
    const NAME: &str = "LOCKSTEP_EMAIL_ISSUERS";
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let believed: Vec<String> = serde_json::from_slice(value.as_bytes())
        .map_err(|_| ConfigError::Malformed(NAME, "a JSON array of issuers"))?;
    for issuer in &believed {
        if !issuers
            .records()
            .iter()
            .any(|record| record.issuer() == issuer)
        {
            let reason = format!("`{issuer}` is not in `LOCKSTEP_ISSUERS`");
            return Err(ConfigError::Refused(NAME, reason));
        }
    }
    Ok(believed)
}

fn parse_settings_keys(
    value: Option<String>,
    id_key: &str,
) -> Result<Option<SettingsKeys>, ConfigError> {
    let keys = value.map(|value| SettingsKeys::parse(&value, id_key));
    keys.transpose()
        .map_err(|reason| ConfigError::Refused(SettingsKeys::VARIABLE, reason))
}

/// A resolver's address, to which a query is added.
fn parse_resolver(value: Option<String>, reach: Reach) -> Result<PublicUri, ConfigError> {
    const NAME: &str = "LOCKSTEP_RESOLVER";
    let value = value.as_deref().unwrap_or(RESOLVER_DEFAULT);
    if value.contains('?') {
        return Err(ConfigError::Malformed(NAME, "an address without a query"));
    }
    PublicUri::parse(value, reach)
        .map_err(|error| ConfigError::Refused(NAME, format!("it {error}")))
}

fn parse_freshness(value: Option<String>) -> Result<u32, ConfigError> {
    let Some(value) = value else {
        return Ok(FRESHNESS_MS_DEFAULT);
    };
    let freshness_ms = value
        .parse::<u32>()
        .ok()
        .filter(|ms| *ms <= FRESHNESS_MS_MAX);
    freshness_ms.ok_or(ConfigError::Malformed(
        "LOCKSTEP_FRESHNESS_MS",
        "0 to 60000",
    ))
}

fn parse_audit_days(value: Option<String>) -> Result<Option<u32>, ConfigError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let days = value.parse::<u32>().ok();
    let days = days.filter(|days| (1..=AUDIT_DAYS_MAX).contains(days));
    days.map(Some)
        .ok_or(ConfigError::Malformed("LOCKSTEP_AUDIT_DAYS", "1 to 36500"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn parse(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut vars = vec![
            ("LOCKSTEP_ORIGIN", "http://localhost:8787"),
            ("LOCKSTEP_ID_KEY", KEY),
        ];
        vars.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        vars.extend_from_slice(changes);
        let find = |name: &str| vars.iter().find(|(key, _)| *key == name);
        Config::parse(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_origin_and_a_key_are_enough() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.policy.document.id, "lockstep");
        assert_eq!(config.freshness_ms, 5_000);
        assert!(!config.is_https && !config.is_development);
    }

    #[test]
    fn origin_and_key_are_needed() {
        assert_eq!(
            parse(&[("LOCKSTEP_ORIGIN", "")]).unwrap_err(),
            ConfigError::Missing("LOCKSTEP_ORIGIN")
        );
        assert_eq!(
            parse(&[("LOCKSTEP_ID_KEY", "")]).unwrap_err(),
            ConfigError::Missing("LOCKSTEP_ID_KEY")
        );
    }

    #[test]
    fn only_serialized_origins_are_accepted() {
        for origin in [
            "localhost:8787",
            "http://",
            "http://localhost/",
            "http://a/b",
            "http://LOCALHOST",
            "http://a b",
            "http://u@a",
            "https://a:443",
            "http://a:80",
            "http://a:",
            "ftp://a",
            "http://a?x",
            "null",
        ] {
            assert!(parse(&[("LOCKSTEP_ORIGIN", origin)]).is_err(), "{origin}");
        }
        for origin in [
            "https://app.example.com",
            "http://127.0.0.1:8787",
            "http://[::1]:8787",
        ] {
            assert!(parse(&[("LOCKSTEP_ORIGIN", origin)]).is_ok(), "{origin}");
        }
    }

    #[test]
    fn development_is_refused_on_https_and_faults_outside_development() {
        let https = ("LOCKSTEP_ORIGIN", "https://app.example.com");
        let development = ("LOCKSTEP_DEVELOPMENT", "true");
        assert_eq!(
            parse(&[https, development]).unwrap_err(),
            ConfigError::DevelopmentOnHttps
        );
        let failing = ("LOCKSTEP_FAULTS", r#"{"kv":{"fault":"failing"}}"#);
        assert!(parse(&[development, failing]).unwrap().faults.kv.is_some());
        let unknown = ("LOCKSTEP_FAULTS", r#"{"kv":{"fault":"none such"}}"#);
        assert!(parse(&[development, unknown]).is_err());
        assert_eq!(
            parse(&[("LOCKSTEP_FAULTS", "{}")]).unwrap_err(),
            ConfigError::FaultsInProduction
        );
        assert!(parse(&[("LOCKSTEP_DEVELOPMENT", "yes")]).is_err());
    }

    #[test]
    fn half_an_issuer_stops_the_deployment() {
        let half = (
            "LOCKSTEP_ISSUERS",
            r#"[{"issuer":"https://login.example"}]"#,
        );
        assert!(matches!(
            parse(&[half]),
            Err(ConfigError::Refused("LOCKSTEP_ISSUERS", _))
        ));
        assert!(parse(&[("LOCKSTEP_ISSUERS", "{}")]).is_err());
        let published = |uri: &str| {
            let record = r#"[{"issuer":"https://login.example","audiences":["a"],"algorithms":["EdDSA"],"jwks_uri":"URI"}]"#;
            record.replace("URI", uri)
        };
        let public = published("https://login.example/keys");
        assert!(parse(&[("LOCKSTEP_ISSUERS", &public)]).is_ok());
        let loopback = published("http://127.0.0.1:4000/keys");
        assert!(parse(&[("LOCKSTEP_ISSUERS", &loopback)]).is_err());
        let development = ("LOCKSTEP_DEVELOPMENT", "true");
        assert!(parse(&[("LOCKSTEP_ISSUERS", &loopback), development]).is_ok());
        let private = published("http://10.0.0.1/keys");
        assert!(parse(&[("LOCKSTEP_ISSUERS", &private), development]).is_err());
        let unknown = ("LOCKSTEP_EMAIL_ISSUERS", r#"["https://login.example"]"#);
        assert!(matches!(parse(&[unknown]), Err(ConfigError::Refused(..))));
        assert!(parse(&[("LOCKSTEP_EMAIL_ISSUERS", "all")]).is_err());
    }

    #[test]
    fn short_keys_and_odd_windows_are_refused() {
        let Some((short, _)) = KEY.split_at_checked(42) else {
            return;
        };
        for key in [
            short,
            "not base64url!",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ] {
            assert!(parse(&[("LOCKSTEP_ID_KEY", key)]).is_err(), "{key}");
        }
        for window in ["60001", "-1", "5s", "1e3"] {
            assert!(
                parse(&[("LOCKSTEP_FRESHNESS_MS", window)]).is_err(),
                "{window}"
            );
        }
        for days in ["0", "36501", "-1", "90d"] {
            assert!(parse(&[("LOCKSTEP_AUDIT_DAYS", days)]).is_err(), "{days}");
        }
        assert_eq!(
            parse(&[("LOCKSTEP_AUDIT_DAYS", "90")]).unwrap().audit_days,
            Some(90)
        );
        assert_eq!(
            parse(&[("LOCKSTEP_FRESHNESS_MS", "0")])
                .unwrap()
                .freshness_ms,
            0
        );
    }
}
