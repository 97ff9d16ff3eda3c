//! The bodies of requests and answers against the schemas that the interface's document has of them.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::DOCUMENT;
use crate::http::{Request, Response};

thread_local! {
    /// A compiled schema for each place of the document that a test of this thread came by.
    static COMPILED: RefCell<BTreeMap<String, Rc<Validator>>> = RefCell::default();
}

/// What an answer has that the document does not say of the route at `place`, or lacks.
pub(super) fn of_answer(place: &str, response: &Response) -> Option<String> {
    let mut place = format!("{place}/responses/{}", response.status);
    if let Some(shared) = DOCUMENT.pointer(&place)?["$ref"].as_str() {
        place = shared.trim_start_matches('#').to_owned();
    }
    let content = &DOCUMENT.pointer(&place)?["content"];
    let Some(media_type) = response.header("content-type").map(essence) else {
        return (!content.is_null()).then(|| "there is no body".to_owned());
    };
    if !content[media_type].is_object() {
        return Some(format!("{media_type} is not described"));
    }
    let is_json = media_type == "application/json" || media_type.ends_with("+json");
    let body = is_json.then(|| serde_json::from_slice(response.bytes()).unwrap())?;
    fault(&of_media_type(&place, media_type), &body)
}

/// What a request that was done has in its body that the document does not say of the route at `place`, or lacks.
pub(super) fn of_request(place: &str, request: &Request) -> Option<String> {
    let place = format!("{place}/requestBody");
    let content = &DOCUMENT.pointer(&place)?["content"];
    let media_type = essence(request.header("content-type").unwrap_or_default());
    if !content[media_type].is_object() {
        return Some(format!("{media_type} is not described"));
    }
    let bytes = request.body().unwrap();
    let mut body = if media_type == "application/json" {
        serde_json::from_slice(bytes).unwrap()
    } else {
        let fields = form_urlencoded::parse(bytes);
        fields
            .map(|(name, value)| (name.into_owned(), Value::from(&*value)))
            .collect()
    };
    let place = of_media_type(&place, media_type);
    // The document says once that null is as good as absent, where its schema has no null; and an empty list has the members of an empty object, below a body itself.
    if fault(&place, &body).is_some() {
        leave_out_empty(&mut body);
    }
    fault(&place, &body)
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

fn of_media_type(place: &str, media_type: &str) -> String {
    format!("{place}/content/{}/schema", media_type.replace('/', "~1"))
}

/// What `body` has that the schema at `place` does not describe, or lacks that it promises.
fn fault(place: &str, body: &Value) -> Option<String> {
    let validator = COMPILED.with_borrow_mut(|compiled| {
        let of_place = compiled.entry(place.to_owned());
        of_place.or_insert_with(|| Rc::new(compile(place))).clone()
    });
    let faults = validator.iter_errors(body);
    let faults: Vec<String> = faults
        .map(|fault| format!("{}: {fault}", fault.instance_path))
        .collect();
    (!faults.is_empty()).then(|| faults.join("\n"))
}

fn leave_out_empty(body: &mut Value) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(leave_out_empty),
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null() && *member != json!([]));
            members.values_mut().for_each(leave_out_empty);
        }
        _ => {}
    }
}

fn compile(place: &str) -> Validator {
    let mut schema = DOCUMENT.pointer(place).unwrap().clone();
    close(&mut schema);
    let mut components = DOCUMENT["components"]["schemas"].clone();
    for component in components.as_object_mut().unwrap().values_mut() {
        close_parts(component);
    }
    let whole = json!({ "allOf": [schema], "components": { "schemas": components } });
    jsonschema::draft202012::new(&whole).unwrap()
}

/// Has a schema refuse members that it does not describe. The document itself leaves that open, since a later release may add some.
fn close(schema: &mut Value) {
    close_parts(schema);
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    let describes = ["properties", "$ref", "allOf", "anyOf", "oneOf"];
    if describes.iter().any(|name| schema.contains_key(*name))
        && !schema.contains_key("additionalProperties")
    {
        schema.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
}

/// The same for what is below a schema that is itself only a part of another.
fn close_parts(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                parts.iter_mut().for_each(close_parts);
            }
            ("prefixItems", Value::Array(items)) => items.iter_mut().for_each(close),
            ("properties", Value::Object(members)) => members.values_mut().for_each(close),
            ("items" | "additionalProperties", below) => close(below),
            ("if" | "then" | "else" | "not", part) => close_parts(part),
            _ => {}
        }
    }
}
