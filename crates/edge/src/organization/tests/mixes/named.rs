//! Steps that are about somebody in particular: who comes in, and on whose word; what the operator does; and requests that are sent again.

use lockstep_wire::{AuditCredential, AuditOutcome, AuditRow};
use serde_json::{Value, json};

use super::{
    super::domains,
    Mix,
    asked::Asked,
    cast::{Cast, SUBJECTS, Who},
    draw::Draw,
    kinds::{By, Kind},
    picture::Picture,
};
use crate::{
    domain::{record_name, record_text},
    http::{Method, Response},
    sql::{Row, Sql},
    testing::{json, text},
};

const DOMAIN: &str = "people.example";

/// A step before it is taken.
pub(super) struct Planned {
    pub(super) who: Who,
    pub(super) request: Asked,
    /// On whose word somebody comes in.
    pub(super) word: Option<String>,
}

impl Mix {
    pub(super) fn rows(&self, select: &str, value: &str) -> Vec<Row> {
        Sql::exec(&*self.cast.acme.database(), select, &[value.into()]).unwrap()
    }

    pub(super) fn plan(&mut self, kind: &'static Kind) -> Option<Planned> {
        let picture = self.picture();
        if kind.by == By::Named {
            return self.plan_named(kind);
        }
        let who = self.who(kind, &picture)?;
        if kind.name == "plan" {
            return Some(self.plan_of_plans(who));
        }
        if kind.name == "domain-prove" {
            self.show_record();
        }
        let request = self.draw(&picture, &who).request(kind)?;
        let word = None;
        Some(Planned { who, request, word })
    }

