//! `lockstep export` and `lockstep import`, against a server of a few lines: what is sent where, and what is said of an answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::support::{lockstep, root, written};

const TOKEN: &str = "lsk_pat_usr_secret";

/// A server that gives each connection the next of `answers`; what it was sent, once all are given.
fn server(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let serve = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let request = request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            request
        };
        answers.into_iter().map(serve).collect()
    });
    (url, served)
}

fn request(stream: &mut impl Read) -> String {
    let mut text = String::new();
    let mut byte = [0; 1];
    while !text.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(char::from(byte[0]));
    }
    let length = text.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    text + &String::from_utf8(body).unwrap()
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// Runs `lockstep` with a token in the environment.
fn with_token(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(arguments)
        .env("LOCKSTEP_TOKEN", TOKEN)
        // A proxy of this machine's would hear the token.
        .env("http_proxy", "http://127.0.0.1:9")
        .current_dir(root())
        .output()
        .unwrap()
}

fn file() -> String {
    let file = json!({
        "format": 1, "policy": { "id": "lockstep", "digest": "" }, "name": "Acme", "roles": [],
        "workspaces": [], "projects": [], "members": [], "members_left_out": 0, "groups": [],
        "service_accounts": [], "settings": {},
    });
    serde_json::to_string_pretty(&file).unwrap() + "\n"
}

fn imported() -> String {
    let organization = json!({
        "id": "org_new", "name": "Acme", "slug": null, "epoch": 1, "created_at_ms": 1,
        "token_lifetime_max_s": null, "facts": {},
        "plan": { "features": [], "seats_taken": 1, "workspaces_taken": 0 },
    });
    let left_out = json!([{ "at": "/members/2", "code": "conflict", "detail": "Who was\u{1b}[31m suspended." }]);
    json!({ "organization": organization, "invitations": 3, "left_out": left_out, "left_out_total": 5 })
        .to_string()
}

#[track_caller]
fn fails(output: &Output, said: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains(said), "{stderr}");
    assert!(!stderr.contains(TOKEN), "{stderr}");
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(output.stdout.is_empty());
}

fn export(url: &str, to: &Path) -> Output {
    let to = to.to_str().unwrap();
    with_token(&[
        "export",
        "--url",
        url,
        "--organization",
        "org_1",
        "--output",
        to,
    ])
}

#[test]
fn an_export_is_written_byte_by_byte_and_asked_for_with_the_token() {
    let (url, served) = server(vec![answer("200 OK", &file())]);
    let to = written("exported.json", "older");
    let older = std::fs::File::open(&to).unwrap();
    let output = export(&url, &to);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(std::fs::read_to_string(&to).unwrap(), file());
    // The older one was there until the new one was whole, and nothing is left beside it.
    assert_eq!(std::io::read_to_string(older).unwrap(), "older");
    let beside = std::fs::read_dir(to.parent().unwrap()).unwrap();
    let names = beside.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names
        .filter(|name| name.starts_with("exported.json"))
        .collect();
    assert_eq!(left, ["exported.json"]);
    let sent = served.join().unwrap().remove(0);
    assert!(
        sent.starts_with("GET /v1/organizations/org_1/export HTTP/1.1\r\n"),
        "{sent}"
    );
    assert!(
        sent.contains(&format!("uthorization: Bearer {TOKEN}\r\n")),
        "{sent}"
    );
}

#[cfg(unix)]
#[test]
fn whoever_could_not_read_the_older_export_does_not_read_the_newer_one() {
    use std::os::unix::fs::PermissionsExt;

    let (url, served) = server(vec![answer("200 OK", &file())]);
    let to = written("closed.json", "older");
    std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(String::from_utf8_lossy(&export(&url, &to).stderr), "");
    served.join().unwrap();
    let mode = std::fs::metadata(&to).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_no_whole_export_is_not_written() {
    let whole = answer("200 OK", &file());
    let half: String = whole.chars().take(whole.len() - 20).collect();
    for (answers, said) in [
        (vec![half.clone(), half.clone(), half], ""),
        (vec![answer("200 OK", "<html>")], "no exported organization"),
        (
            vec![answer("302 Found\r\nlocation: http://127.0.0.1:9/", "")],
            "answered 302",
        ),
    ] {
        let to = written("kept.json", "as it was");
        let (url, served) = server(answers);
        fails(&export(&url, &to), said);
        served.join().unwrap();
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "as it was");
    }
}

