//! What crosses to an object, and what waits in an outbox, in every form that it ever had: during a roll-out a Worker asks an object that has newer code already.
//!
//! `commands/forms.txt` only grows. A form that is new fails here with the line to be added; one that is no longer understood fails, too.

mod replies;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    ADA, Acme, BEN, CAT,
    scopes::{Full, row, signed_in},
};
use crate::{
    address::AddressObject,
    domain::DomainObject,
    http::Method,
    mailbox::MailboxObject,
    objects::{Class, Object},
    organization::OrganizationObject,
    outbox::Delivery,
    slug::SlugObject,
    testing::{World, write},
    user::UserObject,
};

const FORMS: &str = include_str!("commands/forms.txt");
/// Of what waits in an outbox.
const OUTBOX: &str = "Outbox";

/// Every line: of what it is, and what it says.
pub(super) fn forms() -> impl Iterator<Item = (&'static str, Value)> {
    FORMS.lines().map(|line| {
        let (of, text) = line.split_once(' ').unwrap();
        (of, serde_json::from_str(text).unwrap())
    })
}

/// Why something is not understood.
fn misread(of: &str, value: &Value) -> Option<String> {
    fn read<T: DeserializeOwned>(text: &str) -> Option<String> {
        let read = serde_json::from_str::<T>(text);
        read.err().map(|error| error.to_string())
    }
    let text = value.to_string();
    match of {
        OUTBOX => read::<Delivery>(&text),
        "Address" => read::<<AddressObject as Object>::Command>(&text),
        "Domain" => read::<<DomainObject as Object>::Command>(&text),
        "Mailbox" => read::<<MailboxObject as Object>::Command>(&text),
        "Organization" => read::<<OrganizationObject as Object>::Command>(&text),
        "Slug" => read::<<SlugObject as Object>::Command>(&text),
        "User" => read::<<UserObject as Object>::Command>(&text),
        _ => Some(format!("nothing is called {of}")),
    }
}

/// What has which members, whatever they hold.
fn form(value: &Value) -> Value {
    match value {
        Value::Array(entries) => {
            let mut forms: Vec<Value> = entries.iter().map(form).collect();
            forms.sort_by_key(Value::to_string);
            forms.dedup();
            Value::Array(forms)
        }
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.clone(), form(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

/// A command without members is its name, which is no value of any kind.
fn named(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        _ => form(value),
    }
}

/// What all routes ask of objects, and owe, of one of everything.
fn asked() -> BTreeSet<(String, String)> {
    let world = World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]);
    world.objects.heard.replace(Some(BTreeSet::new()));
    let full = Full::of(Acme::in_world(world), [BEN, CAT]);
    let mut owed = BTreeSet::new();
    let mut routes: Vec<_> = signed_in().collect();
    // What ends something comes last.
    routes.sort_by_key(|route| route.method == Method::Delete);
    for route in routes {
        let (_, body) = row(route);
        let body: Value = serde_json::from_str(&full.fill(&body.to_string())).unwrap();
        let world = &full.acme.world;
        // So many sign in within a minute, and no more.
        world.clock.advance_ms(60_000);
        let session = world.sign_in(ADA);
        let request = write(route.method, &full.fill(route.pattern), &body);
        let request = match (route.method, route.pattern) {
            (Method::Delete, "/v1/organizations/{org}") => request.with_query("name=Acme"),
            (Method::Get, "/v1/organizations") => request.with_query("slug=acme"),
            _ => request,
        };
        let request = request
            .with_header("x-organization-id", &full.acme.id)
            .with_header("cookie", &session);
        world.send(&request);
        let waiting = world.objects.owed().into_iter();
        owed.extend(waiting.map(|text| (OUTBOX.to_owned(), text)));
    }
    let heard = full.acme.world.objects.heard.take().unwrap();
    let heard = heard.into_iter();
    let heard = heard.map(|(class, text): (Class, String)| (format!("{class:?}"), text));
    heard.chain(owed).collect()
}

#[test]
fn what_an_earlier_worker_asks_is_understood() {
    let mut count = 0;
    for (of, value) in forms() {
        assert_eq!(misread(of, &value), None, "{of} {value}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn every_form_that_is_asked_is_written_down() {
    let mut known: BTreeSet<(String, String)> = forms()
        .map(|(of, value)| (of.to_owned(), named(&value).to_string()))
        .collect();
    let mut new = String::new();
    for (of, text) in asked() {
        let value: Value = serde_json::from_str(&text).unwrap();
        if known.insert((of.clone(), named(&value).to_string())) {
            new.push_str(&format!("{of} {text}\n"));
        }
    }
    assert!(new.is_empty(), "add to commands/forms.txt:\n{new}");
}

/// The commands that there are, by where one is told from the others: reading what none is called says which could stand there.
#[test]
fn every_command_is_among_the_forms() {
    let mut found: BTreeMap<(&str, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    let mut wanted: BTreeMap<(&str, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for (of, value) in forms() {
        for path in places(&value) {
            let there = (of, path.clone());
            let at = path.iter().fold(&value, |value, name| &value[name]);
            let is = match at {
                Value::String(name) => Some(name),
                Value::Object(members) => members.keys().next(),
                _ => None,
            };
            found.entry(there.clone()).or_default().extend(is.cloned());
            if wanted.contains_key(&there) {
                continue;
            }
            let mut other = value.clone();
            let last = path.iter().fold(&mut other, |value, name| &mut value[name]);
            *last = "~".into();
            let said = misread(of, &other).unwrap_or_default();
            let Some((_, names)) = said.split_once("unknown variant `~`, expected ") else {
                continue;
            };
            let names = names.split('`').skip(1).step_by(2).map(str::to_owned);
            wanted.insert(there, names.collect());
        }
    }
    let mut missing = Vec::new();
    for (there, names) in &wanted {
        let found = &found[there];
        missing.extend(
            names
                .difference(found)
                .map(|name| format!("{there:?} {name}")),
        );
    }
    assert!(wanted.len() > 30, "{}", wanted.len());
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Where a command may be told from others: the whole, what its name stands for, and what it calls a command.
fn places(value: &Value) -> Vec<Vec<String>> {
    let mut places = vec![Vec::new()];
    let only = |value: &Value| {
        let members = value.as_object().filter(|members| members.len() == 1)?;
        members.keys().next().cloned()
    };
    let Some(name) = only(value) else {
        return places;
    };
    places.push(vec![name.clone()]);
    let command = &value[&name]["command"];
    if !command.is_null() {
        let path = vec![name, "command".to_owned()];
        places.push(path.clone());
        if let Some(inner) = only(command) {
            places.push([path, vec![inner]].concat());
        }
    }
    places
}
