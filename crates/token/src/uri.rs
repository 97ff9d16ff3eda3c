//! Where something may be fetched from or sent to: addresses with one spelling, on the public network.
//!
//! A Worker cannot see which address a name resolves to, so what can be told from the text is told
//! here, and the rest is the runtime's (`global_fetch_strictly_public`): https only, a name with at
//! least two labels, no IP address in any spelling, no name that means a machine or network of one's
//! own, no user, no fragment. Only the normal form is accepted, so that this reader and the one that
//! fetches cannot differ: an accepted text is its own serialization in the WHATWG URL Standard.
//!
//! ```
//! use lockstep_token::uri::{PublicUri, Reach};
//!
//! let uri = PublicUri::parse("https://login.example/.well-known/jwks.json", Reach::Public).unwrap();
//! assert_eq!(uri.as_str(), "https://login.example/.well-known/jwks.json");
//! for refused in [
//!     "http://login.example/keys",
//!     "https://169.254.169.254/keys",
//!     "https://0x7f000001/keys",
//!     "https://[::ffff:127.0.0.1]/keys",
//!     "https://localhost/keys",
//!     "https://login.example@169.254.169.254/keys",
//! ] {
//!     assert!(PublicUri::parse(refused, Reach::Public).is_err(), "{refused}");
//! }
//! ```

use std::fmt;

/// The longest accepted address, in bytes.
pub const URI_LEN_MAX: usize = 1_024;

/// Names that are not of the public network (RFC 6761, RFC 6762, RFC 8375, RFC 9476, and ICANN's
/// reservation of `internal`).
const LOCAL_SUFFIXES: [&str; 10] = [
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "alt",
    "onion",
    "arpa",
];

/// Hosts of the machine itself, which a development deployment may talk to.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Which networks an address may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Plain http to this machine, too: for development.
    Loopback,
    /// https to public names only.
    Public,
}

/// An address of the public network, such as that of a JWK set. INVARIANT: only [`PublicUri::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUri(Box<str>);

impl PublicUri {
    /// Reads an address.
    ///
    /// # Errors
    /// [`UriError`] names the first rule that it breaks.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, UriError> {
        if text.len() > URI_LEN_MAX {
            return Err(UriError::Form);
        }
        let (rest, is_https) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (rest, true),
            (_, Some(rest)) => (rest, false),
            _ => return Err(UriError::Scheme),
        };
        let (authority, path) = rest
            .find('/')
            .and_then(|at| rest.split_at_checked(at))
            .ok_or(UriError::Form)?;
        let (host, port) = host_and_port(authority)?;
        let default_port = if is_https { 443 } else { 80 };
        if port == Some(default_port) || !is_normal_path(path) {
            return Err(UriError::Form);
        }
        let is_local = reach == Reach::Loopback && LOOPBACK_HOSTS.contains(&host);
        if !is_https && !is_local {
            return Err(UriError::Scheme);
        }
        if !is_local {
            check_name(host)?;
        }
        Ok(Self(text.into()))
    }

    /// The address, to be used as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why an address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// It is not in its normal form, or has a user or a fragment.
    Form,
    /// Its host is no name of the public network.
    Host,
    /// It is not https.
    Scheme,
}

impl fmt::Display for UriError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => {
                "is not a URL in its normal form, with a path and without user and fragment"
            }
            Self::Host => "does not name a host of the public network",
            Self::Scheme => "is not https",
        })
    }
}

impl std::error::Error for UriError {}

/// A colon inside brackets belongs to the host.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), UriError> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => return Ok((authority, None)),
    };
    let number = port.parse::<u16>().map_err(|_| UriError::Form)?;
    // `+80` and `080` are other spellings.
    if number.to_string() == port {
        Ok((host, Some(number)))
    } else {
        Err(UriError::Form)
    }
}

/// A lower-case DNS name of two labels or more. Its last label is no number in any base, so no
/// spelling of an IPv4 address is one (WHATWG URL, "ends in a number").
fn check_name(host: &str) -> Result<(), UriError> {
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = labels.last().copied().unwrap_or_default();
    let is_name = host.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(is_label)
        && last.starts_with(|c: char| c.is_ascii_lowercase());
    if is_name && !LOCAL_SUFFIXES.contains(&last) {
        Ok(())
    } else {
        Err(UriError::Host)
    }
}

