//! Who may sign tokens for us: issuer, audience, algorithms and keys are one record.
//!
//! A record without one of them does not exist, so none of the checks can be forgotten or switched
//! off. The same `kid` under two issuers is two keys: a key is only ever looked for inside the
//! record of the token's own issuer.
//!
//! A record has its keys with it (`keys`), or says where they are published (`jwks_uri`); who
//! fetches them has [`IssuerRecord::read_keys`] read them, which binds them to the record.
//!
//! ```
//! use lockstep_token::issuer::Issuers;
//!
//! let issuers = Issuers::parse(r#"[{
//!     "issuer": "https://login.example",
//!     "audiences": ["lockstep"],
//!     "algorithms": ["EdDSA"],
//!     "keys": {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1",
//!                        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
//! }]"#).unwrap();
//! assert_eq!(issuers.records()[0].issuer(), "https://login.example");
//! assert!(Issuers::parse("[]").is_ok(), "no issuer at all is legal");
//! assert!(Issuers::parse(r#"[{"issuer": "https://login.example"}]"#).is_err());
//! ```

mod error;

use crate::algorithm::Algorithm;
use crate::json::{Object, Value};
use crate::jwk::{KeySet, KeySetError};
use crate::uri::{PublicUri, Reach};

pub use error::{IssuerError, IssuersError};

/// Tolerated difference of clocks, in seconds, unless the record says otherwise.
pub const LEEWAY_S: i64 = 30;
/// The most that a record may tolerate, in seconds.
pub const LEEWAY_S_MAX: i64 = 120;
/// The longest life of a token, in seconds, unless the record says otherwise: a day.
pub const LIFETIME_S: i64 = 86_400;
/// The most that a record may allow, in seconds: 31 days.
pub const LIFETIME_S_MAX: i64 = 2_678_400;
/// The most records in one list.
pub const ISSUERS_MAX: usize = 64;
/// The most audiences, algorithms or types in one record.
const LIST_MAX: usize = 32;

/// The `typ` values that name an access token (RFC 7519 section 5.1, RFC 9068 section 2.1). Others
/// name tokens for other uses: logout, DPoP proofs, security events.
const TYPES: [&str; 2] = ["JWT", "at+jwt"];

/// The claim that names the user, unless the record says otherwise.
const SUBJECT_CLAIM: &str = "sub";
/// Claims that say something about the token, and so name nobody.
const NO_SUBJECTS: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "nbf", "typ"];

/// Members of a record.
const MEMBERS: [&str; 10] = [
    "issuer",
    "audiences",
    "algorithms",
    "keys",
    "jwks_uri",
    "subject_claim",
    "leeway_s",
    "max_lifetime_s",
    "issued_at_required",
    "types",
];

/// The issuers of one deployment or organization. INVARIANT: no two records have one issuer.
#[derive(Clone, Debug, Default)]
pub struct Issuers(Vec<IssuerRecord>);

impl Issuers {
    /// Reads a JSON array of records.
    ///
    /// # Errors
    /// [`IssuersError`] names the first record that is refused and why.
    pub fn parse(json: &str) -> Result<Self, IssuersError> {
        Self::parse_within(json, Reach::Public)
    }

    /// [`Issuers::parse`], for records whose keys are published within `reach`.
    ///
    /// # Errors
    /// As [`Issuers::parse`].
    pub fn parse_within(json: &str, reach: Reach) -> Result<Self, IssuersError> {
        let value = Value::parse(json.as_bytes()).map_err(IssuersError::Json)?;
        let values = value.as_array().ok_or(IssuersError::Shape)?;
        if values.len() > ISSUERS_MAX {
            return Err(IssuersError::TooMany);
        }
        let mut records: Vec<IssuerRecord> = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let object = value.as_object().ok_or(IssuersError::Shape)?;
            let record = IssuerRecord::from_object(object, reach)
                .map_err(|error| IssuersError::Record { index, error })?;
            if records.iter().any(|other| other.issuer == record.issuer) {
                return Err(IssuersError::Duplicate { index });
            }
            records.push(record);
        }
        Ok(Self(records))
    }

    /// The records, in the order of the list.
    pub fn records(&self) -> &[IssuerRecord] {
        &self.0
    }
}

/// One issuer with everything that its tokens are held against.
#[derive(Clone, Debug)]
pub struct IssuerRecord {
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    source: KeySource,
    subject_claim: String,
    leeway_s: i64,
    max_lifetime_s: i64,
    issued_at_required: bool,
    types: Option<Vec<String>>,
}

/// Where the keys of an issuer are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In the record.
    Inline(KeySet),
    /// Published there.
    Uri(PublicUri),
}

