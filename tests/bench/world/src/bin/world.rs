//! Prints the world as JSON: `world PRINCIPALS PERMISSIONS QUESTIONS ASKED`, where the questions are
//! about the first ASKED principals.

use std::process::ExitCode;

use lockstep_bench::{World, json};

fn main() -> ExitCode {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let [principals, permissions, questions, asked] = numbers[..] else {
        eprintln!("usage: world PRINCIPALS PERMISSIONS QUESTIONS ASKED");
        return ExitCode::FAILURE;
    };
    let world = World::new(principals, permissions);
    println!("{}", json(&world, &world.questions(questions, asked)));
    ExitCode::SUCCESS
}
