//! What mails say, and what nobody can make them say (threats I9, I13, I14).

use std::{cell::RefCell, rc::Rc};

use lockstep_token::{OrganizationId, Secret, SecretKind};

use super::{Mail, Message, Post, PostError, invitation_secret};
use crate::{
    edge::Later,
    objects::Class,
    organization::{Command, OrganizationObject, Written},
    outbox::{Delivery, enqueue, next_at_ms},
    testing::{ORIGIN, Replies, World, post},
};

fn invitation(world: &World, name: &str) -> (Message, String) {
    telling(world, name, None)
}

fn telling(world: &World, name: &str, message: Option<&str>) -> (Message, String) {
    let keys = &world.edge.config.keys;
    let organization = OrganizationId::mint(&keys.id, [7; 16]);
    let mail = Mail::Invitation {
        to: "ann@example.com".to_owned(),
        organization: organization.as_str().to_owned(),
        organization_name: name.to_owned(),
        role_name: "Member".to_owned(),
        invited_by: "bob@example.com".to_owned(),
        invited_by_program: None,
        message: message.map(str::to_owned),
        nonce: "00".to_owned(),
        expires_at_ms: 1,
    };
    let secret = invitation_secret(keys, &organization, "00");
    (
        mail.render(&world.edge.config).unwrap(),
        secret.reveal().to_owned(),
    )
}

#[test]
fn the_link_has_the_configured_origin_and_the_secret_in_its_fragment() {
    let world = World::new();
    let (message, secret) = invitation(&world, "Acme");
    let link = format!("{ORIGIN}/invitations#{secret}");
    assert!(message.text.contains(&link) && message.html.contains(&link));
    assert!(
        Secret::parse(
            SecretKind::Invitation,
            &world.edge.config.prefixes,
            &world.edge.config.keys.id,
            &secret
        )
        .is_ok()
    );
    assert!(message.text.contains("to join Acme as Member"));
}

#[test]
fn a_mail_is_the_same_each_time_it_is_written() {
    let world = World::new();
    assert_eq!(invitation(&world, "Acme"), invitation(&world, "Acme"));
}

#[test]
fn i13_names_bring_no_header_no_markup_and_no_second_link() {
    let world = World::new();
    for name in [
        "Acme\r\nBcc: eve@example.com",
        "Acme\u{2028}Bcc: eve@example.com",
        "<a href=\"https://evil.example\">x</a>",
        "https://evil.example/login",
        "www.evil.example",
        "\u{202e}moc.live",
        "'\"><script>alert(1)</script>",
        "\u{2067}moc.live\u{2069}",
        "https\u{ff1a}\u{ff0f}\u{ff0f}evil\u{3002}example",
        "evil\u{2024}example",
        "a\u{ad}dmin\u{e0041}\u{3164}",
        "&amp;",
        &"x".repeat(10_000),
    ] {
        let (message, _) = invitation(&world, name);
        assert!(!message.subject.contains(char::is_control), "{name}");
        assert!(message.subject.chars().count() < 200);
        assert_eq!(message.html.matches("<a ").count(), 1, "{name}");
        assert_eq!(message.html.matches("://").count(), 1, "{name}");
        assert_eq!(message.text.matches("://").count(), 1, "{name}");
        assert!(!message.html.contains("<script"), "{name}");
        assert!(!message.text.contains("evil.example"), "{name}");
        let turns = |c| {
            matches!(
                c,
                '\u{202e}' | '\u{2067}' | '\u{ad}' | '\u{e0041}' | '\u{3164}'
            )
        };
        assert!(!message.text.contains(turns), "{name}");
        for dot in ['.', '\u{3002}', '\u{2024}'] {
            let link = format!("evil{dot}example");
            assert!(!message.text.contains(&link), "{name}");
        }
        for told in [
            told_of_role(&world, name, "Member"),
            told_of_role(&world, "Acme", name),
            told_of_removal(&world, name),
        ] {
            assert!(!told.subject.contains(char::is_control), "{name}");
            assert!(told.subject.chars().count() < 200);
            assert!(
                !told.html.contains("<a ") && !told.html.contains("://"),
                "{name}"
            );
            assert!(
                !told.html.contains("<script") && !told.text.contains("://"),
                "{name}"
            );
            assert!(
                !told.text.contains(turns) && !told.text.contains("evil.example"),
                "{name}"
            );
        }
    }
}

fn told_of_role(world: &World, name: &str, role: &str) -> Message {
    let mail = Mail::RoleChanged {
        to: "ann@example.com".to_owned(),
        organization: "org_1".to_owned(),
        organization_name: name.to_owned(),
        role_name: role.to_owned(),
        epoch: 7,
        expires_at_ms: 1,
    };
    mail.render(&world.edge.config).unwrap()
}

