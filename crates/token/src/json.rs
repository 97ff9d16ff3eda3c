//! JSON in which every text has one meaning.
//!
//! `serde_json` knows the grammar and refuses byte order marks, lone surrogates and trailing text.
//! On top of it this reader refuses what two programs read differently: a member that occurs twice
//! (at any depth), a NUL character in a name or a string, and nesting beyond [`DEPTH_MAX`].
//!
//! ```
//! use lockstep_token::json::Value;
//!
//! let value = Value::parse(br#"{"sub":"ann","admin":false}"#).unwrap();
//! assert_eq!(value.as_object().unwrap().text("sub"), Some("ann"));
//! assert!(Value::parse(br#"{"admin":false,"admin":true}"#).is_err());
//! assert!(Value::parse(br#"{"admin\u0000":true}"#).is_err());
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Deepest accepted nesting of arrays and objects.
pub const DEPTH_MAX: u8 = 32;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `[…]`
    Array(Vec<Value>),
    /// `true` or `false`
    Bool(bool),
    /// A number written without fraction and exponent that fits into an `i64`.
    Integer(i64),
    /// `null`
    Null,
    /// Every other number, rounded to the nearest `f64`.
    Number(f64),
    /// `{…}`
    Object(Object),
    /// `"…"`
    Text(String),
}

impl Value {
    /// Reads one JSON text.
    ///
    /// # Errors
    /// [`JsonError`] says what is wrong and where; it never repeats the text.
    pub fn parse(json: &[u8]) -> Result<Self, JsonError> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let depth = Depth { left: DEPTH_MAX };
        let value = depth
            .deserialize(&mut reader)
            .map_err(|error| JsonError::new(&error))?;
        reader.end().map_err(|error| JsonError::new(&error))?;
        Ok(value)
    }

    /// The members, when this is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, when this is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The text, when this is a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The members of an object. Names are compared byte by byte: `Role` is not `role`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(BTreeMap<String, Value>);

impl Object {
    /// Reads a JSON text that must be an object.
    ///
    /// # Errors
    /// As [`Value::parse`], and when the text is any other value.
    pub fn parse(json: &[u8]) -> Result<Self, JsonError> {
        match Value::parse(json)? {
            Value::Object(object) => Ok(object),
            _ => Err(JsonError("not an object".to_owned())),
        }
    }

    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The member of that name, when it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.member(name).and_then(Value::as_text)
    }

    /// The same without the members of these names.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let mut members = self.0.clone();
        members.retain(|name, _| !names.contains(&name.as_str()));
        Self(members)
    }

    /// The names of all members, in the order of their bytes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Why a text is not acceptable JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError(String);

impl JsonError {
    fn new(error: &serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for JsonError {}

/// Reads a value that may nest `left` levels deep.
#[derive(Clone, Copy)]
struct Depth {
    left: u8,
}

impl Depth {
    fn below<E: Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left }),
            None => Err(E::custom("nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => Value::Integer(value),
            Err(_) => Value::Number(rounded(value)),
        })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(without_nul(text)?.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        without_nul::<E>(&text)?;
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let depth = self.below()?;
        let mut elements = Vec::new();
        while let Some(element) = array.next_element_seed(depth)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let depth = self.below()?;
        let mut members = BTreeMap::new();
        while let Some(Name(name)) = object.next_key()? {
            if members
                .insert(name, object.next_value_seed(depth)?)
                .is_some()
            {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(Object(members)))
    }
}

struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let name = String::deserialize(reader)?;
        without_nul::<D::Error>(&name)?;
        Ok(Self(name))
    }
}

/// The nearest `f64`, up to one rounding of the halves.
fn rounded(value: u64) -> f64 {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    let (high, low) = (
        u32::from_be_bytes([a, b, c, d]),
        u32::from_be_bytes([e, f, g, h]),
    );
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// Some programs cut a text at a NUL or drop it, and then see another name than we do.
fn without_nul<E: Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') {
        Err(E::custom("NUL character"))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(json: &str, why: &str) {
        let error = Value::parse(json.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(why), "{json}: {error}");
    }

    #[test]
    fn j11_duplicate_members_are_refused_at_every_depth() {
        refused(r#"{"a":1,"a":1}"#, "duplicate member");
        refused(r#"{"a":1,"\u0061":2}"#, "duplicate member");
        refused(r#"[{"b":{"c":1,"d":2,"c":3}}]"#, "duplicate member");
    }

    #[test]
    fn j11_case_variants_are_other_members() {
        let object = Object::parse(br#"{"Role":"admin","role":"viewer"}"#).unwrap();
        assert_eq!(object.text("role"), Some("viewer"));
        assert_eq!(
            Object::parse(br#"{"Role":"admin"}"#).unwrap().text("role"),
            None
        );
    }

    #[test]
    fn j11_nul_lone_surrogates_and_byte_order_marks_are_refused() {
        refused(r#"{"a\u0000":1}"#, "NUL character");
        refused(r#"["\u0000"]"#, "NUL character");
        refused("[\"\0\"]", "control character");
        refused(r#"["\ud800"]"#, "unexpected end of hex escape");
        refused(r#"["\udc00\ud800"]"#, "lone leading surrogate");
        refused("\u{feff}{}", "expected value");
        assert!(Value::parse(b"\"\xff\"").is_err(), "not UTF-8");
        assert!(
            Value::parse(b"\"\xed\xa0\x80\"").is_err(),
            "an encoded surrogate"
        );
    }

    #[test]
    fn j18_nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Value::parse(nested(DEPTH_MAX.into()).as_bytes()).is_ok());
        refused(&nested(usize::from(DEPTH_MAX) + 1), "nested too deeply");
        refused(&nested(100_000), "nested too deeply");
        refused(&r#"{"a":"#.repeat(100_000), "nested too deeply");
    }

    #[test]
    fn numbers_keep_what_they_were_written_as() {
        let number = |json: &str| Value::parse(json.as_bytes()).unwrap();
        assert_eq!(number("9223372036854775807"), Value::Integer(i64::MAX));
        assert_eq!(number("-9223372036854775808"), Value::Integer(i64::MIN));
        assert_eq!(number("1.0"), Value::Number(1.0));
        assert_eq!(number("1e3"), Value::Number(1000.0));
        assert_eq!(number("-0"), Value::Number(-0.0));
        assert_eq!(
            number("9223372036854775808"),
            Value::Number(9_223_372_036_854_775_808.0)
        );
        assert_eq!(
            number("18446744073709551615"),
            Value::Number(18_446_744_073_709_551_615.0)
        );
        refused("1e400", "number out of range");
        refused("NaN", "expected value");
    }

    #[test]
    fn only_an_object_is_an_object() {
        for json in ["[]", "null", "\"{}\"", "1"] {
            assert!(Object::parse(json.as_bytes()).is_err(), "{json}");
        }
        refused("{} {}", "trailing characters");
        refused("", "EOF");
    }
}
