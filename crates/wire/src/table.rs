//! Tables that are written as tables.

use core::fmt;
use core::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// For `#[serde(deserialize_with)]`: a table or an object, and no list of its values. Where all of them may be
/// absent an empty list is one that says nothing, such as a token that narrows nothing.
pub(crate) fn deserialize<'de, D, T, O>(deserializer: D) -> Result<O, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
    O: From<T>,
{
    struct Table<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Table<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }

    deserializer
        .deserialize_map(Table(PhantomData))
        .map(O::from)
}
