//! Organizations at random: every kind of change by everybody, legal or not, and after each step what must hold of all of them.
//!
//! The rows are read by other code than the product's (`picture`), and what follows from them is compared with what page, isolates and searches say (`agree`). The laws are looked at before and after each step (`laws`).
//! `LOCKSTEP_MIXES` says how many histories there are, `LOCKSTEP_STEPS` how long each is.

mod agree;
mod asked;
mod cast;
mod draw;
mod found;
mod kinds;
mod laws;
mod named;
mod picture;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use lockstep_wire::{AuditPoint, GatePolicy};

use self::{
    cast::{Cast, SUBJECTS, Who},
    kinds::{By, GIVING, KINDS, Kind, NEVER},
    laws::Step,
    named::Planned,
    picture::Picture,
};
use crate::{
    config::Config,
    edge::Edge,
    http::{Method, Response},
    objects::Class,
    sql::Sql,
    testing::{Dice, environment, json, seed},
};

/// `cargo xtask soak mixes` has more of them, and longer ones.
const MIXES: u64 = 4;
const STEPS: u64 = 120;
/// How many lines of the last steps are shown when something does not hold; each has one for the answer.
const SHOWN: usize = 40;
/// What KV does.
const FAULTS: [&str; 4] = [
    "",
    r#"{"kv":{"fault":"stale","for_ms":600000}}"#,
    r#"{"kv":{"fault":"failing"}}"#,
    r#"{"kv":{"fault":"foreign"}}"#,
];

/// How much was done.
#[derive(Debug, Default)]
struct Counted {
    /// How often each kind of step was done.
    done: BTreeMap<&'static str, u64>,
    /// And how often why not.
    refused: BTreeMap<String, u64>,
    comparisons: u64,
    /// Permissions that somebody has got somewhere.
    gains: u64,
    /// Pages that were looked at when nothing but time had passed.
    aged: u64,
    repeats: u64,
    narrow: u64,
    lists: u64,
}

/// What has been done, to be shown when something does not hold.
struct Trace {
    history: u64,
    steps: RefCell<Vec<String>>,
}

impl Drop for Trace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let steps = self.steps.borrow();
            let shown = &steps[steps.len().saturating_sub(SHOWN)..];
            eprintln!(
                "LOCKSTEP_SEED={} LOCKSTEP_STEPS={}, history {}:\n{}",
                seed(),
                environment("LOCKSTEP_STEPS", STEPS),
                self.history,
                shown.join("\n")
            );
        }
    }
}

/// One history.
struct Mix {
    cast: Cast,
    dice: Dice,
    config: Rc<Config>,
    /// An isolate that remembers what it was told.
    long: Edge,
    /// What the page decides by.
    gate: GatePolicy,
    last: RefCell<Option<(u64, Rc<Picture>)>>,
    /// How far the log was followed.
    log: AuditPoint,
    counted: Counted,
    trace: Trace,
}

impl Mix {
    fn new(history: u64, counted: Counted) -> Self {
        let dice = Dice::of(seed().wrapping_mul(1_000_003).wrapping_add(history));
        let cast = Cast::new(FAULTS[dice.below(FAULTS.len())]);
        let world = cast.world();
        Self {
            config: world.edge.config.clone(),
            long: world.isolate(),
            log: AuditPoint::beginning(&cast.acme.id),
            gate: GatePolicy::of(&world.edge.config.policy).unwrap(),
            last: RefCell::default(),
            trace: Trace {
                history,
                steps: RefCell::default(),
            },
            cast,
            dice,
            counted,
        }
    }

    /// The rows as they are now; they are read again once any is another one.
    fn picture(&self) -> Rc<Picture> {
        let sql = self.cast.acme.database();
        let changes = sql.changes();
        let mut last = self.last.borrow_mut();
        if let Some((at, picture)) = &*last
            && *at == changes
        {
            return picture.clone();
        }
        let picture = Rc::new(Picture::of(&sql, &self.config.policy));
        *last = Some((changes, picture.clone()));
        picture
    }

    /// Time passes, and what was promised is done.
    fn pass(&self) {
        let world = self.cast.world();
        let ms = match self.dice.below(100) {
            0..70 => self.dice.ms(50),
            70..90 => self.dice.ms(20_000),
            90..98 => self.dice.ms(10_000_000),
            _ => self.dice.ms(100_000_000),
        };
        // Two changes of nothing but secrets within one millisecond leave one row: their times are all that is seen of them.
        world.clock.advance_ms(1 + ms);
        if self.dice.happens(700) {
            world.settle();
        } else {
            world.run_background();
        }
        let id = &self.cast.acme.id;
        let wakes = world.objects.organization_wakes_at_ms(id);
        if wakes.is_some_and(|at_ms| at_ms <= self.cast.now_ms()) && self.dice.happens(300) {
            world.ring(Class::Organization, id);
        }
        // As if a day had passed since the last mails.
        if self.dice.happens(100) {
            self.cast.acme.forget_mails();
        }
    }

