//! Page, edge and isolates, searches and the rows: one answer, wherever it is made.

use lockstep_core::{
    Access, Bits, Facts, Level, NodeId, Outcome, PermissionId, PrincipalKind, TokenLimit, verdict,
};
use lockstep_wire::{FactsView, Held, Snapshot};
use serde_json::json;

use super::{
    super::consistency::BOUND_MS,
    Mix,
    asked::Asked,
    cast::{Cast, Who},
    laws::{permissions, rank},
    picture::Picture,
};
use crate::{
    http::{Method, Request},
    testing::{json, text},
};

/// How old a page may get, in milliseconds.
const AGE_MS: i64 = 36_000_000;

/// Somebody with one credential, as the rows say what they hold now.
pub(super) struct Asker {
    pub(super) who: Who,
    access: Access,
    facts: Facts,
    /// The places that are named to them.
    known: Bits,
    /// Whether they may see the members.
    sees_members: bool,
    /// Whether their credential counts for certain.
    is_certain: bool,
}

impl Asker {
    /// Whether they may, by the rows; and by the member that it is about, if it is about one.
    pub(super) fn may(&self, permission: &str, node: &str, about: Option<&Facts>) -> bool {
        let permission = self.access.policy().permission(permission).unwrap();
        let node = self.access.node(node);
        node.is_some_and(|node| self.may_at(permission, node, about))
    }

    fn may_at(&self, permission: PermissionId, node: NodeId, about: Option<&Facts>) -> bool {
        // Who may not see the members is told nothing about one, and what is not named to somebody is no place to them.
        let about = about.filter(|_| self.sees_members);
        let facts = about.map(|about| {
            let mut facts = self.facts.clone();
            facts.extend(about);
            facts
        });
        let facts = facts.as_ref().unwrap_or(&self.facts);
        self.known.contains(node.index())
            && verdict(&self.access, permission, node, facts) == Outcome::True
    }
}

impl Mix {
    /// Compares what is said of somebody by chance, in each way that there is.
    pub(super) fn agree(&mut self) {
        let is_late = self.dice.happens(200);
        if is_late {
            self.cast.world().clock.advance_ms(BOUND_MS);
        }
        let Some(who) = self.anybody() else {
            return;
        };
        // Whoever signs in may come in by that.
        let picture = self.picture();
        let asker = self.asker(&picture, who);
        for _ in 0..2 {
            self.evaluated(&picture, &asker, is_late);
        }
        if picture.is_deleted {
            return;
        }
        if self.dice.happens(250) {
            self.searched(&picture, &asker);
        }
        // Last, because time may pass.
        self.paged(&picture, &asker);
    }

    pub(super) fn asker(&self, picture: &Picture, who: Who) -> Asker {
        let policy = &self.config.policy;
        let own = picture.policy(&policy.policy);
        let since_ms = picture
            .principals
            .get(&who.principal)
            .and_then(|acts| acts.tokens_from_ms);
        let limit = who.secret.as_ref().map(|secret| secret.limit(since_ms));
        let access = picture.access(policy, &own, &who.principal, limit, self.cast.now_ms());
        let facts = picture.facts(policy, &who.principal);
        let read = access.policy().permission("member.read").unwrap();
        Asker {
            sees_members: verdict(&access, read, access.root(), &facts) == Outcome::True,
            known: access.known_nodes(),
            is_certain: who.secret.is_none() && !who.is_vouched,
            facts,
            access,
            who,
        }
    }

    /// The edge's answer: of an isolate that remembers, once that is over or when it is told of the epoch, and of one that does not.
    fn evaluated(&mut self, picture: &Picture, asker: &Asker, is_late: bool) {
        let permissions = self.config.policy.policy.permissions();
        let permission = self.dice.one_of(permissions).id.clone();
        let (id, level, parent, _) = self.dice.one_of(&picture.nodes).clone();
        let resource = match level {
            Level::Organization => json!({}),
            Level::Workspace => json!({ "workspace": id }),
            _ => json!({ "workspace": parent, "project": id }),
        };
        let (resource, about, node) = match self.member(picture, asker) {
            Some(user) if self.dice.happens(400) => {
                let about = picture.facts_about(&user, &asker.who.principal);
                (
                    json!({ "type": "member", "id": user }),
                    Some(about),
                    picture.id.clone(),
                )
            }
            _ => (resource, None, id),
        };
        let expected = !picture.is_deleted && asker.may(&permission, &node, about.as_ref());
        let body = json!({ "permission": permission, "resource": resource });
        let request = Asked::post(&self.cast.acme.path("/evaluate"), &body);
        let fresh = self.cast.world().isolate();
        let epoch = picture.epoch.to_string();
        let told = match is_late {
            true => request.clone(),
            false => request.clone().with("lockstep-epoch", &epoch),
        };
        let long = self.long.clone();
        let answers = [
            self.cast.send(Some(&fresh), &asker.who, &request),
            self.cast.send(Some(&long), &asker.who, &told),
        ];
        for answer in &answers {
            if picture.is_deleted {
                assert!(
                    answer.status >= 400 || json(answer)["decision"] == false,
                    "{}",
                    text(answer)
                );
                continue;
            }
            assert!(
                answer.status == 200 || !asker.is_certain,
                "{}",
                text(answer)
            );
            let decided = answer.status == 200 && json(answer)["decision"] == true;
            // A credential may be over: then it may nothing.
            let is_right = decided == expected || !decided && answer.status != 200;
            assert!(
                is_right,
                "{} {body}: {expected} by the rows, and {}",
                asker.who.principal,
                text(answer)
            );
        }
        assert_eq!(answers[0].status, answers[1].status, "{body}");
        self.counted.comparisons += 2;
    }

