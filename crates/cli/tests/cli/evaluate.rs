//! `lockstep evaluate`: one answer a line, in order, whatever the lines are.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{lockstep, lockstep_reading, root, written};

const WORLD: &str = r#"
nodes = [
    { id = "lab", level = "workspace" },
    { id = "shop", level = "workspace" },
    { id = "probe", level = "project", parent = "lab" },
]
principals = [
    { name = "ada", grants = [{ role = "owner", node = "organization" }] },
    { name = "ben", grants = [
        { role = "member", node = "organization" },
        { role = "editor", node = "lab", expires_at_ms = 2_000_000_000_000 },
    ] },
]
"#;

fn world() -> String {
    // Once, since the tests run side by side.
    static WRITTEN: OnceLock<PathBuf> = OnceLock::new();
    let path = WRITTEN.get_or_init(|| written("evaluate-world.toml", WORLD));
    path.display().to_string()
}

fn request(subject: &str, action: &str, resource: &Value) -> String {
    let subject = json!({"type": "user", "id": subject});
    json!({"subject": subject, "action": {"name": action}, "resource": resource}).to_string()
}

/// The answers to `lines`, one for each.
#[track_caller]
fn answers(lines: &[String]) -> Vec<Value> {
    let call = ["evaluate", "--policy", "policies/lockstep.toml", "--world"];
    let output = lockstep_reading(
        call.into_iter().chain([world().as_str()]),
        (lines.join("\n") + "\n").as_bytes(),
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let answers: Vec<Value> = answers.collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

/// What the edge says of whoever the question is about, it says here, too.
#[test]
fn a_question_about_a_member_is_answered_by_what_the_directory_knows_of_them() {
    let member = |id: &str| json!({"type": "member", "id": id});
    let world = written(
        "evaluate-members.toml",
        r#"principals = [
            { name = "ada", grants = [{ role = "owner", node = "organization" }] },
            { name = "cat", grants = [{ role = "admin", node = "organization" }] },
            { name = "ben", grants = [{ role = "member", node = "organization" }] },
            { name = "bot", kind = "service-account", grants = [{ role = "gateway", node = "organization" }] },
            { name = "gone", grants = [{ role = "member", node = "organization", expires_at_ms = 5 }] },
            { name = "none", grants = [] },
        ]"#,
    );
    let cases = [
        ("cat", "ben", "granted"),
        ("cat", "ada", "guard-failed"),
        ("ada", "ada", "granted"),
        // Who is not told of members is not told by an answer either; nor is a program one.
        ("bot", "ben", "no-grant"),
        ("cat", "bot", "fact-missing"),
        ("cat", "zoe", "fact-missing"),
        // Who is no member by themselves is nobody the directory knows.
        ("cat", "gone", "fact-missing"),
        ("cat", "none", "fact-missing"),
    ];
    let lines: Vec<String> = cases
        .iter()
        .map(|(who, whom, _)| request(who, "member.remove", &member(whom)))
        .collect();
    let call = ["evaluate", "--policy", "policies/lockstep.toml", "--world"];
    let world = world.display().to_string();
    let output = lockstep_reading(
        call.into_iter().chain([world.as_str()]),
        lines.join("\n").as_bytes(),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let answers: Vec<Value> = answers.collect();
    let words: Vec<&str> = answers.iter().map(word).collect();
    assert_eq!(words, cases.map(|(.., word)| word));
}

/// What an answer says, in a word.
fn word(answer: &Value) -> &str {
    let code = match answer.get("error") {
        Some(error) => &error["code"],
        None => &answer["reasons"][0]["code"],
    };
    code.as_str().unwrap()
}

#[test]
fn each_line_gets_its_answer_in_order() {
    let lab = json!({"type": "workspace", "id": "lab"});
    let trace = |properties: Value| json!({"type": "trace", "id": "t", "properties": properties});
    let asked = [
        ("ben", "data.update", lab.clone(), "granted"),
        (
            "ben",
            "data.update",
            json!({"type": "workspace", "id": "shop"}),
            "no-grant",
        ),
        (
            "ben",
            "data.update",
            json!({"type": "project", "id": "probe"}),
            "granted",
        ),
        // What is named must be there, of that level, and lie where it is said to.
        (
            "ada",
            "data.update",
            json!({"type": "workspace", "id": "probe"}),
            "no-grant",
        ),
        (
            "ada",
            "data.update",
            json!({"type": "workspace", "id": "gone"}),
            "no-grant",
        ),
        (
            "ada",
            "data.update",
            json!({"type": "organization", "id": "lab"}),
            "no-grant",
        ),
        (
            "ada",
            "data.update",
            json!({"type": "organization", "id": "organization"}),
            "granted",
        ),
        (
            "ben",
            "data.update",
            trace(json!({"workspace": "lab"})),
            "granted",
        ),
        (
            "ben",
            "data.update",
            trace(json!({"workspace": "shop"})),
            "no-grant",
        ),
        (
            "ben",
            "data.update",
            trace(json!({"project": "probe"})),
            "granted",
        ),
        (
            "ada",
            "data.update",
            trace(json!({"workspace": "lab", "project": "probe"})),
            "granted",
        ),
        (
            "ada",
            "data.update",
            trace(json!({"workspace": "shop", "project": "probe"})),
            "no-grant",
        ),
        (
            "ada",
            "data.update",
            trace(json!({"project": "gone"})),
            "no-grant",
        ),
        // Without either it lies in the organization.
        ("ben", "data.update", trace(json!({})), "no-grant"),
        ("ada", "data.update", trace(json!({})), "granted"),
        ("zoe", "data.update", lab.clone(), "no-membership"),
        ("ben", "data.fly", lab, "unknown-permission"),
    ];
    let lines = asked
        .each_ref()
        .map(|(who, what, on, _)| request(who, what, on));
    let answers = answers(&lines);
    for ((asked, line), answer) in asked.iter().zip(&lines).zip(&answers) {
        assert_eq!(word(answer), asked.3, "{line}");
        let is_allow = asked.3 == "granted";
        assert_eq!(
            answer["decision"] == json!(true),
            is_allow,
            "{line}: {answer}"
        );
    }
    assert_eq!(answers[0]["reasons"][0]["role"], "editor");
}

/// As at the edge, where the issuer's name says that the id is no id of the directory.
#[test]
fn what_an_issuer_calls_somebody_is_nobody_in_a_world() {
    let own = request(
        "ada",
        "data.update",
        &json!({"type": "trace", "id": "t", "properties": {"workspace": "lab"}}),
    );
    let by = |issuer: Value| {
        let mut request: Value = serde_json::from_str(&own).unwrap();
        request["subject"]["properties"] = json!({ "issuer": issuer });
        request.to_string()
    };
    let lines = [
        own.clone(),
        by(json!("https://idp.example")),
        by(Value::Null),
        by(json!({ "name": "https://idp.example" })),
    ];
    let answers = answers(&lines);
    let codes: Vec<&str> = answers.iter().map(word).collect();
    let nobody = "no-membership";
    assert_eq!(codes, ["granted", nobody, nobody, nobody]);
}

#[test]
fn a_line_that_is_wrong_is_answered_so_and_the_next_one_read() {
    let good = request("ada", "data.update", &json!({"type": "trace", "id": "t"}));
    let long = good.replace("\"t\"", &format!("\"{}\"", "t".repeat(70_000)));
    let deep = good.replace(
        "\"t\"",
        &format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)),
    );
    let wrong = [
        ("", "invalid-json"),
        ("{", "invalid-json"),
        ("[]", "invalid-request"),
        ("{\"a\":{\"b\":1,\"b\":2}}", "invalid-json"),
        (
            "{\"subject\":\"ada\",\"action\":{},\"resource\":{}}",
            "invalid-request",
        ),
        (long.as_str(), "too-long"),
        (deep.as_str(), "invalid-json"),
    ];
    let lines: Vec<String> = wrong
        .iter()
        .flat_map(|(line, _)| [(*line).to_owned(), good.clone()])
        .collect();
    for (at, answer) in answers(&lines).iter().enumerate() {
        let expected = if at % 2 == 0 {
            wrong[at / 2].1
        } else {
            "granted"
        };
        assert_eq!(word(answer), expected, "{answer}");
    }
}

