//! How secrets of each kind begin. A policy may name its product's own prefixes for two of them.
//!
//! ```
//! use lockstep_token::{Prefixes, SecretKind};
//!
//! let prefixes = Prefixes::new(Some("lsv2_pt"), Some("lsv2_sk")).unwrap();
//! assert_eq!(prefixes.kind_of("lsv2_sk_org_…"), Some(SecretKind::ServiceKey));
//! assert!(Prefixes::new(Some("key"), Some("key_2")).is_err(), "one begins like the other");
//! ```

use std::fmt;

use crate::{SecretKind, base62, id::ID_LEN};

/// The fewest characters of a prefix.
const PREFIX_CHARS_MIN: usize = 3;
/// The most characters of a prefix.
const PREFIX_CHARS_MAX: usize = 16;

/// How secrets of each kind begin. INVARIANT: no beginning is the beginning of another, so a text has
/// at most one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefixes {
    personal: Box<str>,
    service: Box<str>,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self {
            personal: "lsk_pat".into(),
            service: "lsk_svc".into(),
        }
    }
}

impl Prefixes {
    /// The prefixes of personal access tokens and service keys; `lsk_pat` and `lsk_svc` where none is
    /// given. One that ends in `-` is followed by the owner's id at once, any other by an underscore.
    ///
    /// # Errors
    /// When one is not 3 to 16 lower-case letters, digits, `_` and `-` that begin with a letter, or
    /// when one begins like another or like the legacy `ls__`.
    pub fn new(personal: Option<&str>, service: Option<&str>) -> Result<Self, PrefixError> {
        let default = Self::default();
        let prefixes = Self {
            personal: personal.map_or(default.personal, Into::into),
            service: service.map_or(default.service, Into::into),
        };
        for prefix in [&prefixes.personal, &prefixes.service] {
            if !is_prefix(prefix) {
                return Err(PrefixError::Form(prefix.clone()));
            }
        }
        let starts = SecretKind::ALL.map(|kind| prefixes.start(kind));
        for (at, one) in starts.iter().enumerate() {
            let mut others = starts.iter().enumerate().filter(|(other, _)| *other != at);
            if others.any(|(_, other)| other.starts_with(one)) || one.starts_with("ls__") {
                return Err(PrefixError::Taken(one.as_str().into()));
            }
        }
        Ok(prefixes)
    }

    /// The prefix of a kind, without the underscore that may follow it.
    #[must_use]
    pub fn of(&self, kind: SecretKind) -> &str {
        match kind {
            SecretKind::Invitation => "lsk_inv",
            SecretKind::PersonalAccessToken => &self.personal,
            SecretKind::ServiceKey => &self.service,
            SecretKind::Session => "lsk_ses",
        }
    }

    /// The kind that a text claims to be by its prefix; `None` when it is no secret of ours.
    #[must_use]
    pub fn kind_of(&self, text: &str) -> Option<SecretKind> {
        let mut kinds = SecretKind::ALL.into_iter();
        kinds.find(|kind| self.after(*kind, text).is_some())
    }

    /// Finds every secret of ours in a text, for leak scanners (RE2 and PCRE syntax).
    ///
    /// What it finds still has a checksum to tell a real one from a look-alike.
    #[must_use]
    pub fn leak_pattern(&self) -> String {
        let kinds = SecretKind::ALL.map(|kind| format!("{}{}", self.start(kind), kind.owner()));
        format!(
            r"\b(?:{})_[0-9A-Za-z]{{{}}}_[0-9A-Za-z]{{{}}}_[0-9A-Za-z]{{{}}}\b",
            kinds.join("|"),
            ID_LEN.saturating_sub("org_".len()),
            base62::DIGITS_256,
            base62::DIGITS_CHECK,
        )
    }

    /// What stands before the owner's id.
    pub(crate) fn start(&self, kind: SecretKind) -> String {
        let prefix = self.of(kind);
        let gap = if prefix.ends_with('-') { "" } else { "_" };
        format!("{prefix}{gap}")
    }

    /// What follows the prefix, if the text begins as a secret of this kind does.
    pub(crate) fn after<'a>(&self, kind: SecretKind, text: &'a str) -> Option<&'a str> {
        let prefix = self.of(kind);
        let rest = text.strip_prefix(prefix)?;
        if prefix.ends_with('-') {
            Some(rest)
        } else {
            rest.strip_prefix('_')
        }
    }
}

fn is_prefix(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    (PREFIX_CHARS_MIN..=PREFIX_CHARS_MAX).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(is_plain)
        && !text.ends_with('_')
}

/// Why a prefix cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrefixError {
    /// It does not have the form of one.
    Form(Box<str>),
    /// Another kind of secret begins like it, or a form that is refused.
    Taken(Box<str>),
}

impl fmt::Display for PrefixError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(prefix) => write!(
                formatter,
                "`{prefix}` is no prefix: use {PREFIX_CHARS_MIN} to {PREFIX_CHARS_MAX} lower-case letters, digits, `_` and `-`"
            ),
            Self::Taken(start) => {
                write!(
                    formatter,
                    "another kind of secret begins with `{start}`, too"
                )
            }
        }
    }
}

impl std::error::Error for PrefixError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(personal: &str, service: &str) {
        assert!(
            Prefixes::new(Some(personal), Some(service)).is_err(),
            "{personal} {service}"
        );
    }

    #[test]
    fn no_two_kinds_begin_alike() {
        refused("lsk_key", "lsk_key");
        refused("lsk", "key");
        refused("key", "lsk_inv");
        refused("lsk_ses", "key");
        refused("key", "key_2");
        refused("key-", "key-2-");
        refused("ls__", "key");
        refused("ls__key", "key");
        assert!(Prefixes::new(Some("key"), Some("key2")).is_ok());
        assert_eq!(Prefixes::new(None, None).unwrap(), Prefixes::default());
    }

    #[test]
    fn a_prefix_has_one_form() {
        for text in [
            "",
            "ab",
            "key_",
            "Key",
            "1key",
            "_key",
            "kéy",
            "k y",
            "a.b",
            "abcdefghijklmnopq",
        ] {
            refused(text, "lsk_svc");
        }
    }

    #[test]
    fn a_text_has_the_kind_that_it_begins_with() {
        let prefixes = Prefixes::new(Some("sk-ol-"), Some("lsv2_sk")).unwrap();
        assert_eq!(
            prefixes.kind_of("sk-ol-usr_1"),
            Some(SecretKind::PersonalAccessToken)
        );
        assert_eq!(
            prefixes.kind_of("lsv2_sk_org_1"),
            Some(SecretKind::ServiceKey)
        );
        assert_eq!(prefixes.kind_of("lsk_ses_usr_1"), Some(SecretKind::Session));
        for text in [
            "lsk_pat_usr_1",
            "sk-ol",
            "lsv2_sk-org_1",
            "eyJhbGciOiJSUzI1NiJ9",
            "lsk_sesusr",
        ] {
            assert_eq!(prefixes.kind_of(text), None, "{text}");
        }
    }
}
