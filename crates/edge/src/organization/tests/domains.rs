//! Domains by which people come in: who has proven one, for how long, and who comes in by it as what.

mod leases;

use serde_json::{Value, json};

use super::{Acme, BEN, id, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    objects::Class,
    sql::Sql,
    testing::{Answers, World, json, post, text},
};

const DAN: &str = "dan@people.example";
const DOMAIN: &str = "people.example";

impl Acme {
    /// A domain that Ada has claimed; answers the claim's id.
    pub(super) fn claim(&self, domain: &str, role: &str) -> String {
        let claim = json!({ "domain": domain, "role": role });
        let claimed = self.post(&self.ada, "/domains", &claim);
        assert_eq!(claimed.status, 201, "{}", text(&claimed));
        id(&claimed)
    }

    /// As [`Self::claim`], and proven.
    pub(super) fn proven(&self, domain: &str, role: &str) -> String {
        let claim = self.claim(domain, role);
        self.show(&claim);
        let proven = self.prove(&self.ada, &claim);
        assert_eq!(proven.status, 200, "{}", text(&proven));
        claim
    }

    fn domain(&self, claim: &str) -> Value {
        json(&self.get(&self.ada, &format!("/domains/{claim}")))
    }

    /// Sets the record that a claim asks for.
    pub(super) fn show(&self, claim: &str) {
        let record = &self.domain(claim)["record"];
        let name = record["name"].as_str().unwrap();
        answer(&self.world, name, &[record["value"].as_str().unwrap()]);
    }

    fn prove(&self, session: &str, claim: &str) -> Response {
        self.put(session, &format!("/domains/{claim}/proof"), &json!({}))
    }

    fn come_in(&self, session: &str) -> Response {
        self.post(session, "/join", &json!({}))
    }

    /// What somebody may join, by its name.
    fn joinable(&self, session: &str) -> Vec<Value> {
        let request = Request::new(Method::Get, "/v1/me/joinable").with_header("cookie", session);
        let answer = self.world.send(&request);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["organizations"].as_array().unwrap().clone()
    }

    /// What the alarm of a domain's object does when the record is to be looked for again.
    fn look_again(&self, domain: &str) {
        self.world.ring(Class::Domain, domain);
        self.world.settle();
    }
}

/// Says which TXT records a name has.
pub(super) fn answer(world: &World, name: &str, texts: &[&str]) {
    let records = texts
        .iter()
        .map(|text| json!({ "name": name, "type": 16, "TTL": 300, "data": format!("\"{text}\"") }));
    let body = json!({ "Status": 0, "Answer": records.collect::<Vec<_>>() });
    let url = format!("https://cloudflare-dns.com/dns-query?name={name}&type=TXT");
    let body = Answers::Body(body.to_string().into_bytes());
    world.upstream.set(&url, body);
}

fn no_record(world: &World) {
    answer(world, "_lockstep.people.example", &[]);
}

/// Another organization of the same deployment, Eve's.
fn rival(acme: Acme) -> (Acme, Acme) {
    let eve = acme.world.sign_in("eve@example.net");
    let created = post("/v1/organizations", &json!({ "name": "Rival" }));
    let created = acme.world.send(&created.with_header("cookie", &eve));
    acme.world.settle();
    let rival = Acme {
        world: acme.world.clone(),
        ada: eve,
        id: id(&created),
    };
    (acme, rival)
}

/// Each look is a request to a resolver that others use as well.
#[test]
fn records_are_looked_for_so_often_a_minute_and_no_more() {
    let acme = lockstep("");
    let claim = acme.claim(DOMAIN, "member");
    no_record(&acme.world);
    let looks = || acme.world.upstream.asked.borrow().len();
    for look in 1..=30 {
        refused(&acme.prove(&acme.ada, &claim), 409, "domain-unproven");
        assert_eq!(looks(), look);
    }
    let waits = acme.prove(&acme.ada, &claim);
    refused(&waits, 429, "too-many-requests");
    assert_eq!(waits.header("retry-after"), Some("60"));
    assert_eq!(looks(), 30, "nobody is asked");
    acme.world.clock.advance_ms(60_000);
    refused(&acme.prove(&acme.ada, &claim), 409, "domain-unproven");
}

