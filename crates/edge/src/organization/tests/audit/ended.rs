//! An export lasts as long as its reader likes, and no longer than what it is read by.

use futures_util::StreamExt;

use super::*;
use crate::{
    http::Chunks,
    problem::{ApiError, Code},
    testing::write,
};

/// The bound for what is not sensitive, in milliseconds; README states it.
const BOUND_MS: i64 = 10_000;

impl Acme {
    /// Writes so many short rows behind the log's last one.
    fn write_short(&self, rows: i64) {
        let sql = self.database();
        let insert = "INSERT INTO audit (number, at_ms, epoch, action, target, outcome, count, changes, hash)
            SELECT MAX(number) + 1, MAX(at_ms), MAX(epoch), 'short', 'x', 'done', 1, '[]', 'ff' FROM audit";
        for _ in 0..rows {
            Sql::exec(&*sql, insert, &[]).unwrap();
        }
    }

    fn begin_export(&self, header: &str, credential: &str) -> Chunks {
        let request = Request::new(Method::Get, self.path("/audit"))
            .with_query("format=csv")
            .with_header(header, credential);
        let answer = self.world.send(&request);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let Body::Chunks(chunks) = answer.body else {
            panic!("an export is made while it is sent");
        };
        chunks
    }
}

fn next(chunks: &mut Chunks) -> Result<Vec<u8>, ApiError> {
    now(chunks.next()).unwrap()
}

#[test]
fn m7_an_export_ends_with_its_credential() {
    let acme = acme();
    acme.write_short(2_000);
    let (token, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let (account, other) = (
        acme.account(&[json!({ "role": "admin" })]),
        acme.world.sign_in(ADA),
    );
    let (key_path, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let mut all = [
        acme.begin_export("x-api-key", &pat),
        acme.begin_export("x-api-key", &key),
        acme.begin_export("cookie", &other),
    ];
    for chunks in &mut all {
        assert!(next(chunks).is_ok());
        assert!(next(chunks).is_ok(), "while nothing ends it");
    }
    let path = format!("/v1/me/tokens/{token}");
    let delete = write(Method::Delete, &path, &json!({})).with_header("cookie", &acme.ada);
    assert_eq!(acme.world.send(&delete).status, 204);
    assert_eq!(acme.delete(&acme.ada, &key_path).status, 204);
    let leave = write(Method::Delete, "/v1/session", &json!({})).with_header("cookie", &other);
    assert_eq!(acme.world.send(&leave).status, 204);
    acme.world.clock.advance_ms(BOUND_MS + 1_000);
    for chunks in &mut all {
        assert_eq!(
            next(chunks).map_err(|error| error.code()),
            Err(Code::Unauthenticated)
        );
    }
}
