//! `cargo xtask soak [PART…] [--one-in N]`: what the test run does for seconds, for long. What a whole part has counted is written to docs/soak.md.

mod page;
mod parts;

use crate::clock::Stopwatch;
use crate::error::TaskError;
use crate::project::Project;
use crate::test::Tally;
use parts::{ALL, Part};

/// Which parts run, and how much of each.
#[derive(Debug)]
pub(crate) struct Options {
    parts: Vec<&'static Part>,
    one_in: u64,
}

impl Options {
    pub(crate) fn parse(args: &[&str]) -> Result<Self, TaskError> {
        let (names, one_in) = match args {
            [names @ .., "--one-in", number] => (names, parse_number(number)?),
            names => (names, 1),
        };
        let named = names
            .iter()
            .map(|name| find(name))
            .collect::<Result<Vec<_>, _>>()?;
        let parts = if named.is_empty() {
            ALL.iter().collect()
        } else {
            named
        };
        Ok(Self { parts, one_in })
    }
}

fn parse_number(text: &str) -> Result<u64, TaskError> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| TaskError::sentence("--one-in takes a number from 1 on"))
}

fn find(name: &str) -> Result<&'static Part, TaskError> {
    ALL.iter().find(|part| part.name == name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|part| part.name).collect();
        TaskError::sentence(format!("the parts of soak are {}", names.join(", ")))
    })
}

/// Runs the parts, of each count one in so many.
pub(crate) fn run(project: &Project, options: &Options) -> Result<Tally, TaskError> {
    let watch = Stopwatch::start();
    let mut tally = Tally::default();
    for part in &options.parts {
        println!("{}: {}", part.name, part.what);
        let done = (part.run)(project, options.one_in)?;
        for line in &done.counted {
            println!("{line}");
        }
        if options.one_in == 1 && done.tally.failed == 0 {
            page::write(project, part, &done.counted)?;
        }
        tally.add(done.tally);
        println!("took {}\n", watch.text());
    }
    println!("{tally}");
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_chosen_by_name_and_counts_are_reduced() {
        let all = Options::parse(&[]).unwrap();
        assert_eq!((all.parts.len(), all.one_in), (ALL.len(), 1));
        let one = Options::parse(&["races", "--one-in", "50"]).unwrap();
        assert_eq!((one.parts[0].name, one.one_in), ("races", 50));
        for wrong in [&["rages"][..], &["--one-in", "0"], &["--one-in"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
