//! Secrets of settings: where they are not, and who reads them.

use lockstep_wire::{AuditOutcome, AuditPoint};

use super::{super::audit::follow, *};
use crate::testing::{SETTINGS_KEYS, World};

/// A second key, which has become the newest one.
const ROTATED: &str = r#"{"keys":[{"kty":"oct","kid":"k2","k":"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"},{"kty":"oct","kid":"k1","k":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"}]}"#;
/// A third one, after which the first one was taken away.
const FIRST_GONE: &str = r#"{"keys":[{"kty":"oct","kid":"k3","k":"YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8"},{"kty":"oct","kid":"k2","k":"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"}]}"#;
const OPERATOR_KEY: &str = "b3BlcmF0b3Itb3BlcmF0b3Itb3BlcmF0b3Itb3BlcmF0b3I";

/// All that an object has stored, row by row.
fn stored(sql: &dyn Sql) -> String {
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let mut all = String::new();
    for table in sql.exec(tables, &[]).unwrap() {
        let select = format!("SELECT * FROM {}", table.text("name").unwrap());
        all.push_str(&format!("{:?}\n", sql.exec(&select, &[]).unwrap()));
    }
    all
}

#[test]
fn a_program_reads_what_it_runs_with_and_asks_again_for_nothing() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let key = acme.reader(&north);
    acme.keep_database(&north, "main", "one");
    acme.put(&acme.ada, &format!("{north}/settings/flag"), &flag());
    let read = acme.configuration(&north, &key, None);
    let view = json(&read);
    assert_eq!(read.status, 200, "{view}");
    assert_eq!(view["current_database"], "main");
    assert_eq!(view["settings"]["main"]["secret"], "one");
    assert_eq!(
        view["settings"]["main"]["value"]["database"]["host"],
        "db.internal"
    );
    assert_eq!(view["settings"]["flag"], flag());
    let tag = read.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", view["epoch"]));
    for known in [tag.clone(), format!("W/{tag}"), format!("\"0\", {tag}")] {
        let same = acme.configuration(&north, &key, Some(&known));
        assert_eq!((same.status, same.bytes().len()), (304, 0), "{known}");
        assert_eq!(same.header("etag"), Some(tag.as_str()));
    }
    // Other changes of the organization are none of it.
    acme.workspace("South");
    assert_eq!(acme.configuration(&north, &key, Some(&tag)).status, 304);
    acme.keep_database(&north, "main", "two");
    let changed = acme.configuration(&north, &key, Some(&tag));
    assert_eq!(json(&changed)["settings"]["main"]["secret"], "two");
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
}

#[test]
fn a_secret_is_read_by_who_may_read_secrets_and_by_nobody_else() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let key = acme.reader(&north);
    for place in ["", &north, &south] {
        acme.keep_database(place, "main", CANARY);
    }
    acme.grant(&north, BEN, "editor");
    // An Editor sees that there is one, and no more.
    let seen = acme.get(&ben, &format!("{north}/settings/main"));
    assert!(seen.status == 200 && !text(&seen).contains(CANARY));
    let read = |place: &str| acme.get(&ben, &format!("{place}/configuration"));
    refused(&read(&north), 403, "no-grant");
    refused(&read(""), 403, "no-grant");
    refused(&read(&south), 404, "not-found");
    // A program of one workspace reads no other's, and not the organization's.
    assert_eq!(acme.configuration(&north, &key, None).status, 200);
    refused(&acme.configuration("", &key, None), 403, "no-grant");
    refused(&acme.configuration(&south, &key, None), 404, "not-found");
    // What is known of the organization already is told to nobody else, either.
    refused(
        &acme.configuration("", &key, Some("\"0\"")),
        403,
        "no-grant",
    );
    acme.world.clock.advance_ms(60_000);
    let denied = acme.log();
    let denied = denied.iter().filter(|row| row.action == "configuration");
    let by_ben = acme.user(BEN);
    assert_eq!(
        denied
            .filter(|row| row.principal.as_ref() == Some(&by_ben))
            .count(),
        1
    );
    let stranger = acme.world.sign_in("cat@example.com");
    refused(&acme.get(&stranger, "/configuration"), 404, "not-found");
}

