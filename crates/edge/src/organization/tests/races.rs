//! One invitation, and everybody at once (threat I8). `LOCKSTEP_RACES` says how often.

use std::rc::Rc;

use serde_json::{Value, json};

use super::{Acme, BEN, refused};
use crate::{
    edge::{Clock, Edge, Later},
    http::{Method, Request, Response},
    router,
    sql::Sql,
    testing::{Dice, ORIGIN, environment, json, post, seed, text, together, write, yield_once},
};

/// `cargo xtask soak races` has 1,000.
const RACES: u64 = 20;
/// How many requests run at once.
const AT_ONCE: usize = 50;
const WEEK_MS: i64 = 604_800_000;

/// Requests on their way to one organization by three isolates.
struct Race {
    acme: Acme,
    dice: Rc<Dice>,
    isolates: Vec<Edge>,
    ben: String,
}

impl Race {
    fn new() -> Self {
        let acme = super::lockstep("");
        let dice = Rc::new(Dice::of(seed()));
        let isolates = (0..3).map(|_| acme.world.distant(&dice, 0)).collect();
        let ben = acme.world.sign_in(BEN);
        Self {
            acme,
            dice,
            isolates,
            ben,
        }
    }

    fn on_its_way(&self, request: Request) -> Later<'_, Response> {
        let edge = self.dice.one_of(&self.isolates);
        Box::pin(async move { router::handle(edge, &request).await })
    }

    fn accept(&self, session: &str, invitation: &str) -> Later<'_, Response> {
        let path = self.acme.path(&format!("/invitations/{invitation}/accept"));
        self.on_its_way(post(&path, &json!({})).with_header("cookie", session))
    }

    /// Something that Ada does.
    fn ada(&self, method: Method, rest: &str, body: &Value) -> Later<'_, Response> {
        let path = self.acme.path(rest);
        let request = match method {
            Method::Delete => Request::new(method, path).with_header("origin", ORIGIN),
            _ => write(method, &path, body),
        };
        self.on_its_way(request.with_header("cookie", &self.acme.ada))
    }

    fn cancel(&self, invitation: &str) -> Later<'_, Response> {
        let rest = format!("/invitations/{invitation}");
        self.ada(Method::Delete, &rest, &json!({}))
    }

    fn epoch(&self) -> i64 {
        json(&self.acme.get(&self.acme.ada, ""))["epoch"]
            .as_i64()
            .unwrap()
    }

    /// Ends a membership, so that the next race begins as this one did.
    fn is_member(&self) -> bool {
        let members = self.acme.members();
        let is_in = members.iter().any(|(email, _)| email == BEN);
        if is_in {
            assert_eq!(
                self.acme
                    .delete(&self.acme.ada, &self.acme.member(BEN))
                    .status,
                204
            );
        }
        is_in
    }
}

fn races() -> u64 {
    environment("LOCKSTEP_RACES", RACES)
}

/// Says how all races of a kind ended, for who runs many.
fn count(how: &str) {
    println!("counted: {} times {how}", races());
}

/// How many were done; everybody else was refused with one of these codes.
#[track_caller]
fn winners(answers: &[Response], codes: &[&str]) -> usize {
    let done = answers.iter().filter(|answer| answer.status < 300).count();
    for answer in answers.iter().filter(|answer| answer.status >= 300) {
        let code = json(answer)["code"].clone();
        assert!(codes.contains(&code.as_str().unwrap()), "{}", text(answer));
    }
    done
}

#[test]
fn i8_of_50_who_accept_at_once_exactly_one_does() {
    let race = Race::new();
    for _ in 0..races() {
        race.acme.forget_mails();
        let invitation = race.acme.invited(BEN, "member");
        let before = race.epoch();
        let all = (0..AT_ONCE).map(|_| race.accept(&race.ben, &invitation));
        let answers = together(&race.dice, all.collect());
        assert_eq!(winners(&answers, &["invitation-not-pending"]), 1);
        assert_eq!(race.epoch(), before + 1);
        assert!(race.is_member());
    }
    count("50 at once accept one invitation: exactly one does");
}

#[test]
fn i8_who_accepts_and_who_cancels_do_not_both_win() {
    let race = Race::new();
    let mut accepted = 0;
    for _ in 0..races() {
        race.acme.forget_mails();
        let invitation = race.acme.invited(BEN, "member");
        let all = (0..AT_ONCE).map(|at| match at % 2 {
            0 => race.accept(&race.ben, &invitation),
            _ => race.cancel(&invitation),
        });
        let answers = together(&race.dice, all.collect());
        assert_eq!(winners(&answers, &["invitation-not-pending"]), 1);
        let is_accepted = answers.iter().step_by(2).any(|answer| answer.status == 200);
        assert_eq!(race.is_member(), is_accepted);
        accepted += u64::from(is_accepted);
    }
    assert!((1..races()).contains(&accepted), "{accepted}");
    count(&format!(
        "25 accept an invitation and 25 cancel it: one wins, in {accepted} of them who accepts"
    ));
}

