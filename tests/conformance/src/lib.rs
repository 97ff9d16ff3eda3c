//! One question, answered by whichever signature primitive is given: natively jsonwebtoken's, in workerd
//! WebCrypto. tests/conformance/main.mjs puts the same questions to both and wants the same words.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lockstep_token::verify::{Question, Verifier};
use lockstep_token::{Algorithm, TokenError, jwk::KeySet, jws::Jws};
use serde_json::Value;

/// The answer to a question, a JSON object with `set` and `algorithms` (names with a space in between)
/// and either `token`, or `message` and `signature` in base64url for the primitive alone.
pub async fn answer(question: &str, verifier: &impl Verifier) -> String {
    let question: Value = serde_json::from_str(question).expect("a question is JSON");
    let text = |name: &str| question[name].as_str().expect("a member is text");
    let algorithms: Vec<Algorithm> = text("algorithms")
        .split(' ')
        .map(|name| Algorithm::from_name(name).expect("an algorithm"))
        .collect();
    let keys = match KeySet::parse(text("set").as_bytes(), &algorithms) {
        Ok(keys) => keys,
        Err(error) => return format!("key set refused: {error}"),
    };
    if question["token"].is_string() {
        return of_token(&keys, text("token"), verifier).await;
    }
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)).expect("base64url");
    of_signature(&keys, &bytes("message"), &bytes("signature"), verifier).await
}

/// `valid`, or why the token is refused.
async fn of_token(keys: &KeySet, token: &str, verifier: &impl Verifier) -> String {
    let refused = |error: TokenError| match error {
        // In each primitive's own words.
        TokenError::Verifier { .. } => "undecided".to_owned(),
        error => error.to_string(),
    };
    let jws = match Jws::parse(token) {
        Ok(jws) => jws,
        Err(error) => return refused(error),
    };
    match keys.select(&jws) {
        Ok(check) => check
            .verify(verifier)
            .await
            .map_or_else(refused, |_| "valid".to_owned()),
        Err(error) => refused(error),
    }
}

/// What the primitive says, with nothing of ours before it.
async fn of_signature(
    keys: &KeySet,
    message: &[u8],
    signature: &[u8],
    verifier: &impl Verifier,
) -> String {
    let key = &keys.keys()[0];
    let question = Question {
        key,
        message,
        signature,
    };
    match verifier.verify(question).await {
        Ok(true) => "valid",
        // Whoever cannot decide refuses: of a signature of the wrong length the one says no, and the other
        // that it is none.
        Ok(false) | Err(_) => "invalid",
    }
    .to_owned()
}

/// The answer of WebCrypto.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn web(question: String) -> String {
    answer(&question, &lockstep_token::web::Web).await
}
