//! What is granted is seen within a second, although "no" was remembered.

use super::*;
use crate::testing::{Dice, seed};

/// By when it is seen, in milliseconds.
const SEEN_MS: i64 = 1_000;

/// What is granted.
#[derive(Debug, Clone, Copy)]
enum Granting {
    /// An invitation that is accepted, and a role in the workspace.
    Joining,
    /// A role that gives more.
    Role,
}

impl Trial {
    /// Takes it away, lets every isolate remember "no", and grants it again; how many isolates did not see it in time.
    fn is_missed(&mut self, granting: Granting, dice: &Dice) -> u64 {
        match granting {
            Granting::Joining => {
                let acme = &self.acme;
                assert_eq!(acme.delete(&acme.ada, &self.principal).status, 204);
            }
            Granting::Role => self.give("viewer"),
        }
        self.wait(10_000);
        let isolates = self.isolates();
        for isolate in &isolates {
            assert!(!self.may(isolate, ORDINARY));
        }
        match (granting, self.kind) {
            (Granting::Role, _) => self.give("workspace-admin"),
            (Granting::Joining, Kind::ServiceKey) => self.account(),
            (Granting::Joining, Kind::DeploymentJwt) => {
                self.bear(0, "ben");
                self.join();
            }
            (Granting::Joining, Kind::PersonalToken) => self.return_with_another_token(),
            (Granting::Joining, _) => self.join(),
        }
        self.wait(dice.ms(SEEN_MS / 2) + SEEN_MS / 2 + 1);
        let missed = isolates.iter().map(|isolate| !self.may(isolate, ORDINARY));
        missed.map(u64::from).sum()
    }
}

impl Trial {
    /// One trial; how many isolates did not see in time what was granted.
    fn grant_once(&mut self, dice: &Dice) -> u64 {
        self.stay_signed_in();
        // Whom an organization's issuer named and who was removed comes back by it no more.
        let granting = match self.kind {
            Kind::OrganizationJwt => Granting::Role,
            _ => *dice.one_of(&[Granting::Joining, Granting::Role]),
        };
        let missed = self.is_missed(granting, dice);
        match self.kind {
            Kind::DeploymentJwt => self.bear(0, "ben"),
            Kind::OrganizationJwt => self.bear(1, "ben-1"),
            _ => {}
        }
        missed
    }
}

fn trials(kind: Kind) {
    let (seed, each) = (seed(), trials_of_each_fault("LOCKSTEP_TRIALS", TRIALS));
    let dice = Dice::of(seed);
    let (mut done, mut missed) = (0, 0);
    for faults in faults() {
        for count in worlds(each) {
            let mut trial = Trial::new(kind, faults);
            for _ in 0..count {
                missed += trial.grant_once(&dice);
                done += 1;
            }
        }
    }
    println!("counted: LOCKSTEP_SEED={seed} {kind:?}: granted {done} times, missed {missed} times");
    assert_eq!(missed, 0);
}

#[test]
fn what_is_granted_is_seen_by_a_session() {
    trials(Kind::Session);
}

#[test]
fn what_is_granted_is_seen_by_a_personal_token() {
    trials(Kind::PersonalToken);
}

#[test]
fn what_is_granted_is_seen_by_a_service_key() {
    trials(Kind::ServiceKey);
}

#[test]
fn what_is_granted_is_seen_by_a_deployments_jwt() {
    trials(Kind::DeploymentJwt);
}

#[test]
fn what_is_granted_is_seen_by_an_organizations_jwt() {
    trials(Kind::OrganizationJwt);
}
