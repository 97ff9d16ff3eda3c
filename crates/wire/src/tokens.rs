//! How a product's tokens begin, as its policy says it.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use lockstep_core::{PolicyError, PolicyErrorKind};
use serde::{Deserialize, Serialize};

/// What [`is_prefix`] takes.
#[cfg(feature = "schema")]
const PREFIX: &str = "^[a-z][a-z0-9_-]{1,14}[a-z0-9-]$";

/// How the product's tokens begin: 3 to 16 lower-case letters, digits, `_` and `-`, the first a letter and the last
/// no `_`. After a prefix that does not end in `-` comes an underscore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TokensDocument {
    /// Personal access tokens. Defaults to `lsk_pat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = PREFIX)))]
    pub personal: Option<String>,
    /// Keys of service accounts. Defaults to `lsk_svc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = PREFIX)))]
    pub service: Option<String>,
}

impl TokensDocument {
    /// How personal access tokens begin.
    #[must_use]
    pub fn personal(&self) -> &str {
        self.personal.as_deref().unwrap_or("lsk_pat")
    }

    /// How keys of service accounts begin.
    #[must_use]
    pub fn service(&self) -> &str {
        self.service.as_deref().unwrap_or("lsk_svc")
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.personal.is_none() && self.service.is_none()
    }

    /// The first prefix that is none, or that another kind of secret begins with.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let named = [("personal", &self.personal), ("service", &self.service)];
        let (personal, service) = (self.personal(), self.service());
        let starts = [personal, service, "lsk_inv", "lsk_ses", "ls_"].map(prefix_start);
        for (at, (member, prefix)) in named.into_iter().enumerate() {
            let (Some(prefix), Some(start)) = (prefix, starts.get(at)) else {
                continue;
            };
            let mut others = starts.iter().enumerate().filter(|(other, _)| *other != at);
            let alike =
                others.any(|(_, other)| start.starts_with(other) || other.starts_with(start));
            if alike || !is_prefix(prefix) {
                return Err(PolicyError {
                    path: vec!["tokens".into(), member.into()],
                    kind: PolicyErrorKind::InvalidPrefix(prefix.clone()),
                });
            }
        }
        Ok(())
    }
}

/// What stands before the owner's id.
fn prefix_start(prefix: &str) -> String {
    let gap = if prefix.ends_with('-') { "" } else { "_" };
    format!("{prefix}{gap}")
}

fn is_prefix(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    (3..=16).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(is_plain)
        && !text.ends_with('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(personal: Option<&str>, service: Option<&str>, member: &str) {
        let tokens = TokensDocument {
            personal: personal.map(Into::into),
            service: service.map(Into::into),
        };
        let error = tokens.check().unwrap_err();
        assert_eq!(error.path, vec!["tokens".into(), member.into()]);
    }

    #[test]
    fn prefixes_that_could_be_confused_are_refused_where_they_are_written() {
        refused(Some("key"), Some("key"), "personal");
        refused(Some("lsk_svc"), None, "personal");
        refused(None, Some("lsk_pat"), "service");
        refused(Some("lsk"), None, "personal");
        refused(Some("lsk_inv"), None, "personal");
        refused(Some("key"), Some("key_2"), "personal");
        refused(Some("ok-"), Some("Key"), "service");
        refused(Some("ls__x"), None, "personal");
        refused(Some("toolongforaprefix"), None, "personal");
        let good = TokensDocument {
            personal: Some("sk-ol-".into()),
            service: None,
        };
        assert!(good.check().is_ok() && TokensDocument::default().check().is_ok());
    }
}
