//! Keys that sign: for JWTs of our own, which others verify by the keys that are published here.
//!
//! Signing is WebCrypto's, behind [`Signer`]; this reads and checks the keys, and writes what is signed.
//!
//! ```
//! use lockstep_token::jwk::SigningKeys;
//!
//! // RFC 8037, appendix A.1.
//! let keys = SigningKeys::parse(br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1",
//!     "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
//!     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#).unwrap();
//! assert_eq!(keys.signer().kid(), "k1");
//! assert!(!keys.published().contains("nWGxne"));
//! ```

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::key::{Key, KeyFault, LeftOut, Material, bytes, number};
use crate::algorithm::Algorithm;
use crate::json::{JsonError, Object, Value};
use crate::verify::{Question, Verifier, VerifierError};

/// The most keys of a deployment: the one that signs, and those that did or will.
pub const SIGNING_KEYS_MAX: usize = 8;

/// What a deployment signs with. ES256 is what to take; the others are for services that verify nothing else.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];
/// Members of a private JWK, and those that say what a key object may do.
const NOT_PUBLISHED: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "key_ops", "ext"];
/// The longest name of a key, in characters.
const KID_CHARS_MAX: usize = 64;

/// The primitive that signs.
pub trait Signer {
    /// The signature over `message`, as JWS writes it (ECDSA: `r || s`).
    ///
    /// # Errors
    /// [`VerifierError`] when the primitive could not sign.
    fn sign(
        &self,
        key: &SigningKey,
        message: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, VerifierError>>;
}

/// The keys of a deployment: the first one signs, all are published.
#[derive(Clone)]
pub struct SigningKeys {
    signer: SigningKey,
    published: String,
}

/// A private key with its public one.
#[derive(Clone)]
pub struct SigningKey {
    public: Key,
    kid: String,
    private: String,
}

impl SigningKeys {
    /// Reads a JWK set. The first key is private; the others may be, and only their public members count.
    ///
    /// # Errors
    /// [`SigningKeysError`], which repeats nothing of a key.
    pub fn parse(json: &[u8]) -> Result<Self, SigningKeysError> {
        let set = Object::parse(json).map_err(SigningKeysError::Json)?;
        let keys = set.member("keys").and_then(Value::as_array);
        let keys = keys.ok_or(SigningKeysError::Shape)?;
        if keys.len() > SIGNING_KEYS_MAX {
            return Err(SigningKeysError::TooMany);
        }
        let mut signer = None;
        let mut published: Vec<Published> = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let jwk = key.as_object().ok_or(SigningKeysError::Shape)?;
            let key = load(jwk, index)?;
            if published.iter().any(|known| known.kid == key.kid) {
                return Err(SigningKeysError::DuplicateKid);
            }
            if index == 0 {
                let private = private(jwk, &key.public);
                signer = Some(SigningKey {
                    private: private.map_err(|fault| SigningKeysError::Key { index, fault })?,
                    public: key.public.clone(),
                    kid: key.kid.clone(),
                });
            }
            published.push(key);
        }
        let published: Vec<String> = published.iter().filter_map(Published::to_jwk).collect();
        Ok(Self {
            signer: signer.ok_or(SigningKeysError::Empty)?,
            published: format!(r#"{{"keys":[{}]}}"#, published.join(",")),
        })
    }

    /// The key that signs.
    #[must_use]
    pub const fn signer(&self) -> &SigningKey {
        &self.signer
    }

    /// The public keys, as a JWK set.
    #[must_use]
    pub fn published(&self) -> &str {
        &self.published
    }
}

impl SigningKey {
    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &Key {
        &self.public
    }

    /// The key's name, in published sets and in what it signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as a JWK for `crypto.subtle.importKey("jwk", …)`. It goes nowhere else.
    #[must_use]
    pub fn private_jwk(&self) -> &str {
        &self.private
    }