/// Whoever could point the host elsewhere would be sent the password.
#[test]
fn what_stands_beside_a_secret_is_changed_by_who_may_set_secrets() {
    let acme = lockstep("");
    acme.keep_database("", "main", CANARY);
    acme.put(&acme.ada, "/settings/flag", &flag());
    let scoped = json!({ "name": "ci", "scopes": ["settings.update"] });
    let (_, token) = acme.token(&acme.ada, &scoped);
    let moved = json!({ "value": clickhouse("evil.example") });
    for (method, path, body) in [
        (Method::Put, "/settings/main", &moved),
        (
            Method::Put,
            "/settings/new",
            &json!({ "value": clickhouse("a"), "secret": "x" }),
        ),
        (Method::Delete, "/settings/main", &json!({})),
        (Method::Put, "/current-database", &json!({ "name": "main" })),
    ] {
        let answer = acme.by(&token, method, path, body);
        refused(&answer, 403, "out-of-token-scope");
    }
    // What has none takes no such permission.
    assert_eq!(
        acme.by(&token, Method::Put, "/settings/flag", &flag())
            .status,
        200
    );
    assert_eq!(
        acme.by(&token, Method::Put, "/settings/bare", &moved)
            .status,
        200
    );
    // It does not displace what has one, either.
    let current = acme.get(&acme.ada, "/settings/main");
    let bare = json!({ "name": "bare" });
    let displaced = acme.by(&token, Method::Put, "/current-database", &bare);
    refused(&displaced, 403, "out-of-token-scope");
    assert_eq!(json(&acme.get(&acme.ada, "/settings/main")), json(&current));
    let select = |name: &str| acme.put(&acme.ada, "/current-database", &json!({ "name": name }));
    assert_eq!(select("bare").status, 200);
    for name in ["other", "bare"] {
        acme.by(&token, Method::Put, "/settings/other", &moved);
        let to = json!({ "name": name });
        let selected = acme.by(&token, Method::Put, "/current-database", &to);
        assert_eq!(selected.status, 200, "{name}");
    }
}

#[test]
fn no_secret_is_stored_in_clear_and_the_log_tells_that_it_changed() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    for place in ["", &north] {
        acme.keep_database(place, "main", CANARY);
        acme.keep_database(place, "main", &format!("{CANARY}-2"));
    }
    acme.put(
        &acme.ada,
        "/settings/main",
        &json!({ "value": clickhouse("c"), "secret": CANARY }),
    );
    acme.world.clock.advance_ms(1);
    acme.keep_database("", "main", CANARY);
    acme.delete(&acme.ada, &format!("{north}/settings/main"));
    let sql = acme.database();
    let all = stored(&*sql);
    assert!(
        all.contains("db.internal") && all.contains("1.k1."),
        "it looks"
    );
    assert!(!all.contains(CANARY) && !all.contains("canary"));
    let log = acme.log();
    let last = log
        .iter()
        .rev()
        .find(|row| row.action == "setting.put")
        .unwrap();
    assert_eq!(last.target, "main");
    let change = serde_json::to_value(&last.changes).unwrap()[0].clone();
    assert_eq!(change["after"]["set_at_ms"], acme.world.edge.clock.now_ms());
    assert!(!format!("{log:?}").contains("1.k1."), "not even sealed");
}

#[test]
fn a_row_that_is_put_elsewhere_or_changed_is_not_read() {
    let acme = lockstep("");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let key = acme.reader(&north);
    acme.keep_database(&north, "main", "one");
    acme.keep_database(&north, "spare", "two");
    acme.keep_database(&south, "main", "three");
    let of = |path: &str| path.replace("/workspaces/", "");
    let sql = acme.database();
    let sealed = |place: &str, name: &str| {
        let select = "SELECT sealed FROM setting WHERE node = ? AND id = ?";
        let row = <dyn Sql>::one(&*sql, select, &[of(place).into(), name.into()]).unwrap();
        row.unwrap().text("sealed").unwrap().to_owned()
    };
    let put = |text: &str| {
        let set = "UPDATE setting SET sealed = ? WHERE node = ? AND id = 'main'";
        Sql::exec(&*sql, set, &[text.into(), of(&north).into()]).unwrap();
    };
    let good = sealed(&north, "main");
    for wrong in [
        sealed(&north, "spare"),
        sealed(&south, "main"),
        good.replace(".k1.", ".k2."),
        "x".to_owned(),
    ] {
        put(&wrong);
        refused(
            &acme.configuration(&north, &key, None),
            500,
            "secret-unreadable",
        );
    }
    put(&good);
    assert_eq!(acme.configuration(&north, &key, None).status, 200);
}

