//! Where mail goes: `LOCKSTEP_MAIL`, and what belongs to it.

use std::fmt;

use lockstep_token::uri::{PublicUri, Reach};

use super::ConfigError;

/// Names the transport.
const TRANSPORT: &str = "LOCKSTEP_MAIL";
/// The sender.
const FROM: &str = "LOCKSTEP_MAIL_FROM";
/// Where a provider takes mail.
const URL: &str = "LOCKSTEP_MAIL_URL";
/// What proves to a provider who we are; a secret.
const KEY: &str = "LOCKSTEP_MAIL_KEY";
/// Longest key of a provider, in bytes.
const KEY_BYTES_MAX: usize = 1_024;
/// Why there is no SMTP.
const NO_SMTP: &str = "mail does not leave the edge by SMTP; use `http` with a provider's JSON interface, or `binding`";

/// How mail leaves this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTransport {
    /// Cloudflare's `send_email` binding `MAIL`, with this sender; without one no mail is sent.
    Binding(Option<String>),
    /// A provider that takes JSON.
    Http(MailProvider),
    /// The mailbox of a development deployment.
    Mailbox,
}

/// A provider that takes JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct MailProvider {
    /// Where it takes mail.
    pub url: PublicUri,
    /// The bearer secret.
    pub key: String,
    /// The sender.
    pub from: String,
}

impl fmt::Debug for MailProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailProvider({}, redacted)", self.url.as_str())
    }
}

impl MailTransport {
    /// Whether mail can be sent.
    #[must_use]
    pub const fn has_mail(&self) -> bool {
        !matches!(self, Self::Binding(None))
    }

    /// Reads what belongs to mail.
    pub(super) fn parse(
        lookup: impl Fn(&str) -> Option<String>,
        is_development: bool,
        reach: Reach,
    ) -> Result<Self, ConfigError> {
        let from = lookup(FROM);
        let is_address = |from: &String| from.contains('@') && !from.contains(char::is_control);
        if from.as_ref().is_some_and(|from| !is_address(from)) {
            return Err(ConfigError::Malformed(FROM, "an e-mail address"));
        }
        let url = lookup(URL);
        let transport = lookup(TRANSPORT);
        let is_smtp = |url: &String| url.starts_with("smtp:") || url.starts_with("smtps:");
        if transport.as_deref() == Some("smtp") || url.as_ref().is_some_and(is_smtp) {
            return Err(ConfigError::Refused(TRANSPORT, NO_SMTP.to_owned()));
        }
        if transport.as_deref() != Some("http") && url.is_some() {
            let reason = format!("it counts only where `{TRANSPORT}` is `http`");
            return Err(ConfigError::Refused(URL, reason));
        }
        match transport.as_deref() {
            None if is_development => Ok(Self::Mailbox),
            None | Some("binding") => Ok(Self::Binding(from)),
            Some("http") => Ok(Self::Http(MailProvider {
                url: address(&url.ok_or(ConfigError::Missing(URL))?, reach)?,
                key: key(lookup(KEY).ok_or(ConfigError::Missing(KEY))?)?,
                from: from.ok_or(ConfigError::Missing(FROM))?,
            })),
            Some("mailbox") if is_development => Ok(Self::Mailbox),
            Some("mailbox") => {
                let reason = "there is a mailbox in development only".to_owned();
                Err(ConfigError::Refused(TRANSPORT, reason))
            }
            Some(_) => Err(ConfigError::Malformed(
                TRANSPORT,
                "`binding`, `http` or `mailbox`",
            )),
        }
    }
}

fn address(url: &str, reach: Reach) -> Result<PublicUri, ConfigError> {
    PublicUri::parse(url, reach).map_err(|error| ConfigError::Refused(URL, format!("it {error}")))
}

/// A key that is no header value would break every mail, and an error could print it.
fn key(key: String) -> Result<String, ConfigError> {
    let is_plain = key.len() <= KEY_BYTES_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain {
        Ok(key)
    } else {
        Err(ConfigError::Malformed(KEY, "visible ASCII without spaces"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(vars: &[(&str, &str)], is_development: bool) -> Result<MailTransport, ConfigError> {
        let find = |name: &str| vars.iter().find(|(key, _)| *key == name);
        let lookup = |name: &str| find(name).map(|(_, value)| (*value).to_owned());
        let reach = if is_development {
            Reach::Loopback
        } else {
            Reach::Public
        };
        MailTransport::parse(lookup, is_development, reach)
    }

    const HTTP: [(&str, &str); 4] = [
        (TRANSPORT, "http"),
        (URL, "https://mail.example/send"),
        (KEY, "key"),
        (FROM, "us@example.com"),
    ];

    #[test]
    fn mail_goes_where_the_configuration_says() {
        assert_eq!(parse(&[], true), Ok(MailTransport::Mailbox));
        assert_eq!(parse(&[], false), Ok(MailTransport::Binding(None)));
        let from = (FROM, "us@example.com");
        assert!(parse(&[from], false).unwrap().has_mail());
        assert!(!parse(&[], false).unwrap().has_mail());
        let Ok(MailTransport::Http(provider)) = parse(&HTTP, false) else {
            panic!("a provider");
        };
        assert!(!format!("{provider:?}").contains("key"));
    }

    #[test]
    fn half_a_provider_stops_the_deployment() {
        for missing in [URL, KEY, FROM] {
            let vars: Vec<_> = HTTP
                .into_iter()
                .filter(|(name, _)| *name != missing)
                .collect();
            assert_eq!(parse(&vars, false), Err(ConfigError::Missing(missing)));
        }
        for (name, value) in [
            (TRANSPORT, "carrier-pigeon"),
            (TRANSPORT, "mailbox"),
            (URL, "http://mail.example/send"),
            (URL, "https://127.0.0.1/send"),
            (URL, "https://mail.example@10.0.0.1/send"),
            (KEY, "two words"),
            (KEY, "line\nbreak"),
            (FROM, "nobody"),
            (FROM, "us@example.com\r\nBcc: eve@example.com"),
        ] {
            let mut vars = vec![(name, value)];
            vars.extend(HTTP.into_iter().filter(|(other, _)| *other != name));
            assert!(parse(&vars, false).is_err(), "{name}={value}");
        }
        assert!(parse(&[(URL, "https://mail.example/send")], false).is_err());
    }

    #[test]
    fn smtp_is_refused_with_a_sentence() {
        for vars in [
            vec![(TRANSPORT, "smtp")],
            vec![(TRANSPORT, "http"), (URL, "smtps://mail.example:465")],
            vec![(URL, "smtp://mail.example")],
        ] {
            let refused = parse(&vars, false).unwrap_err();
            assert!(refused.to_string().contains("SMTP"), "{refused}");
        }
    }
}
