//! Which organization holds a domain, and for how long.

use serde_json::json;

use super::{DAN, DOMAIN, no_record, rival};
use crate::{
    domain::{CHECK_MS, PROOF_MS},
    objects::Class,
    organization::tests::{ADA, Acme, lockstep, refused},
    sql::Sql,
    testing::{json, text},
};

#[test]
fn one_organization_holds_a_domain_and_nobody_is_told_which() {
    let (acme, rival) = rival(lockstep(""));
    acme.proven(DOMAIN, "member");
    let theirs = rival.claim(DOMAIN, "member");
    let dan = acme.world.sign_in(DAN);
    // Before they have shown that it is theirs they learn nothing, and afterwards not whose it is.
    no_record(&acme.world);
    refused(&rival.prove(&rival.ada, &theirs), 409, "domain-unproven");
    rival.show(&theirs);
    let taken = rival.prove(&rival.ada, &theirs);
    refused(&taken, 409, "domain-taken");
    assert!(!text(&taken).contains("Acme") && !text(&taken).contains(&acme.id));
    refused(&rival.come_in(&dan), 404, "not-found");
    assert_eq!(acme.joinable(&dan)[0]["organization"]["name"], "Acme");
    // The record of the first is gone, so the second may have it once the proof is over, and a little later.
    acme.world.clock.advance_ms(PROOF_MS);
    refused(&rival.prove(&rival.ada, &theirs), 409, "domain-taken");
    refused(&acme.come_in(&dan), 404, "not-found");
    assert!(acme.joinable(&dan).is_empty());
    acme.world.clock.advance_ms(600_000);
    assert_eq!(rival.prove(&rival.ada, &theirs).status, 200);
    refused(&acme.come_in(&dan), 404, "not-found");
    assert_eq!(rival.come_in(&dan).status, 200);
}

#[test]
fn a_proof_counts_as_long_as_its_record_is_seen_and_three_days_longer() {
    let mut acme = lockstep("");
    let claim = acme.proven(DOMAIN, "member");
    let status = |acme: &mut Acme| {
        // Her cookie changes every day.
        acme.ada = acme.world.sign_in(ADA);
        acme.domain(&claim)["status"].clone()
    };
    for _ in 0..10 {
        acme.world.clock.advance_ms(CHECK_MS);
        acme.look_again(DOMAIN);
        assert_eq!(status(&mut acme), "proven");
    }
    let rows = json(&acme.get(&acme.ada, "/audit"))["rows"].to_string();
    assert_eq!(
        rows.matches("domain.prove").count(),
        1,
        "seeing it again is no change"
    );
    no_record(&acme.world);
    acme.world.clock.advance_ms(CHECK_MS);
    acme.look_again(DOMAIN);
    acme.world.clock.advance_ms(PROOF_MS - CHECK_MS - 1);
    acme.look_again(DOMAIN);
    assert_eq!(status(&mut acme), "proven");
    let dan = acme.world.sign_in(DAN);
    assert_eq!(acme.joinable(&dan).len(), 1);
    acme.world.clock.advance_ms(1);
    assert_eq!(status(&mut acme), "lapsed");
    assert_eq!(acme.domain(&claim)["admits"], false);
    assert!(acme.joinable(&dan).is_empty());
    refused(&acme.come_in(&dan), 404, "not-found");
    // Nothing is left of the domain's object, and it begins anew.
    acme.world.clock.advance_ms(600_000);
    acme.look_again(DOMAIN);
    assert!(acme.world.objects.database(Class::Domain, DOMAIN).is_none());
    acme.show(&claim);
    assert_eq!(acme.prove(&acme.ada, &claim).status, 200);
    assert_eq!(acme.come_in(&dan).status, 200);
}

#[test]
fn a_domain_that_was_given_up_is_free_at_once_and_lets_nobody_in() {
    type Ends = fn(&Acme, &str);
    let ends: [Ends; 2] = [
        |acme, claim| {
            let deleted = acme.delete(&acme.ada, &format!("/domains/{claim}"));
            assert_eq!(deleted.status, 204);
        },
        |acme, _| assert_eq!(acme.delete(&acme.ada, "").status, 204),
    ];
    for end in ends {
        let (acme, rival) = rival(lockstep(""));
        let claim = acme.proven(DOMAIN, "member");
        let dan = acme.world.sign_in(DAN);
        end(&acme, &claim);
        refused(&acme.come_in(&dan), 404, "not-found");
        assert!(acme.joinable(&dan).is_empty());
        acme.world.settle();
        let theirs = rival.proven(DOMAIN, "member");
        assert_eq!(rival.domain(&theirs)["status"], "proven");
    }
}

#[test]
fn what_is_restored_is_to_be_proven_again() {
    let acme = lockstep("");
    let claim = acme.proven(DOMAIN, "member");
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    assert_eq!(acme.post(&acme.ada, "/restore", &json!({})).status, 200);
    assert_eq!(acme.domain(&claim)["status"], "claimed");
    let dan = acme.world.sign_in(DAN);
    refused(&acme.come_in(&dan), 404, "not-found");
    // By another record: the old one proves nothing any more.
    refused(&acme.prove(&acme.ada, &claim), 409, "domain-unproven");
    acme.show(&claim);
    assert_eq!(acme.prove(&acme.ada, &claim).status, 200);
    assert_eq!(acme.come_in(&dan).status, 200);
}

#[test]
fn a_lease_that_no_organization_needs_ends_by_itself() {
    let acme = lockstep("");
    let claim = acme.proven(DOMAIN, "member");
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql: &dyn Sql = &*sql.unwrap();
    // As if the organization had never heard of the lease.
    let forget = "UPDATE domain SET proven_at_ms = NULL, proven_until_ms = NULL";
    sql.exec(forget, &[]).unwrap();
    acme.world.clock.advance_ms(CHECK_MS);
    acme.look_again(DOMAIN);
    assert!(acme.world.objects.database(Class::Domain, DOMAIN).is_none());
    assert_eq!(acme.domain(&claim)["status"], "claimed");
}

/// The domain's object hears of the end of the first proof when the second one is there.
#[test]
fn a_release_that_comes_late_ends_no_proof_from_after_it() {
    let (acme, rival) = rival(lockstep(""));
    let claim = acme.proven(DOMAIN, "member");
    let objects = &acme.world.objects;
    objects.is_down.set(Some(Class::Domain));
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    acme.world.settle();
    objects.is_down.set(None);
    assert_eq!(acme.post(&acme.ada, "/restore", &json!({})).status, 200);
    acme.show(&claim);
    assert_eq!(acme.prove(&acme.ada, &claim).status, 200);
    acme.world.clock.advance_ms(300_000);
    acme.world.settle();
    assert_eq!(acme.domain(&claim)["status"], "proven");
    let theirs = rival.claim(DOMAIN, "member");
    rival.show(&theirs);
    refused(&rival.prove(&rival.ada, &theirs), 409, "domain-taken");
}