#[test]
fn without_a_key_nothing_with_a_secret_is_kept() {
    let vars = [
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_SETTINGS_KEYS", ""),
    ];
    let acme = Acme::in_world(World::with_vars(&vars));
    let ben = acme.joined(BEN, "member");
    let body = json!({ "value": clickhouse("a"), "secret": CANARY });
    refused(
        &acme.put(&acme.ada, "/settings/main", &body),
        409,
        "no-settings-key",
    );
    // Who may not is told that, and not what the deployment lacks.
    refused(&acme.put(&ben, "/settings/main", &body), 403, "no-grant");
    refused(&acme.get(&acme.ada, "/settings/main"), 404, "not-found");
    assert!(!stored(&*acme.database()).contains(CANARY));
    assert_eq!(acme.put(&acme.ada, "/settings/flag", &flag()).status, 200);
    let bare = json!({ "value": clickhouse("a") });
    assert_eq!(acme.put(&acme.ada, "/settings/main", &bare).status, 200);
}

#[test]
fn the_operator_has_secrets_sealed_with_the_newest_key() {
    let vars = |keys| {
        [
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_OPERATOR_KEY", OPERATOR_KEY),
            ("LOCKSTEP_SETTINGS_KEYS", keys),
        ]
    };
    let mut acme = Acme::in_world(World::with_vars(&vars(SETTINGS_KEYS)));
    let north = acme.workspace("North");
    for n in 0..60 {
        for place in ["", &north] {
            acme.keep_database(place, &format!("d{n}"), &format!("secret {n}"));
        }
    }
    let config = |keys| World::with_vars(&vars(keys)).edge.config;
    acme.world.edge.config = config(ROTATED);
    let tag = acme.get(&acme.ada, "/configuration");
    let before = text(&tag);
    let path = format!("/v1/operator/organizations/{}/settings/reseal", acme.id);
    let reseal = |acme: &Acme, key: &str| {
        let request = write(Method::Post, &path, &json!({}));
        acme.world
            .send(&request.with_header("authorization", &format!("Bearer {key}")))
    };
    let session = write(Method::Post, &path, &json!({})).with_header("cookie", &acme.ada);
    assert_eq!(acme.world.send(&session).status, 401);
    assert_eq!(
        json(&reseal(&acme, OPERATOR_KEY)),
        json!({ "resealed": 100, "left": 20 })
    );
    assert_eq!(
        json(&reseal(&acme, OPERATOR_KEY)),
        json!({ "resealed": 20, "left": 0 })
    );
    assert_eq!(
        json(&reseal(&acme, OPERATOR_KEY)),
        json!({ "resealed": 0, "left": 0 })
    );
    // The first key is needed no longer, and who has read them need not read them again.
    let newest = ROTATED.replace(
        r#",{"kty":"oct","kid":"k1","k":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"}"#,
        "",
    );
    acme.world.edge.config = config(&newest);
    assert_eq!(text(&acme.get(&acme.ada, "/configuration")), before);
    // What was deleted can be restored, so its secrets are sealed anew, too.
    acme.world.edge.config = config(FIRST_GONE);
    assert_eq!(acme.delete(&acme.ada, "").status, 204);
    for left in [20, 0] {
        let sealed = json(&reseal(&acme, OPERATOR_KEY));
        assert_eq!(sealed["left"], left, "{sealed}");
    }
    let newest = FIRST_GONE.replace(
        r#",{"kty":"oct","kid":"k2","k":"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"}"#,
        "",
    );
    acme.world.edge.config = config(&newest);
    let restored = acme.post(&acme.ada, "/restore", &json!({}));
    assert_eq!(restored.status, 200, "{}", text(&restored));
    let read = json(&acme.get(&acme.ada, "/configuration"));
    assert_eq!(read["settings"], json(&tag)["settings"]);
    acme.world.edge.config = config(SETTINGS_KEYS);
    refused(
        &acme.get(&acme.ada, "/configuration"),
        500,
        "secret-unreadable",
    );
    acme.world.edge.config = config("");
    refused(
        &acme.get(&acme.ada, "/configuration"),
        500,
        "secret-unreadable",
    );
}

/// In a roll-out two isolates have the sets of two steps that follow each other, and each seals.
#[test]
fn a_new_key_comes_in_last_place_and_no_isolate_is_sealed_out() {
    let last = r#"{"keys":[{"kty":"oct","kid":"k1","k":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"},{"kty":"oct","kid":"k2","k":"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"}]}"#;
    let config = |keys| {
        let vars = [
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_SETTINGS_KEYS", keys),
        ];
        World::with_vars(&vars).edge.config
    };
    let mut acme = lockstep("");
    for [older, newer] in [[SETTINGS_KEYS, last], [last, ROTATED]] {
        for (here, there) in [(older, newer), (newer, older)] {
            acme.world.edge.config = config(here);
            acme.keep_database("", "main", CANARY);
            let first = if here == ROTATED { ".k2." } else { ".k1." };
            assert!(stored(&*acme.database()).contains(first));
            acme.world.edge.config = config(there);
            let read = acme.get(&acme.ada, "/configuration");
            assert_eq!(read.status, 200, "{}", text(&read));
        }
    }
}

