//! Workers KV behind [`Kv`]. Values are strings: what the binding makes of other types is not what was put.

use worker::{Env, kv::KvStore};

use super::timeout::{CALL_MS, within};
use crate::edge::{Kv, KvError, Later};

/// The namespace's binding in wrangler.toml.
const BINDING: &str = "GRANTS";

pub(super) struct Grants {
    env: Env,
}

impl Grants {
    pub(super) const fn new(env: Env) -> Self {
        Self { env }
    }

    fn store(&self) -> Result<KvStore, KvError> {
        self.env
            .kv(BINDING)
            .map_err(|error| KvError(error.to_string()))
    }
}

impl Kv for Grants {
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Result<Option<String>, KvError>> {
        Box::pin(async move {
            let store = self.store()?;
            let text = within(CALL_MS, store.get(key).text())
                .await
                .ok_or_else(late)?;
            text.map_err(|error| KvError(error.to_string()))
        })
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, Result<(), KvError>> {
        Box::pin(async move {
            let put = self
                .store()?
                .put(key, value)
                .map_err(|error| KvError(error.to_string()))?;
            let done = within(CALL_MS, put.execute()).await.ok_or_else(late)?;
            done.map_err(|error| KvError(error.to_string()))
        })
    }
}

fn late() -> KvError {
    KvError(format!("no answer within {CALL_MS} ms"))
}