#[test]
fn whoever_has_an_address_of_a_proven_domain_joins_and_nobody_else() {
    let acme = lockstep("");
    let claim = acme.claim(DOMAIN, "member");
    let dan = acme.world.sign_in(DAN);
    assert!(acme.joinable(&dan).is_empty());
    refused(&acme.come_in(&dan), 404, "not-found");
    acme.show(&claim);
    refused(&acme.come_in(&dan), 404, "not-found");
    let proven = acme.prove(&acme.ada, &claim);
    assert_eq!(json(&proven)["status"], "proven", "{}", text(&proven));
    let shown = acme.joinable(&dan);
    assert_eq!(shown[0]["organization"]["name"], "Acme");
    assert_eq!(
        (&shown[0]["domain"], &shown[0]["role"]),
        (&json!(DOMAIN), &json!("member"))
    );
    for stranger in [
        BEN,
        "dan@sub.people.example",
        "dan@notpeople.example",
        "dan@people.example.net",
    ] {
        let stranger = acme.world.sign_in(stranger);
        assert!(acme.joinable(&stranger).is_empty());
        refused(&acme.come_in(&stranger), 404, "not-found");
    }
    assert_eq!(acme.members().len(), 1, "looking has no effect");
    let joined = acme.come_in(&dan);
    assert_eq!(joined.status, 200, "{}", text(&joined));
    assert_eq!(acme.members()[1], (DAN.to_owned(), "member".to_owned()));
    assert!(acme.joinable(&dan).is_empty());
    refused(&acme.come_in(&dan), 409, "already-member");
}

#[test]
fn a_domain_is_read_as_addresses_are() {
    let acme = lockstep("");
    acme.proven("B\u{fc}cher.Example", "member");
    let list = json(&acme.get(&acme.ada, "/domains"));
    assert_eq!(list["domains"][0]["domain"], "xn--bcher-kva.example");
    let dan = acme.world.sign_in("dan@xn--bcher-kva.example");
    assert_eq!(acme.come_in(&dan).status, 200);
    for (domain, code) in [
        ("localhost", "invalid-value"),
        ("a@b.example", "invalid-value"),
        ("people.example/x", "invalid-value"),
        ("127.0.0.1", "invalid-value"),
        ("", "invalid-value"),
        ("gmail.com", "invalid-value"),
        ("GMail.com", "invalid-value"),
    ] {
        let claim = json!({ "domain": domain, "role": "member" });
        refused(&acme.post(&acme.ada, "/domains", &claim), 400, code);
    }
    let claim = json!({ "domain": "b\u{fc}cher.example", "role": "member" });
    refused(&acme.post(&acme.ada, "/domains", &claim), 409, "conflict");
}

