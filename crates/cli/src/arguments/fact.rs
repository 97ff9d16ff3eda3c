//! Facts on the command line.

use std::str::FromStr;

use lockstep_core::{FactType, Facts, fact_type, is_open_group, limits};
use lockstep_wire::{FactsView, Scalar};
use serde_json::Value;

/// One fact: `resource.own=true`. A value that is neither true, false nor a whole number is a text; one in
/// quotes is a text whatever it is. An object is a group, of which it states all there are:
/// `resource.tags={"env":"prod"}`.
#[derive(Clone, Debug)]
pub(crate) struct Fact(pub(crate) Facts);

impl FromStr for Fact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
        if value.starts_with('{') {
            return group(name, value);
        }
        let kind = fact_type(name).ok_or_else(|| format!("there is no fact `{name}`"))?;
        let is_of_world = ["organization.", "principal."]
            .iter()
            .any(|of| name.starts_with(of));
        // The world's own would be taken before it, and nobody would be told.
        if is_of_world && kind != FactType::Any {
            return Err(format!("the world says what `{name}` is: state it there"));
        }
        let read = serde_json::from_str::<Scalar>(value);
        let is_exact = match &read {
            Ok(Scalar::Integer(number)) => limits::is_exact(*number),
            Ok(_) => true,
            // A fraction is a text, as it says above.
            Err(_) => !is_whole(value),
        };
        if !is_exact {
            return Err("a fact is a whole number of more than 53 bits".into());
        }
        let value = read.unwrap_or_else(|_| Scalar::Text(value.to_owned()));
        let mut facts = Facts::default();
        facts.set(name, value.into());
        Ok(Self(facts))
    }
}

/// Whether a number is written without a fraction and an exponent.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// All facts of the group `name`, written as a JSON object.
fn group(name: &str, value: &str) -> Result<Fact, String> {
    if !is_open_group(name) {
        return Err(format!("there is no group of facts `{name}`"));
    }
    // One value and nothing behind it; then as text again, in which no member may be there twice.
    if let Err(error) = serde_json::from_str::<Value>(value) {
        return Err(format!(
            "{error}; a text that begins with `{{` stands in quotes"
        ));
    }
    let name = Value::from(name);
    let facts: FactsView =
        serde_json::from_str(&format!("{{{name}:{value}}}")).map_err(|error| error.to_string())?;
    Ok(Fact(facts.0))
}
