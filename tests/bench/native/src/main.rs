//! The evaluator and its native peers on the benchmark's world. Prints JSON.
//!
//! ```text
//! time              nanoseconds of a check, for each workload and contender
//! memory CONTENDER  bytes that 10,000 principals take
//! curve             what a check and resolving cost as an organization grows
//! ```
//!
//! A benchmark that cannot run should say so at once: it panics.

mod cedar;
mod curve;
mod measure;
mod rego;
mod sets;

use std::hint::black_box;

use lockstep_bench::{NamedTable, Ours, Question, Table, World};
use serde_json::{Value, json};

use crate::cedar::Cedar;
use crate::measure::Pass;
use crate::rego::Rego;
use crate::sets::Sets;

const PERMISSIONS: usize = 40;
const PRINCIPALS: usize = 100;
const PRINCIPALS_MANY: usize = 10_000;
const QUESTIONS: usize = 10_000;
const PAGE: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["time"] => json!({
            "mix of 10,000, 100 principals": time(PRINCIPALS, QUESTIONS, PRINCIPALS),
            "mix of 10,000, 10,000 principals": time(PRINCIPALS_MANY, QUESTIONS, PRINCIPALS_MANY),
            "page of 200": time(PRINCIPALS, PAGE, 1),
        }),
        ["memory", contender] => json!(memory(contender)),
        ["curve"] => curve::measure(),
        _ => panic!("one of: time, memory CONTENDER, curve"),
    };
    println!("{result}");
}

/// Nanoseconds of a check for each contender. Every one has first to give the right answers.
fn time(principals: usize, count: usize, asked_of: usize) -> Value {
    let world = World::new(principals, PERMISSIONS);
    let questions = world.questions(count, asked_of);
    let handles = questions.clone();
    let names: Vec<[&str; 3]> = questions.iter().map(|q| names(&world, *q)).collect();

    let table = Table::new(&world);
    let named_table = NamedTable::new(&world);
    let ours = Ours::new(&world, principals).expect("our world");
    let sets = Sets::new(&world);
    let mut rego = Rego::new(&world);
    let cedar = Cedar::new(&world);

    let own: Vec<_> = questions
        .iter()
        .map(|q| {
            ours.named(&world, *q)
                .expect("a question about what is there")
        })
        .collect();
    let inputs: Vec<_> = questions.iter().map(|q| rego.input(&world, *q)).collect();
    let requests: Vec<_> = questions
        .iter()
        .map(|q| cedar.request(&world, *q))
        .collect();
    for (number, question) in questions.iter().enumerate() {
        let [principal, permission, project] = names[number];
        let answers = [
            ours.allows(own[number]),
            ours.allows_named(principal, permission, project),
            table.allows(*question),
            named_table.allows(principal, permission, project),
            sets.allows(principal, permission, project),
            rego.allows(&inputs[number]),
            cedar.allows(&requests[number]),
        ];
        let wanted = world.answer(*question);
        assert_eq!(answers, [wanted; 7], "{question:?}");
    }

    let contenders: Vec<(&str, Pass)> = vec![
        ("ours", pass(&own, |named| ours.allows(*named))),
        (
            "ours, names",
            pass(&names, |[a, b, c]| ours.allows_named(a, b, c)),
        ),
        (
            "bit table",
            pass(&handles, |question| table.allows(*question)),
        ),
        (
            "bit table, names",
            pass(&names, |[a, b, c]| named_table.allows(a, b, c)),
        ),
        ("hash sets", pass(&names, |[a, b, c]| sets.allows(a, b, c))),
        ("regorus", pass(&inputs, |input| rego.allows(input))),
        ("cedar", pass(&requests, |request| cedar.allows(request))),
    ];
    json!(measure::medians(contenders, count))
}

fn pass<'a, Q>(asked: &'a [Q], mut answer: impl FnMut(&Q) -> bool + 'a) -> Pass<'a> {
    Box::new(move || {
        asked
            .iter()
            .filter(|question| black_box(answer(black_box(question))))
            .count()
    })
}

fn names(world: &World, question: Question) -> [&str; 3] {
    [
        &world.principals[question.principal],
        &world.permissions[question.permission],
        &world.projects[question.project].id,
    ]
}

/// How much this process grows by when a contender takes in 10,000 principals and answers once.
fn memory(contender: &str) -> u64 {
    let world = World::new(PRINCIPALS_MANY, PERMISSIONS);
    let question = world.questions(1, PRINCIPALS_MANY)[0];
    let [principal, permission, project] = names(&world, question);
    let before = resident();
    // The size is read while the contender is still there.
    let (allowed, after) = match contender {
        "ours" => {
            let ours = Ours::new(&world, PRINCIPALS_MANY).expect("our world");
            (
                ours.allows_named(principal, permission, project),
                resident(),
            )
        }
        "bit table" => {
            let table = NamedTable::new(&world);
            (table.allows(principal, permission, project), resident())
        }
        "hash sets" => {
            let sets = Sets::new(&world);
            (sets.allows(principal, permission, project), resident())
        }
        "regorus" => {
            let mut rego = Rego::new(&world);
            let input = rego.input(&world, question);
            (rego.allows(&input), resident())
        }
        "cedar" => {
            let cedar = Cedar::new(&world);
            let request = cedar.request(&world, question);
            (cedar.allows(&request), resident())
        }
        _ => panic!("there is no contender `{contender}`"),
    };
    assert_eq!(allowed, world.answer(question));
    after.saturating_sub(before)
}

/// Bytes of this process in memory, from Linux.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes
        .and_then(|number| number.parse::<u64>().ok())
        .expect("a size")
        * 1024
}