/// A deployment gives more than it takes.
#[test]
fn an_export_that_no_deployment_takes_is_written_and_complained_of() {
    let with = |members: usize, bytes: usize| {
        let mut file: Value = serde_json::from_str(&file()).unwrap();
        file["name"] = "x".repeat(bytes).into();
        let member =
            |n| json!({ "email": format!("{n}@x.example"), "suspended": false, "grants": [] });
        file["members"] = (0..members).map(member).collect();
        serde_json::to_string_pretty(&file).unwrap() + "\n"
    };
    let empty: Value = serde_json::from_str(&with(0, 0)).unwrap();
    // White space is not sent.
    let room = 4_194_304 - empty.to_string().len();
    for (members, bytes, said) in [
        (10_000, 0, ""),
        (0, room, ""),
        (
            10_001,
            0,
            "too large to be imported: 10001 members, and a deployment takes 10000\n",
        ),
        (
            0,
            room + 1,
            "too large to be imported: 4194305 bytes without white space, and a deployment takes 4194304\n",
        ),
    ] {
        let large = with(members, bytes);
        let (url, served) = server(vec![answer("200 OK", &large)]);
        let to = written("large.json", "older");
        let output = export(&url, &to);
        assert_eq!(String::from_utf8_lossy(&output.stderr), said);
        assert_eq!(output.status.code(), Some(0));
        assert!(std::fs::read_to_string(&to).unwrap() == large);
        served.join().unwrap();
    }
}

#[test]
fn a_token_leaves_this_machine_encrypted_only() {
    let to = written("unwritten.json", "");
    for (url, said) in [
        ("http://access.example", "sent by https"),
        ("http://127.0.0.1.example", "sent by https"),
        ("http://localhost@access.example", "nothing behind it"),
        ("https://access.example/v1", "nothing behind it"),
        ("https://access.example/?x", "nothing behind it"),
        ("access.example", "begins with https://"),
        ("ftp://localhost", "sent by https"),
    ] {
        fails(&export(url, &to), said);
    }
    let output = with_token(&[
        "export",
        "--url",
        "https://x.example",
        "--organization",
        "../me",
    ]);
    fails(&output, "there is no organization `../me`");
}

#[test]
fn the_token_is_in_the_environment_or_in_a_file() {
    let call = [
        "export",
        "--url",
        "http://localhost:9",
        "--organization",
        "org_1",
    ];
    let output = lockstep(call);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("LOCKSTEP_TOKEN"));
    for text in ["", "a b", "a\nb"] {
        let token = written("bad-token", text);
        let output = with_token(&[&call[..], &["--token-file", token.to_str().unwrap()]].concat());
        fails(&output, "this is no token");
    }
    let (url, served) = server(vec![answer("200 OK", &file())]);
    let token = written("token", "from-a-file\n");
    let token = token.to_str().unwrap();
    let output = with_token(&[
        "export",
        "--url",
        &url,
        "--organization",
        "org_1",
        "--token-file",
        token,
    ]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), file());
    assert!(served.join().unwrap()[0].contains("uthorization: Bearer from-a-file\r\n"));
}

#[test]
fn an_import_is_sent_again_with_its_key_until_there_is_an_answer() {
    let acme = written("acme.json", file());
    let busy = answer("503 Service Unavailable", "{}");
    let (url, served) = server(vec![busy, answer("201 Created", &imported())]);
    let output = with_token(&["import", "--url", &url, acme.to_str().unwrap()]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "org_new\n",
        "{stderr}"
    );
    let said = format!(
        "left out: /members/2: Who was [31m suspended.\nleft out: 4 more\n\
        invited: 3; nobody is told before it is sent, 100 at a time: \
        POST {{\"unsent\":true}} to {url}/v1/organizations/org_new/invitations/resend\n"
    );
    assert_eq!(stderr, said);
    let sent = served.join().unwrap();
    let key = |request: &str| -> String {
        let mut lines = request.lines();
        let line = lines.find(|line| line.to_ascii_lowercase().starts_with("idempotency-key:"));
        line.unwrap().to_owned()
    };
    assert_eq!(key(&sent[0]), key(&sent[1]));
    assert!(key(&sent[0]).len() > 40);
    let body = sent[1].split_once("\r\n\r\n").unwrap().1;
    let whole: Value = serde_json::from_str(&file()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), whole);
    assert!(!body.contains('\n'), "white space is not worth sending");
}

#[test]
fn a_refusal_is_said_with_its_place() {
    let problem =
        json!({ "code": "unknown-role", "detail": "There is no such role.", "at": "/members/1" });
    let (url, served) = server(vec![answer("400 Bad Request", &problem.to_string())]);
    let acme = written("refused.json", file());
    let output = with_token(&["import", "--url", &url, acme.to_str().unwrap()]);
    fails(
        &output,
        "unknown-role: There is no such role. (at /members/1)",
    );
    served.join().unwrap();
    let broken = written("broken.json", "{\n  \"format\": 1,\n  \"plan\": 2\n}");
    let output = with_token(&[
        "import",
        "--url",
        "http://localhost:9",
        broken.to_str().unwrap(),
    ]);
    fails(&output, "unknown field `plan`, expected one of");
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 3 column"));
}
