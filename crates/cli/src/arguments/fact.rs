//! Facts on the command line.

use std::str::FromStr;

use lockstep_core::{FactType, Value, fact_type};
use lockstep_wire::Scalar;

/// One fact: `resource.own=true`. A value that is neither true, false nor a whole number is a text; one in
/// quotes is a text whatever it is.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: Value,
}

impl FromStr for Fact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
        let kind = fact_type(name).ok_or_else(|| format!("there is no fact `{name}`"))?;
        let is_of_world = ["organization.", "principal."]
            .iter()
            .any(|of| name.starts_with(of));
        // The world's own would be taken before it, and nobody would be told.
        if is_of_world && kind != FactType::Any {
            return Err(format!("the world says what `{name}` is: state it there"));
        }
        let value = serde_json::from_str::<Scalar>(value)
            .unwrap_or_else(|_| Scalar::Text(value.to_owned()));
        Ok(Self {
            name: name.to_owned(),
            value: value.into(),
        })
    }
}
