//! What objects answer, by what it is read as, where a test wants to know.

use std::{
    any::type_name,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use serde::de::DeserializeOwned;

/// The answers that are read as one type.
pub(crate) struct Read {
    /// Why a text is no such answer.
    pub(crate) misread: fn(&str) -> Option<String>,
    /// Those that were given.
    pub(crate) texts: BTreeSet<String>,
}

thread_local! {
    static HEARD: RefCell<Option<BTreeMap<String, Read>>> = const { RefCell::new(None) };
}

/// All answers while something is done.
pub(crate) fn during<T>(done: impl FnOnce() -> T) -> (BTreeMap<String, Read>, T) {
    HEARD.set(Some(BTreeMap::new()));
    let done = done();
    (HEARD.take().unwrap_or_default(), done)
}

/// Notes an answer that is about to be read as an `R`.
pub(crate) fn note<R: DeserializeOwned>(bytes: &[u8]) {
    HEARD.with_borrow_mut(|heard| {
        let Some(heard) = heard else {
            return;
        };
        let read = heard.entry(name::<R>()).or_insert_with(|| Read {
            misread: |text| {
                serde_json::from_str::<R>(text)
                    .err()
                    .map(|error| error.to_string())
            },
            texts: BTreeSet::new(),
        });
        read.texts
            .insert(String::from_utf8(bytes.to_vec()).unwrap());
    });
}

/// A type's name without the modules that it lies in.
fn name<R>() -> String {
    let full = type_name::<R>();
    let parts = full.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let last = parts.map(|part| part.rsplit("::").next().unwrap_or(part));
    last.filter(|part| *part != " ").collect()
}
