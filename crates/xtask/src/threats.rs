//! `cargo xtask threats`: every defence against a known attack, switched off once, with the test that has to notice.
//!
//! The rows are those of a catalogue: I (invitations and mail), J (tokens of others), M (members and decisions), P (tokens of ours), and of W (what runs it all) those about stores that fail. `cargo xtask bless` writes
//! docs/threats.md from them, and `cargo xtask tidy` sees to it that every test and every defence is still where a row says.

mod check;
mod i12_to_i15;
mod i1_to_i11;
mod j17_to_j24;
mod j1_to_j8;
mod j9_to_j16;
mod m1_to_m7;
mod m8_to_m15;
mod p1_to_p5;
mod p6_to_p11;
mod page;
mod run;
mod w6_and_w7;

pub(crate) use check::check;
pub(crate) use page::{PATH, page};
pub(crate) use run::run;

/// One attack.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its number in the catalogue.
    id: &'static str,
    /// In a few words.
    attack: &'static str,
    /// Defences, each with a test that fails without it.
    proofs: &'static [Proof],
    /// Tests of the running Worker: a file of tests/, and how the test's name begins.
    running: &'static [(&'static str, &'static str)],
}

/// A defence and the test that notices when it is gone.
#[derive(Debug)]
struct Proof {
    test: Test,
    /// What is switched off.
    off: &'static str,
    edits: &'static [Edit],
}

/// A native test.
#[derive(Debug)]
struct Test {
    package: &'static str,
    target: Target,
    /// Its path in the test program; of an example in the documentation, the path of its module.
    name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Beside the code.
    Lib,
    /// In that file or folder of the crate's tests/.
    Tests(&'static str),
    /// An example that must not compile.
    Example,
}

/// A change of one place.
#[derive(Debug)]
struct Edit {
    file: &'static str,
    /// Occurs exactly once in the file.
    from: &'static str,
    to: &'static str,
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [
        i1_to_i11::ROWS,
        i12_to_i15::ROWS,
        j1_to_j8::ROWS,
        j9_to_j16::ROWS,
        j17_to_j24::ROWS,
        m1_to_m7::ROWS,
        m8_to_m15::ROWS,
        p1_to_p5::ROWS,
        p6_to_p11::ROWS,
        w6_and_w7::ROWS,
    ]
    .into_iter()
    .flatten()
}

const fn core_in(target: &'static str, name: &'static str) -> Test {
    Test {
        package: "core",
        target: Target::Tests(target),
        name,
    }
}

const fn token(name: &'static str) -> Test {
    Test {
        package: "token",
        target: Target::Lib,
        name,
    }
}

const fn token_in(target: &'static str, name: &'static str) -> Test {
    Test {
        package: "token",
        target: Target::Tests(target),
        name,
    }
}

const fn edge(name: &'static str) -> Test {
    Test {
        package: "edge",
        target: Target::Lib,
        name,
    }
}

const fn edit(file: &'static str, from: &'static str, to: &'static str) -> Edit {
    Edit { file, from, to }
}

const fn proof(test: Test, off: &'static str, edits: &'static [Edit]) -> Proof {
    Proof { test, off, edits }
}