/// Characters that no serializer changes, and no segment that it resolves.
fn is_normal_path(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&()*+,;=:@%/".contains(c);
    let is_dots = |segment: &str| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    };
    path.chars().all(is_plain)
        && query.chars().all(|c| is_plain(c) || c == '?')
        && !path.split('/').any(is_dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: UriError) {
        assert_eq!(
            PublicUri::parse(text, Reach::Public),
            Err(expected),
            "{text}"
        );
    }

    #[test]
    fn j4_only_https_to_a_public_name_is_an_address() {
        for text in [
            "https://login.example/jwks.json",
            "https://login.example/",
            "https://login.example:8443/a/b.c?tenant=x&v=1",
            "https://xn--mnchen-3ya.example/keys",
            "https://a1.b-2.example/%7Ejoe/keys",
        ] {
            assert!(PublicUri::parse(text, Reach::Public).is_ok(), "{text}");
        }
        for text in [
            "http://login.example/",
            "ftp://login.example/",
            "HTTPS://login.example/",
            "//login.example/",
            "file:///etc/passwd",
            "data:,{}",
            "",
        ] {
            refused(text, UriError::Scheme);
        }
    }

    #[test]
    fn j4_no_spelling_of_an_address_is_a_name() {
        for host in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "8.8.8.8",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "127.1",
            "0177.0.0.1",
            "0x7f.0x0.0x0.0x1",
            "a.1",
            "a.0x1",
            "a.0x",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[fe80::1]",
            "[fd00::1]",
            "[2606:4700::1111]",
            "localhost",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "intranet",
            "router.lan",
            "1.0.0.127.in-addr.arpa",
            "login.example.",
            ".example",
            "a..example",
            "-a.example",
            "a-.example",
            "a_b.example",
            "Login.example",
            "login.EXAMPLE",
            "l\u{f6}gin.example",
            "\u{ff4c}ogin.example",
            "127\u{3002}0.0.1",
            "login%2Eexample",
            "",
            "*",
            "a b.example",
        ] {
            refused(&format!("https://{host}/keys"), UriError::Host);
        }
    }

    #[test]
    fn j4_an_address_has_one_spelling() {
        for text in [
            "https://login.example",
            "https://login.example?x",
            "https://login.example#x",
            "https://login.example:443/",
            "https://login.example:/",
            "https://login.example:0443/",
            "https://login.example:+8443/",
            "https://login.example:65536/",
            "https://login.example/#fragment",
            "https://login.example/a b",
            "https://login.example/a/../b",
            "https://login.example/a/./b",
            "https://login.example/%2e%2E/b",
            "https://login.example/a\\b",
            "https://login.example/\u{e9}",
            "https://login.example/a\tb",
            "https://login.example/a'b",
            "https://login.example/?\"",
        ] {
            refused(text, UriError::Form);
        }
        refused("https://user@login.example/", UriError::Host);
        refused("https://user:pw@login.example/", UriError::Form);
        refused(
            "https://login.example:8443@169.254.169.254/",
            UriError::Form,
        );
        refused("https://login.example\\@127.0.0.1/", UriError::Host);
        refused(" https://login.example/", UriError::Scheme);
        refused("https:/login.example/", UriError::Scheme);
        refused(
            &format!("https://login.example/{}", "a".repeat(1_024)),
            UriError::Form,
        );
    }

    #[test]
    fn this_machine_is_for_development_only() {
        for text in [
            "http://127.0.0.1:4000/jwks.json",
            "http://localhost:4000/jwks.json",
            "http://[::1]:4000/jwks.json",
        ] {
            assert!(PublicUri::parse(text, Reach::Loopback).is_ok(), "{text}");
            assert_eq!(PublicUri::parse(text, Reach::Public), Err(UriError::Scheme));
        }
        for text in [
            "http://127.0.0.2:4000/",
            "http://0.0.0.0:4000/",
            "http://10.0.0.1/",
            "http://[::]/",
        ] {
            assert!(PublicUri::parse(text, Reach::Loopback).is_err(), "{text}");
        }
        assert!(PublicUri::parse("https://127.0.0.1/", Reach::Public).is_err());
    }
}