    pub(super) fn draw<'a>(&'a self, picture: &'a Picture, who: &'a Who) -> Draw<'a> {
        Draw {
            cast: &self.cast,
            dice: &self.dice,
            picture,
            who,
        }
    }

    /// The operator looks at what a plan changes before they give it.
    fn plan_of_plans(&mut self, who: Who) -> Planned {
        let path = format!("/v1/operator/organizations/{}/plan", self.cast.acme.id);
        let is_small = self.picture().plan == "basic";
        let plan = match self.dice.happens(if is_small { 300 } else { 600 }) {
            true => "basic",
            false => "full",
        };
        let asked = Asked::post(&format!("{path}/preview"), &json!({ "plan": plan }));
        let preview = self.cast.send(None, &who, &asked);
        let preview = match preview.status {
            200 => json(&preview)["preview"].clone(),
            _ => json!(""),
        };
        let body = json!({ "plan": plan, "preview": preview });
        let request = Asked::write(Method::Put, &path, &body.to_string());
        Planned {
            who,
            request,
            word: None,
        }
    }

    fn plan_named(&mut self, kind: &'static Kind) -> Option<Planned> {
        match kind.name {
            "accept" | "decline" => self.plan_answer(kind),
            "domain-join" => {
                let word = self.saved_by(
                    "SELECT saved_by AS word FROM domain WHERE domain = ?",
                    DOMAIN,
                );
                let proven = self.rows(
                    "SELECT proven_until_ms FROM domain WHERE domain = ?",
                    DOMAIN,
                );
                let until_ms = proven
                    .first()?
                    .optional_integer("proven_until_ms")
                    .unwrap()?;
                if until_ms <= self.cast.now_ms() {
                    return None;
                }
                let who = self.stranger(DOMAIN, &self.picture());
                let request = Asked::post(&self.cast.acme.path("/join"), &json!({}));
                Some(Planned { who, request, word })
            }
            "first-sight" => {
                let (idp, subject) = (self.dice.below(2), *self.dice.one_of(&SUBJECTS));
                let name = self.cast.idps[idp].name.clone();
                let word = self.saved_by(
                    "SELECT saved_by AS word FROM issuer WHERE issuer = ?",
                    &name,
                );
                let who = self.cast.vouched(idp, subject, "");
                let request = Asked::get(self.cast.acme.path(""));
                Some(Planned { who, request, word })
            }
            "link-join" => {
                let (link, secret) = self
                    .cast
                    .links
                    .get(self.dice.below(self.cast.links.len().max(1)))?
                    .clone();
                let word = self.saved_by(
                    "SELECT made_by AS word FROM invitation_link WHERE id = ?",
                    &link,
                );
                let who = self.stranger("", &self.picture());
                let request =
                    Asked::post(kind.path, &json!({})).with("lockstep-invitation-token", &secret);
                Some(Planned { who, request, word })
            }
            "sign-in" => {
                let people = (0..self.cast.people.len())
                    .filter(|at| self.cast.people[*at].email.ends_with(DOMAIN));
                let people: Vec<usize> = people.filter(|at| self.cast.signs_in(*at)).collect();
                let at = *self.dice.one_of(&people);
                self.cast.forget_session(at);
                self.cast.world().settle();
                let word = self.saved_by(
                    "SELECT saved_by AS word FROM domain WHERE domain = ?",
                    DOMAIN,
                );
                let who = self.cast.named(at);
                let request = Asked::post(kind.path, &json!({}));
                Some(Planned { who, request, word })
            }
            other => panic!("nobody plans {other}"),
        }
    }

    /// Mostly by whoever was invited.
    fn plan_answer(&mut self, kind: &Kind) -> Option<Planned> {
        let rows = self.rows(
            "SELECT id, address, invited_by FROM invitation WHERE state = ?",
            "pending",
        );
        if rows.is_empty() {
            return None;
        }
        let row = self.dice.one_of(&rows);
        let text = |column: &str| row.text(column).unwrap().to_owned();
        let mut people = self.cast.people.iter();
        let invited = people.position(|person| person.email == text("address"));
        let who = match invited.filter(|_| self.dice.happens(900)) {
            Some(at) => self.cast.person(at),
            None => self.anyone(),
        };
        let path = kind.path.replace("$invitation", &text("id"));
        let request = Asked::post(&self.cast.acme.path(&path), &json!({}));
        let word = Some(text("invited_by"));
        Some(Planned { who, request, word })
    }

    /// Mostly somebody who is no member, and whose address ends so.
    fn stranger(&mut self, end: &str, picture: &Picture) -> Who {
        let is_fit = |at: &usize| {
            let person = &self.cast.people[*at];
            person.email.ends_with(end) && !picture.members.contains_key(&person.user)
        };
        let fit: Vec<usize> = (0..self.cast.people.len()).filter(is_fit).collect();
        if fit.is_empty() || self.dice.happens(150) {
            return self.anyone();
        }
        self.cast.person(*self.dice.one_of(&fit))
    }

    fn anyone(&mut self) -> Who {
        let at = self.dice.below(self.cast.people.len());
        self.cast.person(at)
    }

    fn saved_by(&self, select: &str, value: &str) -> Option<String> {
        let row = self.rows(select, value).pop()?;
        Some(row.text("word").unwrap().to_owned())
    }

    /// The domain's record is there, or not.
    fn show_record(&self) {
        let row = self
            .rows(
                "SELECT challenge AS word FROM domain WHERE domain = ?",
                DOMAIN,
            )
            .pop();
        let text = row.filter(|_| self.dice.happens(800));
        let text = text.map(|row| record_text(row.text("word").unwrap()));
        let texts: Vec<&str> = text.iter().map(String::as_str).collect();
        domains::answer(self.cast.world(), &record_name(DOMAIN), &texts);
    }

    pub(super) fn take(&mut self, kind: &Kind, planned: &Planned) -> Response {
        if kind.name == "sign-in" {
            self.cast.person(planned.who.person.unwrap());
            return Response::new(201);
        }
        self.cast.send(None, &planned.who, &planned.request)
    }

    /// The same request again, with the same key: the same answer, and nothing else.
    pub(super) fn repeat(
        &mut self,
        planned: &Planned,
        first: &Response,
        [before, after]: [&Picture; 2],
    ) {
        let again = self.cast.send(None, &planned.who, &planned.request);
        let now = self.picture();
        assert!(
            after.changed(&now).is_empty(),
            "done twice: {:?}",
            after.changed(&now)
        );
        assert_eq!(
            (after.logged, after.epoch),
            (now.logged, now.epoch),
            "done twice"
        );
        // Whoever has ended their own membership is no longer told anything.
        if again.status != first.status {
            assert!(matches!(again.status, 401 | 403 | 404), "{}", text(&again));
            return;
        }
        // Where nothing was changed nothing is kept, and it runs once more.
        let is_kept = again.header("idempotency-replayed").is_some();
        assert!(is_kept || before.changed(after).is_empty());
        if !is_kept {
            return;
        }
        let read = |answer: &Response| serde_json::from_slice(answer.bytes()).unwrap_or_default();
        let (mut first, mut again): (Value, Value) = (read(first), read(&again));
        if again["withheld"] == "already-shown" {
            again.as_object_mut().unwrap().remove("withheld");
            let secret =
                ["token", "secret"].map(|name| first.as_object_mut().unwrap().remove(name));
            assert!(secret.iter().any(Option::is_some));
        }
        assert_eq!(first, again);
        self.counted.repeats += 1;
    }

    /// The rows of the log that are new go on where the last one was.
    pub(super) fn follow_log(&mut self) {
        let select = "SELECT * FROM audit WHERE number > ? ORDER BY number";
        let rows = Sql::exec(
            &*self.cast.acme.database(),
            select,
            &[self.log.number.into()],
        )
        .unwrap();
        for row in &rows {
            self.log.follow(&log_row(row)).unwrap();
        }
    }

    /// Whoever is about to come in or act by themselves.
    pub(super) fn by_secret(&self) -> Option<Who> {
        let secrets = &self.cast.secrets;
        (!secrets.is_empty()).then(|| Cast::bearing(self.dice.one_of(secrets)))
    }
}

fn log_row(row: &Row) -> AuditRow {
    let text = |column: &str| row.text(column).unwrap().to_owned();
    let optional = |column: &str| row.optional_text(column).unwrap().map(str::to_owned);
    let id = optional("credential_id");
    AuditRow {
        number: row.integer("number").unwrap(),
        at_ms: row.integer("at_ms").unwrap(),
        epoch: row.integer("epoch").unwrap(),
        principal: optional("principal"),
        credential: optional("credential").map(|kind| AuditCredential { kind, id }),
        action: text("action"),
        target: text("target"),
        outcome: match row.text("outcome").unwrap() {
            "done" => AuditOutcome::Done,
            _ => AuditOutcome::Denied,
        },
        code: optional("code"),
        count: row.integer("count").unwrap(),
        changes: serde_json::from_str(&text("changes")).unwrap(),
        client: optional("client"),
        user_agent: optional("user_agent"),
        hash: text("hash"),
    }
}
