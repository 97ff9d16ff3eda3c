//! Settings: who sees and sets them, what is stored of a secret, and what programs read.

mod secrets;

use serde_json::{Value, json};

use super::{Acme, BEN, export::exported, lockstep, refused};
use crate::{
    http::{Method, Request, Response},
    sql::Sql,
    testing::{json, text, write},
};

/// A secret that is nowhere to be found.
const CANARY: &str = "canary-3f9c2b7e-hunter2";

pub(super) fn clickhouse(host: &str) -> Value {
    json!({ "database": { "engine": "clickhouse", "host": host, "port": 9440, "username": "app" } })
}

fn flag() -> Value {
    json!({ "value": { "preference": { "boolean": true } } })
}

impl Acme {
    /// A database with a password, in the organization or in the workspace of that path.
    pub(super) fn keep_database(&self, place: &str, name: &str, secret: &str) {
        let body = json!({ "value": clickhouse("db.internal"), "secret": secret });
        let put = self.put(&self.ada, &format!("{place}/settings/{name}"), &body);
        assert_eq!(put.status, 200, "{}", text(&put));
    }

    fn configuration(&self, place: &str, key: &str, tag: Option<&str>) -> Response {
        let request = Request::new(Method::Get, self.path(&format!("{place}/configuration")));
        let request = request.with_header("x-api-key", key);
        self.world.send(&match tag {
            Some(tag) => request.with_header("if-none-match", tag),
            None => request,
        })
    }

    /// A key of a program that runs in the workspace of that path, and reads secrets.
    fn reader(&self, place: &str) -> String {
        let node = place.replace("/workspaces/", "");
        let account = self.account(&[json!({ "role": "workspace-admin", "node": node })]);
        let key = json!({ "name": "app", "scopes": ["workspace.read", "secret.read"] });
        self.key(&self.ada, &account, &key).1
    }
}

#[test]
fn a_setting_is_set_read_edited_and_removed() {
    let acme = lockstep("");
    let made = acme.put(
        &acme.ada,
        "/settings/main",
        &json!({ "value": clickhouse("a"), "secret": "one" }),
    );
    let view = json(&made);
    assert_eq!(made.status, 200, "{}", text(&made));
    assert_eq!(view["name"], "main");
    assert_eq!(view["value"]["database"]["tls"], true, "spelled out");
    assert_eq!(
        view["secret"],
        json!({ "masked": "••••••••", "set_at_ms": crate::testing::START_MS })
    );
    assert_eq!(view["current"], true, "the first database is");
    let tag = made.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", view["epoch"]));
    assert_eq!(json(&acme.get(&acme.ada, "/settings/main")), view);
    assert_eq!(
        json(&acme.get(&acme.ada, "/settings")),
        json!({ "settings": [view] })
    );
    // What is absent stays: the secret.
    let edit = |tag: &str| {
        let body = json!({ "value": clickhouse("b") });
        let edit = write(Method::Put, &acme.path("/settings/main"), &body);
        let edit = edit
            .with_header("if-match", tag)
            .with_header("cookie", &acme.ada);
        acme.world.send(&edit)
    };
    refused(&edit("\"1\""), 412, "precondition-failed");
    let edited = edit(&tag);
    assert_eq!(edited.status, 200, "{}", text(&edited));
    assert_eq!(json(&edited)["secret"], view["secret"]);
    refused(&edit(&tag), 412, "precondition-failed");
    let again = write(Method::Put, &acme.path("/settings/main"), &flag());
    let again = again
        .with_header("if-none-match", "*")
        .with_header("cookie", &acme.ada);
    refused(&acme.world.send(&again), 412, "precondition-failed");
    refused(
        &acme.put(&acme.ada, "/settings/main", &flag()),
        409,
        "conflict",
    );
    let bare = json!({ "value": clickhouse("b"), "secret": null });
    let bare = acme.put(&acme.ada, "/settings/main", &bare);
    assert_eq!(json(&bare)["secret"], Value::Null);
    assert_eq!(acme.delete(&acme.ada, "/settings/main").status, 204);
    refused(&acme.get(&acme.ada, "/settings/main"), 404, "not-found");
    // Whoever edits what another one deletes at the same time does not bring it back.
    refused(&edit("*"), 412, "precondition-failed");
    refused(&acme.delete(&acme.ada, "/settings/main"), 404, "not-found");
}

