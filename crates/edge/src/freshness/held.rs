//! A snapshot and what it comes to: resolving costs more than a whole answer, and changes only when a time window opens or ends.

use std::{cell::RefCell, ops::Deref, rc::Rc};

use lockstep_core::{Access, Outcome, OwnPolicy, Record, RecordError, TokenLimit};
use lockstep_wire::Snapshot;

/// A snapshot, with the access that was last asked of it.
#[derive(Debug)]
pub(super) struct Held {
    snapshot: Snapshot,
    resolved: RefCell<Option<Resolved>>,
}

/// What a snapshot comes to, and through which token: what an access was resolved from is not asked of it, which would put all of it together again.
#[derive(Debug)]
struct Resolved {
    token: Option<TokenLimit>,
    access: Rc<Access>,
}

impl Held {
    pub(super) const fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            resolved: RefCell::new(None),
        }
    }

    /// How many places and grants it has, beside the principal.
    pub(super) fn weight(&self) -> usize {
        1 + self.snapshot.nodes.len() + self.snapshot.grants.len()
    }

    /// What the principal holds at `now_ms` under the policy as the organization has it then, through a
    /// token if there is one.
    ///
    /// # Errors
    /// When its nodes form no hierarchy, or it passes a limit.
    pub(super) fn access(
        &self,
        policy: &OwnPolicy,
        token: Option<TokenLimit>,
        now_ms: u64,
    ) -> Result<Rc<Access>, RecordError> {
        let token = token.or_else(|| self.snapshot.token.as_ref().map(Into::into));
        if let Some(resolved) = &*self.resolved.borrow()
            && resolved.token == token
            && resolved.access.policy().is(policy)
            && is_current(&resolved.access, now_ms)
        {
            return Ok(resolved.access.clone());
        }
        let record = Record {
            token: token.clone(),
            ..self.snapshot.record()
        };
        let access = Rc::new(Access::resolve_own(policy, record, now_ms)?);
        *self.resolved.borrow_mut() = Some(Resolved {
            token,
            access: access.clone(),
        });
        Ok(access)
    }
}

/// Whether what somebody may do there depends on facts that nobody stated.
pub(super) fn depends_on_facts(access: &Access, permission: &str, node: &str) -> bool {
    let asked = access.policy().permission(permission);
    let asked = asked.zip(access.node(node));
    asked.is_some_and(|(asked, node)| access.settled(asked, node) == Outcome::Unknown)
}

/// Whether no window has opened or ended since. A clock that went backwards makes it too old.
fn is_current(access: &Access, now_ms: u64) -> bool {
    access.now_ms() <= now_ms && access.changes_at_ms().is_none_or(|at_ms| now_ms < at_ms)
}

impl Deref for Held {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Window;
    use serde_json::json;

    use super::*;
    use crate::policies;

    /// A member of an organization whose being an admin ends at 2,000.
    fn held() -> (Held, OwnPolicy) {
        let policy = policies::policy("openlit").unwrap();
        let snapshot = json!({
            "format": lockstep_wire::SNAPSHOT_FORMAT,
            "policy": {"id": "openlit", "digest": policy.digest},
            "organization": "org_1",
            "principal": "usr_1",
            "epoch": 1,
            "server_time_ms": 0,
            "nodes": [{"id": "org_1", "level": "organization"}],
            "grants": [
                {"role": "member", "node": "org_1"},
                {"role": "admin", "node": "org_1", "expires_at_ms": 2_000},
            ],
        });
        let held = Held::new(serde_json::from_value(snapshot).unwrap());
        (held, OwnPolicy::plain(&policy.policy))
    }

    fn access(held: &(Held, OwnPolicy), token: Option<TokenLimit>, now_ms: u64) -> Rc<Access> {
        held.0.access(&held.1, token, now_ms).unwrap()
    }

    fn may(access: &Access, permission: &str) -> bool {
        let permission = access.policy().permission(permission).unwrap();
        access.allows(permission, access.root())
    }

    #[test]
    fn what_was_resolved_counts_until_a_window_ends_and_not_before_it_was() {
        let held = held();
        let first = access(&held, None, 1_000);
        assert!(may(&first, "organisation.update"));
        assert!(Rc::ptr_eq(&first, &access(&held, None, 1_999)));
        let ended = access(&held, None, 2_000);
        assert!(!may(&ended, "organisation.update") && may(&ended, "resources.view"));
        assert!(may(&access(&held, None, 1_999), "organisation.update"));
    }

    #[test]
    fn what_was_resolved_under_one_policy_is_no_answer_under_the_next() {
        let (held, before) = held();
        let first = held.access(&before, None, 1_000).unwrap();
        let policy = policies::policy("openlit").unwrap().policy;
        let after = OwnPolicy::plain(&policy);
        let second = held.access(&after, None, 1_000).unwrap();
        assert!(second.policy().is(&after) && !Rc::ptr_eq(&first, &second));
        assert!(Rc::ptr_eq(
            &second,
            &held.access(&after, None, 1_000).unwrap()
        ));
    }

    #[test]
    fn what_one_token_may_is_nothing_that_another_gets() {
        let held = held();
        let of = |permissions: Option<&[&str]>, window| TokenLimit {
            permissions: permissions.map(|all| all.iter().map(|&id| id.to_owned()).collect()),
            node: None,
            window,
        };
        let wide = access(&held, None, 1_000);
        let narrow = of(Some(&["resources.view"]), Window::default());
        let narrowed = access(&held, Some(narrow), 1_000);
        assert!(may(&wide, "organisation.update") && !may(&narrowed, "organisation.update"));
        let other = access(&held, Some(of(Some(&[]), Window::default())), 1_000);
        assert!(!may(&other, "resources.view"));
        let until = |expires_at_ms| Window {
            not_before_ms: None,
            expires_at_ms: Some(expires_at_ms),
        };
        assert!(may(
            &access(&held, Some(of(None, until(1_500))), 1_499),
            "resources.view"
        ));
        assert!(!may(
            &access(&held, Some(of(None, until(1_500))), 1_500),
            "resources.view"
        ));
        assert!(may(&access(&held, None, 1_500), "resources.view"));
    }
}
