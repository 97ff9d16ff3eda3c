//! The evaluator and its native peers on the benchmark's world. Prints JSON.
//!
//! ```text
//! time   nanoseconds of a check, for each workload and contender
//! curve  what a check and resolving cost as an organization grows
//! ```
//!
//! A benchmark that cannot run should say so at once: it panics.

mod curve;
mod measure;

use std::hint::black_box;

use lockstep_bench::{Accesses, NamedTable, Ours, Table, World};
use lockstep_bench_native::{Cedar, Rego, Sets, names};
use serde_json::{Value, json};

use crate::measure::Pass;

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
        ["curve"] => curve::measure(),
        _ => panic!("one of: time, curve"),
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
    let ours = Ours::new(&world).expect("our world");
    // An access for each of many principals is not what anybody holds: that is the world's part.
    let held = principals <= PRINCIPALS;
    let accesses = held.then(|| Accesses::new(&world).expect("our world"));
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
    let handles_of = |accesses: &Accesses| -> Vec<_> {
        let handles = questions.iter().map(|q| accesses.handles(&world, *q));
        handles.map(|it| it.expect("a question")).collect()
    };
    let of_access = accesses.as_ref().map(handles_of).unwrap_or_default();
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
        if let Some(accesses) = &accesses {
            assert_eq!(accesses.allows(of_access[number]), wanted, "{question:?}");
        }
    }

    let mut contenders: Vec<(&str, Pass)> = vec![
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
    if let Some(accesses) = &accesses {
        let ask = pass(&of_access, |handles| accesses.allows(*handles));
        contenders.push(("access", ask));
    }
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
