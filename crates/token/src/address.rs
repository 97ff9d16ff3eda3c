//! E-mail addresses in their one normal form.
//!
//! The form names an object, so it is fixed for ever: ASCII lower case, the domain as A-labels
//! (UTS 46, non-transitional, which includes NFC), dots and plus signs kept. Accepted are plain
//! addresses of RFC 5321 (what isemail calls VALID or DNSWARN); quoted local parts, comments,
//! address literals and white space inside are refused.
//!
//! ```
//! use lockstep_token::Address;
//!
//! let address = Address::parse("Ann+Test@B\u{fc}cher.example").unwrap();
//! assert_eq!(address.as_str(), "ann+test@xn--bcher-kva.example");
//! assert!(Address::parse("\"ann\"@example.com").is_err());
//! assert_eq!(Address::from_typed(" ann@example.com\n").unwrap().as_str(), "ann@example.com");
//! ```

use std::fmt;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The longest address in bytes (RFC 5321 section 4.5.3.1.3, without the angle brackets).
pub const ADDRESS_LEN_MAX: usize = 254;

/// The longest local part in bytes (RFC 5321 section 4.5.3.1.1).
pub const LOCAL_PART_LEN_MAX: usize = 64;

/// The longest text that is looked at: room for a domain that is shorter as A-labels.
const TEXT_LEN_MAX: usize = 1024;

/// An e-mail address in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Box<str>);

impl Address {
    /// Reads an address as another program sends it: white space around it is refused.
    ///
    /// # Errors
    /// [`AddressError`] names the first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > TEXT_LEN_MAX {
            return Err(AddressError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoDomain)?;
        let local = local_part(local)?;
        let domain = domain_name(domain)?;
        let address = format!("{local}@{domain}");
        if address.len() > ADDRESS_LEN_MAX {
            return Err(AddressError::TooLong);
        }
        Ok(Self(address.into_boxed_str()))
    }

    /// Reads an address as a person types or pastes it: white space around it is dropped first.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn from_typed(text: &str) -> Result<Self, AddressError> {
        Self::parse(text.trim())
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain, as A-labels in lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why a text is not an address that mail can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// The part after the @ is not a domain name with letters in its last label.
    Domain,
    /// The part before the @ is not dot-separated plain characters.
    LocalPart,
    /// The part before the @ holds characters outside ASCII.
    LocalPartNotAscii,
    /// There is no @.
    NoDomain,
    /// The address, or the part before the @, is longer than mail allows.
    TooLong,
}

impl fmt::Display for AddressError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Domain => "the part after the @ is not a domain name",
            Self::LocalPart => {
                "the part before the @ holds characters that mail does not allow there"
            }
            Self::LocalPartNotAscii => "the part before the @ may only hold ASCII characters",
            Self::NoDomain => "the address has no @",
            Self::TooLong => "the address is too long",
        })
    }
}

impl std::error::Error for AddressError {}

/// A dot-atom of RFC 5321 in lower case.
///
/// Nothing is normalized here before the ASCII test: NFC turns the Kelvin sign into a plain K, and
/// two spellings would name one person.
fn local_part(text: &str) -> Result<String, AddressError> {
    if !text.is_ascii() {
        return Err(AddressError::LocalPartNotAscii);
    }
    if text.len() > LOCAL_PART_LEN_MAX {
        return Err(AddressError::TooLong);
    }
    if text
        .split('.')
        .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
    {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(AddressError::LocalPart)
    }
}

/// `atext` of RFC 5322 section 3.2.3.
fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn domain_name(text: &str) -> Result<String, AddressError> {
    let domain = Uts46::new()
        .to_ascii(
            text.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| AddressError::Domain)?;
    let (above, top) = match domain.rsplit_once('.') {
        Some((above, top)) => (Some(above), top),
        None => (None, &*domain),
    };
    if top.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(AddressError::Domain);
    }
    // A top-level domain alone takes mail at some country codes (RFC 7085) and is forbidden to all
    // others by ICANN, so there it is a typo.
    if above.is_none() && !(top.len() == 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        return Err(AddressError::Domain);
    }
    Ok(domain.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, AddressError>) {
        let found = Address::parse(text);
        assert_eq!(
            found.as_ref().map(Address::as_str).map_err(|error| *error),
            expected,
            "{text}"
        );
    }

    #[test]
    fn case_is_folded_and_nothing_else() {
        check("Ann@Example.COM", Ok("ann@example.com"));
        check("a.n.n+x@example.com", Ok("a.n.n+x@example.com"));
        check("o'hara_-!@example.com", Ok("o'hara_-!@example.com"));
    }

    #[test]
    fn domains_become_a_labels() {
        check("ann@B\u{fc}cher.example", Ok("ann@xn--bcher-kva.example"));
        check("ann@bu\u{308}cher.example", Ok("ann@xn--bcher-kva.example"));
        check("ann@XN--BCHER-KVA.example", Ok("ann@xn--bcher-kva.example"));
        check("ann@example\u{3002}com", Ok("ann@example.com"));
        check("ann@fa\u{df}.example", Ok("ann@xn--fa-hia.example"));
    }

    /// W11: an A-label that decodes to plain ASCII would be a second spelling of it.
    #[test]
    fn w11_false_a_labels_are_refused() {
        for domain in [
            "xn--example-.com",
            "xn--a.com",
            "xn--.com",
            "xn--ASCII-.com",
            "xn--zzzzzz99999.com",
        ] {
            check(&format!("ann@{domain}"), Err(AddressError::Domain));
        }
    }

    /// I10: nothing may turn into an @, a dot or a letter after it was looked at.
    #[test]
    fn i10_look_alikes_are_refused() {
        check("ann@evil.example@example.com", Err(AddressError::LocalPart));
        check("ann\u{ff20}example.com", Err(AddressError::NoDomain));
        check(
            "ann@example.com\u{ff20}evil.example",
            Err(AddressError::Domain),
        );
        check(
            "\u{212a}ate@example.com",
            Err(AddressError::LocalPartNotAscii),
        );
        check(
            "ann\u{2024}x@example.com",
            Err(AddressError::LocalPartNotAscii),
        );
        check("ann@exam\0ple.com", Err(AddressError::Domain));
        check(
            "ann@example.com\r\nBcc: x@example.com",
            Err(AddressError::LocalPart),
        );
        check("ann@example.com>", Err(AddressError::Domain));
    }

    #[test]
    fn lengths_are_bounded() {
        let label = "a".repeat(63);
        let long = format!("{}@{label}.{label}.{}", "a".repeat(64), "a".repeat(61));
        assert_eq!(long.len(), 254);
        check(&long, Ok(&long));
        check(&format!("{long}a"), Err(AddressError::TooLong));
        check(
            &format!("{}@example.com", "a".repeat(65)),
            Err(AddressError::TooLong),
        );
        check(
            &format!("ann@{}.com", "a".repeat(64)),
            Err(AddressError::Domain),
        );
        check(&"a@".repeat(600), Err(AddressError::TooLong));
    }

    #[test]
    fn white_space_around_is_for_people_only() {
        check(" ann@example.com", Err(AddressError::LocalPart));
        check("ann@example.com ", Err(AddressError::Domain));
        assert_eq!(
            Address::from_typed("\t ann@example.com \r\n")
                .unwrap()
                .domain(),
            "example.com"
        );
    }

    #[test]
    fn the_normal_form_is_its_own_normal_form() {
        for text in ["Ann@B\u{fc}cher.example", "a.b@c.example", "test@io"] {
            let form = Address::parse(text).unwrap();
            assert_eq!(Address::parse(form.as_str()), Ok(form));
        }
    }
}