/// A key that was taken away too early, or a row that somebody has changed, is nobody else's loss.
#[test]
fn a_secret_that_does_not_open_keeps_no_other_from_being_sealed_anew() {
    let vars = |keys| {
        [
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_OPERATOR_KEY", OPERATOR_KEY),
            ("LOCKSTEP_SETTINGS_KEYS", keys),
        ]
    };
    let mut acme = Acme::in_world(World::with_vars(&vars(SETTINGS_KEYS)));
    acme.keep_database("", "a", "of the first key");
    acme.world.edge.config = World::with_vars(&vars(ROTATED)).edge.config;
    for name in ["b", "c", "d"] {
        acme.keep_database("", name, "of the second key");
    }
    acme.execute("UPDATE setting SET sealed = '1.k2.AAAA' WHERE id = 'c'");
    acme.world.edge.config = World::with_vars(&vars(FIRST_GONE)).edge.config;
    let path = format!("/v1/operator/organizations/{}/settings/reseal", acme.id);
    let reseal = || {
        let request = write(Method::Post, &path, &json!({}));
        let request = request.with_header("authorization", &format!("Bearer {OPERATOR_KEY}"));
        acme.world.send(&request)
    };
    let sealed = reseal();
    assert_eq!(sealed.status, 200, "{}", text(&sealed));
    assert_eq!(json(&sealed), json!({ "resealed": 2, "left": 1 }));
    assert_eq!(json(&reseal()), json!({ "resealed": 0, "left": 1 }));
    // However many they are.
    acme.execute(
        "INSERT INTO setting (node, id, kind, value, sealed, sealed_by, changed_by, changed_at_ms, epoch)
        WITH RECURSIVE many (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM many WHERE at < 150)
        SELECT node, printf('a%03d', at), kind, value, sealed, sealed_by, changed_by, changed_at_ms, epoch FROM setting, many WHERE id = 'c'",
    );
    acme.execute("UPDATE setting SET sealed_by = 'k2' WHERE id = 'd'");
    assert_eq!(json(&reseal()), json!({ "resealed": 1, "left": 151 }));
}

#[test]
fn who_read_secrets_is_written_down_once_a_minute_and_nothing_of_them_is() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let key = acme.reader(&north);
    acme.put(&acme.ada, &format!("{north}/settings/flag"), &flag());
    let readings = || {
        let rows = acme.log().into_iter();
        let rows = rows.filter(|row| row.action == "configuration");
        rows.collect::<Vec<_>>()
    };
    // Without a secret in it nothing was read that few may know.
    assert_eq!(acme.configuration(&north, &key, None).status, 200);
    assert_eq!(readings(), []);
    acme.keep_database(&north, "main", CANARY);
    acme.world.clock.advance_ms(60_000);
    let read = acme.configuration(&north, &key, None);
    let tag = read.header("etag").unwrap().to_owned();
    for known in [None, Some("\"0\""), Some(tag.as_str())] {
        acme.configuration(&north, &key, known);
    }
    let rows = readings();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.outcome, row.count), (AuditOutcome::Done, 1));
    assert_eq!(row.target, north.replace("/workspaces/", ""));
    assert!(row.principal.as_ref().unwrap().starts_with("svc_"));
    let credential = row.credential.as_ref().unwrap();
    assert_eq!(credential.kind, "service_key");
    assert!(credential.id.is_some() && row.changes.is_empty());
    assert!(!format!("{rows:?}").contains(CANARY));
    // Another credential is another reader, and so is everybody in another minute who was not told 304.
    assert_eq!(
        acme.get(&acme.ada, &format!("{north}/configuration"))
            .status,
        200
    );
    assert_eq!(readings().len(), 2);
    acme.world.clock.advance_ms(60_000);
    assert_eq!(acme.configuration(&north, &key, Some(&tag)).status, 304);
    assert_eq!(readings().len(), 2);
    acme.configuration(&north, &key, None);
    assert_eq!(readings().len(), 3);
    // Whoever was refused is counted with the refused, in the same minute.
    let ben = acme.joined(BEN, "member");
    acme.grant(&north, BEN, "editor");
    refused(
        &acme.get(&ben, &format!("{north}/configuration")),
        403,
        "no-grant",
    );
    acme.world.clock.advance_ms(60_000);
    let last = readings().pop().unwrap();
    assert_eq!(
        (last.outcome, last.code.as_deref()),
        (AuditOutcome::Denied, Some("no-grant"))
    );
    follow(AuditPoint::beginning(&acme.id), &acme.log()).unwrap();
}
