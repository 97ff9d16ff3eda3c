//! What mails say, and what nobody can make them say (threats I9, I13, I14).

use lockstep_token::{OrganizationId, Secret, SecretKind};

use super::{Mail, Message, invitation_secret};
use crate::testing::{ORIGIN, World};

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
        assert!(!message.text.contains('\u{202e}'), "{name}");
    }
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
