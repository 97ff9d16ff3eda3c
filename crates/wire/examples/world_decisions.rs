//! Worlds with questions, to what is decided here: a line for each world, on which its decisions stand in the
//! order of its questions. For tests of whoever decides elsewhere.
//!
//! ```sh
//! cargo run --example world_decisions policies tests/corpus/*.toml
//! ```

use std::error::Error;
use std::fs::read_to_string;
use std::path::Path;

use lockstep_wire::{DecisionView, compile_toml, read_world};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let policies = arguments.next().ok_or("name the folder of the policies")?;
    for file in arguments {
        let world = read_world(&read_to_string(file)?)?;
        let id = world.policy.as_deref().ok_or("a world names no policy")?;
        let file = Path::new(&policies).join(id).with_extension("toml");
        let policy = compile_toml(&read_to_string(file)?)?.policy;
        let decisions = world.cases.iter().map(|question| {
            let now_ms = question.now_ms.unwrap_or(world.now_ms);
            let resolved = world.resolve(&policy, now_ms)?;
            Ok(world.answer(&resolved, question)?)
        });
        let decisions = decisions.collect::<Result<Vec<DecisionView>, Box<dyn Error>>>()?;
        println!("{}", serde_json::to_string(&decisions)?);
    }
    Ok(())
}
