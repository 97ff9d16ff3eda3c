//! JSON as the page hands it to the evaluator: `encode.ts` once more, for `Tree::read`.

use serde_json::Value;

/// The largest whole number that the page's JSON parser keeps exact.
const SAFE_MAX: u64 = (1 << 53) - 1;

/// The flat form of `value`. What the page has no number for becomes null.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Null => into.push(0),
        Value::Bool(value) => into.push(1 + u8::from(*value)),
        Value::Number(value) => match (value.as_u64(), value.as_i64()) {
            (Some(value), _) if value <= SAFE_MAX => {
                into.push(3);
                number(value, into);
            }
            (None, Some(value)) if value.unsigned_abs() <= SAFE_MAX => {
                into.push(4);
                number(value.unsigned_abs(), into);
            }
            _ => into.push(0),
        },
        Value::String(value) => {
            into.push(5);
            text(value, into);
        }
        Value::Array(items) => {
            into.push(6);
            number(items.len() as u64, into);
            items.iter().for_each(|item| write(item, into));
        }
        Value::Object(members) => {
            into.push(7);
            number(members.len() as u64, into);
            for (name, value) in members {
                text(name, into);
                write(value, into);
            }
        }
    }
}

fn number(mut number: u64, into: &mut Vec<u8>) {
    while number > 0x7f {
        into.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn text(text: &str, into: &mut Vec<u8>) {
    number(text.len() as u64, into);
    into.extend_from_slice(text.as_bytes());
}
