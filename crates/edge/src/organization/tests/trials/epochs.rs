//! A check that carries an epoch is never answered from before it.

use super::*;
use crate::testing::{Dice, post, seed};

/// Checks; `cargo xtask soak marks` has 10,000.
const CHECKS: u64 = 2_000;
/// How many of the last changes a check may ask about.
const RECENT: usize = 4;

/// Changes in the order of their epochs, each with whether the permission was held from then on.
#[derive(Default)]
struct History(Vec<(String, bool)>);

impl History {
    /// Whether an answer to a check with the epoch of the change `at` is one from then or later.
    fn allows(&self, at: usize, answer: bool) -> bool {
        self.0.iter().skip(at).any(|(_, held)| *held == answer)
    }
}

impl Trial {
    fn change(&self, history: &mut History) {
        let held = !history.0.last().is_some_and(|(_, held)| *held);
        let role = if held { "workspace-admin" } else { "viewer" };
        let set = self.set_role(role);
        assert!(set.status < 300, "{}", text(&set));
        let epoch = set.header("lockstep-epoch").unwrap().to_owned();
        history.0.push((epoch, held));
    }

    fn ask_at(&self, isolate: &Edge, epoch: &str) -> bool {
        let resource = json!({ "workspace": self.workspace.replace("/workspaces/", "") });
        let body = json!({ "permission": ORDINARY, "resource": resource });
        let request = post(&self.acme.path("/evaluate"), &body);
        let (name, value) = &self.header;
        let request = request.with_header(name, value);
        let answer = self
            .acme
            .world
            .send_to(isolate, &request.with_header("lockstep-epoch", epoch));
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["decision"] == true
    }
}

#[test]
fn no_check_is_answered_from_before_its_epoch() {
    let (seed, each) = (seed(), trials_of_each_fault("LOCKSTEP_CHECKS", CHECKS));
    let dice = Dice::of(seed);
    let (mut checks, mut early) = (0, 0);
    for faults in faults() {
        let trial = Trial::new(Kind::PersonalToken, faults);
        let isolates = trial.isolates();
        let mut history = History::default();
        for _ in 0..each {
            if history.0.is_empty() || dice.happens(300) {
                trial.change(&mut history);
            }
            if dice.happens(100) {
                trial.acme.world.settle();
            }
            let newest = history.0.len() - 1;
            // Mostly about the newest: of an older one, nearly any answer is from then or later.
            let back = if dice.happens(800) {
                0
            } else {
                dice.below(RECENT)
            };
            let at = newest.saturating_sub(back);
            let answer = trial.ask_at(dice.one_of(&isolates), &history.0[at].0);
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
