//! The signature primitive in the Worker: WebCrypto, with imported keys kept for the life of the
//! isolate.
//!
//! A call costs more in crossing into JavaScript than in what it asks for there, so whatever does not
//! depend on the token is made once: the key, its algorithm object, the way to `verify`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Array, JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::algorithm::WebCrypto;
use crate::jwk::Key;
use crate::verify::{Question, Verifier, VerifierError};

/// Imported keys that are kept; a deployment has fewer.
const KEYS_MAX: usize = 256;

thread_local! {
    /// By fingerprint, which two keys share only when they are the same key.
    static KEYS: RefCell<BTreeMap<[u8; 32], Imported>> = const { RefCell::new(BTreeMap::new()) };
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        jwk: &Object,
        algorithm: &Object,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = verify)]
    fn verify(
        algorithm: &Object,
        key: &JsValue,
        signature: &[u8],
        message: &[u8],
    ) -> Result<Promise, JsValue>;
}

/// The verifier.
#[derive(Clone, Copy, Debug, Default)]
pub struct Web;

/// A key as WebCrypto has it, and the algorithm object that it was imported with.
#[derive(Clone)]
struct Imported {
    algorithm: Object,
    key: JsValue,
}

impl Verifier for Web {
    async fn verify(&self, question: Question<'_>) -> Result<bool, VerifierError> {
        holds(question).await.map_err(|error| VerifierError {
            reason: format!("{error:?}"),
        })
    }
}

async fn holds(question: Question<'_>) -> Result<bool, JsValue> {
    let known = KEYS.with_borrow(|keys| keys.get(question.key.fingerprint()).cloned());
    let Imported { algorithm, key } = match known {
        Some(known) => known,
        None => import(question.key).await?,
    };
    let promise = verify(&algorithm, &key, question.signature, question.message)?;
    // Anything but `true` is a no.
    Ok(JsFuture::from(promise).await? == JsValue::TRUE)
}

async fn import(key: &Key) -> Result<Imported, JsValue> {
    let algorithm = key.algorithm().webcrypto().ok_or("not a public key")?;
    let algorithm = to_object(&algorithm)?;
    let jwk = JSON::parse(&key.jwk().ok_or("not a public key")?)?.unchecked_into::<Object>();
    let usages = Array::of1(&"verify".into());
    let promise = import_key("jwk", &jwk, &algorithm, false, &usages)?;
    let imported = Imported {
        algorithm,
        key: JsFuture::from(promise).await?,
    };
    KEYS.with_borrow_mut(|keys| {
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(*key.fingerprint(), imported.clone());
    });
    Ok(imported)
}

fn to_object(algorithm: &WebCrypto) -> Result<Object, JsValue> {
    let object = Object::new();
    let hash = algorithm.hash.map(JsValue::from);
    let curve = algorithm.named_curve.map(JsValue::from);
    let salt_len = algorithm.salt_len.map(JsValue::from);
    let members = [
        ("name", Some(algorithm.name.into())),
        ("hash", hash),
        ("namedCurve", curve),
        ("saltLength", salt_len),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            Reflect::set(&object, &name.into(), &value)?;
        }
    }
    Ok(object)
}