/// Published keys of one record. INVARIANT: only [`IssuerRecord::read_keys`] makes one, so the keys
/// of one issuer never verify a token of another.
///
/// They have no age: who fetches them remembers when that was, and fetches them again before a key that the
/// issuer has withdrawn counts for too long, and when a token is refused with
/// [`TokenError::Key`](crate::TokenError::Key).
#[derive(Clone, Debug)]
pub struct FetchedKeys {
    issuer: String,
    uri: PublicUri,
    algorithms: Vec<Algorithm>,
    keys: KeySet,
    refused: Option<KeySetError>,
}

impl FetchedKeys {
    /// The keys, and which were [left out](KeySet::left_out).
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Why there are none.
    pub fn refused(&self) -> Option<&KeySetError> {
        self.refused.as_ref()
    }
}

impl IssuerRecord {
    /// Reads a record. Required: `issuer`, `audiences` (a list), `algorithms` (a list; symmetric
    /// and public ones do not mix) and one of `keys` (a JWK set) and `jwks_uri` (where it is
    /// published; never for symmetric algorithms). Optional: `subject_claim` (`sub`; the claim that
    /// names the user), `leeway_s` (30, at most 120), `max_lifetime_s` (86,400, at most 31 days;
    /// counted from `iat`), `issued_at_required` (true; without `iat` the lifetime counts from now),
    /// `types` (the accepted `typ` values, of which a token must then have one; else `JWT`,
    /// `at+jwt` or none).
    ///
    /// # Errors
    /// [`IssuerError`] when a member is missing, unknown or out of range.
    pub fn parse(json: &str) -> Result<Self, IssuerError> {
        Self::parse_within(json, Reach::Public)
    }

    /// [`IssuerRecord::parse`], for keys that are published within `reach`.
    ///
    /// # Errors
    /// As [`IssuerRecord::parse`].
    pub fn parse_within(json: &str, reach: Reach) -> Result<Self, IssuerError> {
        let record = Object::parse(json.as_bytes()).map_err(IssuerError::Json)?;
        Self::from_object(&record, reach)
    }

    fn from_object(record: &Object, reach: Reach) -> Result<Self, IssuerError> {
        if let Some(name) = record.names().find(|name| !MEMBERS.contains(name)) {
            return Err(IssuerError::Unknown {
                name: name.to_owned(),
            });
        }
        let issuer = record.text("issuer").filter(|issuer| !issuer.is_empty());
        let algorithms = algorithms(&required(record, "algorithms")?)?;
        Ok(Self {
            issuer: issuer
                .ok_or(IssuerError::Member { name: "issuer" })?
                .to_owned(),
            audiences: required(record, "audiences")?,
            source: source(record, &algorithms, reach)?,
            algorithms,
            subject_claim: subject_claim(record)?,
            leeway_s: seconds(record, "leeway_s", LEEWAY_S, 0, LEEWAY_S_MAX)?,
            max_lifetime_s: seconds(record, "max_lifetime_s", LIFETIME_S, 1, LIFETIME_S_MAX)?,
            issued_at_required: match record.member("issued_at_required") {
                None => true,
                Some(Value::Bool(required)) => *required,
                Some(_) => {
                    return Err(IssuerError::Member {
                        name: "issued_at_required",
                    });
                }
            },
            types: list(record, "types")?,
        })
    }

    /// The `iss` that its tokens carry, byte for byte.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audiences of which a token must name one.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The algorithms that its keys may be for.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// Where its keys are.
    pub fn source(&self) -> &KeySource {
        &self.source
    }

    /// The claim that names the user.
    pub fn subject_claim(&self) -> &str {
        &self.subject_claim
    }

    /// Reads the set that its `jwks_uri` answered. One without a usable key, and one that is broken
    /// or dangerous, has no keys; [`FetchedKeys::refused`] says why.
    ///
    /// # Errors
    /// [`KeySetError`] when it is no JWK set; [`KeySetError::NotPublished`] when its keys are inline.
    pub fn read_keys(&self, json: &[u8]) -> Result<FetchedKeys, KeySetError> {
        let KeySource::Uri(uri) = &self.source else {
            return Err(KeySetError::NotPublished);
        };
        let (keys, refused) = KeySet::fetched(json, &self.algorithms)?;
        Ok(FetchedKeys {
            issuer: self.issuer.clone(),
            uri: uri.clone(),
            algorithms: self.algorithms.clone(),
            keys,
            refused,
        })
    }

    /// The keys that its tokens are held against: its own, or `fetched` if they are this record's.
    pub(crate) fn keys<'a>(&'a self, fetched: Option<&'a FetchedKeys>) -> Option<&'a KeySet> {
        match &self.source {
            KeySource::Inline(keys) => Some(keys),
            KeySource::Uri(uri) => {
                let is_own = |fetched: &&FetchedKeys| {
                    fetched.issuer == self.issuer
                        && fetched.uri == *uri
                        && fetched.algorithms == self.algorithms
                };
                fetched.filter(is_own).map(FetchedKeys::keys)
            }
        }
    }

