//! The signature primitive in the Worker: WebCrypto, with imported keys kept for the life of the
//! isolate. It verifies, and signs.
//!
//! A call costs more in crossing into JavaScript than in what it asks for there, so whatever does not
//! depend on the token is made once: the key, its algorithm object, the way to `verify`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Array, JSON, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::algorithm::WebCrypto;
use crate::jwk::{Key, Signer, SigningKey};
use crate::verify::{Question, Verifier, VerifierError};

/// Imported keys that are kept; a deployment has fewer.
const KEYS_MAX: usize = 256;

thread_local! {
    /// By fingerprint, which two keys share only when they are the same key.
    static KEYS: RefCell<BTreeMap<[u8; 32], Imported>> = const { RefCell::new(BTreeMap::new()) };
    /// The key that signs, by the fingerprint of its public one: a deployment has one.
    static SIGNER: RefCell<Option<([u8; 32], Imported)>> = const { RefCell::new(None) };
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

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = sign)]
    fn sign(algorithm: &Object, key: &JsValue, message: &[u8]) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = verify)]
    fn verify(
        algorithm: &Object,
        key: &JsValue,
        signature: &[u8],
        message: &[u8],
    ) -> Result<Promise, JsValue>;
}

/// The verifier and signer.
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

impl Signer for Web {
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, VerifierError> {
        signature(key, message)
            .await
            .map_err(|error| VerifierError {
                reason: format!("{error:?}"),
            })
    }
}

async fn signature(key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, JsValue> {
    let fingerprint = key.public().fingerprint();
    let known = SIGNER.with_borrow(|known| {
        let known = known.as_ref().filter(|(of, _)| of == fingerprint);
        known.map(|(_, imported)| imported.clone())
    });
    let imported = match known {
        Some(known) => known,
        None => {
            let imported = import(key.public(), key.private_jwk(), "sign").await?;
            SIGNER.set(Some((*fingerprint, imported.clone())));
            imported
        }
    };
    let promise = sign(&imported.algorithm, &imported.key, message)?;
    Ok(Uint8Array::new(&JsFuture::from(promise).await?).to_vec())
}

async fn holds(question: Question<'_>) -> Result<bool, JsValue> {
    let known = KEYS.with_borrow(|keys| keys.get(question.key.fingerprint()).cloned());
    let Imported { algorithm, key } = match known {
        Some(known) => known,
        None => import_public(question.key).await?,
    };
    let promise = verify(&algorithm, &key, question.signature, question.message)?;
    // Anything but `true` is a no.
    Ok(JsFuture::from(promise).await? == JsValue::TRUE)
}

async fn import(key: &Key, jwk: &str, usage: &str) -> Result<Imported, JsValue> {
    let algorithm = key.algorithm().webcrypto().ok_or("not a public key")?;
    let algorithm = to_object(&algorithm)?;
    let jwk = JSON::parse(jwk)?.unchecked_into::<Object>();
    let promise = import_key("jwk", &jwk, &algorithm, false, &Array::of1(&usage.into()))?;
    Ok(Imported {
        algorithm,
        key: JsFuture::from(promise).await?,
    })
}

async fn import_public(key: &Key) -> Result<Imported, JsValue> {
    let imported = import(key, &key.jwk().ok_or("not a public key")?, "verify").await?;
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