#[test]
fn one_database_is_current_and_another_may_become_it() {
    let acme = lockstep("");
    for name in ["main", "spare"] {
        acme.keep_database("", name, "one");
    }
    acme.put(&acme.ada, "/settings/flag", &flag());
    let current = || {
        let list = json(&acme.get(&acme.ada, "/settings"))["settings"].clone();
        let current = list
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["current"] == true);
        current
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(current(), ["main"]);
    refused(&acme.delete(&acme.ada, "/settings/main"), 409, "conflict");
    let select = |name: &str| acme.put(&acme.ada, "/current-database", &json!({ "name": name }));
    assert_eq!(json(&select("spare"))["current"], true);
    assert_eq!(current(), ["spare"]);
    assert_eq!(select("spare").status, 200, "it is already");
    refused(&select("flag"), 409, "conflict");
    refused(&select("none"), 404, "not-found");
    assert_eq!(acme.delete(&acme.ada, "/settings/main").status, 204);
    assert_eq!(acme.delete(&acme.ada, "/settings/spare").status, 204);
    assert!(current().is_empty());
}

/// A program that reads another database than before is worse off than one that finds none.
#[test]
fn where_there_are_databases_none_becomes_the_current_one_by_itself() {
    let acme = lockstep("");
    acme.keep_database("", "main", "one");
    let open = json!({ "value": clickhouse("spare") });
    assert_eq!(acme.put(&acme.ada, "/settings/spare", &open).status, 200);
    // What has a password is in no file, so a copy has a spare one only.
    let file = json(&exported(&acme));
    let (copy, _) = acme.imported(&file);
    let is_current = |name: &str| {
        let setting = copy.get(&copy.ada, &format!("/settings/{name}"));
        json(&setting)["current"].as_bool().unwrap()
    };
    assert!(!is_current("spare"));
    let put = copy.put(&copy.ada, "/settings/test", &open);
    assert_eq!(json(&put)["current"], false);
    copy.keep_database("", "main", "one");
    assert!(!is_current("main"));
    let select = json!({ "name": "main" });
    assert_eq!(
        copy.put(&copy.ada, "/current-database", &select).status,
        200
    );
    assert!(is_current("main"));
    // Where none is left, the next one is the first again.
    for name in ["spare", "test", "main"] {
        let gone = copy.delete(&copy.ada, &format!("/settings/{name}"));
        assert_eq!(gone.status, 204, "{name}: {}", text(&gone));
    }
    copy.keep_database("", "other", "one");
    assert!(is_current("other"));
}

#[test]
fn settings_are_listed_by_name_and_kind_in_pages() {
    let acme = lockstep("");
    for name in ["c", "a", "b"] {
        acme.put(&acme.ada, &format!("/settings/{name}"), &flag());
    }
    acme.keep_database("", "main", "one");
    let page = |query: &str| {
        let request = Request::new(Method::Get, acme.path("/settings")).with_query(query);
        json(&acme.world.send(&request.with_header("cookie", &acme.ada)))
    };
    let names = |page: &Value| {
        let names = page["settings"].as_array().unwrap().iter();
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let first = page("limit=2&kind=preference");
    assert_eq!(names(&first), ["a", "b"]);
    let next = first["next"].as_str().unwrap();
    let last = page(&format!("limit=2&kind=preference&cursor={next}"));
    assert_eq!(
        (names(&last), last["next"].clone()),
        (vec!["c".to_owned()], Value::Null)
    );
    assert_eq!(page(&format!("cursor={next}"))["code"], "invalid-cursor");
    assert_eq!(names(&page("kind=database")), ["main"]);
    for n in 4..100 {
        let put = acme.put(&acme.ada, &format!("/settings/n{n}"), &flag());
        assert_eq!(put.status, 200, "{n}");
    }
    let more = acme.put(&acme.ada, "/settings/more", &flag());
    refused(&more, 409, "limit-reached");
}

#[test]
fn with_a_workspace_go_its_settings() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    for place in ["", &north, &south] {
        acme.keep_database(place, "main", CANARY);
    }
    assert_eq!(acme.delete(&acme.ada, &north).status, 204);
    let rows = Sql::exec(
        &*acme.database(),
        "SELECT node FROM setting ORDER BY node",
        &[],
    )
    .unwrap();
    let mut places: Vec<_> = rows
        .iter()
        .map(|row| row.text("node").unwrap().to_owned())
        .collect();
    places.sort();
    let mut expected = [acme.id.clone(), south.replace("/workspaces/", "")];
    expected.sort();
    assert_eq!(places, expected);
    refused(
        &acme.get(&acme.ada, &format!("{north}/configuration")),
        404,
        "not-found",
    );
}

