//! `lockstep test` of files with many cases: nothing is done for each that grows with all of them.

use std::fmt::Write;

use crate::support::{lockstep, written};

/// What is printed of a world called `name` with so many `people`, each a Member, and these `cases`.
fn said(name: &str, people: usize, cases: &str) -> String {
    let mut text = String::from("policy = \"lockstep\"\nprincipals = [\n");
    for at in 0..people {
        writeln!(
            text,
            "{{ name = \"person-{at}\", grants = [{{ role = \"member\", node = \"organization\" }}] }},"
        )
        .unwrap();
    }
    write!(text, "]\ncases = [\n{cases}]\n").unwrap();
    let path = written(&format!("{name}.toml"), text);
    let policy = "policies/lockstep.toml".as_ref();
    let call = [
        "test".as_ref(),
        path.as_os_str(),
        "--policy".as_ref(),
        policy,
    ];
    String::from_utf8(lockstep(call).stdout).unwrap()
}

/// Each would be compared with all names that there are.
#[test]
fn of_many_misspelt_names_the_first_are_told_what_may_be_meant() {
    let case = |at: usize| {
        let now_ms = if at < 100 { 1_764_000_000_000_u64 } else { 1 };
        format!(
            "{{ principal = \"persan-{at}\", permission = \"data.read\", expect = \"deny\", now_ms = {now_ms} }},\n"
        )
    };
    let cases = (0..150).map(case);
    let said = said("many-misspelt", 200, &cases.collect::<String>());
    assert!(said.ends_with("1 file: 0 passed, 150 failed\n"), "{said}");
    let told = said.matches("; did you mean `person-").count();
    assert_eq!(
        (said.matches("there is no principal `persan-").count(), told),
        (150, 100)
    );
    // The first ones in the file, although others are asked about an earlier moment.
    assert!(said.contains("no principal `persan-99`; did you mean `person-99`?\n"));
    assert!(said.contains("no principal `persan-100`\n"));
}

/// The whole world would be resolved for each: this took minutes.
#[test]
fn cases_at_thousands_of_moments_are_asked_of_the_worlds_that_differ() {
    let cases = (0..4_000).map(|at| {
        let now_ms = 1_764_000_000_000_u64 + at;
        format!("{{ principal = \"person-{at}\", permission = \"member.leave\", expect = \"allow\", now_ms = {now_ms} }},\n")
    });
    let said = said("many-moments", 4_000, &cases.collect::<String>());
    assert!(said.ends_with("1 file: 4000 passed, 0 failed\n"), "{said}");
}

/// Whatever in a world begins or ends, at its very moment and in whatever order it is asked about.
#[test]
fn every_window_of_a_world_makes_another_one_of_it() {
    let text = r#"policy = "lockstep"
nodes = [{ id = "lab", level = "workspace" }]
principals = [
    { name = "ada", grants = [{ role = "owner", node = "organization" }] },
    { name = "ben", grants = [{ role = "owner", node = "organization", not_before_ms = 20, expires_at_ms = 40 }] },
    { name = "cleo", grants = [{ role = "member", node = "organization" }] },
    { name = "dan", grants = [{ role = "owner", node = "organization" }], token = { not_before_ms = 25, expires_at_ms = 45 } },
]
groups = [{ id = "g", members = ["cleo"], grants = [{ role = "editor", node = "lab", not_before_ms = 30, expires_at_ms = 50 }] }]
cases = [
"#;
    let of = |name: &str, begins: u64, ends: u64| {
        let moments = [ends, begins, 10, begins - 1, 60, ends - 1];
        moments.map(|now_ms| {
            let expect = if (begins..ends).contains(&now_ms) { "allow" } else { "deny" };
            format!("{{ principal = \"{name}\", permission = \"data.update\", node = \"lab\", expect = \"{expect}\", now_ms = {now_ms} }},\n")
        })
    };
    let windows = [("ben", 20, 40), ("dan", 25, 45), ("cleo", 30, 50)];
    for window in windows {
        let (name, begins, ends) = window;
        let cases = of(name, begins, ends).concat();
        let path = written(&format!("windows-{name}.toml"), format!("{text}{cases}]\n"));
        let policy = "policies/lockstep.toml".as_ref();
        let call = [
            "test".as_ref(),
            path.as_os_str(),
            "--policy".as_ref(),
            policy,
        ];
        let said = String::from_utf8(lockstep(call).stdout).unwrap();
        assert!(said.ends_with("1 file: 6 passed, 0 failed\n"), "{said}");
    }
}
