//! Whether a history is linearizable: whether every call can be put at one instant between its beginning and its end, so that one after the other they answer what they answered (Herlihy and Wing, 1990).
//!
//! The search is Wing and Gong's with the memory of Lowe ("Testing for linearizability", 2017). It is here and not taken from a crate because the one that is kept (stateright) brings a web server and forgets where it has been.

use std::collections::BTreeSet;

/// What a history is held against.
pub(super) trait Model: Clone + Ord {
    type Operation;
    type Answer;

    /// The state after the operation, if it can answer so. Of what has no answer, the state after its effect, if it has one.
    fn step(&self, operation: &Self::Operation, answer: Option<&Self::Answer>) -> Option<Self>;

    /// Whether what was answered so has changed nothing, whatever there was.
    fn is_look(operation: &Self::Operation, answer: &Self::Answer) -> bool;
}

/// A call of a history.
pub(super) struct Call<M: Model> {
    pub(super) operation: M::Operation,
    /// Absent when nobody knows whether it was done.
    pub(super) answer: Option<M::Answer>,
    pub(super) begun: u64,
    pub(super) ended: u64,
}

impl<M: Model> Call<M> {
    /// What has no answer may be done at any time, or never.
    const fn end(&self) -> u64 {
        match self.answer {
            Some(_) => self.ended,
            None => u64::MAX,
        }
    }
}

/// The order in which the calls can have been done; or where the longest search got stuck, if there is none.
pub(super) fn linearization<M: Model>(
    begin: &M,
    calls: &[Call<M>],
) -> Result<Vec<usize>, Vec<usize>> {
    let mut search = Search {
        calls,
        done: vec![false; calls.len()],
        order: Vec::new(),
        longest: Vec::new(),
        seen: BTreeSet::new(),
    };
    if search.go_on(begin) {
        Ok(search.order)
    } else {
        Err(search.longest)
    }
}

struct Search<'a, M: Model> {
    calls: &'a [Call<M>],
    done: Vec<bool>,
    order: Vec<usize>,
    longest: Vec<usize>,
    /// What was done and where that led, when nothing came of it.
    seen: BTreeSet<(Vec<bool>, M)>,
}

impl<M: Model> Search<'_, M> {
    fn go_on(&mut self, state: &M) -> bool {
        let waiting: Vec<usize> = (0..self.calls.len()).filter(|at| !self.done[*at]).collect();
        if waiting.iter().all(|at| self.calls[*at].answer.is_none()) {
            return true;
        }
        // Nothing can come after what ended before it began.
        let first_end = waiting
            .iter()
            .map(|at| self.calls[*at].end())
            .min()
            .unwrap();
        let mut next = Vec::new();
        for at in waiting {
            let call = &self.calls[at];
            if call.begun >= first_end {
                continue;
            }
            if let Some(after) = state.step(&call.operation, call.answer.as_ref()) {
                let answer = call.answer.as_ref();
                if answer.is_some_and(|answer| M::is_look(&call.operation, answer)) {
                    // What changes nothing and is right now stands in nobody's way: no other order has to be tried.
                    return self.take(at, after);
                }
                next.push((at, after));
            }
        }
        next.into_iter().any(|(at, after)| self.take(at, after))
    }

    fn take(&mut self, at: usize, after: M) -> bool {
        self.done[at] = true;
        self.order.push(at);
        if self.order.len() > self.longest.len() {
            self.longest.clone_from(&self.order);
        }
        let place = (self.done.clone(), after);
        if !self.seen.contains(&place) {
            if self.go_on(&place.1) {
                return true;
            }
            self.seen.insert(place);
        }
        self.order.pop();
        self.done[at] = false;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Dice, environment, seed};

    /// A register: `Some` writes, `None` reads.
    type Register = u8;

    impl Model for Register {
        type Operation = Option<u8>;
        type Answer = u8;

        fn step(&self, operation: &Option<u8>, answer: Option<&u8>) -> Option<Self> {
            match (operation, answer) {
                (Some(written), _) => Some(*written),
                (None, Some(read)) => (read == self).then_some(*self),
                (None, None) => Some(*self),
            }
        }

        fn is_look(operation: &Option<u8>, _: &u8) -> bool {
            operation.is_none()
        }
    }

    fn call(operation: Option<u8>, answer: Option<u8>, begun: u64, ended: u64) -> Call<Register> {
        Call {
            operation,
            answer,
            begun,
            ended,
        }
    }

    #[test]
    fn what_overlaps_has_either_order_and_what_does_not_has_one() {
        let write = || call(Some(1), Some(0), 1, 4);
        for (read, begun, ended, holds) in [
            (0, 2, 3, true),
            (1, 2, 3, true),
            (0, 5, 6, false),
            (1, 5, 6, true),
            (2, 2, 3, false),
        ] {
            let calls = [write(), call(None, Some(read), begun, ended)];
            assert_eq!(linearization(&0, &calls).is_ok(), holds, "{read} {begun}");
        }
        let back = [
            write(),
            call(None, Some(1), 5, 6),
            call(None, Some(0), 7, 8),
        ];
        assert!(linearization(&0, &back).is_err(), "nothing is undone");
    }

    #[test]
    fn what_has_no_answer_is_done_at_any_time_or_never() {
        let lost = || call(Some(1), None, 1, 2);
        let calls = [lost(), call(None, Some(0), 5, 6), call(None, Some(1), 7, 8)];
        assert_eq!(linearization(&0, &calls), Ok(vec![1, 0, 2]));
        let calls = [lost(), call(None, Some(0), 5, 6)];
        assert!(linearization(&0, &calls).is_ok());
        let calls = [call(None, Some(1), 1, 2), call(Some(1), None, 3, 4)];
        assert!(linearization(&0, &calls).is_err(), "not before it began");
    }

    /// Every order of few calls is tried: what the search says is what is so.
    #[test]
    fn the_search_finds_what_trying_every_order_finds() {
        let dice = Dice::of(seed());
        let mut found = [0, 0];
        for _ in 0..environment("LOCKSTEP_CASES", 2_000) {
            let calls: Vec<Call<Register>> = (0..5)
                .map(|_| {
                    let begun = u64::try_from(dice.below(10)).unwrap();
                    let ended = begun + 1 + u64::try_from(dice.below(6)).unwrap();
                    let value = u8::try_from(dice.below(3)).unwrap();
                    let operation = dice.happens(500).then_some(value);
                    let has_answer = dice.happens(900);
                    call(operation, has_answer.then_some(value), begun, ended)
                })
                .collect();
            let every = is_some_order_right(&calls, &mut Vec::new(), 0);
            assert_eq!(linearization(&0, &calls).is_ok(), every);
            found[usize::from(every)] += 1;
        }
        assert!(found.iter().all(|count| *count > 100), "{found:?}");
    }

    fn is_some_order_right(calls: &[Call<Register>], order: &mut Vec<usize>, state: u8) -> bool {
        let is_left = |at: usize| !order.contains(&at);
        let left: Vec<usize> = (0..calls.len()).filter(|at| is_left(*at)).collect();
        if left.iter().all(|at| calls[*at].answer.is_none()) {
            return true;
        }
        left.iter().any(|&at| {
            let comes_first = left
                .iter()
                .all(|&other| calls[at].begun < calls[other].end());
            let next = state.step(&calls[at].operation, calls[at].answer.as_ref());
            let Some(next) = next.filter(|_| comes_first) else {
                return false;
            };
            order.push(at);
            let is_right = is_some_order_right(calls, order, next);
            order.pop();
            is_right
        })
    }
}