#[test]
fn what_is_no_setting_is_refused_and_nothing_is_kept() {
    let acme = lockstep("");
    let database = |member: &str, value: Value| {
        let mut database = clickhouse("a");
        database["database"][member] = value;
        json!({ "value": database })
    };
    let provider =
        |url: &str| json!({ "value": { "provider": { "provider": "openai", "base_url": url } } });
    let feedback = |scale: Value| json!({ "value": { "feedback": { "scale": scale } } });
    let preference = |preference: Value| json!({ "value": { "preference": preference } });
    let words = |count: usize| {
        (0..count)
            .map(|n| (n.to_string(), json!(n)))
            .collect::<serde_json::Map<_, _>>()
    };
    let mut secret = flag();
    secret["secret"] = json!("x");
    for (body, code) in [
        (json!({}), "invalid-body"),
        (json!({ "value": {} }), "invalid-body"),
        (json!({ "value": { "other": {} } }), "invalid-body"),
        (database("engine", json!("")), "invalid-value"),
        (database("host", json!("https://a/b")), "invalid-value"),
        (database("host", json!("user:pw@host")), "invalid-value"),
        (database("port", json!(0)), "invalid-value"),
        (database("port", json!(65_536)), "invalid-body"),
        (database("password", json!("x")), "invalid-body"),
        (database("username", json!("a\nb")), "invalid-value"),
        (
            database("environment", json!("x".repeat(201))),
            "invalid-value",
        ),
        (provider("http://api.example"), "invalid-value"),
        (provider("https://user:pw@api.example"), "invalid-value"),
        (provider("https://api.example?key=x"), "invalid-value"),
        (provider("https://"), "invalid-value"),
        (
            feedback(json!({ "numbers": { "min": 1, "max": 1 } })),
            "invalid-value",
        ),
        (
            feedback(json!({ "numbers": { "min": 0, "max": 2, "step": 1 } })),
            "invalid-body",
        ),
        (feedback(json!({ "categories": words(1) })), "invalid-value"),
        (
            feedback(json!({ "categories": words(51) })),
            "invalid-value",
        ),
        (
            preference(json!({ "integer": 9_007_199_254_740_992_i64 })),
            "invalid-value",
        ),
        (
            preference(json!({ "text": "x".repeat(2_001) })),
            "invalid-value",
        ),
        (
            preference(json!({ "list": vec!["x"; 51] })),
            "invalid-value",
        ),
        (
            preference(json!({ "boolean": true, "integer": 1 })),
            "invalid-body",
        ),
        (secret, "invalid-value"),
        (
            json!({ "value": clickhouse("a"), "secret": "" }),
            "invalid-value",
        ),
        (
            json!({ "value": clickhouse("a"), "secret": "x".repeat(8_193) }),
            "invalid-value",
        ),
        (
            json!({ "value": clickhouse("a"), "secret": 7 }),
            "invalid-body",
        ),
        (json!({ "value": { "secret": {} } }), "invalid-value"),
    ] {
        refused(&acme.put(&acme.ada, "/settings/main", &body), 400, code);
    }
    for name in ["Main", "1main", "_main", &"m".repeat(65)] {
        let put = acme.put(&acme.ada, &format!("/settings/{name}"), &flag());
        refused(&put, 400, "invalid-value");
    }
    assert_eq!(
        json(&acme.get(&acme.ada, "/settings")),
        json!({ "settings": [] })
    );
    for (name, body) in [
        (
            "numbers",
            feedback(json!({ "numbers": { "min": -0.5, "max": 1 } })),
        ),
        (
            "words",
            feedback(json!({ "categories": { "good": 1, "bad": -1.5 } })),
        ),
        ("yes_or_no", feedback(json!("boolean"))),
        ("limit", preference(json!({ "integer": -7 }))),
        (
            "vault",
            json!({ "value": { "secret": {} }, "secret": "x".repeat(8_192) }),
        ),
        ("provider", provider("https://api.example/v1")),
    ] {
        let put = acme.put(&acme.ada, &format!("/settings/{name}"), &body);
        assert_eq!(put.status, 200, "{}", text(&put));
    }
}

/// As everything else, what a program reads is found again by the minute in which it was.
#[test]
fn a_reading_is_written_down_though_another_bears_a_later_time() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    acme.keep_database(&north, "main", "s3cret-of-the-database");
    let key = acme.reader(&north);
    let readings = || {
        assert_eq!(acme.configuration(&north, &key, None).status, 200);
        let rows = acme.log().into_iter();
        rows.filter(|row| row.action == "configuration").count()
    };
    acme.world.clock.advance_ms(7_200_000_i64);
    assert_eq!(readings(), 1);
    acme.world.clock.advance_ms(-7_200_000_i64);
    assert_eq!(readings(), 2);
    assert_eq!(readings(), 2, "of one minute");
}