#[test]
fn the_longest_line_is_read_and_one_byte_more_is_not() {
    let asked = |bytes: usize| {
        let line = request("ada", "data.update", &json!({"type": "trace", "id": "t"}));
        let padding = " ".repeat(bytes - line.len());
        format!("{line}{padding}")
    };
    let answers = answers(&[
        asked(65_536),
        asked(65_537),
        asked(65_536),
        asked(200_000),
        asked(500),
    ]);
    let words: Vec<&str> = answers.iter().map(word).collect();
    assert_eq!(
        words,
        ["granted", "too-long", "granted", "too-long", "granted"]
    );
}

#[test]
fn what_is_no_text_is_no_request() {
    let call = ["evaluate", "--policy", "policies/lockstep.toml", "--world"];
    // The last line needs no end.
    let output = lockstep_reading(call.into_iter().chain([world().as_str()]), b"\xff\xfe\n\0");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("invalid-json").count(), 2, "{text}");
}

#[test]
fn requests_come_from_a_file_too_and_ask_at_any_moment() {
    let on_lab = request(
        "ben",
        "data.update",
        &json!({"type": "workspace", "id": "lab"}),
    );
    let requests = written("evaluate-requests.ndjson", on_lab)
        .display()
        .to_string();
    let (world, policy) = (world(), "policies/lockstep.toml");
    let call = ["evaluate", "--policy", policy, "--world", &world, &requests];
    let asked = |more: &[&str]| {
        let output = lockstep(call.iter().chain(more));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        word(&answer).to_owned()
    };
    assert_eq!(asked(&[]), "granted");
    assert_eq!(asked(&["--now-ms", "2000000000000"]), "expired");
    let absent = lockstep([
        "evaluate",
        "--policy",
        policy,
        "--world",
        &world,
        "no-such.ndjson",
    ]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(absent.stdout.is_empty());
}

#[test]
fn an_answer_does_not_wait_for_the_next_question() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args([
            "evaluate",
            "--policy",
            "policies/lockstep.toml",
            "--world",
            &world(),
        ])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        let line = request("ada", "data.update", &json!({"type": "trace", "id": "t"}));
        writeln!(stdin, "{line}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.starts_with("{\"decision\":true"), "{answer}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
