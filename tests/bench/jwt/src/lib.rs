//! The verification of JWTs alone: `lockstep-token` over WebCrypto, which is what the Worker links, and
//! no cache of verified tokens.
//!
//! A benchmark that cannot run should say so at once: it panics.

use js_sys::{Array, Date};
use lockstep_token::{Issuers, Token, TokenError, web::Web};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub struct Issuer(Issuers);

#[wasm_bindgen]
impl Issuer {
    /// The issuers as the Worker is configured with them.
    #[wasm_bindgen(constructor)]
    pub fn new(records: &str) -> Self {
        Self(Issuers::parse(records).expect("records"))
    }

    /// The subject of a token that is valid.
    pub async fn subject(&self, text: String) -> Option<String> {
        subject(&self.0, &text).await.ok()
    }

    /// How many of `times` tokens, taken in turn, are valid. Each crosses from JavaScript anew, as a
    /// request's header does.
    pub async fn accepted(&self, tokens: Array, times: u32) -> u32 {
        let mut accepted = 0;
        for at in 0..times {
            let text = tokens.get(at % tokens.length()).as_string().expect("text");
            if subject(&self.0, &text).await.is_ok() {
                accepted += 1;
            }
        }
        accepted
    }
}

async fn subject(issuers: &Issuers, text: &str) -> Result<String, TokenError> {
    let token = Token::parse(text)?;
    let verified = token.select(issuers.records())?.verify(&Web).await?;
    let claims = verified.claims((Date::now() / 1_000.0) as i64)?;
    Ok(claims.subject().to_owned())
}