    /// A JWT of type `typ` with these claims, a JSON object. What was signed is verified by the public key
    /// before it is handed out: nobody gets a token that only this side believes in, nor a faulty
    /// signature that tells something of an RSA key.
    ///
    /// # Errors
    /// [`VerifierError`] when the primitive fails, or the two halves of the key do not fit.
    pub async fn sign(
        &self,
        typ: &str,
        claims: &str,
        primitive: &(impl Signer + Verifier),
    ) -> Result<String, VerifierError> {
        let algorithm = self.public.algorithm().name();
        let header = format!(
            r#"{{"alg":"{algorithm}","kid":"{}","typ":"{typ}"}}"#,
            self.kid
        );
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let message = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.as_bytes())
        );
        let signature = primitive.sign(self, message.as_bytes()).await?;
        let question = Question {
            key: &self.public,
            message: message.as_bytes(),
            signature: &signature,
        };
        if primitive.verify(question).await? {
            return Ok(format!("{message}.{}", encode(&signature)));
        }
        Err(VerifierError {
            reason: "the private key does not fit the public one".to_owned(),
        })
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKeys({})", self.published)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({:?})", self.public)
    }
}

/// A public key with the name that it needs.
struct Published {
    public: Key,
    kid: String,
}

impl Published {
    fn to_jwk(&self) -> Option<String> {
        let jwk = self.public.jwk()?;
        let (numbers, name) = (jwk.strip_suffix('}')?, self.public.algorithm().name());
        let kid = &self.kid;
        Some(format!(
            r#"{numbers},"alg":"{name}","kid":"{kid}","use":"sig"}}"#
        ))
    }
}

fn load(jwk: &Object, index: usize) -> Result<Published, SigningKeysError> {
    let public = Key::load(&jwk.without(&NOT_PUBLISHED), &ALGORITHMS);
    let public = public.map_err(|fault| SigningKeysError::Key { index, fault })?;
    let public = public.map_err(|reason| SigningKeysError::NotForSigning { index, reason })?;
    let kid = public.kid().filter(|kid| is_plain(kid)).map(str::to_owned);
    let kid = kid.ok_or(SigningKeysError::Kid { index })?;
    Ok(Published { public, kid })
}

/// A name that needs no escaping, wherever it is written.
fn is_plain(kid: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    (1..=KID_CHARS_MAX).contains(&kid.len()) && kid.chars().all(plain)
}

/// The private JWK: type, curve and numbers, each in its one form.
fn private(jwk: &Object, public: &Key) -> Result<String, KeyFault> {
    let (numbers, len): (&[&'static str], _) = match public.material() {
        Material::Rsa { .. } => (&["d", "p", "q", "dp", "dq", "qi"], None),
        Material::Ec { x, .. } | Material::Ed25519 { x } => (&["d"], Some(x.len())),
        Material::Hmac(_) => return Err(KeyFault::Private),
    };
    let public = public.jwk().ok_or(KeyFault::Private)?;
    let mut private = public.trim_end_matches('}').to_owned();
    for name in numbers {
        let value = match len {
            Some(len) => bytes(jwk, name, len)?,
            None => number(jwk, name)?,
        };
        let value = URL_SAFE_NO_PAD.encode(value);
        private.push_str(&format!(r#","{name}":"{value}""#));
    }
    private.push('}');
    Ok(private)
}

/// Why signing keys were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningKeysError {
    /// Two keys have one `kid`.
    DuplicateKid,
    /// There is no key.
    Empty,
    /// It is not acceptable JSON.
    Json(JsonError),
    /// A key is broken, or the first one is not private.
    Key {
        /// Its place in the set.
        index: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// A key has no `kid` of 1 to 64 letters, digits, `-`, `.` and `_`.
    Kid {
        /// Its place in the set.
        index: usize,
    },
    /// A key is not for ES256, EdDSA or RS256.
    NotForSigning {
        /// Its place in the set.
        index: usize,
        /// Why not.
        reason: LeftOut,
    },
    /// It is not an object with an array `keys` of objects.
    Shape,
    /// It has more than [`SIGNING_KEYS_MAX`] keys.
    TooMany,
}

impl fmt::Display for SigningKeysError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKid => formatter.write_str("two keys have one `kid`"),
            Self::Empty => formatter.write_str("there is no key"),
            Self::Json(error) => write!(formatter, "the key set is not acceptable JSON: {error}"),
            Self::Key { index, fault } => write!(formatter, "key {index} {fault}"),
            Self::Kid { index } => write!(
                formatter,
                "key {index} has no `kid` of 1 to {KID_CHARS_MAX} letters, digits, `-`, `.` and `_`"
            ),
            Self::NotForSigning { index, reason } => write!(formatter, "key {index} {reason}"),
            Self::Shape => formatter.write_str("the key set is not an object with an array `keys`"),
            Self::TooMany => {
                write!(
                    formatter,
                    "the key set has more than {SIGNING_KEYS_MAX} keys"
                )
            }
        }
    }
}

