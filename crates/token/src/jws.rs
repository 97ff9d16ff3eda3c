//! Compact JWS, read strictly: each signature of a token has exactly one accepted spelling (RFC 7515).
//!
//! A [`Jws`] is unverified, so it gives nothing away but what chooses a key. Its payload comes out
//! of [`SignatureCheck::verify`](crate::verify::SignatureCheck::verify) only.
//!
//! ```
//! use lockstep_token::{TokenError, jws::Jws};
//!
//! let text = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.e30.c2lnbmF0dXJl";
//! assert_eq!(Jws::parse(text).unwrap().kid(), Some("k1"));
//! assert_eq!(Jws::parse(&format!("{text}=")).unwrap_err(), TokenError::Base64 { segment: "signature" });
//! ```

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::algorithm::Algorithm;
use crate::error::TokenError;
use crate::json::{Object, Value};

/// The longest accepted token in bytes. It is compared before anything is looked at.
pub const TOKEN_LEN_MAX: usize = 8 * 1024;

/// Header members that change how a token is to be read (RFC 7515 section 4.1.11, RFC 7797,
/// RFC 7516). None is offered, so whoever writes one is refused. Members that carry or locate keys
/// (`jwk`, `jku`, `x5u`, `x5c`) are never read.
const EXTENSIONS: [&str; 4] = ["crit", "b64", "zip", "enc"];

