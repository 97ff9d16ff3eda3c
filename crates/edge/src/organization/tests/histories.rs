//! 64 clients on one organization at the same time: whatever they were answered, there is one order in which it is so; and in that order the organization has an owner, no member without a seat, and epochs that rise.
//!
//! `LOCKSTEP_HISTORIES` says how many are made here; `LOCKSTEP_HISTORIES_FILE` names a file with more, which were recorded on workerd.

mod checker;
mod model;

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    checker::{Call, Model, linearization},
    model::{Answer, Invitation, Operation, Role, State},
};
use super::{Acme, id};
use crate::{
    edge::{Edge, Later},
    http::{Method, Request, Response},
    objects::Class,
    router,
    sql::Sql,
    testing::{Dice, ORIGIN, World, environment, json, post, seed, text, together, write},
};

/// `cargo xtask soak histories` has 10,000.
const HISTORIES: u64 = 100;
const CLIENTS: usize = 64;
const PEOPLE: usize = 16;
const OPERATIONS_EACH: usize = 2;
/// Seats of the plan that the organizations have.
const SEATS: usize = 5;
/// Histories of one deployment; then another one, so that nothing grows without end.
const OF_ONE_WORLD: u64 = 25;

/// A deployment with people who are signed in.
struct People {
    world: World,
    sessions: Vec<String>,
}

impl People {
    fn new() -> Self {
        let world = World::with_vars(&[("LOCKSTEP_POLICY", "lockstep")]);
        let sessions = (0..PEOPLE).map(|at| {
            world.clock.advance_ms(60_000);
            world.sign_in(&address(at))
        });
        let sessions = sessions.collect();
        Self { world, sessions }
    }
}

fn address(person: usize) -> String {
    format!("p{person}@example.com")
}

/// An organization of the first of them, and what a history of it begins with.
struct Scene {
    acme: Acme,
    sessions: Vec<String>,
    /// By number, as the model calls them.
    users: Vec<String>,
    invitations: Vec<String>,
    begin: State,
}

impl Scene {
    /// Two owners and a member; and everybody else is invited by one of the owners.
    fn new(people: People) -> Self {
        let People { world, sessions } = people;
        let made = post("/v1/organizations", &json!({ "name": "Acme" }));
        let made = world.send(&made.with_header("cookie", &sessions[0]));
        let ada = sessions[0].clone();
        let acme = Acme {
            id: id(&made),
            world,
            ada,
        };
        acme.set("UPDATE organization SET plan = 'basic'");
        let mut scene = Self {
            acme,
            users: Vec::new(),
            sessions,
            invitations: Vec::new(),
            begin: State {
                epoch: 0,
                name: "Acme".to_owned(),
                seats: SEATS,
                members: BTreeMap::from([(0, Role::Owner)]),
                invitations: BTreeMap::new(),
            },
        };
        for (person, role) in [(1, Role::Owner), (2, Role::Member)] {
            let number = scene.invite(0, person, role);
            let accepted = scene
                .acme
                .accept(&scene.sessions[person], &scene.invitations[number]);
            assert_eq!(accepted.status, 200, "{}", text(&accepted));
            scene.begin.members.insert(person, role);
            scene
                .begin
                .invitations
                .insert(number, (person, 0, Invitation::Over));
        }
        for person in 3..PEOPLE {
            scene.invite(person % 2, person, Role::Member);
        }
        scene.users = scene
            .sessions
            .iter()
            .map(|session| scene.user_of(session))
            .collect();
        let read = json(&scene.acme.get(&scene.acme.ada, ""));
        scene.begin.epoch = read["epoch"].as_i64().unwrap();
        scene
    }

    fn invite(&mut self, by: usize, person: usize, role: Role) -> usize {
        let role = if role == Role::Owner {
            "owner"
        } else {
            "member"
        };
        let invited = self.acme.invite(&self.sessions[by], &address(person), role);
        assert_eq!(invited.status, 201, "{}", text(&invited));
        let number = self.invitations.len();
        self.invitations.push(id(&invited));
        let invitation = (person, by, Invitation::Pending);
        self.begin.invitations.insert(number, invitation);
        number
    }

    fn user_of(&self, session: &str) -> String {
        let me = Request::new(Method::Get, "/v1/me").with_header("cookie", session);
        let me = json(&self.acme.world.send(&me));
        me["user"]["id"].as_str().unwrap().to_owned()
    }

    /// What a client may ask for; most of it about few people, so that they meet.
    fn operation(&self, dice: &Dice) -> Operation {
        // Owners, most of the time.
        let by = *dice.one_of(&[0, 0, 1, 1, 2, 3]);
        let member = dice.below(5);
        let invitation = dice.below(self.invitations.len());
        match dice.below(10) {
            0 | 1 => Operation::Accept {
                by: self.begin.invitations[&invitation].0,
                invitation,
            },
            2 => Operation::Cancel { by, invitation },
            3 => Operation::Remove { by, member },
            4..=6 => Operation::Rename {
                by,
                name: format!("Acme {}", dice.below(1_000)),
            },
            7 | 8 => Operation::Role {
                by,
                member,
                role: *dice.one_of(&[Role::Member, Role::Owner, Role::Owner]),
            },
            _ => Operation::Read { by },
        }
    }

