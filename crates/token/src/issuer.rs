//! Who may sign tokens for us: issuer, audience, algorithms and keys are one record.
//!
//! A record without one of them does not exist, so none of the checks can be forgotten or switched
//! off. The same `kid` under two issuers is two keys: a key is only ever looked for inside the
//! record of the token's own issuer.
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

use std::fmt;

use crate::algorithm::Algorithm;
use crate::json::{JsonError, Object, Value};
use crate::jwk::{KeySet, KeySetError};

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

/// Members of a record.
const MEMBERS: [&str; 8] = [
    "issuer",
    "audiences",
    "algorithms",
    "keys",
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
        let value = Value::parse(json.as_bytes()).map_err(IssuersError::Json)?;
        let values = value.as_array().ok_or(IssuersError::Shape)?;
        if values.len() > ISSUERS_MAX {
            return Err(IssuersError::TooMany);
        }
        let mut records: Vec<IssuerRecord> = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let object = value.as_object().ok_or(IssuersError::Shape)?;
            let record = IssuerRecord::from_object(object)
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
    keys: KeySet,
    leeway_s: i64,
    max_lifetime_s: i64,
    issued_at_required: bool,
    types: Option<Vec<String>>,
}

impl IssuerRecord {
    /// Reads a record. Required: `issuer`, `audiences` (a list), `algorithms` (a list; symmetric
    /// and public ones do not mix) and `keys` (a JWK set). Optional: `leeway_s` (30, at most 120),
    /// `max_lifetime_s` (86,400, at most 31 days; counted from `iat`), `issued_at_required` (true;
    /// without `iat` the lifetime counts from now), `types` (the accepted `typ` values, of which
    /// a token must then have one; else `JWT`, `at+jwt` or none).
    ///
    /// # Errors
    /// [`IssuerError`] when a member is missing, unknown or out of range.
    pub fn parse(json: &str) -> Result<Self, IssuerError> {
        Self::from_object(&Object::parse(json.as_bytes()).map_err(IssuerError::Json)?)
    }

    fn from_object(record: &Object) -> Result<Self, IssuerError> {
        if let Some(name) = record.names().find(|name| !MEMBERS.contains(name)) {
            return Err(IssuerError::Unknown {
                name: name.to_owned(),
            });
        }
        let issuer = record.text("issuer").filter(|issuer| !issuer.is_empty());
        let algorithms = algorithms(&required(record, "algorithms")?)?;
        let keys = record.member("keys").and_then(Value::as_object);
        let keys = keys.ok_or(IssuerError::Member { name: "keys" })?;
        Ok(Self {
            issuer: issuer
                .ok_or(IssuerError::Member { name: "issuer" })?
                .to_owned(),
            audiences: required(record, "audiences")?,
            keys: KeySet::from_object(keys, &algorithms).map_err(IssuerError::Keys)?,
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

    /// Its keys.
    pub fn keys(&self) -> &KeySet {
        &self.keys
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

/// Why a list of records was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuersError {
    /// Two records have one issuer.
    Duplicate {
        /// The place of the second.
        index: usize,
    },
    /// It is not acceptable JSON.
    Json(JsonError),
    /// A record was refused.
    Record {
        /// Its place.
        index: usize,
        /// Why.
        error: IssuerError,
    },
    /// It is not an array of objects.
    Shape,
    /// It has more than [`ISSUERS_MAX`] records.
    TooMany,
}

impl fmt::Display for IssuersError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { index } => write!(formatter, "issuer {index} is listed before"),
            Self::Json(error) => write!(formatter, "the issuers are not acceptable JSON: {error}"),
            Self::Record { index, error } => write!(formatter, "issuer {index}: {error}"),
            Self::Shape => formatter.write_str("the issuers are not an array of objects"),
            Self::TooMany => write!(formatter, "there are more than {ISSUERS_MAX} issuers"),
        }
    }
}

impl std::error::Error for IssuersError {}

/// Why a record was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerError {
    /// `algorithms` names one that is not offered, or mixes symmetric and public ones.
    Algorithms,
    /// It is not acceptable JSON.
    Json(JsonError),
    /// `keys` was refused.
    Keys(KeySetError),
    /// A member is missing, empty, of the wrong type or out of range.
    Member {
        /// Its name.
        name: &'static str,
    },
    /// A member that no record has.
    Unknown {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for IssuerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Algorithms => formatter.write_str(
                "`algorithms` names one that is not offered, or mixes symmetric and public ones",
            ),
            Self::Json(error) => write!(formatter, "not acceptable JSON: {error}"),
            Self::Keys(error) => write!(formatter, "`keys`: {error}"),
            Self::Member { name } => {
                write!(
                    formatter,
                    "`{name}` is missing, empty, of the wrong type or out of range"
                )
            }
            Self::Unknown { name } => write!(formatter, "`{name}` is not known"),
        }
    }
}

impl std::error::Error for IssuerError {}

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