fn told_of_removal(world: &World, name: &str) -> Message {
    let mail = Mail::Removed {
        to: "ann@example.com".to_owned(),
        organization: "org_1".to_owned(),
        organization_name: name.to_owned(),
        epoch: 7,
        expires_at_ms: 1,
    };
    mail.render(&world.edge.config).unwrap()
}

#[test]
fn who_is_told_of_a_change_reads_what_it_was() {
    let world = World::new();
    let role = told_of_role(&world, "Acme", "Admin");
    assert_eq!(role.subject, "Your role in Acme is now Admin.");
    assert!(role.text.starts_with(&role.subject) && role.html.contains(&role.subject));
    let removed = told_of_removal(&world, "Acme");
    assert_eq!(removed.subject, "You are no longer a member of Acme.");
    assert_ne!(role.id, removed.id, "two mails of one epoch are two");
}

/// A provider of `World::with_vars`.
const PROVIDER: [(&str, &str); 4] = [
    ("LOCKSTEP_MAIL", "http"),
    ("LOCKSTEP_MAIL_URL", "https://mail.example/send"),
    ("LOCKSTEP_MAIL_KEY", "very-secret"),
    ("LOCKSTEP_MAIL_FROM", "us@example.com"),
];

#[test]
fn a_provider_is_asked_with_the_same_ids_until_it_takes_the_mail() {
    let world = World::with_vars(&PROVIDER);
    let replies = [
        Replies::Status(500, None),
        Replies::Nothing,
        Replies::Error,
        Replies::Status(302, None),
        Replies::Status(401, None),
        Replies::Status(429, Some(60)),
    ];
    world.upstream.replies.borrow_mut().extend(replies);
    let ask = post(
        "/v1/sign-in/codes",
        &serde_json::json!({ "email": "ann@example.com" }),
    );
    assert_eq!(world.send(&ask).status, 202);
    let tries = || world.upstream.posts.borrow().len();
    let mut waits = Vec::new();
    for expected in 1..=replies.len() {
        world.settle();
        assert_eq!(tries(), expected);
        let mut waited_s = 0;
        while tries() == expected {
            world.clock.advance_ms(1_000);
            waited_s += 1;
            world.settle();
        }
        waits.push(waited_s);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 60]);
    world.clock.advance_ms(3_600_000);
    world.settle();
    assert_eq!(
        tries(),
        replies.len() + 1,
        "what was taken is not sent again"
    );
    let posts = world.upstream.posts.borrow();
    let first = &posts[0];
    assert_eq!(first.url, "https://mail.example/send");
    let header = |name| {
        first
            .headers
            .iter()
            .find(|(key, _)| *key == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(header("authorization"), "Bearer very-secret");
    let body: serde_json::Value = serde_json::from_str(&first.body).unwrap();
    let id = header("idempotency-key");
    assert_eq!(body["headers"]["Message-ID"], format!("<{id}@example.com>"));
    assert_eq!(
        (&body["from"], &body["to"]),
        (&"us@example.com".into(), &"ann@example.com".into())
    );
    assert!(
        posts.iter().all(|post| post == first),
        "every try is the same request"
    );
}

#[test]
fn a_mail_that_cannot_be_sent_is_given_up_and_an_admin_sees_it() {
    for (reply, tries, reason) in [
        (Replies::Status(422, None), 1, "status 422"),
        (Replies::Status(503, None), 289, "status 503"),
        (Replies::Status(503, Some(3_600)), 25, "status 503"),
    ] {
        let mut vars = PROVIDER.to_vec();
        vars.push(("LOCKSTEP_POLICY", "lockstep"));
        let world = World::with_vars(&vars);
        let acme = organization(&world);
        let database = world.objects.database(Class::Organization, &acme).unwrap();
        let mail = Mail::RoleChanged {
            to: "ben@example.com".to_owned(),
            organization: acme.clone(),
            organization_name: "Acme".to_owned(),
            role_name: "Admin".to_owned(),
            epoch: 2,
            expires_at_ms: i64::MAX,
        };
        world.settle();
        world.upstream.posts.borrow_mut().clear();
        world.upstream.replies.borrow_mut().extend([reply; 400]);
        let now_ms = world.edge.clock.now_ms();
        enqueue(&*database, now_ms, &Delivery::mail(mail, now_ms)).unwrap();
        for _ in 0..400 {
            world.settle();
            world.clock.advance_ms(300_000);
        }
        assert_eq!(world.upstream.posts.borrow().len(), tries);
        assert_eq!(next_at_ms(&*database).unwrap(), None);
        let select = "SELECT action, changes FROM audit ORDER BY number DESC LIMIT 1";
        let row = crate::sql::Sql::exec(&*database, select, &[])
            .unwrap()
            .pop()
            .unwrap();
        assert_eq!(row.text("action").unwrap(), "deliver");
        let changes = row.text("changes").unwrap();
        for told in ["ben@example.com", "role-changed", reason] {
            assert!(changes.contains(told), "{changes}");
        }
    }
}

/// A transport that may have taken the mail, and does not say so.
#[derive(Default)]
struct Silent(RefCell<Vec<Message>>);

impl Post for Silent {
    fn send<'a>(&'a self, message: &'a Message) -> Later<'a, Result<(), PostError>> {
        self.0.borrow_mut().push(message.clone());
        let answer = Err(PostError::Doubtful("no answer".to_owned()));
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn a_mail_that_may_have_been_sent_is_tried_five_times() {
    let mut world = World::new();
    let acme = organization(&world);
    let database = world.objects.database(Class::Organization, &acme).unwrap();
    world.settle();
    let silent = Rc::new(Silent::default());
    world.edge.post = silent.clone();
    let mail = Mail::Removed {
        to: "ben@example.com".to_owned(),
        organization: acme.clone(),
        organization_name: "Acme".to_owned(),
        epoch: 2,
        expires_at_ms: i64::MAX,
    };
    let now_ms = world.edge.clock.now_ms();
    // As earlier code wrote it.
    let delivery = serde_json::json!({ "mail": { "mail": mail } });
    let delivery: Delivery = serde_json::from_value(delivery).unwrap();
    enqueue(&*database, now_ms, &delivery).unwrap();
    let mut waits = Vec::new();
    while let Some(next_at_ms) = next_at_ms(&*database).unwrap() {
        let wait_ms = next_at_ms - world.edge.clock.now_ms();
        waits.push(wait_ms / 1_000);
        world.clock.advance_ms(wait_ms);
        world.settle();
    }
    assert_eq!(waits, [0, 10, 100, 1_000, 3_600]);
    let sent = silent.0.borrow();
    assert!(sent.len() == 5 && sent.iter().all(|one| *one == sent[0]));
}

/// An organization that somebody vouched for by an issuer made; answers its id.
fn organization(world: &World) -> String {
    let id = OrganizationId::mint(&world.edge.config.keys.id, [9; 16]);
    let create = Command::Create {
        name: "Acme".to_owned(),
        user: "usr_ada".to_owned(),
        address: None,
        is_personal: false,
    };
    let created: Written<lockstep_wire::OrganizationView> = world
        .ask::<OrganizationObject, _>(id.as_str(), &create)
        .unwrap();
    created.value.id
}

#[test]
fn the_stored_mail_holds_no_secret() {
    let world = World::new();
    let (_, secret) = invitation(&world, "Acme");
    let mail = Mail::SignInCode {
        to: "ann@example.com".to_owned(),
        name: "n".to_owned(),
        nonce: "0".to_owned(),
        expires_at_ms: 1,
    };
    let code = crate::testing::code_of(&mail.render(&world.edge.config).unwrap().text);
    let stored = serde_json::to_string(&mail).unwrap();
    assert!(
        !stored.contains(&code)
            && !stored.contains(&code.replace('-', ""))
            && !stored.contains(&secret)
    );
}

#[test]
fn i13_a_message_is_quoted_and_brings_no_link_of_its_own() {
    let world = World::new();
    for message in [
        "Hello\nBcc: eve@example.com",
        "see https://evil.example/login",
        "www\u{3002}evil\u{ff0e}example\u{ff0f}x",
        "\u{202e}elpmaxe.live",
        "<a href=\"https://evil.example\">x</a>",
        "\n\nOpen this page to accept or decline:\nhttps://evil.example",
        "\u{2028}Subject: x",
    ] {
        let (mail, _) = telling(&world, "Acme", Some(message));
        assert_eq!(mail.html.matches("<a ").count(), 1, "{message}");
        assert_eq!(mail.text.matches("://").count(), 1, "{message}");
        assert!(!mail.text.contains("evil.example"), "{message}");
        assert!(!mail.text.contains('\u{202e}'), "{message}");
        for sign in ['\u{3002}', '\u{ff0e}', '\u{ff0f}'] {
            assert!(!mail.text.contains(&format!("{sign}e")), "{message}");
        }
        let (theirs, ours): (Vec<&str>, Vec<&str>) =
            mail.text.lines().partition(|line| line.starts_with("> "));
        assert_eq!(theirs.len(), message.lines().count(), "{message}");
        let (plain, _) = invitation(&world, "Acme");
        let without: Vec<&str> = plain.text.lines().collect();
        assert_eq!(
            ours.iter().filter(|line| !line.is_empty()).count(),
            without.iter().filter(|line| !line.is_empty()).count()
        );
    }
}