    /// The kind of the next step; those that were never done come more often.
    fn kind(&self, picture: &Picture) -> &'static Kind {
        let one_of = |names: &[&'static str]| {
            let name: &&str = self.dice.one_of(names);
            kinds::named(name)
        };
        if picture.is_deleted && self.dice.happens(500) {
            return kinds::named("restore");
        }
        if picture.principals.len() < 5 && self.dice.happens(400) {
            return one_of(&["invite", "accept", "accept", "link-create", "link-join"]);
        }
        // Under a small plan there is little that may be done.
        if picture.plan == "basic" && self.dice.happens(200) {
            return kinds::named("plan");
        }
        if let Some(never) = self.never_done().filter(|_| self.dice.happens(600)) {
            return never;
        }
        if self.dice.happens(400) {
            return one_of(&GIVING);
        }
        let drawn = self.dice.one_of(&KINDS);
        match drawn.name {
            // Little is to be seen of what is deleted.
            "delete" if self.dice.happens(700) => self.dice.one_of(&KINDS),
            _ => drawn,
        }
    }

    /// One of the kinds that were never done.
    fn never_done(&self) -> Option<&'static Kind> {
        let is_done = |name: &str| self.counted.done.contains_key(name) || NEVER.contains(&name);
        let never: Vec<&Kind> = KINDS.iter().filter(|kind| !is_done(kind.name)).collect();
        (!never.is_empty()).then(|| *self.dice.one_of(&never))
    }

    /// Somebody by some credential.
    fn anybody(&mut self) -> Option<Who> {
        match self.dice.below(10) {
            0..3 => self.by_secret(),
            3 => self.vouched(),
            _ => {
                let at = self.dice.below(self.cast.people.len());
                Some(self.cast.person(at))
            }
        }
    }

    /// Somebody whom an issuer of the organization has brought here.
    fn vouched(&self) -> Option<Who> {
        let idp = self.dice.below(self.cast.idps.len());
        let subject = *self.dice.one_of(&SUBJECTS);
        let select = "SELECT user FROM member WHERE issuer = ? AND subject = ?";
        let values = [self.cast.idps[idp].name.as_str().into(), subject.into()];
        let row = Sql::exec(&*self.cast.acme.database(), select, &values)
            .unwrap()
            .pop()?;
        Some(self.cast.vouched(idp, subject, row.text("user").unwrap()))
    }

    /// Who takes a step of that kind.
    fn who(&mut self, kind: &Kind, picture: &Picture) -> Option<Who> {
        if kind.by == By::Operator {
            return Some(Cast::operator());
        }
        if kind.by == By::SignedIn {
            let is_fit = |mix: &Self, at: usize| mix.cast.fits(at, kind.path.contains("$token"));
            return self.one_who(is_fit);
        }
        let has_say = |mix: &Self, at: usize| {
            let member = picture.members.get(&mix.cast.people[at].user);
            let role = member
                .filter(|member| member.is_active)
                .map(|member| &*member.role);
            matches!(role, Some("owner" | "admin"))
        };
        // Who works in some place, and so may hand out some of it.
        let has_place = |mix: &Self, at: usize| {
            let acts = picture.principals.get(&mix.cast.people[at].user);
            acts.is_some_and(|acts| acts.grants.iter().any(|grant| grant.node != picture.id))
        };
        let was_done = self.counted.done.contains_key(kind.name);
        match self.dice.below(10) {
            0 | 1 if was_done => self.anybody(),
            2..6 if was_done => self.one_who(has_place),
            9 => self.anybody(),
            _ => self.one_who(has_say),
        }
    }

    fn one_who(&mut self, is_fit: impl Fn(&Self, usize) -> bool) -> Option<Who> {
        let all = 0..self.cast.people.len();
        let fit: Vec<usize> = all.filter(|at| is_fit(self, *at)).collect();
        if fit.is_empty() {
            return None;
        }
        let at = *self.dice.one_of(&fit);
        Some(self.cast.person(at))
    }

    /// Takes a step, if chance finds one; answers whether it did.
    fn step(&mut self, at: u64) -> bool {
        self.pass();
        let mut kind = self.kind(&self.picture());
        let mut planned = self.plan(kind);
        // What it is about has to be made before.
        while let (None, Some(first)) = (&planned, kinds::before(kind)) {
            kind = first;
            planned = self.plan(kind);
        }
        let Some(mut planned) = planned else {
            return false;
        };
        let before = self.picture();
        let tag = self.draw(&before, &planned.who).tag(kind);
        if let Some((tag, _)) = &tag {
            planned.request = planned.request.with("if-match", tag);
        }
        let has_key =
            kind.method == Method::Post && kind.name != "sign-in" && self.dice.happens(250);
        if has_key {
            let key = format!("k-{at}");
            planned.request = planned.request.with("idempotency-key", &key);
        }
        self.note(&shown(at, kind, &planned));
        let answer = self.take(kind, &planned);
        let said = String::from_utf8_lossy(answer.bytes()).into_owned();
        self.note(&format!("    {} {said}", answer.status));
        let is_done = answer.status < 400;
        let is_stale = tag.is_some_and(|(_, is_stale)| is_stale);
        assert!(
            !is_done || !is_stale,
            "done, although that is not the tag of what is there"
        );
        let after = self.picture();
        self.check(kind, &planned, &answer, [&before, &after]);
        if has_key && is_done {
            self.repeat(&planned, &answer, [&before, &after]);
        }
        self.follow_log();
        true
    }

    fn check(
        &mut self,
        kind: &Kind,
        planned: &Planned,
        answer: &Response,
        [before, after]: [&Picture; 2],
    ) {
        let config = self.config.clone();
        let step = Step {
            kind: kind.name,
            policy: &config.policy,
            planned,
            before,
            after,
            status: answer.status,
            now_ms: self.cast.now_ms(),
        };
        self.counted.gains += step.check();
        if answer.status >= 400 {
            let code = json(answer)["code"].as_str().unwrap_or_default().to_owned();
            *self.counted.refused.entry(code).or_default() += 1;
            return;
        }
        *self.counted.done.entry(kind.name).or_default() += 1;
        self.cast.follow(kind.name, planned, answer);
        if matches!(kind.name, "key-create" | "key-rotate") {
            let shown = json(answer)["token"].clone();
            let mut secrets = self.cast.secrets.iter();
            secrets
                .by_ref()
                .filter(|secret| shown == secret.text)
                .for_each(|secret| step.check_shown(secret));
        }
    }

    fn note(&self, line: &str) {
        let shown = line.chars().take(600).collect();
        self.trace.steps.borrow_mut().push(shown);
    }
}

