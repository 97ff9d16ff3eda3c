//! The limit per client: counted in this isolate, and by Cloudflare where `SIGN_IN_LIMIT` is bound.

use worker::Env;

use super::timeout::{CALL_MS, within};
use crate::{
    clients::Windows,
    config::Config,
    edge::{Clients, Clock, Later},
};

/// Requests of one client a minute, for each action.
const REQUESTS_MAX: u32 = 30;
/// The same in development, where one machine plays every client.
const REQUESTS_MAX_DEVELOPMENT: u32 = 1_200;
/// The optional rate limit binding in wrangler.toml.
const BINDING: &str = "SIGN_IN_LIMIT";

thread_local! {
    static WINDOWS: Windows = const { Windows::new() };
}

pub(super) struct ClientLimit {
    env: Env,
    requests_max: u32,
}

impl ClientLimit {
    pub(super) const fn new(env: Env, config: &Config) -> Self {
        let requests_max = if config.is_development {
            REQUESTS_MAX_DEVELOPMENT
        } else {
            REQUESTS_MAX
        };
        Self { env, requests_max }
    }
}

impl Clients for ClientLimit {
    fn allow<'a>(&'a self, action: &'a str, client: &'a str) -> Later<'a, bool> {
        Box::pin(async move {
            let now_ms = super::clock::WorkerClock.now_ms();
            if !WINDOWS.with(|windows| windows.allow(now_ms, action, client, self.requests_max)) {
                return false;
            }
            let Ok(limiter) = self.env.rate_limiter(BINDING) else {
                return true;
            };
            // When Cloudflare's counter does not answer, this isolate's and the address's own limit still hold.
            let asked = within(CALL_MS, limiter.limit(format!("{action} {client}"))).await;
            asked.is_none_or(|outcome| outcome.is_ok_and(|outcome| outcome.success))
        })
    }
}
