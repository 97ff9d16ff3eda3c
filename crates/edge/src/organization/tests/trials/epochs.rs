//! A check that carries an epoch is never answered from before it.

use super::*;
use crate::testing::{Dice, post, seed};

/// Checks; `cargo xtask soak marks` has 10,000.
const CHECKS: u64 = 2_000;
/// How many of the last changes a check may ask about.
const RECENT: usize = 4;

/// What somebody comes by. The first has no end in the organization, the others have: a key is switched off, or an issuer.
const KINDS: [Kind; 3] = [Kind::PersonalToken, Kind::ServiceKey, Kind::OrganizationJwt];

/// Changes in the order of their epochs, each with whether the permission was held from then on.
#[derive(Default)]
struct History {
    changes: Vec<(String, bool)>,
    /// Whether the role gives it.
    is_given: bool,
    /// Whether the credential is switched off.
    is_off: bool,
}

impl History {
    /// Whether an answer to a check with the epoch of the change `at` is one from then or later.
    fn allows(&self, at: usize, answer: bool) -> bool {
        let mut since = self.changes.iter().skip(at);
        since.any(|(_, held)| *held == answer)
    }
}

impl Trial {
    fn change(&self, history: &mut History, dice: &Dice) {
        let is_switched = self.kind != Kind::PersonalToken && dice.happens(400);
        let set = if is_switched {
            history.is_off = !history.is_off;
            self.switch(!history.is_off)
        } else {
            history.is_given = !history.is_given;
            let role = ["viewer", "workspace-admin"][usize::from(history.is_given)];
            self.set_role(role)
        };
        let held = history.is_given && !history.is_off;
        history.changes.push((epoch(&set), held));
    }

    fn ask_at(&self, isolate: &Edge, epoch: &str) -> Response {
        let resource = json!({ "workspace": self.workspace.replace("/workspaces/", "") });
        let body = json!({ "permission": ORDINARY, "resource": resource });
        let request = post(&self.acme.path("/evaluate"), &body);
        let (name, value) = &self.header;
        let request = request.with_header(name, value);
        let request = request.with_header("lockstep-epoch", epoch);
        self.acme.world.send_to(isolate, &request)
    }

    fn may_at(&self, isolate: &Edge, epoch: &str) -> bool {
        let answer = self.ask_at(isolate, epoch);
        // Whose key or issuer is off is nobody.
        let is_off = self.kind != Kind::PersonalToken && answer.status == 401;
        assert!(answer.status == 200 || is_off, "{}", text(&answer));
        answer.status == 200 && json(&answer)["decision"] == true
    }
}

/// The epoch that a change led to.
fn epoch(changed: &Response) -> String {
    assert!(changed.status < 300, "{}", text(changed));
    changed.header("lockstep-epoch").unwrap().to_owned()
}

#[test]
fn no_check_is_answered_from_before_its_epoch() {
    let (seed, each) = (seed(), trials_of_each_fault("LOCKSTEP_CHECKS", CHECKS));
    let each = each.div_ceil(u64::try_from(KINDS.len()).unwrap());
    let dice = Dice::of(seed);
    let (mut checks, mut early) = (0, 0);
    let trials = faults()
        .into_iter()
        .flat_map(|faults| KINDS.map(|kind| (kind, faults)));
    for (kind, faults) in trials {
        let trial = Trial::new(kind, faults);
        let isolates = trial.isolates();
        let mut history = History {
            is_given: true,
            ..History::default()
        };
        for _ in 0..each {
            if history.changes.is_empty() || dice.happens(300) {
                trial.change(&mut history, &dice);
            }
            if dice.happens(100) {
                trial.acme.world.settle();
            }
            let newest = history.changes.len() - 1;
            // Mostly about the newest: of an older one, nearly any answer is from then or later.
            let back = if dice.happens(800) {
                0
            } else {
                dice.below(RECENT)
            };
            let at = newest.saturating_sub(back);
            let answer = trial.may_at(dice.one_of(&isolates), &history.changes[at].0);
            checks += 1;
            early += u64::from(!history.allows(at, answer));
            trial.wait(dice.ms(300));
        }
    }
    println!(
        "counted: LOCKSTEP_SEED={seed}: {checks} checks with an epoch, {early} answered from before it"
    );
    assert_eq!(early, 0);
}

/// What ended it need not have been the organization's: it was before the epoch all the same.
#[test]
fn m7_no_credential_counts_from_before_an_epoch() {
    for kind in [
        Kind::OrganizationJwt,
        Kind::PersonalToken,
        Kind::ServiceKey,
        Kind::Session,
    ] {
        let trial = Trial::new(kind, "");
        let elsewhere = trial.acme.world.isolate();
        assert!(trial.may(&elsewhere, ORDINARY), "{kind:?}");
        assert!(trial.revoke_credential().status < 300, "{kind:?}");
        let renamed = json!({ "name": "Acme Limited" });
        let epoch = epoch(&trial.acme.patch(&trial.acme.ada, "", &renamed));
        assert!(
            trial.may(&elsewhere, ORDINARY),
            "{kind:?}: within the bound"
        );
        assert_eq!(trial.ask_at(&elsewhere, &epoch).status, 401, "{kind:?}");
        let read = Request::new(Method::Get, trial.acme.path(""));
        let (name, value) = &trial.header;
        let read = read.with_header(name, value);
        let read = read.with_header("lockstep-epoch", &epoch);
        let read = trial.acme.world.send_to(&elsewhere, &read);
        assert_eq!(read.status, 401, "{kind:?}");
    }
}

#[test]
fn what_is_known_of_a_key_from_an_epoch_on_is_not_asked_for_again() {
    let trial = Trial::new(Kind::ServiceKey, "");
    let renamed = json!({ "name": "Acme Limited" });
    let epoch = epoch(&trial.acme.patch(&trial.acme.ada, "", &renamed));
    let asked = || trial.acme.world.objects.asked_anything();
    let elsewhere = trial.acme.world.isolate();
    assert!(trial.may_at(&elsewhere, &epoch));
    let before = asked();
    assert!(trial.may_at(&elsewhere, &epoch));
    assert_eq!(asked(), before);
}