    /// Tolerated difference of clocks, in seconds.
    pub fn leeway_s(&self) -> i64 {
        self.leeway_s
    }

    /// The longest life of a token, in seconds.
    pub fn max_lifetime_s(&self) -> i64 {
        self.max_lifetime_s
    }

    /// Whether a token must say when it was issued.
    pub fn issued_at_required(&self) -> bool {
        self.issued_at_required
    }

    /// Whether tokens of that `typ` are accepted. It is a media type: compared without regard to
    /// case, `application/` may be left away (RFC 7515 section 4.1.9).
    pub(crate) fn accepts_type(&self, kind: Option<&str>) -> bool {
        let Some(kind) = kind else {
            return self.types.is_none();
        };
        let is = |accepted: &str| short_type(kind).eq_ignore_ascii_case(short_type(accepted));
        match &self.types {
            Some(types) => types.iter().any(|accepted| is(accepted)),
            None => TYPES.into_iter().any(is),
        }
    }
}

fn required(record: &Object, name: &'static str) -> Result<Vec<String>, IssuerError> {
    list(record, name)?.ok_or(IssuerError::Member { name })
}

/// A list of texts; an empty list or text is refused, because it would mean "anything" or "nothing"
/// and nobody knows which.
fn list(record: &Object, name: &'static str) -> Result<Option<Vec<String>>, IssuerError> {
    let refused = IssuerError::Member { name };
    let values = match record.member(name) {
        None => return Ok(None),
        Some(Value::Array(values)) if (1..=LIST_MAX).contains(&values.len()) => values,
        Some(_) => return Err(refused),
    };
    let text = |value: &Value| {
        value
            .as_text()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    values
        .iter()
        .map(text)
        .collect::<Option<Vec<_>>>()
        .ok_or(refused)
        .map(Some)
}

/// One of `keys` and `jwks_uri`. Who could fetch a symmetric key could sign with it.
fn source(
    record: &Object,
    algorithms: &[Algorithm],
    reach: Reach,
) -> Result<KeySource, IssuerError> {
    let is_symmetric = algorithms.iter().any(|algorithm| algorithm.is_symmetric());
    match (record.member("keys"), record.member("jwks_uri")) {
        (Some(keys), None) => {
            let keys = keys
                .as_object()
                .ok_or(IssuerError::Member { name: "keys" })?;
            let keys = KeySet::from_object(keys, algorithms).map_err(IssuerError::Keys)?;
            Ok(KeySource::Inline(keys))
        }
        (None, Some(Value::Text(uri))) if !is_symmetric => {
            let uri = PublicUri::parse(uri, reach).map_err(IssuerError::Uri)?;
            Ok(KeySource::Uri(uri))
        }
        (None, Some(Value::Text(_))) => Err(IssuerError::KeySource),
        (None, Some(_)) => Err(IssuerError::Member { name: "jwks_uri" }),
        (None, None) | (Some(_), Some(_)) => Err(IssuerError::KeySource),
    }
}

fn subject_claim(record: &Object) -> Result<String, IssuerError> {
    let name = "subject_claim";
    match record.member(name) {
        None => Ok(SUBJECT_CLAIM.to_owned()),
        Some(Value::Text(claim)) if !claim.is_empty() && !NO_SUBJECTS.contains(&claim.as_str()) => {
            Ok(claim.clone())
        }
        Some(_) => Err(IssuerError::Member { name }),
    }
}

fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, IssuerError> {
    let found: Option<Vec<_>> = names
        .iter()
        .map(|name| Algorithm::from_name(name))
        .collect();
    let found = found.ok_or(IssuerError::Algorithms)?;
    let symmetric = found
        .iter()
        .filter(|algorithm| algorithm.is_symmetric())
        .count();
    let mixed = symmetric != 0 && symmetric != found.len();
    if mixed {
        Err(IssuerError::Algorithms)
    } else {
        Ok(found)
    }
}

fn seconds(
    record: &Object,
    name: &'static str,
    default: i64,
    least: i64,
    most: i64,
) -> Result<i64, IssuerError> {
    match record.member(name) {
        None => Ok(default),
        Some(Value::Integer(value)) if (least..=most).contains(value) => Ok(*value),
        Some(_) => Err(IssuerError::Member { name }),
    }
}

fn short_type(kind: &str) -> &str {
    const PREFIX: &str = "application/";
    match kind.split_at_checked(PREFIX.len()) {
        Some((head, tail)) if head.eq_ignore_ascii_case(PREFIX) => tail,
        _ => kind,
    }
}

#[cfg(test)]
mod tests;
