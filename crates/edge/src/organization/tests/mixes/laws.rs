//! What holds of every step, whoever takes it and whatever comes of it.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::{Access, Level, NodeId, Outcome, OwnPolicy, PermissionId};
use lockstep_wire::{CompiledPolicy, LevelName};

use super::{
    cast::Secret,
    named::Planned,
    picture::{Picture, is_logged},
};

/// One step, with what was there before and is there afterwards.
pub(super) struct Step<'a> {
    pub(super) kind: &'static str,
    pub(super) policy: &'a CompiledPolicy,
    pub(super) planned: &'a Planned,
    pub(super) before: &'a Picture,
    pub(super) after: &'a Picture,
    pub(super) status: u16,
    pub(super) now_ms: i64,
}

/// What somebody holds from now on.
struct Gain<'a> {
    principal: &'a str,
    /// Where, or on what was there before, for what is new.
    node: &'a str,
    new_node: Option<&'a str>,
    permission: PermissionId,
    outcome: Outcome,
}

impl Step<'_> {
    /// Answers how many gains there were.
    pub(super) fn check(&self) -> u64 {
        let changed = self.before.changed(self.after);
        self.epochs();
        self.log(&changed);
        self.admins_and_seats();
        let others = match changed.is_empty() {
            true => Vec::new(),
            false => self.others(),
        };
        self.changes_are_announced(&others);
        self.law_5(&others)
    }

    /// Law 8.
    fn epochs(&self) {
        let (before, after) = (self.before, self.after);
        assert!(after.epoch >= before.epoch, "the epoch falls");
        for principal in before.principals.keys().chain(before.members.keys()) {
            let (old, new) = (before.freshness(principal), after.freshness(principal));
            assert!(
                old.iter().zip(new).all(|(old, new)| *old <= new),
                "{principal}: {old:?} {new:?}"
            );
        }
    }

    /// What is refused changes nothing, and what changes something is one row of the log.
    fn log(&self, changed: &[String]) {
        let (before, after) = (self.before, self.after);
        // Whom an issuer vouches for is let in before it is known what they ask for.
        let is_refused = self.status >= 400 && self.kind != "first-sight";
        assert!(
            !is_refused || changed.is_empty(),
            "refused with {}, and changed {changed:?}",
            self.status
        );
        // That an event is sent again is noted, although no row but its delivery's is another one.
        let is_noted = self.kind == "webhook-replay" && self.status < 400;
        let rows = i64::from(is_noted || changed.iter().any(|table| is_logged(table)));
        assert_eq!(
            after.logged - before.logged,
            rows,
            "rows of the log for {changed:?}"
        );
        assert!(
            changed.is_empty() || after.epoch > before.epoch,
            "no epoch for {changed:?}"
        );
    }

    /// Law 7; and no seat is taken that there is not.
    fn admins_and_seats(&self) {
        let after = self.after;
        assert!(after.admins(self.policy) > 0, "no admin is left");
        let seats = self.policy.document.plan.offers[&after.plan].seats;
        let seats = seats.map_or(usize::MAX, |seats| usize::try_from(seats).unwrap());
        assert!(after.members.len() <= seats, "more members than seats");
    }

    fn access(&self, picture: &Picture, principal: &str, secret: Option<&Secret>) -> Access {
        let since_ms = picture
            .principals
            .get(principal)
            .and_then(|acts| acts.tokens_from_ms);
        let own = picture.policy(&self.policy.policy);
        let limit = secret.map(|secret| secret.limit(since_ms));
        picture.access(self.policy, &own, principal, limit, self.now_ms)
    }

    /// Law 5: what somebody gains was held by who acts, or by who has given their word for it.
    ///
    /// Both are looked at as of the same instant, so that a window that opens meanwhile is nobody's doing. What was deleted and is brought back counts as if it had been there: nobody holds more than what they held.
    fn law_5(&self, others: &[(&str, Access, Access)]) -> u64 {
        // What the operator sells is no grant by anybody.
        if self.after.is_deleted || self.kind == "plan" {
            return 0;
        }
        let mut grantors = vec![self.access(
            self.before,
            &self.planned.who.principal,
            self.planned.who.secret.as_ref(),
        )];
        grantors.extend(
            self.planned
                .word
                .iter()
                .map(|word| self.access(self.before, word, None)),
        );
        let gains = self.gains(others);
        for gain in &gains {
            let mut holds = grantors.iter().filter(|grantor| {
                let node = grantor.node(gain.node);
                node.is_some_and(|node| {
                    rank(grantor.settled(gain.permission, node)) >= rank(gain.outcome)
                })
            });
            if holds.next().is_some() || self.is_owners(gain) || self.is_freed(&grantors[0]) {
                continue;
            }
            let permission = self.policy.policy.describe(gain.permission).unwrap();
            panic!(
                "law 5: {} gains {} on {} ({:?})",
                gain.principal,
                permission.id,
                gain.new_node.unwrap_or(gain.node),
                gain.outcome
            );
        }
        u64::try_from(gains.len()).unwrap()
    }

    /// Ownership that the policy gives a creator is no grant by that creator.
    fn is_owners(&self, gain: &Gain<'_>) -> bool {
        let node = self
            .after
            .nodes
            .iter()
            .find(|node| Some(node.0.as_str()) == gain.new_node);
        let owner = node.and_then(|node| node.3.as_deref());
        let permission = self.policy.policy.describe(gain.permission).unwrap();
        let given = self.policy.document.ownership.get(&LevelName::Project);
        owner == Some(gain.principal)
            && gain.principal == self.planned.who.principal
            && given.is_some_and(|given| given.contains(&permission.id))
    }

    /// Who holds everything may end a rule that binds themselves: nobody else could.
    fn is_freed(&self, actor: &Access) -> bool {
        let mut roles = actor.grants().iter().filter_map(|grant| {
            let role = actor.policy().role(&grant.role)?;
            actor.policy().describe_role(role)
        });
        matches!(self.kind, "rule-edit" | "rule-delete") && roles.any(|role| role.overriding)
    }

    /// Whose rights may be others than before, with what they held and hold.
    fn others(&self) -> Vec<(&str, Access, Access)> {
        let (before, after) = (self.before, self.after);
        let owns = [before, after].map(|picture| picture.policy(&self.policy.policy));
        let known = before.principals.keys().chain(after.principals.keys());
        let known: BTreeSet<&String> = known.collect();
        let other = known
            .into_iter()
            .filter(|principal| !before.gives_the_same(after, principal));
        let access = |picture: &Picture, own: &OwnPolicy, principal: &str| {
            picture.access(self.policy, own, principal, None, self.now_ms)
        };
        let both = other.map(|principal| {
            let held = access(before, &owns[0], principal);
            (principal.as_str(), held, access(after, &owns[1], principal))
        });
        both.collect()
    }

    fn gains<'a>(&'a self, others: &'a [(&str, Access, Access)]) -> Vec<Gain<'a>> {
        let known: BTreeSet<&str> = self
            .before
            .nodes
            .iter()
            .map(|node| node.0.as_str())
            .collect();
        let mut gains = Vec::new();
        for (principal, held, holds) in others {
            // Nodes of one class have the same answers.
            let mut classes = BTreeMap::new();
            for (id, level, parent, _) in &self.after.nodes {
                let is_new = !known.contains(id.as_str());
                let node = match parent.as_deref().filter(|_| is_new) {
                    Some(parent) => parent,
                    None => id.as_str(),
                };
                assert!(!is_new || *level != Level::Project || known.contains(node));
                let (was, is) = (held.node(node).unwrap(), holds.node(id).unwrap());
                let class = (held.class(was), holds.class(is));
                let risen = classes
                    .entry(class)
                    .or_insert_with(|| risen(held, was, holds, is));
                gains.extend(risen.iter().map(|(permission, outcome)| Gain {
                    principal,
                    node,
                    new_node: is_new.then_some(id.as_str()),
                    permission: *permission,
                    outcome: *outcome,
                }));
            }
        }
        let described = |gain: &Gain<'_>| self.policy.policy.describe(gain.permission).unwrap();
        gains.retain(|gain| !described(gain).personal);
        gains
    }

    /// Whoever holds something else than before is remembered as of another epoch: nothing else tells who remembers it.
    fn changes_are_announced(&self, others: &[(&str, Access, Access)]) {
        let (before, after) = (self.before, self.after);
        if before.is_deleted || after.is_deleted {
            return;
        }
        for (principal, held, holds) in others {
            if before.freshness(principal) != after.freshness(principal) {
                continue;
            }
            let shape = |access: &Access| {
                let nodes = access.nodes().map(|node| (node.id.to_owned(), node.owned));
                nodes.collect::<Vec<_>>()
            };
            assert_eq!(shape(held), shape(holds), "{principal}: other nodes");
            for (was, is) in held.node_ids().zip(holds.node_ids()) {
                let changes = [risen(held, was, holds, is), risen(holds, is, held, was)];
                assert!(
                    changes.iter().all(Vec::is_empty),
                    "{principal} holds something else, and no epoch says so"
                );
            }
        }
    }

    /// Law 5 for a key: whoever is shown its secret may do what it gives.
    pub(super) fn check_shown(&self, secret: &Secret) {
        let actor = self.access(
            self.before,
            &self.planned.who.principal,
            self.planned.who.secret.as_ref(),
        );
        let key = self.access(self.after, &secret.principal, Some(secret));
        for (id, ..) in &self.before.nodes {
            let (was, is) = (actor.node(id).unwrap(), key.node(id).unwrap());
            let mut more = risen(&actor, was, &key, is);
            more.retain(|(permission, _)| {
                !self.policy.policy.describe(*permission).unwrap().personal
            });
            assert!(more.is_empty(), "law 5: a key is more than who is shown it");
        }
    }
}

/// What is more on one node than on another, whatever the facts.
fn risen(held: &Access, was: NodeId, holds: &Access, is: NodeId) -> Vec<(PermissionId, Outcome)> {
    let outcomes =
        permissions(held).map(|one| (one, held.settled(one, was), holds.settled(one, is)));
    let rises = outcomes.filter(|(_, before, after)| rank(*after) > rank(*before));
    rises.map(|(one, _, after)| (one, after)).collect()
}

/// The permissions of the policy, which no organization adds to.
pub(super) fn permissions(access: &Access) -> impl Iterator<Item = PermissionId> {
    let policy = access.policy();
    (0..policy.permissions().len()).filter_map(|at| policy.permission_at(at))
}

/// How much somebody may: never, under conditions, always.
pub(super) const fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::False => 0,
        Outcome::Unknown => 1,
        Outcome::True => 2,
    }
}
