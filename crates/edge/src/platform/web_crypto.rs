//! Signature arithmetic: WebCrypto, with imported keys kept for the life of the isolate.

use std::{cell::RefCell, collections::BTreeMap};

use js_sys::{Array, JSON, Object, Reflect};
use lockstep_token::{
    WebCrypto,
    jwk::Key,
    verify::{Question, VerifierError},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

use super::timeout::{CALL_MS, within};
use crate::{edge::Later, signatures::Signatures};

/// Imported keys that are kept; a deployment has fewer.
const KEYS_MAX: usize = 256;

thread_local! {
    /// By fingerprint, which two keys share only when they are the same key.
    static KEYS: RefCell<BTreeMap<[u8; 32], CryptoKey>> = const { RefCell::new(BTreeMap::new()) };
}

pub(super) struct WebSignatures;

impl Signatures for WebSignatures {
    fn verify<'a>(&'a self, question: Question<'a>) -> Later<'a, Result<bool, VerifierError>> {
        Box::pin(async move {
            match within(CALL_MS, verify(question)).await {
                Some(answer) => answer.map_err(|error| fault(&format!("{error:?}"))),
                None => Err(fault("no answer in time")),
            }
        })
    }
}

async fn verify(question: Question<'_>) -> Result<bool, JsValue> {
    let algorithm = question.key.algorithm().webcrypto();
    let algorithm = to_object(&algorithm.ok_or("not a public key")?)?;
    let subtle = js_sys::global()
        .unchecked_into::<WorkerGlobalScope>()
        .crypto()?
        .subtle();
    let key = imported(&subtle, question.key, &algorithm).await?;
    let promise = subtle.verify_with_object_and_u8_array_and_u8_array(
        &algorithm,
        &key,
        question.signature,
        question.message,
    )?;
    // Anything but `true` is a no.
    Ok(JsFuture::from(promise).await? == JsValue::TRUE)
}

async fn imported(
    subtle: &SubtleCrypto,
    key: &Key,
    algorithm: &Object,
) -> Result<CryptoKey, JsValue> {
    if let Some(known) = KEYS.with_borrow(|keys| keys.get(key.fingerprint()).cloned()) {
        return Ok(known);
    }
    let jwk = JSON::parse(&key.jwk().ok_or("not a public key")?)?.unchecked_into::<Object>();
    let usages = Array::of1(&"verify".into());
    let promise = subtle.import_key_with_object("jwk", &jwk, algorithm, false, &usages)?;
    let imported: CryptoKey = JsFuture::from(promise).await?.unchecked_into();
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

fn fault(reason: &str) -> VerifierError {
    VerifierError {
        reason: reason.to_owned(),
    }
}
