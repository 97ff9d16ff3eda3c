//! One issuer for each algorithm, and the whole pipeline as one function.

use lockstep_token::native::{Native, ready};
use lockstep_token::{Algorithm, Issuers, Token, TokenError};

use crate::keys::TestKey;

/// The time of every test, in seconds.
pub(crate) const NOW_S: i64 = 1_800_000_000;

/// What the pipeline makes of a token at [`NOW_S`]: its subject, or why it was refused.
pub(crate) fn subject(issuers: &Issuers, text: &str) -> Result<String, TokenError> {
    let token = Token::parse(text)?;
    let verified = ready(token.select(issuers.records())?.verify(&Native)).expect("native")?;
    Ok(verified.claims(NOW_S)?.subject().to_owned())
}

/// An issuer `https://<algorithm>.example` with one key `k1` and the audience `lockstep`.
pub(crate) struct World {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: TestKey,
    pub(crate) issuers: Issuers,
}

impl World {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self::with(algorithm, "")
    }

    /// With more members in the record, each followed by a comma.
    pub(crate) fn with(algorithm: Algorithm, members: &str) -> Self {
        let key = TestKey::new(algorithm, 7);
        let name = algorithm.name();
        let jwk = key.jwk(&format!(r#""kid":"k1","alg":"{name}""#));
        let issuers = Issuers::parse(&format!(
            r#"[{{{members}"issuer":"https://{name}.example","audiences":["lockstep"],
                "algorithms":["{name}"],"keys":{{"keys":[{jwk}]}}}}]"#
        ))
        .unwrap();
        Self {
            algorithm,
            key,
            issuers,
        }
    }

    /// The header of a good token.
    pub(crate) fn header(&self) -> String {
        format!(
            r#"{{"alg":"{}","kid":"k1","typ":"JWT"}}"#,
            self.algorithm.name()
        )
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> String {
        self.claims_with("", "")
    }

    /// Good claims with one replaced, or taken away when the value is empty.
    pub(crate) fn claims_with(&self, name: &str, value: &str) -> String {
        let members = [
            (
                "iss",
                format!(r#""https://{}.example""#, self.algorithm.name()),
            ),
            ("sub", r#""ann""#.to_owned()),
            ("aud", r#""lockstep""#.to_owned()),
            ("exp", (NOW_S + 300).to_string()),
            ("iat", (NOW_S - 60).to_string()),
        ];
        let kept = members.into_iter().filter(|(other, _)| *other != name);
        let replaced = (!value.is_empty()).then(|| (name, value.to_owned()));
        let members: Vec<String> = kept
            .chain(replaced)
            .map(|(name, value)| format!(r#""{name}":{value}"#))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    /// Signs these two parts.
    pub(crate) fn token(&self, header: &str, claims: &str) -> String {
        self.key.token(self.algorithm, header, claims)
    }

    pub(crate) fn good_token(&self) -> String {
        self.token(&self.header(), &self.claims())
    }

    pub(crate) fn subject(&self, text: &str) -> Result<String, TokenError> {
        subject(&self.issuers, text)
    }
}
