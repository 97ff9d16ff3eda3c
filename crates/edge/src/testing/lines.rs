//! A network that has room for six requests at a time, and a clock that goes on by itself.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use crate::{
    edge::{Acknowledgement, Clock, Edge, Later, Outgoing, Upstream, UpstreamError},
    mail::{HttpPost, Post},
};

/// Requests that wait for an answer's beginning at the same time: more of them wait for their turn, unsent.
const LINES: usize = 6;

/// The network and its time; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Lines(Rc<Inner>);

struct Inner {
    now_ms: Cell<i64>,
    answers_after_ms: i64,
    free: Cell<usize>,
    /// What was sent, once its turn came.
    sent: RefCell<Vec<String>>,
}

impl Lines {
    /// Everything is answered with 200 after so long.
    pub(crate) fn new(now_ms: i64, answers_after_ms: i64) -> Self {
        Self(Rc::new(Inner {
            now_ms: Cell::new(now_ms),
            answers_after_ms,
            free: Cell::new(LINES),
            sent: RefCell::default(),
        }))
    }

    /// The bodies that were sent.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.0.sent.borrow().clone()
    }

    /// The same deployment on this network.
    pub(crate) fn on(&self, edge: &Edge) -> Edge {
        let (upstream, clock) = (Rc::new(self.clone()), Rc::new(self.clone()));
        let post: Rc<dyn Post> = match &edge.config.mail {
            crate::config::MailTransport::Http(provider) => Rc::new(HttpPost {
                provider: provider.clone(),
                upstream: upstream.clone(),
                clock: clock.clone(),
            }),
            _ => edge.post.clone(),
        };
        Edge {
            upstream,
            clock,
            post,
            ..edge.clone()
        }
    }

    /// What a future gives; time goes by while it waits.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            self.0.now_ms.set(self.0.now_ms.get() + 500);
        }
    }

    async fn until(&self, at_ms: i64) {
        std::future::poll_fn(|_| match self.0.now_ms.get() >= at_ms {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    async fn turn(&self) {
        std::future::poll_fn(|_| match self.0.free.get() {
            0 => Poll::Pending,
            free => {
                self.0.free.set(free - 1);
                Poll::Ready(())
            }
        })
        .await;
    }
}

impl Clock for Lines {
    fn now_ms(&self) -> i64 {
        self.0.now_ms.get()
    }

    fn sleep(&self, duration_ms: u64) -> Later<'static, ()> {
        let lines = self.clone();
        Box::pin(async move {
            let from_ms = lines.now_ms();
            lines
                .until(from_ms + i64::try_from(duration_ms).unwrap())
                .await;
        })
    }
}

impl Upstream for Lines {
    fn get<'a>(
        &'a self,
        _: &'a str,
        _: &'static str,
        _: usize,
    ) -> Later<'a, Result<Vec<u8>, UpstreamError>> {
        Box::pin(std::future::ready(Err(UpstreamError("nothing".to_owned()))))
    }

    fn post<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> Later<'a, Result<Acknowledgement, UpstreamError>> {
        Box::pin(async move {
            self.turn().await;
            self.0.sent.borrow_mut().push(outgoing.body.clone());
            self.until(self.now_ms() + self.0.answers_after_ms).await;
            self.0.free.set(self.0.free.get() + 1);
            Ok(Acknowledgement {
                status: 200,
                retry_after_s: None,
            })
        })
    }
}