    fn request(&self, operation: &Operation) -> Request {
        let path = |rest: &str| self.acme.path(rest);
        let delete =
            |rest: &str| Request::new(Method::Delete, path(rest)).with_header("origin", ORIGIN);
        let (by, request) = match operation {
            Operation::Accept { by, invitation } => {
                let rest = format!("/invitations/{}/accept", self.invitations[*invitation]);
                (by, post(&path(&rest), &json!({})))
            }
            Operation::Cancel { by, invitation } => {
                let rest = format!("/invitations/{}", self.invitations[*invitation]);
                (by, delete(&rest))
            }
            Operation::Remove { by, member } => {
                (by, delete(&format!("/members/{}", self.users[*member])))
            }
            Operation::Rename { by, name } => (
                by,
                write(Method::Patch, &path(""), &json!({ "name": name })),
            ),
            Operation::Role { by, member, role } => {
                let rest = format!("/members/{}", self.users[*member]);
                let role = if *role == Role::Owner {
                    "owner"
                } else {
                    "member"
                };
                (
                    by,
                    write(Method::Patch, &path(&rest), &json!({ "role": role })),
                )
            }
            Operation::Read { by } => (by, Request::new(Method::Get, path(""))),
        };
        request.with_header("cookie", &self.sessions[*by])
    }

    /// One client's calls, one after the other; it gives up when it does not know what became of one.
    async fn client(
        &self,
        edge: Edge,
        operations: Vec<Operation>,
        now: &Cell<u64>,
    ) -> Vec<Call<State>> {
        let tick = || now.replace(now.get() + 1);
        let mut calls = Vec::new();
        for operation in operations {
            let request = self.request(&operation);
            let begun = tick();
            let response = router::handle(&edge, &request).await;
            let answer = seen(&operation, &response);
            let is_unknown = answer.is_none();
            calls.push(Call {
                operation,
                answer,
                begun,
                ended: tick(),
            });
            if is_unknown {
                break;
            }
        }
        calls
    }

    /// All clients at once, from three isolates, with few answers lost.
    fn play(&self, dice: &Rc<Dice>) -> Vec<Call<State>> {
        let edges: Vec<Edge> = (0..3).map(|_| self.acme.world.distant(dice, 3)).collect();
        let now = Cell::new(0);
        let clients = (0..CLIENTS).map(|_| {
            let operations = (0..OPERATIONS_EACH).map(|_| self.operation(dice)).collect();
            let edge = dice.one_of(&edges).clone();
            let client: Later<'_, _> = Box::pin(self.client(edge, operations, &now));
            client
        });
        together(dice, clients.collect())
            .into_iter()
            .flatten()
            .collect()
    }

    /// What the object's rows say in the end.
    fn check_rows(&self, last: &State) {
        let rows = |select: &str| {
            let sql = self
                .acme
                .world
                .objects
                .database(Class::Organization, &self.acme.id);
            let sql: &dyn Sql = &*sql.unwrap();
            sql.exec(select, &[]).unwrap()
        };
        let epoch = rows("SELECT epoch FROM organization")[0]
            .integer("epoch")
            .unwrap();
        assert_eq!(epoch, last.epoch);
        let members = rows(
            "SELECT member.user, granted.role FROM member JOIN granted ON granted.user = member.user WHERE left_at_ms IS NULL",
        );
        let number = |user: &str| self.users.iter().position(|one| one == user).unwrap();
        let members = members.iter().map(|row| {
            let role = match row.text("role").unwrap() {
                "owner" => Role::Owner,
                _ => Role::Member,
            };
            (number(row.text("user").unwrap()), role)
        });
        assert_eq!(members.collect::<BTreeMap<_, _>>(), last.members);
    }
}

impl Acme {
    /// A change of the organization's rows that no request makes.
    pub(super) fn set(&self, statement: &str) {
        let sql = self.world.objects.database(Class::Organization, &self.id);
        let sql: &dyn Sql = &*sql.unwrap();
        sql.exec(statement, &[]).unwrap();
    }
}

/// What a client learns from an answer.
fn seen(operation: &Operation, response: &Response) -> Option<Answer> {
    let epoch = || response.header("lockstep-epoch").unwrap().parse().unwrap();
    match (operation, response.status) {
        (_, 503) => None,
        (Operation::Read { .. }, 200) => {
            let body = json(response);
            let number = |value: &Value| value.as_i64().unwrap();
            Some(Answer::Read {
                epoch: number(&body["epoch"]),
                name: body["name"].as_str().unwrap().to_owned(),
                taken: usize::try_from(number(&body["plan"]["seats_taken"])).unwrap(),
            })
        }
        (_, 200 | 204) => Some(Answer::Done { epoch: epoch() }),
        (_, status) => Some(Answer::Refused { status }),
    }
}

