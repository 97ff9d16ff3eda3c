//! workerd behind the traits of [`crate::edge`]: the only module that knows of Workers.

mod at_once;
mod classes;
mod clients;
mod clock;
mod events;
mod host;
mod kv;
mod mail;
mod objects;
mod request;
mod sql;
mod timeout;
mod upstream;
mod web_crypto;

use std::{cell::OnceCell, rc::Rc};

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use worker::{Context, Env, worker_sys};

use self::at_once::at_once;
use crate::{
    authenticate::{self, VerifiedTokens},
    config::{Binding, Config, ConfigError},
    doubles::Memory,
    edge::{Background, Edge, Later},
    freshness::Cache,
    http::Request,
    issuers, log, published, router,
};

thread_local! {
    /// Configuration does not change within an isolate.
    static CONFIG: OnceCell<Result<Rc<Config>, ConfigError>> = const { OnceCell::new() };
    /// Nor do bindings: an isolate has one `env`. Made anew for each request, this would cost more than most answers.
    static EDGE: OnceCell<Edge> = const { OnceCell::new() };
    /// Plain data, so it may outlive the request that brought it.
    static GRANTS: Rc<Cache> = Rc::new(Cache::default());
    static ISSUERS: Rc<issuers::Cache> = Rc::new(issuers::Cache::default());
    static PUBLISHED: Rc<published::Cache> = Rc::new(published::Cache::default());
    static VERIFIED: Rc<VerifiedTokens> = Rc::new(VerifiedTokens::default());
    static CREDENTIALS: Rc<authenticate::Cache> = Rc::new(authenticate::Cache::default());
    /// What the doubles of a development deployment have seen.
    static SEEN: Rc<Memory> = Rc::new(Memory::default());
}

/// Answers one request, at once when nothing has to be waited for; the Worker's script calls it with the request as bytes: its head, `head_length` of them, and then its body.
///
/// # Errors
/// When an answer cannot be handed over, which is a fault.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "nothing else is exported")]
pub fn fetch(
    request: Vec<u8>,
    head_length: usize,
    env: Env,
    context: worker_sys::Context,
) -> Result<JsValue, JsValue> {
    answer(move || request::read(request, head_length), env, context)
}

/// As [`fetch`], for a request of which there is the head alone; `pull` is told who sends it, and gives a promise of its body.
///
/// # Errors
/// As [`fetch`].
#[wasm_bindgen(js_name = fetchImport)]
#[expect(unreachable_pub, reason = "nothing else is exported")]
pub fn fetch_import(
    head: Vec<u8>,
    env: Env,
    context: worker_sys::Context,
    pull: Function,
) -> Result<JsValue, JsValue> {
    answer(move || request::read_head(head, pull), env, context)
}

fn answer(
    request: impl FnOnce() -> Request + 'static,
    env: Env,
    context: worker_sys::Context,
) -> Result<JsValue, JsValue> {
    at_once(async move {
        let background = Rc::new(AfterAnswer(Context::new(context)));
        let response = match edge(&env, background) {
            Ok(edge) => router::handle(&edge, &request()).await,
            Err(error) => {
                log::error(&format!("misconfigured: {error}"));
                router::misconfigured()
            }
        };
        request::write(response)
    })
}

/// The outside world of one request or one object; what goes on after an answer is each one's own.
fn edge(env: &Env, background: Rc<dyn Background>) -> Result<Edge, ConfigError> {
    let config = config(env)?;
    let shared = EDGE.with(|edge| edge.get_or_init(|| shared(env, config)).clone());
    Ok(Edge {
        background,
        ..shared
    })
}

fn shared(env: &Env, config: Rc<Config>) -> Edge {
    let objects = Rc::new(objects::Stubs::new(env.clone()));
    let upstream = Rc::new(upstream::PublicNetwork);
    let clock = Rc::new(clock::WorkerClock);
    let edge = Edge {
        random: Rc::new(clock::WorkerRandom),
        kv: Rc::new(kv::Grants::new(env.clone())),
        post: mail::post(
            env,
            &config.mail,
            objects.clone(),
            upstream.clone(),
            clock.clone(),
        ),
        clock,
        clients: Rc::new(clients::ClientLimit::new(env.clone(), &config)),
        background: Rc::new(InObject),
        signatures: Rc::new(web_crypto::WebSignatures),
        upstream,
        grants: GRANTS.with(Rc::clone),
        issuers: ISSUERS.with(Rc::clone),
        published: PUBLISHED.with(Rc::clone),
        verified: VERIFIED.with(Rc::clone),
        credentials: CREDENTIALS.with(Rc::clone),
        objects,
        config,
    };
    let faults = edge.config.faults.clone();
    SEEN.with(|seen| faults.apply(edge, seen))
}

/// The runtime keeps a request's work alive after its answer.
struct AfterAnswer(Context);

impl Background for AfterAnswer {
    fn spawn(&self, work: Later<'static, ()>) {
        self.0.wait_until(work);
    }
}

/// An object lives on between its commands by itself.
struct InObject;

impl Background for InObject {
    fn spawn(&self, work: Later<'static, ()>) {
        worker::wasm_bindgen_futures::spawn_local(work);
    }
}

fn config(env: &Env) -> Result<Rc<Config>, ConfigError> {
    let parse = || Config::of_bindings(|name| bound(env, name)).map(Rc::new);
    CONFIG.with(|config| config.get_or_init(parse).clone())
}

/// What a name is bound to. What is in `[vars]` and no text, the runtime hands over as it is there.
fn bound(env: &Env, name: &str) -> Option<Binding> {
    let value = Reflect::get(env, &name.into()).ok()?;
    let is_there = !value.is_undefined();
    is_there.then(|| value.as_string().map_or(Binding::Other, Binding::Text))
}