#[test]
fn only_the_record_of_the_claim_itself_proves_it() {
    let (acme, rival) = rival(lockstep(""));
    let claim = acme.claim(DOMAIN, "member");
    let theirs = rival.claim(DOMAIN, "member");
    refused(&acme.prove(&acme.ada, &claim), 503, "unavailable");
    no_record(&acme.world);
    refused(&acme.prove(&acme.ada, &claim), 409, "domain-unproven");
    let value = |acme: &Acme, claim: &str| {
        acme.domain(claim)["record"]["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (own, other) = (value(&acme, &claim), value(&rival, &theirs));
    assert_ne!(own, other);
    let name = "_lockstep.people.example";
    for text in [
        other.as_str(),
        &own.to_uppercase(),
        own.strip_suffix(|_: char| true).unwrap(),
    ] {
        answer(&acme.world, name, &[text]);
        refused(&acme.prove(&acme.ada, &claim), 409, "domain-unproven");
    }
    // What was claimed again asks for another record.
    answer(&acme.world, name, &[&own]);
    assert_eq!(
        acme.delete(&acme.ada, &format!("/domains/{claim}")).status,
        204
    );
    let again = acme.claim(DOMAIN, "member");
    refused(&acme.prove(&acme.ada, &again), 409, "domain-unproven");
    answer(&acme.world, name, &["v=spf1 -all", &value(&acme, &again)]);
    assert_eq!(acme.prove(&acme.ada, &again).status, 200);
}

#[test]
fn law_5_nobody_comes_in_as_more_than_who_saved_it_holds_and_never_as_an_admin() {
    let acme = lockstep("");
    // Two of admins, and one of workspaces.
    for role in ["owner", "admin", "viewer"] {
        let claim = json!({ "domain": DOMAIN, "role": role });
        refused(
            &acme.post(&acme.ada, "/domains", &claim),
            400,
            "unknown-role",
        );
    }
    let ben = acme.joined(BEN, "admin");
    let claim = json!({ "domain": DOMAIN, "role": "member" });
    // An Admin from whom a rule takes what Members see.
    let less = json!({ "effect": "deny", "roles": ["admin"], "permissions": ["member.read"] });
    let rule = acme.rule(&less);
    refused(&acme.post(&ben, "/domains", &claim), 403, "exceeds-grantor");
    assert_eq!(acme.delete(&acme.ada, &rule).status, 204);
    let claim = id(&acme.post(&ben, "/domains", &claim));
    acme.show(&claim);
    assert_eq!(acme.prove(&ben, &claim).status, 200);
    let dan = acme.world.sign_in(DAN);
    assert_eq!(acme.joinable(&dan).len(), 1);
    // Ben's word is worth what Ben holds and may do now.
    let rule = acme.rule(&less);
    assert_eq!(acme.domain(&claim)["admits"], false);
    refused(&acme.come_in(&dan), 404, "not-found");
    assert_eq!(acme.delete(&acme.ada, &rule).status, 204);
    assert_eq!(acme.domain(&claim)["admits"], true);
    let demoted = acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": "member" }));
    assert_eq!(demoted.status, 200);
    assert_eq!(acme.domain(&claim)["admits"], false);
    refused(&acme.come_in(&dan), 404, "not-found");
    assert_eq!(acme.delete(&acme.ada, &acme.member(BEN)).status, 204);
    refused(&acme.come_in(&dan), 404, "not-found");
    let path = format!("/domains/{claim}");
    let saved = acme.patch(&acme.ada, &path, &json!({ "role": "view-only" }));
    assert_eq!(saved.status, 200, "{}", text(&saved));
    assert_eq!(acme.come_in(&dan).status, 200);
    assert_eq!(acme.members()[1].1, "view-only");
}

#[test]
fn who_may_not_manage_sign_in_claims_proves_and_changes_nothing() {
    let acme = lockstep("");
    let claim = acme.claim(DOMAIN, "member");
    acme.show(&claim);
    let ben = acme.joined(BEN, "member");
    let path = format!("/domains/{claim}");
    let wanted = json!({ "domain": "other.example", "role": "member" });
    for answer in [
        acme.get(&ben, "/domains"),
        acme.get(&ben, &path),
        acme.post(&ben, "/domains", &wanted),
        acme.prove(&ben, &claim),
        acme.patch(&ben, &path, &json!({ "automatic": true })),
        acme.delete(&ben, &path),
    ] {
        refused(&answer, 403, "no-grant");
    }
    assert_eq!(
        acme.world.upstream.asked.borrow().len(),
        0,
        "nothing was looked for"
    );
    let rows = json(&acme.get(&acme.ada, "/audit"))["rows"].to_string();
    acme.world.clock.advance_ms(60_000);
    acme.world.ring(Class::Organization, &acme.id);
    let later = json(&acme.get(&acme.ada, "/audit"))["rows"].to_string();
    assert!(later.matches("denied").count() > rows.matches("denied").count());
}

#[test]
fn who_left_or_was_suspended_does_not_come_back_by_their_domain() {
    let acme = lockstep("");
    acme.proven(DOMAIN, "member");
    let dan = acme.world.sign_in(DAN);
    assert_eq!(acme.come_in(&dan).status, 200);
    acme.world.settle();
    let suspended = format!("{}/suspension", acme.member(DAN));
    assert_eq!(acme.put(&acme.ada, &suspended, &json!({})).status, 200);
    refused(&acme.come_in(&dan), 409, "already-member");
    assert!(!acme.may(&dan, "organization.read"));
    assert_eq!(acme.delete(&acme.ada, &acme.member(DAN)).status, 204);
    assert!(acme.joinable(&dan).is_empty());
    refused(&acme.come_in(&dan), 409, "invitation-void");
    // Nor by another account of the same address.
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql: &dyn Sql = &*sql.unwrap();
    let other = "UPDATE member SET user = 'usr_other' WHERE address = ?";
    sql.exec(other, &[DAN.into()]).unwrap();
    refused(&acme.come_in(&dan), 409, "invitation-void");
    // An invitation is a decision about them.
    let invitation = acme.invited(DAN, "member");
    assert_eq!(acme.accept(&dan, &invitation).status, 200);
}

#[test]
fn a_plan_without_single_sign_on_opens_no_domain() {
    let acme = lockstep("");
    acme.proven(DOMAIN, "member");
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql: &dyn Sql = &*sql.unwrap();
    for plan in ["personal", "basic"] {
        sql.exec("UPDATE organization SET plan = ?", &[plan.into()])
            .unwrap();
        let dan = acme.world.sign_in(DAN);
        refused(&acme.come_in(&dan), 404, "not-found");
    }
}

#[test]
fn people_come_in_when_they_sign_in_where_the_organization_says_so() {
    let acme = lockstep("");
    let claim = acme.proven(DOMAIN, "member");
    acme.world.sign_in("cat@people.example");
    assert_eq!(acme.members().len(), 1, "nobody who has not asked");
    let path = format!("/domains/{claim}");
    let set = acme.patch(&acme.ada, &path, &json!({ "automatic": true }));
    assert_eq!(json(&set)["automatic"], true, "{}", text(&set));
    let dan = acme.world.sign_in(DAN);
    assert_eq!(acme.members()[1], (DAN.to_owned(), "member".to_owned()));
    assert!(acme.may(&dan, "organization.read"));
    let rows = json(&acme.get(&acme.ada, "/audit"))["rows"].clone();
    let joined = rows.as_array().unwrap().iter();
    let mut joined = joined.filter(|row| row["action"] == "domain.join");
    assert_eq!(joined.next().unwrap()["principal"], acme.user(DAN));
    assert!(joined.next().is_none());
    // Signing in again is no second joining, nor does it bring back who was removed.
    assert_eq!(acme.delete(&acme.ada, &acme.member(DAN)).status, 204);
    acme.world.sign_in(DAN);
    assert_eq!(acme.members().len(), 1);
    // Signing in does not wait for what is wrong with this.
    acme.world.objects.is_down.set(Some(Class::Domain));
    acme.world.sign_in("eve@people.example");
    assert_eq!(acme.members().len(), 1);
}

#[test]
fn a_claim_has_an_entity_tag() {
    let acme = lockstep("");
    let claim = acme.claim(DOMAIN, "member");
    acme.show(&claim);
    let path = acme.path(&format!("/domains/{claim}"));
    let read = acme.get(&acme.ada, &format!("/domains/{claim}"));
    let tag = read.header("etag").unwrap().to_owned();
    let proof = |tag: &str| {
        let request = crate::testing::write(Method::Put, &format!("{path}/proof"), &json!({}));
        let request = request.with_header("cookie", &acme.ada);
        acme.world.send(&request.with_header("if-match", tag))
    };
    refused(&proof("\"4711\""), 412, "precondition-failed");
    let proven = proof(&tag);
    assert_eq!(proven.status, 200, "{}", text(&proven));
    assert_ne!(proven.header("etag"), Some(tag.as_str()));
    refused(&proof(&tag), 412, "precondition-failed");
}
