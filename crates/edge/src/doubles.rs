//! Stores that misbehave on purpose.
//!
//! Locally KV is consistent at once and objects always answer, so no fault of either would ever show.
//! These doubles stand in front of the real stores: in native tests, and in the running local edge where `LOCKSTEP_FAULTS` asks for them. [`crate::config::Config`] refuses that variable outside development.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use serde::Deserialize;

use crate::{
    edge::{Clock, Edge, Kv, KvError, KvKeys, Later},
    http::Response,
    objects::{CallError, Class, ObjectCall, Objects},
};

/// How long a hanging object is waited for in vain, in milliseconds.
const HANG_MS: u64 = 5_000;

/// `LOCKSTEP_FAULTS`, for example `{"kv": {"fault": "stale", "for_ms": 60000}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// What KV does; absent: what it should.
    pub kv: Option<KvFault>,
    /// What organization objects do; absent: what they should.
    pub organizations: Option<ObjectFault>,
}

impl Faults {
    /// `edge` with the doubles in front of its stores. `memory` outlives requests.
    #[must_use]
    pub fn apply(&self, edge: Edge, memory: &Rc<Memory>) -> Edge {
        let clock = &edge.clock;
        let kv = self.kv.map(|fault| -> Rc<dyn Kv> {
            let (inner, clock, memory) = (edge.kv.clone(), clock.clone(), memory.clone());
            Rc::new(FaultyKv {
                inner,
                fault,
                clock,
                memory,
            })
        });
        let objects = self.organizations.map(|fault| -> Rc<dyn Objects> {
            let (inner, clock) = (edge.objects.clone(), clock.clone());
            Rc::new(FaultyObjects {
                inner,
                fault,
                clock,
            })
        });
        Edge {
            kv: kv.unwrap_or_else(|| edge.kv.clone()),
            objects: objects.unwrap_or_else(|| edge.objects.clone()),
            ..edge
        }
    }
}

/// What KV does instead of what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum KvFault {
    /// Every call fails.
    Failing,
    /// Every value is another key's.
    Foreign,
    /// Every value is garbage.
    Garbage,
    /// No call ever ends.
    Hanging,
    /// A key, also one without a value, answers what it first answered, for this long.
    Stale {
        /// How long, in milliseconds.
        for_ms: i64,
    },
}

/// What an object does instead of what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectFault {
    /// Every call fails at once.
    Failing,
    /// Every call fails after its time-out.
    Hanging,
}

/// What a double has seen; it outlives requests.
#[derive(Debug, Default)]
pub struct Memory(RefCell<BTreeMap<String, Seen>>);

#[derive(Debug, Clone)]
struct Seen {
    at_ms: i64,
    value: Option<String>,
}

/// KV with a fault.
pub struct FaultyKv {
    /// The real one.
    pub inner: Rc<dyn Kv>,
    /// What it does.
    pub fault: KvFault,
    /// The time.
    pub clock: Rc<dyn Clock>,
    /// What it has seen.
    pub memory: Rc<Memory>,
}

impl FaultyKv {
    async fn remembered(&self, key: &str, for_ms: i64) -> Result<Option<String>, KvError> {
        let now_ms = self.clock.now_ms();
        let seen = self.memory.0.borrow().get(key).cloned();
        if let Some(seen) = seen
            && now_ms.saturating_sub(seen.at_ms) < for_ms
        {
            return Ok(seen.value);
        }
        let value = self.inner.get(key).await?;
        let seen = Seen {
            at_ms: now_ms,
            value: value.clone(),
        };
        self.memory.0.borrow_mut().insert(key.to_owned(), seen);
        Ok(value)
    }

    /// The value of another key that was put or read before.
    async fn foreign(&self, key: &str) -> Result<Option<String>, KvError> {
        let own = self.remembered(key, 0).await?;
        let memory = self.memory.0.borrow();
        let other = memory
            .iter()
            .find(|(other, seen)| *other != key && seen.value.is_some());
        Ok(other.map_or(own, |(_, seen)| seen.value.clone()))
    }
}

impl Kv for FaultyKv {
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Result<Option<String>, KvError>> {
        match self.fault {
            KvFault::Failing => {
                Box::pin(async { Err(KvError::Failed("failing on purpose".to_owned())) })
            }
            KvFault::Foreign => Box::pin(self.foreign(key)),
            KvFault::Garbage => Box::pin(async { Ok(Some("\u{0}{]garbage".to_owned())) }),
            KvFault::Hanging => Box::pin(std::future::pending()),
            KvFault::Stale { for_ms } => Box::pin(self.remembered(key, for_ms)),
        }
    }

    fn put<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, Result<(), KvError>> {
        match self.fault {
            KvFault::Failing => {
                Box::pin(async { Err(KvError::Failed("failing on purpose".to_owned())) })
            }
            KvFault::Hanging => Box::pin(async {
                self.clock.sleep(HANG_MS).await;
                Err(KvError::Late("hanging on purpose".to_owned()))
            }),
            KvFault::Foreign | KvFault::Garbage | KvFault::Stale { .. } => {
                self.inner.put(key, value)
            }
        }
    }

    // Values have the faults; a list has none but that it does not come.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u32,
    ) -> Later<'a, Result<KvKeys, KvError>> {
        match self.fault {
            KvFault::Failing => {
                Box::pin(async { Err(KvError::Failed("failing on purpose".to_owned())) })
            }
            KvFault::Hanging => Box::pin(std::future::pending()),
            KvFault::Foreign | KvFault::Garbage | KvFault::Stale { .. } => {
                self.inner.list(prefix, after, limit)
            }
        }
    }
}

/// Objects of which the organizations have a fault.
pub struct FaultyObjects {
    /// The real ones.
    pub inner: Rc<dyn Objects>,
    /// What organizations do.
    pub fault: ObjectFault,
    /// The time.
    pub clock: Rc<dyn Clock>,
}

impl Objects for FaultyObjects {
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>> {
        if call.class != Class::Organization {
            return self.inner.call(call);
        }
        let fault = self.fault;
        Box::pin(async move {
            if fault == ObjectFault::Hanging {
                self.clock.sleep(HANG_MS).await;
            }
            Err(CallError("failing on purpose".to_owned()))
        })
    }
}
