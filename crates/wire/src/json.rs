//! Any JSON, read strictly: no member twice, at any depth, also where nobody looks at it.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use lockstep_core::limits;

use crate::{nesting, unique_map};

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is not whole, or is beyond [`limits::INTEGER_MAX`].
    Fraction,
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Json {
    /// Reads `text`; the error says what is wrong with it, and where.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        let text = core::str::from_utf8(text).map_err(|error| error.to_string())?;
        if text.starts_with('\u{feff}') {
            return Err("it begins with a byte order mark".into());
        }
        nesting::check(text).map_err(|error| error.message)?;
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The member `name` of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// The members of an object, by rising name.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&String, &Self)> {
        let members = match self {
            Self::Object(members) => Some(members),
            _ => None,
        };
        members.into_iter().flatten()
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// The whole number that `number` is, such as 1.0 or 1e0, as far as each has one spelling only: a page reads
/// all of them as the same.
#[expect(
    clippy::as_conversions,
    reason = "what is not whole, or out of range, is another number when it is turned back"
)]
pub(crate) fn whole(number: f64) -> Option<i64> {
    let whole = number as i64;
    (whole as f64 == number && limits::is_exact(whole)).then_some(whole)
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        let exact = limits::is_exact(value);
        Ok(if exact {
            Json::Integer(value)
        } else {
            Json::Fraction
        })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        i64::try_from(value).map_or(Ok(Json::Fraction), |value| self.visit_i64(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(whole(value).map_or(Json::Fraction, Json::Integer))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.into()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Json, A::Error> {
        let members = serde::de::value::MapAccessDeserializer::new(members);
        unique_map::deserialize(members).map(Json::Object)
    }
}