/// A step for people.
fn shown(at: u64, kind: &Kind, Planned { who, request, .. }: &Planned) -> String {
    let by = match &who.secret {
        Some(secret) if secret.is_key => " by a key",
        Some(_) => " by a token",
        None => "",
    };
    let method = request.method.as_str();
    format!(
        "{at} {}, {}{by}: {method} {}?{} {}",
        kind.name, who.principal, request.path, request.query, request.body
    )
}

#[test]
fn whatever_is_done_by_whomever_the_laws_hold() {
    let mixes = environment("LOCKSTEP_MIXES", MIXES);
    let steps = environment("LOCKSTEP_STEPS", STEPS);
    let mut counted = Counted::default();
    for history in 0..mixes {
        let mut mix = Mix::new(history, counted);
        let (mut at, mut tried) = (0, 0);
        while at < steps && tried < 20 * steps {
            at += u64::from(mix.step(at));
            tried += 1;
            if mix.dice.happens(500) {
                mix.agree();
            }
            if mix.dice.happens(40) {
                mix.lists();
                mix.dead_are_dead();
            }
        }
        counted = std::mem::take(&mut mix.counted);
    }
    let done: u64 = counted.done.values().sum();
    let refused: u64 = counted.refused.values().sum();
    println!(
        "counted: LOCKSTEP_SEED={}: {mixes} histories of {steps} steps: {done} done, {refused} refused, {} of them to hand out more than one holds, {} repeated; {} rights gained; {} answers compared, {} pages after a while, {} narrow tokens, {} lists",
        seed(),
        counted.refused.get("exceeds-grantor").unwrap_or(&0),
        counted.repeats,
        counted.gains,
        counted.comparisons,
        counted.aged,
        counted.narrow,
        counted.lists
    );
    let few = [
        counted.repeats,
        counted.gains,
        counted.aged,
        counted.narrow,
        counted.lists,
    ];
    assert!(few.iter().all(|count| *count > 0), "{counted:?}");
    let never = KINDS
        .iter()
        .filter(|kind| !counted.done.contains_key(kind.name));
    let never: Vec<&str> = never
        .map(|kind| kind.name)
        .filter(|name| !NEVER.contains(name))
        .collect();
    assert!(never.is_empty(), "never done: {never:?}");
}