/// A parsed and unverified token.
pub struct Jws<'t> {
    algorithm: Algorithm,
    kid: Option<String>,
    kind: Option<String>,
    message: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Jws<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError`] names the first rule that the text breaks.
    pub fn parse(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(TokenError::TooLong);
        }
        let (message, header, payload, signature) = segments(token)?;
        let header = decode(header, "header")?;
        let header = Object::parse(&header).map_err(|error| TokenError::Json {
            segment: "header",
            error,
        })?;
        if let Some(member) = EXTENSIONS
            .into_iter()
            .find(|name| header.member(name).is_some())
        {
            return Err(TokenError::Extension { member });
        }
        let algorithm = header.text("alg").and_then(Algorithm::from_name);
        Ok(Self {
            algorithm: algorithm.ok_or(TokenError::Algorithm)?,
            kid: text(&header, "kid")?,
            kind: text(&header, "typ")?,
            message,
            payload: decode(payload, "claims")?,
            signature: decode(signature, "signature")?,
        })
    }

    /// The algorithm that the token claims; it has to be the one its key is bound to.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key that the token claims to be signed with.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The `typ` member.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// What was signed: the first two segments and the dot between them.
    pub(crate) fn message(&self) -> &'t str {
        self.message
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Debug for Jws<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Jws({}, unverified)", self.algorithm.name())
    }
}

/// The message, and the three segments. An encrypted token is recognized by its dots alone.
fn segments(token: &str) -> Result<(&str, &str, &str, &str), TokenError> {
    let dots = token.bytes().filter(|byte| *byte == b'.').count();
    if dots == 4 {
        return Err(TokenError::Encrypted);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Segments)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Segments)?;
    if dots == 2 {
        Ok((message, header, payload, signature))
    } else {
        Err(TokenError::Segments)
    }
}

/// This engine refuses padding, white space, other alphabets, and bits after the last byte that
/// are not zero.
fn decode(segment: &str, name: &'static str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| TokenError::Base64 { segment: name })
}

fn text(header: &Object, member: &'static str) -> Result<Option<String>, TokenError> {
    match header.member(member) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TokenError::HeaderType { member }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"alg":"RS256","kid":"k1"}"#;

    fn token(header: &str, payload: &str, signature: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.{}",
            encode(header),
            encode(payload),
            encode(signature)
        )
    }

    #[track_caller]
    fn check(token: &str, expected: TokenError) {
        assert_eq!(Jws::parse(token).unwrap_err(), expected, "{token}");
    }

    #[track_caller]
    fn check_header(header: &str, expected: TokenError) {
        check(&token(header, "{}", "s"), expected);
    }

    #[test]
    fn a_plain_token_parses() {
        let text = token(HEADER, "{}", "s");
        let jws = Jws::parse(&text).unwrap();
        assert_eq!((jws.algorithm(), jws.kid()), (Algorithm::Rs256, Some("k1")));
        assert_eq!((jws.payload(), jws.signature()), (&b"{}"[..], &b"s"[..]));
        assert_eq!(jws.message(), text.rsplit_once('.').unwrap().0);
        assert_eq!(format!("{jws:?}"), "Jws(RS256, unverified)");
    }

    #[test]
    fn j1_none_in_every_spelling_is_refused() {
        for name in [
            "none", "None", "NONE", "nOnE", "", "RS256 ", "rs256", "ES512",
        ] {
            check_header(&format!(r#"{{"alg":"{name}"}}"#), TokenError::Algorithm);
        }
        for header in [
            "{}",
            r#"{"alg":null}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"Alg":"RS256"}"#,
        ] {
            check_header(header, TokenError::Algorithm);
        }
    }

    #[test]
    fn j6_crit_and_other_extensions_are_refused_whatever_they_hold() {
        for value in [
            "[]",
            r#"["x"]"#,
            r#"["exp"]"#,
            r#"["alg"]"#,
            r#"["b64"]"#,
            "null",
            "false",
        ] {
            check_header(
                &format!(r#"{{"alg":"RS256","crit":{value}}}"#),
                TokenError::Extension { member: "crit" },
            );
        }
        for value in ["true", "false"] {
            let header = format!(r#"{{"alg":"RS256","b64":{value}}}"#);
            check_header(&header, TokenError::Extension { member: "b64" });
        }
        let member = "zip";
        check_header(
            r#"{"alg":"RS256","zip":"DEF"}"#,
            TokenError::Extension { member },
        );
        assert!(Jws::parse(&token(r#"{"alg":"RS256","crit":[],"crit":[]}"#, "{}", "s")).is_err());
    }

    #[test]
    fn j5_a_kid_is_a_string_or_absent() {
        for kid in ["1", "null", "[]", "{}", "true"] {
            let header = format!(r#"{{"alg":"RS256","kid":{kid}}}"#);
            check_header(&header, TokenError::HeaderType { member: "kid" });
        }
        assert!(Jws::parse(&token(r#"{"alg":"RS256","kid":"k\u0000"}"#, "{}", "s")).is_err());
    }

    #[test]
    fn j11_doubtful_headers_are_refused() {
        for header in [
            r#"{"alg":"RS256","alg":"RS256"}"#,
            r#"{"alg":"RS256","x":{"y":1,"y":2}}"#,
            "\u{feff}{\"alg\":\"RS256\"}",
            r#"{"alg":"RS256","x":"\ud800"}"#,
            r#"{"alg":"RS256"} "x""#,
            "[]",
            "null",
            "",
        ] {
            let text = token(header, "{}", "s");
            let refused = Jws::parse(&text);
            assert!(
                matches!(
                    refused,
                    Err(TokenError::Json {
                        segment: "header",
                        ..
                    })
                ),
                "{header}"
            );
        }
    }

    #[test]
    fn j12_one_token_has_one_spelling() {
        let text = token(HEADER, "{}", "signature");
        let others = text.char_indices().flat_map(|(at, _)| {
            let (head, tail) = text.split_at(at);
            ["=", " ", "\n", "\t", "\0", "+", "/", "é"].map(|extra| format!("{head}{extra}{tail}"))
        });
        for other in others.chain([format!("{text}="), format!("{text}\n"), format!(" {text}")]) {
            assert!(Jws::parse(&other).is_err(), "{other:?}");
        }
        // `e30` is `{}`; the two bits after its last byte may only be zero.
        for spelling in ["e31", "e32", "e33"] {
            assert!(
                Jws::parse(&text.replace("e30", spelling)).is_err(),
                "{spelling}"
            );
        }
    }

    #[test]
    fn j18_size_is_refused_before_anything_else() {
        check(&".".repeat(1_000_000), TokenError::TooLong);
        check(
            &format!("{}.e30.", "A".repeat(10_000_000)),
            TokenError::TooLong,
        );
        check(&"é".repeat(TOKEN_LEN_MAX), TokenError::TooLong);
        let nested = format!(r#"{{"alg":"RS256","x":{}}}"#, "[".repeat(6_000));
        assert!(Jws::parse(&token(&nested, "{}", "s")).is_err());
    }

    #[test]
    fn j19_encrypted_tokens_are_refused_unread() {
        check("a.b.c.d.e", TokenError::Encrypted);
        check("!.!.!.!.!", TokenError::Encrypted);
        check_header(
            r#"{"alg":"RS256","enc":"A256GCM"}"#,
            TokenError::Extension { member: "enc" },
        );
    }

    #[test]
    fn j24_other_shapes_are_refused() {
        for text in [
            "",
            ".",
            "a",
            "a.b",
            "a.b.c.d",
            "a.b.c.d.e.f",
            "Bearer",
            "{\"payload\":\"\"}",
        ] {
            check(text, TokenError::Segments);
        }
        check(
            "..",
            TokenError::Json {
                segment: "header",
                error: Object::parse(b"").unwrap_err(),
            },
        );
    }
}