    fn member(&self, picture: &Picture, asker: &Asker) -> Option<String> {
        // A program is to itself who saw its secret.
        let is_user = asker.access.kind() == PrincipalKind::User;
        let members: Vec<&String> = picture.members.keys().collect();
        (is_user && !members.is_empty()).then(|| (*self.dice.one_of(&members)).clone())
    }

    /// The page's answers, all of them: by what it is served now, and by what it was served before nothing but time has passed.
    fn paged(&mut self, picture: &Picture, asker: &Asker) {
        let get = |cast: &Cast, rest: &str| Asked::get(cast.acme.path(rest));
        let snapshot = get(&self.cast, "/snapshot").with("accept", Snapshot::MEDIA_TYPE);
        let served = self.cast.send(None, &asker.who, &snapshot);
        if served.status != 200 {
            let is_member = asker.access.is_member() && asker.is_certain;
            assert!(!is_member, "no snapshot: {}", text(&served));
            return;
        }
        let view = get(&self.cast, "");
        let view = self.cast.send(None, &asker.who, &view);
        let facts = match view.status {
            200 => {
                serde_json::from_value::<FactsView>(json(&view)["facts"].clone())
                    .unwrap()
                    .0
            }
            _ => Facts::default(),
        };
        let bytes = served.bytes().to_vec();
        self.page(asker, &bytes, &facts, true);
        if self.dice.happens(300) {
            // Time passes, and nobody tells the page of it.
            self.cast.world().clock.advance_ms(self.dice.ms(AGE_MS));
            let later = self.asker(picture, asker.who.clone());
            self.page(&later, &bytes, &facts, false);
            self.counted.aged += 1;
        }
        // Law 6.
        if let Some(secret) = asker
            .who
            .secret
            .as_ref()
            .filter(|secret| secret.is_narrow())
        {
            let policy = &self.config.policy;
            let own = picture.policy(&policy.policy);
            let whole = picture.access(
                policy,
                &own,
                &secret.principal,
                None::<TokenLimit>,
                i64::try_from(asker.access.now_ms()).unwrap(),
            );
            for node in whole.node_ids() {
                for one in permissions(&whole) {
                    assert!(
                        rank(asker.access.settled(one, node)) <= rank(whole.settled(one, node)),
                        "law 6"
                    );
                }
            }
            self.counted.narrow += 1;
        }
    }

    /// Decides as the gate does.
    fn page(&mut self, asker: &Asker, bytes: &[u8], facts: &Facts, is_new: bool) {
        let policy = &self.gate;
        let held = Held::read(bytes, policy).unwrap();
        let own = || policy.anew();
        let now_ms = asker.access.now_ms();
        let page =
            Access::resolve_packed(&policy.policy, &own, held.record, held.nodes, now_ms).unwrap();
        for (node, at) in asker.access.nodes().zip(asker.access.node_ids()) {
            let here = page.node(node.id);
            // A page knows the places of a role with a window from its next snapshot on, and until then.
            if !is_new && (here.is_none() || !asker.known.contains(at.index())) {
                continue;
            }
            for id in permissions(&asker.access) {
                // Roles and rules of the organization's own leave the permissions as they are.
                let told =
                    here.is_some_and(|here| verdict(&page, id, here, facts) == Outcome::True);
                let is_right = asker.may_at(id, at, None);
                // Without the view of the organization, a page has no facts.
                let is_less = facts.is_empty() && !told;
                assert!(
                    told == is_right || is_less,
                    "{:?} on {}: {is_right} by the rows, {told} in the page{}",
                    page.policy().describe(id).map(|known| &known.id),
                    node.id,
                    if is_new { "" } else { " of before" }
                );
                self.counted.comparisons += 1;
            }
        }
    }

    /// What has ended stays so, wherever it is presented.
    pub(super) fn dead_are_dead(&mut self) {
        if self.cast.dead.is_empty() || self.picture().is_deleted {
            return;
        }
        let text = self.dice.one_of(&self.cast.dead).clone();
        let fresh = self.cast.world().isolate();
        self.cast.world().clock.advance_ms(BOUND_MS);
        for isolate in [&fresh, &self.long] {
            let request =
                Request::new(Method::Get, self.cast.acme.path("")).with_header("x-api-key", &text);
            let answer = self.cast.world().send_to(isolate, &request);
            assert_eq!(answer.status, 401, "a secret that is over");
        }
    }
}
