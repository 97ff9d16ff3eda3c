//! Workers KV behind [`Kv`]. Values are strings: what the binding makes of other types is not what was put.

use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::timeout::{CALL_MS, within};
use crate::{
    config::GRANTS,
    edge::{Kv, KvError, KvKeys, Later},
};

// The worker crate describes each call's options anew by serde, and its answer by another reader.
#[wasm_bindgen]
extern "C" {
    type Namespace;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Namespace, key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn put(this: &Namespace, key: &str, value: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn list(this: &Namespace, options: &JsValue) -> Result<Promise, JsValue>;
}

pub(super) struct Grants {
    env: Env,
}

impl Grants {
    pub(super) const fn new(env: Env) -> Self {
        Self { env }
    }

    fn store(&self) -> Result<Namespace, KvError> {
        let binding = Reflect::get(&self.env, &GRANTS.into()).map_err(failed)?;
        if binding.is_object() {
            Ok(binding.unchecked_into())
        } else {
            Err(KvError::Failed(format!("there is no binding `{GRANTS}`")))
        }
    }
}

impl Kv for Grants {
    // No time-out of its own: whoever reads has a shorter one.
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Result<Option<String>, KvError>> {
        Box::pin(async move {
            let promise = self.store()?.get(key).map_err(failed)?;
            let value = JsFuture::from(promise).await.map_err(failed)?;
            Ok(value.as_string())
        })
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, Result<(), KvError>> {
        Box::pin(async move {
            let promise = self.store()?.put(key, value).map_err(failed)?;
            let done = within(CALL_MS, JsFuture::from(promise)).await;
            done.ok_or_else(late)?.map_err(failed)?;
            Ok(())
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Later<'a, Result<KvKeys, KvError>> {
        Box::pin(async move {
            let options = Object::new();
            set(&options, "prefix", &prefix.into())?;
            set(&options, "limit", &limit.into())?;
            if let Some(after) = after {
                set(&options, "cursor", &after.into())?;
            }
            let promise = self.store()?.list(&options).map_err(failed)?;
            let listed = within(CALL_MS, JsFuture::from(promise)).await;
            let listed = listed.ok_or_else(late)?.map_err(failed)?;
            let keys: Array = member(&listed, "keys")?.unchecked_into();
            let keys = keys.iter().map(|key| member(&key, "name"));
            let is_last = member(&listed, "list_complete")?.is_truthy();
            Ok(KvKeys {
                keys: keys
                    .filter_map(|name| name.map(|name| name.as_string()).transpose())
                    .collect::<Result<_, _>>()?,
                next: match is_last {
                    true => None,
                    false => member(&listed, "cursor")?.as_string(),
                },
            })
        })
    }
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), KvError> {
    Reflect::set(object, &name.into(), value).map_err(failed)?;
    Ok(())
}

fn member(object: &JsValue, name: &str) -> Result<JsValue, KvError> {
    Reflect::get(object, &name.into()).map_err(failed)
}

fn late() -> KvError {
    KvError::Late(format!("no answer within {CALL_MS} ms"))
}

fn failed(error: JsValue) -> KvError {
    KvError::Failed(format!("{error:?}"))
}
