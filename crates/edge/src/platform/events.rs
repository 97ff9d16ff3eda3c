//! Open event streams of one object. They live in memory: a stream that is lost is opened again by its page.

use std::{cell::RefCell, time::Duration};

use futures_channel::mpsc::{Receiver, Sender, channel};
use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
    stream::unfold,
};
use worker::{Delay, Error, Response};

use super::clock::WorkerClock;
use crate::{edge::Clock, objects::Subscription};

/// Time between two heartbeats, in milliseconds. A page waits for two and a half (`announcements.ts`).
const HEARTBEAT_MS: i64 = 15_000;
/// An event, because a page is not told of comments. The first comes at once: a page waits for the next one from then on, and a stream may die before it.
const HEARTBEAT: &str = "event: beat\ndata: {}\n\n";
/// A stream lives no longer, in milliseconds, whatever is said on it: half an hour. The page opens a new one, and is authenticated again.
const LIFE_MS_MAX: i64 = 1_800_000;
/// Events that wait for a slow page; one more, and its stream ends.
const WAITING_MAX: usize = 16;
/// Open streams of one subscriber; the oldest ends when another opens.
const STREAMS_PER_SUBSCRIBER_MAX: usize = 20;
/// Open streams of one object.
const STREAMS_MAX: usize = 5_000;
/// How soon a page comes back after a stream ended, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";

/// The open streams of one object.
#[derive(Default)]
pub(super) struct EventHub {
    streams: RefCell<Vec<OpenStream>>,
}

struct OpenStream {
    subscriber: String,
    sender: Sender<String>,
}

impl EventHub {
    /// Opens a stream; `None` when the object has too many.
    pub(super) fn open(&self, subscription: &Subscription) -> Option<worker::Result<Response>> {
        let mut streams = self.streams.borrow_mut();
        streams.retain(|stream| !stream.sender.is_closed());
        let is_own = |stream: &OpenStream| stream.subscriber == subscription.subscriber;
        if streams.iter().filter(|stream| is_own(stream)).count() >= STREAMS_PER_SUBSCRIBER_MAX
            && let Some(oldest) = streams.iter().position(is_own)
        {
            streams.remove(oldest);
        }
        if streams.len() >= STREAMS_MAX {
            return None;
        }
        let (mut sender, receiver) = channel(WAITING_MAX);
        // The channel is empty and open.
        let _ = sender.try_send(format!("{RETRY}{}{HEARTBEAT}", subscription.first));
        streams.push(OpenStream {
            subscriber: subscription.subscriber.clone(),
            sender,
        });
        drop(streams);
        let ends_at_ms = WorkerClock.now_ms().saturating_add(LIFE_MS_MAX);
        let until_ms = subscription.until_ms.unwrap_or(ends_at_ms);
        Some(response(receiver, ends_at_ms.min(until_ms)))
    }

    /// Sends `text` to every stream; whoever does not read it is dropped.
    pub(super) fn publish(&self, text: &str) {
        self.streams
            .borrow_mut()
            .retain_mut(|stream| stream.sender.try_send(text.to_owned()).is_ok());
    }

    /// Ends the streams of `subscriber`, after what was already sent.
    pub(super) fn end(&self, subscriber: &str) {
        self.streams
            .borrow_mut()
            .retain(|stream| stream.subscriber != subscriber);
    }
}

fn response(receiver: Receiver<String>, ends_at_ms: i64) -> worker::Result<Response> {
    let response = Response::from_stream(beating(receiver, ends_at_ms))?;
    let headers = response.headers();
    headers.set("content-type", "text/event-stream")?;
    // A reverse proxy such as nginx would keep events until it has a buffer full of them.
    headers.set("x-accel-buffering", "no")?;
    Ok(response)
}

/// The events until the stream's end, with a heartbeat whenever nothing was said for a while, so that a dead connection is noticed on both sides.
fn beating(
    receiver: Receiver<String>,
    ends_at_ms: i64,
) -> impl Stream<Item = Result<Vec<u8>, Error>> {
    unfold(receiver, move |mut receiver| async move {
        let left_ms = ends_at_ms.saturating_sub(WorkerClock.now_ms());
        let wait_ms = u64::try_from(left_ms.min(HEARTBEAT_MS))
            .ok()
            .filter(|ms| *ms > 0)?;
        let delay = Delay::from(Duration::from_millis(wait_ms));
        match select(receiver.next(), delay).await {
            Either::Left((event, _)) => Some((Ok(event?.into_bytes()), receiver)),
            Either::Right(_) if left_ms <= HEARTBEAT_MS => None,
            Either::Right(_) => Some((Ok(HEARTBEAT.into()), receiver)),
        }
    })
}