impl std::error::Error for SigningKeysError {}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"k1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// RFC 7515, appendix A.3.
    const EC: &str = r#"{"kty":"EC","crv":"P-256","kid":"k2","key_ops":["sign"],"ext":true,"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

    fn parse(keys: &[&str]) -> Result<SigningKeys, SigningKeysError> {
        SigningKeys::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
    }

    #[test]
    fn the_first_key_signs_and_all_are_published_without_what_is_private() {
        let keys = parse(&[EC, ED]).unwrap();
        assert_eq!(keys.signer().kid(), "k2");
        assert_eq!(keys.signer().public().algorithm(), Algorithm::Es256);
        let published = Object::parse(keys.published().as_bytes()).unwrap();
        let published = published.member("keys").and_then(Value::as_array).unwrap();
        let names = ["k2", "k1"].map(Some);
        let kids = published
            .iter()
            .map(|key| key.as_object().unwrap().text("kid"));
        assert!(kids.eq(names));
        for text in [keys.published(), &format!("{keys:?} {:?}", keys.signer())] {
            for private in ["jpsQnn", "nWGxne", "\"d\"", "key_ops"] {
                assert!(!text.contains(private), "{text}");
            }
        }
        let private = Object::parse(keys.signer().private_jwk().as_bytes()).unwrap();
        let names: Vec<&str> = private.names().collect();
        assert_eq!(names, ["crv", "d", "kty", "x", "y"]);
    }

    #[test]
    fn a_key_that_only_verifies_may_follow_but_not_lead() {
        let public = ED.replace(r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","#, "");
        assert!(parse(&[EC, &public]).is_ok());
        let fault = KeyFault::Member { name: "d" };
        let refused = parse(&[&public, EC]).unwrap_err();
        assert_eq!(refused, SigningKeysError::Key { index: 0, fault });
    }

    #[test]
    fn what_cannot_be_relied_on_is_refused() {
        let short = ED.replace("nWGxne_9", "");
        let nameless = ED.replace(r#""kid":"k1","#, "");
        let quoted = ED.replace("k1", r#"k\"1"#);
        let off = EC.replace("f83OJ3D2", "g83OJ3D2");
        let p384 = EC.replace("P-256", "P-384");
        let other = ED.replace("\"kty\"", "\"alg\":\"ES256\",\"kty\"");
        let encrypting = ED.replace("\"kty\"", "\"use\":\"enc\",\"kty\"");
        let secret = r#"{"kty":"oct","kid":"k","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
        for key in [
            &short,
            &nameless,
            &quoted,
            &off,
            &p384,
            &other,
            &encrypting,
            secret,
            "1",
        ] {
            assert!(parse(&[key]).is_err(), "{key}");
        }
        assert_eq!(parse(&[]).unwrap_err(), SigningKeysError::Empty);
        assert_eq!(
            parse(&[ED, ED]).unwrap_err(),
            SigningKeysError::DuplicateKid
        );
        let many: Vec<String> = (0..9)
            .map(|at| ED.replace("k1", &format!("k{at}")))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(parse(&many).unwrap_err(), SigningKeysError::TooMany);
        for text in ["[]", "{}", "{\"keys\":1}", "{\"keys\":[],\"keys\":[]}", ""] {
            assert!(SigningKeys::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// Signs with nothing, or as if by another key.
    struct Broken;

    impl Signer for Broken {
        async fn sign(&self, _: &SigningKey, _: &[u8]) -> Result<Vec<u8>, VerifierError> {
            Ok(vec![7; 64])
        }
    }

    impl Verifier for Broken {
        async fn verify(&self, _: Question<'_>) -> Result<bool, VerifierError> {
            Ok(false)
        }
    }

    #[test]
    fn a_signature_that_nobody_could_verify_is_not_handed_out() {
        let keys = parse(&[ED]).unwrap();
        let signed = keys.signer().sign("at+jwt", "{}", &Broken);
        let mut signed = std::pin::pin!(signed);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(signed) = signed.as_mut().poll(&mut context) else {
            panic!("it waits for nothing");
        };
        assert!(signed.unwrap_err().reason.contains("does not fit"));
    }
}