#[test]
fn i8_nobody_accepts_after_the_millisecond_of_expiry() {
    let race = Race::new();
    let mut accepted = 0;
    for _ in 0..races() {
        // Sessions would not live through twenty weeks.
        let race = Race {
            dice: race.dice.clone(),
            ..Race::new()
        };
        race.acme.forget_mails();
        let invitation = race.acme.invited(BEN, "member");
        let clock = &race.acme.world.clock;
        let expires_at_ms = clock.now_ms() + WEEK_MS;
        clock.advance_ms(WEEK_MS - 1 - race.dice.ms(8));
        let ben = race.acme.world.sign_in(BEN);
        let left_ms = expires_at_ms - clock.now_ms();
        assert!(left_ms > 0);
        let passes = async {
            for _ in 0..race.dice.below(12) {
                yield_once().await;
                clock.advance_ms(1);
            }
        };
        let passes: Later<'_, Option<Response>> = Box::pin(async {
            passes.await;
            None
        });
        let mut all: Vec<Later<'_, Option<Response>>> = vec![passes];
        for _ in 0..3 {
            let accept = race.accept(&ben, &invitation);
            all.push(Box::pin(async { Some(accept.await) }));
        }
        let answers: Vec<Response> = together(&race.dice, all).into_iter().flatten().collect();
        let codes = ["invitation-not-pending"];
        let done = winners(&answers, &codes);
        let view = race.acme.list_of_members();
        let joined = view["members"].as_array().unwrap().get(1);
        assert_eq!(joined.is_some(), done == 1);
        if let Some(member) = joined {
            assert!(member["joined_at_ms"].as_i64().unwrap() < expires_at_ms);
            accepted += 1;
        }
    }
    assert!((1..races()).contains(&accepted), "{accepted}");
    count(&format!(
        "three accept an invitation in its last milliseconds: {accepted} times one does, never after its end"
    ));
}

#[test]
fn i8_who_joins_a_deleted_organization_is_in_nothing() {
    for at in 0..races() {
        let race = Race {
            dice: Rc::new(Dice::of(seed() + at)),
            ..Race::new()
        };
        race.acme.forget_mails();
        let invitation = race.acme.invited(BEN, "member");
        let delete = Request::new(Method::Delete, race.acme.path(""))
            .with_query("name=Acme")
            .with_header("origin", ORIGIN)
            .with_header("cookie", &race.acme.ada);
        let mut all = vec![race.on_its_way(delete)];
        all.extend((1..10).map(|_| race.accept(&race.ben, &invitation)));
        let answers = together(&race.dice, all);
        assert_eq!(answers[0].status, 204, "{}", text(&answers[0]));
        let codes = ["invitation-not-pending", "not-found"];
        assert!(winners(&answers[1..], &codes) <= 1);
        refused(&race.acme.get(&race.ben, ""), 404, "not-found");
        refused(
            &race.acme.evaluate(&race.ben, "organization.update"),
            404,
            "not-found",
        );
    }
    count("nine accept an invitation while the organization is deleted: nobody is in anything");
}

/// Law 5 at commit: who invited still holds what they handed out, in the order of epochs.
#[test]
fn i8_who_accepts_after_the_inviter_lost_their_role_does_not_join() {
    let race = Race::new();
    let cat = race.acme.joined(super::CAT, "admin");
    let of_cat = race.acme.member(super::CAT);
    let mut accepted = 0;
    for _ in 0..races() {
        race.acme.forget_mails();
        let invited = race.acme.invite(&cat, BEN, "admin");
        assert_eq!(invited.status, 201, "{}", text(&invited));
        let invitation = super::id(&invited);
        let demote = race.ada(Method::Patch, &of_cat, &json!({ "role": "member" }));
        let mut all = vec![demote];
        all.extend((1..10).map(|_| race.accept(&race.ben, &invitation)));
        let answers = together(&race.dice, all);
        let epoch = |answer: &Response| -> i64 {
            answer.header("lockstep-epoch").unwrap().parse().unwrap()
        };
        let demoted = epoch(&answers[0]);
        let joined: Vec<i64> = answers[1..]
            .iter()
            .filter(|answer| answer.status == 200)
            .map(epoch)
            .collect();
        assert!(joined.len() <= 1 && joined.iter().all(|joined| *joined < demoted));
        winners(
            &answers[1..],
            &["invitation-not-pending", "invitation-void"],
        );
        assert_eq!(race.is_member(), joined.len() == 1);
        accepted += u64::try_from(joined.len()).unwrap();
        if joined.is_empty() {
            let cancel = race
                .acme
                .delete(&race.acme.ada, &format!("/invitations/{invitation}"));
            assert_eq!(cancel.status, 204);
        }
        race.acme
            .patch(&race.acme.ada, &of_cat, &json!({ "role": "admin" }));
    }
    assert!((1..races()).contains(&accepted), "{accepted}");
    count(&format!(
        "nine accept while who invited them is demoted: {accepted} times one does before, never after"
    ));
}

