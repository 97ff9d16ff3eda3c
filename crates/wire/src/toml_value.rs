//! TOML values as documents are read from them.
//!
//! Stricter than the TOML reader's own way: that hands a date on as a table with a private name in it, which a
//! map of anything takes, and reads a list in the place of a table by the order of its members.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::value::{CowStrDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Why a value is not what a document wants there, and where.
#[derive(Debug)]
pub(crate) struct ValueError {
    pub(crate) message: String,
    pub(crate) span: Option<Range<usize>>,
}

impl ValueError {
    /// The place is the innermost one that is known.
    fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ValueError {}

impl Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            span: None,
        }
    }
}

impl From<toml::de::Error> for ValueError {
    fn from(error: toml::de::Error) -> Self {
        Self {
            message: error.message().into(),
            span: error.span(),
        }
    }
}

/// A value, and where it stands.
pub(crate) struct Value<'de> {
    value: DeValue<'de>,
    span: Range<usize>,
}

impl<'de> Value<'de> {
    /// The value that is all of a file.
    pub(crate) fn root(table: Spanned<DeTable<'de>>) -> Self {
        let span = table.span();
        Self {
            value: DeValue::Table(table.into_inner()),
            span,
        }
    }

    /// What stands for itself, as the TOML reader reads it.
    fn scalar(self) -> ValueDeserializer<'de> {
        Spanned::new(self.span, self.value).into()
    }
}

impl<'de> From<Spanned<DeValue<'de>>> for Value<'de> {
    fn from(value: Spanned<DeValue<'de>>) -> Self {
        let span = value.span();
        Self {
            value: value.into_inner(),
            span,
        }
    }
}

impl<'de> IntoDeserializer<'de, ValueError> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let span = self.span.clone();
        let read = match self.value {
            DeValue::Array(values) => {
                let values = values.into_iter().map(Value::from);
                visitor.visit_seq(SeqDeserializer::new(values))
            }
            DeValue::Datetime(_) => Err(ValueError::invalid_type(
                Unexpected::Other("date"),
                &visitor,
            )),
            DeValue::Table(table) => visitor.visit_map(Entries {
                entries: table.into_iter(),
                value: None,
            }),
            _ => self.scalar().deserialize_any(visitor).map_err(Into::into),
        };
        read.map_err(|error| error.at(&span))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if self.value.is_array() {
            return Err(ValueError::invalid_type(Unexpected::Seq, &visitor).at(&self.span));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let span = self.span.clone();
        let read = visitor.visit_newtype_struct(self);
        read.map_err(|error| error.at(&span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let read = self.scalar().deserialize_enum(name, variants, visitor);
        read.map_err(Into::into)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

/// The members of a table.
struct Entries<'de> {
    entries: <DeTable<'de> as IntoIterator>::IntoIter,
    /// That of the key that was read last.
    value: Option<Spanned<DeValue<'de>>>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ValueError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let span = key.span();
        let key: CowStrDeserializer<'_, ValueError> = Cow::into_deserializer(key.into_inner());
        let read = seed.deserialize(key).map(Some);
        read.map_err(|error| error.at(&span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ValueError> {
        let Some(value) = self.value.take() else {
            return Err(ValueError::custom("a value before its key"));
        };
        let span = value.span();
        let read = seed.deserialize(Value::from(value));
        read.map_err(|error| error.at(&span))
    }
}