/// Whether there is an order, and what holds after each step of it; answers the last state.
fn check(begin: &State, calls: &[Call<State>], what: &str) -> State {
    let order = linearization(begin, calls).unwrap_or_else(|order| {
        let mut state = begin.clone();
        for at in &order {
            let call = &calls[*at];
            state = state.step(&call.operation, call.answer.as_ref()).unwrap();
        }
        let left = calls
            .iter()
            .enumerate()
            .filter(|(at, _)| !order.contains(at));
        let left = shown(left.map(|(_, call)| call));
        panic!(
            "not linearizable: {what}\nafter {} calls: {state:?}\n{left}",
            order.len()
        )
    });
    let mut state = begin.clone();
    for at in order {
        let Call {
            operation, answer, ..
        } = &calls[at];
        let next = state.step(operation, answer.as_ref()).unwrap();
        assert!(next.owners() >= 1, "{what}");
        assert!(next.members.len() <= next.seats, "{what}");
        assert!(
            next.epoch == state.epoch || next.epoch == state.epoch + 1,
            "{what}"
        );
        state = next;
    }
    state
}

fn shown<'a>(calls: impl Iterator<Item = &'a Call<State>>) -> String {
    let mut lines: Vec<(u64, String)> = calls
        .map(|call| {
            let Call {
                operation,
                answer,
                begun,
                ended,
            } = call;
            (
                *begun,
                format!("{begun}..{ended} {operation:?} -> {answer:?}"),
            )
        })
        .collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

#[test]
fn what_64_clients_are_answered_has_one_order() {
    let (seed, histories) = (seed(), environment("LOCKSTEP_HISTORIES", HISTORIES));
    let dice = Rc::new(Dice::of(seed));
    let (mut calls, mut done, mut lost) = (0, 0, 0);
    let mut people = People::new();
    for at in 0..histories {
        let scene = Scene::new(people);
        let history = scene.play(&dice);
        let last = check(
            &scene.begin,
            &history,
            &format!("LOCKSTEP_SEED={seed}, history {at}"),
        );
        // What nobody knows the end of may have been done after all.
        let unknown = history.iter().filter(|call| call.answer.is_none()).count();
        if unknown == 0 {
            scene.check_rows(&last);
        }
        let is_done = |call: &&Call<State>| matches!(call.answer, Some(Answer::Done { .. }));
        done += history.iter().filter(is_done).count();
        (calls, lost) = (calls + history.len(), lost + unknown);
        people = match (at + 1) % OF_ONE_WORLD {
            0 => People::new(),
            _ => People {
                world: scene.acme.world,
                sessions: scene.sessions,
            },
        };
    }
    println!(
        "counted: LOCKSTEP_SEED={seed}: {histories} histories of {CLIENTS} clients are linearizable: {calls} calls, {done} changes, {lost} lost answers"
    );
    assert!(done * 5 > calls, "most of what was asked was refused");
}

/// A history as tests/soak records it.
#[derive(Deserialize)]
struct Recorded {
    begin: State,
    calls: Vec<RecordedCall>,
}

#[derive(Deserialize)]
struct RecordedCall {
    operation: Operation,
    answer: Option<Answer>,
    begun: u64,
    ended: u64,
}

fn read(text: &str) -> Vec<(State, Vec<Call<State>>)> {
    let lines = text.lines().filter(|line| !line.is_empty());
    let recorded = lines.map(|line| serde_json::from_str::<Recorded>(line).unwrap());
    recorded
        .map(|history| {
            let calls = history.calls.into_iter().map(|call| Call {
                operation: call.operation,
                answer: call.answer,
                begun: call.begun,
                ended: call.ended,
            });
            (history.begin, calls.collect())
        })
        .collect()
}

/// Two owners demote each other; then both claim that it was done, and nobody is left.
const LOST_LAST_OWNER: &str = r#"{"begin":{"epoch":4,"name":"Acme","seats":5,"members":{"0":"owner","1":"owner"},"invitations":{}},"calls":[{"operation":{"role":{"by":0,"member":1,"role":"member"}},"answer":{"done":{"epoch":5}},"begun":0,"ended":3},{"operation":{"role":{"by":1,"member":0,"role":"member"}},"answer":{"done":{"epoch":6}},"begun":1,"ended":2}]}"#;

#[test]
fn what_was_recorded_on_workerd_has_one_order() {
    let [(begin, calls)] = &read(LOST_LAST_OWNER)[..] else {
        panic!("one history");
    };
    assert!(linearization(begin, calls).is_err(), "the checker tells");
    let Ok(file) = std::env::var("LOCKSTEP_HISTORIES_FILE") else {
        return;
    };
    let histories = read(&std::fs::read_to_string(&file).unwrap());
    for (at, (begin, calls)) in histories.iter().enumerate() {
        check(begin, calls, &format!("history {at} of {file}"));
    }
    println!(
        "counted: {} histories from workerd are linearizable",
        histories.len()
    );
    assert!(!histories.is_empty());
}