#[test]
fn i8_the_last_seat_is_taken_once() {
    let race = Race::new();
    let people: Vec<String> = (0..8).map(|at| format!("p{at}@example.com")).collect();
    let sessions: Vec<String> = people
        .iter()
        .map(|email| race.acme.world.sign_in(email))
        .collect();
    race.acme.set("UPDATE organization SET plan = 'basic'");
    for _ in 0..races() {
        race.acme.forget_mails();
        let invitations: Vec<String> = people
            .iter()
            .map(|email| race.acme.invited(email, "member"))
            .collect();
        let pairs = sessions.iter().zip(&invitations);
        let all = pairs
            .flat_map(|(session, invitation)| [(); 3].map(|()| race.accept(session, invitation)));
        let answers = together(&race.dice, all.collect());
        // Five seats, and Ada has one of them.
        assert_eq!(
            winners(&answers, &["invitation-not-pending", "limit-reached"]),
            4
        );
        assert_eq!(race.acme.members().len(), 5);
        for (email, invitation) in people.iter().zip(&invitations) {
            if race
                .acme
                .members()
                .iter()
                .any(|(member, _)| member == email)
            {
                race.acme.delete(&race.acme.ada, &race.acme.member(email));
            } else {
                race.acme
                    .delete(&race.acme.ada, &format!("/invitations/{invitation}"));
            }
        }
    }
    count("eight people ask for four seats, three times each: exactly four get one");
}

/// Whoever joins has a role in each workspace that is there, and in no other: neither as a row nor in an answer.
#[test]
fn i8_who_joins_while_a_workspace_is_deleted_holds_nothing_in_it() {
    let race = Race::new();
    let acme = &race.acme;
    let south = acme.workspace("South");
    let mut joined_first = 0;
    for _ in 0..races() {
        acme.forget_mails();
        let (gone, archived) = (acme.workspace("North"), acme.workspace("West"));
        let of = |path: &str| path.replace("/workspaces/", "");
        let offered = [&gone, &archived, &south].map(|path| {
            let workspace = of(path);
            json!({ "workspace": workspace, "role": "viewer" })
        });
        let body = json!({ "email": BEN, "role": "member", "workspaces": offered });
        let invited = acme.post(&acme.ada, "/invitations", &body);
        assert_eq!(invited.status, 201, "{}", text(&invited));
        let invitation = super::id(&invited);
        let mut all = vec![
            race.ada(Method::Delete, &gone, &json!({})),
            race.ada(Method::Patch, &archived, &json!({ "archived": true })),
        ];
        all.extend((0..8).map(|_| race.accept(&race.ben, &invitation)));
        let answers = together(&race.dice, all);
        let [deleted, archiving, accepts @ ..] = answers.as_slice() else {
            panic!("ten answers");
        };
        assert_eq!((deleted.status, archiving.status), (204, 200));
        assert_eq!(winners(accepts, &["invitation-not-pending"]), 1);
        let epoch = |answer: &Response| -> i64 {
            answer.header("lockstep-epoch").unwrap().parse().unwrap()
        };
        let mut joined = accepts.iter().filter(|answer| answer.status == 200);
        joined_first += u64::from(epoch(joined.next().unwrap()) < epoch(deleted));
        let rows = "SELECT node FROM granted UNION ALL SELECT node FROM invitation_grant";
        let dangling = format!(
            "SELECT COUNT(*) AS count FROM ({rows}) WHERE node NOT IN (SELECT id FROM node UNION SELECT id FROM organization)"
        );
        let sql: &dyn Sql = &*acme.database();
        let count = sql.one(&dangling, &[]).unwrap().unwrap();
        assert_eq!(count.integer("count").unwrap(), 0);
        // What an isolate remembers from the race before is over by then.
        acme.world.clock.advance_ms(10_000);
        for path in [&archived, &south] {
            assert!(acme.may_in(&race.ben, "workspace.read", path));
        }
        assert!(!acme.may_in(&race.ben, "workspace.read", &gone));
        refused(&acme.get(&race.ben, &gone), 404, "not-found");
        assert!(race.is_member());
        acme.delete(&acme.ada, &archived);
    }
    assert!((1..races()).contains(&joined_first), "{joined_first}");
    count(&format!(
        "eight accept while a workspace of theirs is deleted: one joins, {joined_first} times before, and holds nothing in it"
    ));
}
