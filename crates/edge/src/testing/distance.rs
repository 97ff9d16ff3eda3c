//! Requests that overtake each other: objects are at a distance, and chance says whose turn it is.

use std::{
    rc::Rc,
    task::{Context, Poll, Waker},
};

use super::{Dice, World, yield_once};
use crate::{
    edge::{Edge, Later},
    http::Response,
    objects::{CallError, Manner, ObjectCall, Objects},
};

/// Of how many turns a way to an object or back takes one at most.
const TURNS: usize = 6;

/// Objects at a distance: a call takes a while to arrive, and its answer a while to come back or gets lost.
struct DistantObjects {
    inner: Rc<dyn Objects>,
    dice: Rc<Dice>,
    lost_per_mille: usize,
}

impl DistantObjects {
    async fn travel(&self) {
        for _ in 0..self.dice.below(TURNS) {
            yield_once().await;
        }
    }
}

impl Objects for DistantObjects {
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>> {
        Box::pin(async move {
            self.travel().await;
            let answer = self.inner.call(call).await;
            self.travel().await;
            let is_lost = call.manner == Manner::Once && self.dice.happens(self.lost_per_mille);
            if is_lost {
                return Err(CallError("lost".to_owned()));
            }
            answer
        })
    }
}

impl World {
    /// Another isolate, far from the objects. Of a thousand answers to what is sent once, so many get lost.
    pub(crate) fn distant(&self, dice: &Rc<Dice>, lost_per_mille: usize) -> Edge {
        let objects = Rc::new(DistantObjects {
            inner: self.objects.clone(),
            dice: dice.clone(),
            lost_per_mille,
        });
        Edge {
            objects,
            ..self.isolate()
        }
    }
}

/// Runs all at the same time, one step of one of them after another as chance has it; answers in their order.
pub(crate) fn together<T>(dice: &Dice, futures: Vec<Later<'_, T>>) -> Vec<T> {
    let count = futures.len();
    let mut waiting: Vec<(usize, Later<'_, T>)> = futures.into_iter().enumerate().collect();
    let mut done: Vec<Option<T>> = (0..count).map(|_| None).collect();
    let mut context = Context::from_waker(Waker::noop());
    while !waiting.is_empty() {
        let at = dice.below(waiting.len());
        if let Poll::Ready(value) = waiting[at].1.as_mut().poll(&mut context) {
            let (place, _) = waiting.swap_remove(at);
            done[place] = Some(value);
        }
    }
    done.into_iter().map(Option::unwrap).collect()
}
