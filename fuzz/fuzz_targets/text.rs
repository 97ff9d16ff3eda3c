//! What people, programs and files write and nothing else reads here: addresses, where keys are published,
//! secrets, an organization as a file, and the lines of an audit log. What is accepted has one spelling, and
//! is accepted again as it is written.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::seeds;
use lockstep_token::uri::{PublicUri, Reach};
use lockstep_token::{Address, IdKey, OrganizationId, Prefixes, Secret, SecretKind, UserId};
use lockstep_wire::{AuditEnd, AuditPoint, AuditRow, AuditStart, ExportedOrganization};
use serde::{Serialize, de::DeserializeOwned};

static KEY: LazyLock<IdKey> =
    LazyLock::new(|| IdKey::from_base64url(&"A".repeat(43)).expect("it has 32 bytes"));

const FILE: &str = r#"{"format":1,"policy":{"id":"lockstep","digest":"00"},"name":"Acme","roles":[],"rules":[],
    "workspaces":[],"projects":[],"members":[],"members_left_out":0,"groups":[],"service_accounts":[],"settings":{}}"#;
const ROW: &str = r#"{"number":1,"at_ms":1,"epoch":1,"action":"create","target":"org_1","outcome":"done","count":1,"hash":"00"}"#;

fn planted() -> Vec<Vec<u8>> {
    let prefixes = Prefixes::default();
    let user = UserId::mint(&KEY, [1; 16]);
    let organization = OrganizationId::mint(&KEY, [2; 16]);
    let secrets = [
        Secret::personal_access_token(&prefixes, &user, [3; 32]),
        Secret::session(&user, [3; 32]),
        Secret::invitation(&organization, [3; 32]),
        Secret::service_key(&prefixes, &organization, [3; 32]),
    ];
    let texts = [
        "Ann.Lee+tag@B\u{fc}cher.example",
        "\"a b\"@example.com",
        "https://login.example:8443/.well-known/jwks.json?a=b",
        "http://127.0.0.1:8080/keys",
        FILE,
        ROW,
        r#"{"organization":"org_1","checkpoint":{"number":0,"hash":"00"}}"#,
        r#"{"head":{"number":1,"hash":"00"}}"#,
    ];
    let texts = texts.map(str::to_owned).into_iter();
    let all = texts.chain(secrets.iter().map(|secret| secret.reveal().to_owned()));
    all.map(String::into_bytes).collect()
}

fn read_again<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&read).expect("it is written");
    Some(serde_json::from_slice(&written).expect("and read again"))
}

fn address(text: &str) {
    let Ok(address) = Address::from_typed(text) else {
        return;
    };
    let normal = address.as_str();
    assert_eq!(
        Address::parse(normal).as_ref(),
        Ok(&address),
        "it has one spelling"
    );
    assert!(
        !normal.contains(|c: char| c.is_control() || c.is_whitespace()),
        "and is one line"
    );
    assert!(normal.ends_with(&format!("@{}", address.domain())) && !address.domain().is_empty());
}

fn uri(text: &str) {
    for reach in [Reach::Public, Reach::Loopback] {
        let Ok(uri) = PublicUri::parse(text, reach) else {
            continue;
        };
        assert_eq!(uri.as_str(), text, "it is used as it was written");
        let (scheme, rest) = text.split_once("://").expect("it has a scheme");
        let authority = rest.split('/').next().unwrap_or_default();
        assert!(!authority.contains('@') && !text.contains(|c: char| c.is_control() || c == '#'));
        if reach == Reach::Public {
            let host = authority.split(':').next().unwrap_or_default();
            let last = host.rsplit('.').next().unwrap_or_default();
            assert!(
                scheme == "https" && last.contains(|c: char| c.is_ascii_alphabetic()),
                "{text}"
            );
            assert_ne!(last, "localhost");
        }
    }
}

fn secret(text: &str) {
    let kinds = SecretKind::ALL.iter();
    let read = kinds.filter_map(|kind| Secret::parse(*kind, &Prefixes::default(), &KEY, text).ok());
    let read: Vec<Secret> = read.collect();
    assert!(read.len() <= 1, "it is of one kind");
    for secret in read {
        assert_eq!(secret.reveal(), text);
        assert!(secret.user().is_some() != secret.organization().is_some());
        assert!(
            !format!("{secret:?}").contains(text),
            "what is printed tells nothing"
        );
    }
}

fuzz_target!(init: seeds::plant(planted()), |bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        address(text);
        uri(text);
        secret(text);
    }
    let _ = read_again::<ExportedOrganization>(bytes);
    let _ = read_again::<AuditEnd>(bytes);
    let start = read_again::<AuditStart>(bytes).map(|start| start.checkpoint);
    if let Some(row) = read_again::<AuditRow>(bytes) {
        let mut point = start.unwrap_or_else(|| AuditPoint::beginning("org_1"));
        // Nobody has a hash by chance.
        assert!(point.follow(&row).is_err());
    }
});
