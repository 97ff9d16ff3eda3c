//! Asks 10,000 questions of one contender inside `counted`, which is all that callgrind collects:
//! `instructions CONTENDER`. Says how many were allowed.

use std::error::Error;
use std::hint::black_box;

use lockstep_bench::{Accesses, NamedTable, Ours, Question, Table, World};

const PRINCIPALS: usize = 100;
const PERMISSIONS: usize = 40;
const QUESTIONS: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let contender = std::env::args().nth(1).unwrap_or_default();
    let world = World::new(PRINCIPALS, PERMISSIONS);
    let asked = world.questions(QUESTIONS, PRINCIPALS);
    let names = || -> Vec<[&str; 3]> { asked.iter().filter_map(|q| names(&world, *q)).collect() };
    let allowed = match contender.as_str() {
        "loop" => counted(&asked, |_| true) / 2,
        "table" => {
            let table = Table::new(&world);
            counted(&asked, |question| table.allows(*question))
        }
        "ours" => {
            let ours = Ours::new(&world)?;
            let asked: Vec<_> = asked
                .iter()
                .filter_map(|q| ours.named(&world, *q))
                .collect();
            counted(&asked, |named| ours.allows(*named))
        }
        "access" => {
            let accesses = Accesses::new(&world)?;
            let asked: Vec<_> = asked
                .iter()
                .filter_map(|q| accesses.handles(&world, *q))
                .collect();
            counted(&asked, |handles| accesses.allows(*handles))
        }
        "table-names" => {
            let table = NamedTable::new(&world);
            counted(&names(), |[principal, permission, project]| {
                table.allows(principal, permission, project)
            })
        }
        "ours-names" => {
            let ours = Ours::new(&world)?;
            counted(&names(), |[principal, permission, project]| {
                ours.allows_named(principal, permission, project)
            })
        }
        _ => {
            return Err(
                "the contenders are loop, table, ours, access, table-names, ours-names".into(),
            );
        }
    };
    println!("{allowed} of {QUESTIONS} allowed");
    if allowed * 2 == QUESTIONS {
        Ok(())
    } else {
        Err("half of the questions should be allowed".into())
    }
}

/// One pass over the questions. By its name callgrind knows what to count.
#[inline(never)]
fn counted<Q>(asked: &[Q], answer: impl Fn(&Q) -> bool) -> usize {
    asked
        .iter()
        .filter(|question| black_box(answer(black_box(question))))
        .count()
}

fn names(world: &World, question: Question) -> Option<[&str; 3]> {
    Some([
        world.principals.get(question.principal)?,
        world.permissions.get(question.permission)?,
        &world.projects.get(question.project)?.id,
    ])
}
