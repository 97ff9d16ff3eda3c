//! What is revoked is over: sensitive actions at once, all others within the bound.

use serde_json::json;

use super::{super::consistency::BOUND_MS, *};
use crate::testing::{Dice, seed};

/// What takes it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Revocation {
    /// The credential alone: a session, token or key is deleted, an issuer switched off.
    Credential,
    /// A role that gives less.
    Demotion,
    /// The membership, or the service account.
    Removal,
    /// The role in the workspace.
    Role,
    /// The member, until it ends.
    Suspension,
    /// The workspace.
    Workspace,
}

use Revocation::{Credential, Demotion, Removal, Role, Suspension, Workspace};

fn revocations(kind: Kind) -> &'static [Revocation] {
    match kind {
        // Nobody can revoke a token of the deployment's issuer before it ends.
        Kind::DeploymentJwt => &[Demotion, Removal, Role, Suspension, Workspace],
        Kind::ServiceKey => &[Credential, Demotion, Removal, Workspace],
        _ => &[Credential, Demotion, Removal, Role, Suspension, Workspace],
    }
}

/// What came of the trials of one kind of credential.
#[derive(Debug, Default)]
struct Counts {
    trials: u64,
    /// Sensitive actions that were tried after the revocation, and allowed.
    sensitive: u64,
    sensitive_allowed: u64,
    /// Others that were tried after the bound, and allowed.
    late: u64,
    late_allowed: u64,
    /// The latest that anything was still allowed, in milliseconds.
    latest_ms: i64,
}

impl Trial {
    fn revoke(&self, revocation: Revocation) {
        let acme = &self.acme;
        let ada = &acme.ada;
        let revoked = match revocation {
            Credential => self.revoke_credential(),
            Demotion => self.set_role("viewer"),
            Removal => acme.delete(ada, &self.principal),
            Role => acme.delete(ada, &format!("{}{}", self.workspace, self.principal)),
            Suspension => acme.put(ada, &format!("{}/suspension", self.principal), &json!({})),
            Workspace => acme.delete(ada, &self.workspace),
        };
        assert!(revoked.status < 300, "{revocation:?}: {}", text(&revoked));
    }

    pub(super) fn revoke_credential(&self) -> Response {
        let acme = &self.acme;
        match self.kind {
            Kind::ServiceKey => acme.delete(&acme.ada, &self.credential),
            Kind::OrganizationJwt => self.switch(false),
            _ => {
                // In their own name, but by another isolate than the first.
                let (name, value) = &self.header;
                let delete = write(Method::Delete, &self.credential, &json!({}));
                let session = if self.kind == Kind::Session {
                    delete.with_header(name, value)
                } else {
                    delete.with_header("cookie", &self.session)
                };
                acme.world.send_to(&acme.world.isolate(), &session)
            }
        }
    }

    /// Undoes a revocation, so that the next trial begins as this one did.
    fn restore(&mut self, revocation: Revocation) {
        let acme = &self.acme;
        match revocation {
            Suspension => {
                let path = format!("{}/suspension", self.principal);
                assert_eq!(acme.delete(&acme.ada, &path).status, 200);
            }
            Workspace => self.rebuild(),
            Credential if self.kind == Kind::OrganizationJwt => {
                assert_eq!(self.switch(true).status, 200);
            }
            _ => {}
        }
        match (self.kind, revocation) {
            (Kind::ServiceKey, Credential) => self.key(),
            (Kind::ServiceKey, Removal) => self.account(),
            (Kind::Session, Credential) => self.sign_in(),
            (Kind::OrganizationJwt, Removal) => self.enroll(),
            (Kind::PersonalToken, Credential) => self.personal_token(),
            (Kind::DeploymentJwt, _) => {
                self.bear(0, "ben");
                self.join();
            }
            (Kind::PersonalToken, Removal) => self.return_with_another_token(),
            (_, Removal) => self.join(),
            (Kind::OrganizationJwt, _) => self.bear(1, &format!("ben-{}", self.people)),
            _ => {}
        }
        self.give("workspace-admin");
        self.acme.world.settle();
        // The first isolate is the same in every trial, and remembers "no".
        self.wait(1_000);
    }

    /// One trial: all is allowed, something is revoked, and then isolates are asked again and again.
    fn run(&mut self, dice: &Dice, counts: &mut Counts) {
        self.stay_signed_in();
        let isolates = self.isolates();
        // The second isolate knows from some time before; the third may know nothing.
        for isolate in isolates.iter().take(2 + dice.below(2)) {
            assert!(self.may(isolate, ORDINARY), "{:?}", self.kind);
            self.wait(dice.ms(2_000));
            assert!(self.may(isolate, SENSITIVE), "{:?}", self.kind);
        }
        assert!(self.may(&isolates[1], ORDINARY));
        let revocation = *dice.one_of(revocations(self.kind));
        self.revoke(revocation);
        let revoked_at_ms = self.now_ms();
        while self.now_ms() < revoked_at_ms + BOUND_MS {
            let isolate = dice.one_of(&isolates);
            let asked_at_ms = self.now_ms();
            if dice.happens(600) {
                let allowed = if dice.happens(500) {
                    self.does(isolate)
                } else {
                    self.may(isolate, SENSITIVE)
                };
                counts.sensitive += 1;
                counts.sensitive_allowed += u64::from(allowed);
            } else if self.may(isolate, ORDINARY) {
                let after_ms = asked_at_ms - revoked_at_ms;
                counts.latest_ms = counts.latest_ms.max(after_ms);
            }
            if dice.happens(500) {
                self.acme.world.settle();
            }
            self.wait(dice.ms(4_000));
        }
        for isolate in &isolates {
            counts.late += 1;
            counts.late_allowed += u64::from(self.may(isolate, ORDINARY));
        }
        counts.trials += 1;
        self.restore(revocation);
    }
}

fn trials(kind: Kind) {
    let (seed, each) = (seed(), trials_of_each_fault("LOCKSTEP_TRIALS", TRIALS));
    let dice = Dice::of(seed);
    let mut counts = Counts::default();
    for faults in faults() {
        for count in worlds(each) {
            let mut trial = Trial::new(kind, faults);
            for _ in 0..count {
                trial.run(&dice, &mut counts);
            }
        }
    }
    println!("counted: LOCKSTEP_SEED={seed} {kind:?}: {counts:?}");
    assert_eq!((counts.sensitive_allowed, counts.late_allowed), (0, 0));
    assert!(counts.trials >= 8 * each && counts.sensitive > counts.trials);
}

#[test]
fn m7_what_is_revoked_of_a_session_is_over() {
    trials(Kind::Session);
}

#[test]
fn m7_what_is_revoked_of_a_personal_token_is_over() {
    trials(Kind::PersonalToken);
}

#[test]
fn m7_what_is_revoked_of_a_service_key_is_over() {
    trials(Kind::ServiceKey);
}

#[test]
fn m7_what_is_revoked_of_a_deployments_jwt_is_over() {
    trials(Kind::DeploymentJwt);
}

#[test]
fn m7_what_is_revoked_of_an_organizations_jwt_is_over() {
    trials(Kind::OrganizationJwt);
}
