//! What nobody sends by chance: strings that break other programs, as every name and address, and bodies of the wrong form. Each is refused with a code, or stored and given back as it was; nothing is a fault, and nothing is half done.
//!
//! With `LOCKSTEP_VECTORS` the strings are the 515 of the Big List of Naughty Strings and the 164 addresses of isemail; without it, few of our own.

mod written;

use serde_json::json;

use super::{
    Acme, BEN, id,
    invitations::{link, preview},
    lockstep,
};
use crate::{
    http::{Body, Method, Request, Response},
    mail::{Mail, Message},
    testing::{json, post, text, write},
};

/// Ours: line breaks, other directions, look-alikes, markup, links, what other readers take for something.
const OWN: [&str; 14] = [
    "Acme\r\nBcc: eve@example.com",
    "\u{202e}emca",
    "\u{410}cme",
    "a\u{0}b",
    "\u{200b}",
    "null",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "https://evil.example",
    "{{7*7}} ${x} %s %n",
    "\u{1f469}\u{200d}\u{1f680}",
    "\u{fdfd}\u{fdfd}",
    "../../etc",
    "\u{d7ff}\u{e000}\u{fffe}",
];

/// A file of the outside data, if there is any.
fn outside(file: &str) -> Option<String> {
    let folder = std::env::var("LOCKSTEP_VECTORS").ok()?;
    Some(std::fs::read_to_string(format!("{folder}/misc/{file}")).unwrap())
}

fn strings() -> Vec<String> {
    let Some(list) = outside("blns.json") else {
        return OWN.map(str::to_owned).to_vec();
    };
    let list: Vec<String> = serde_json::from_str(&list).unwrap();
    assert_eq!(list.len(), 515);
    list.into_iter().chain(OWN.map(str::to_owned)).collect()
}

/// Whatever it is, it is an answer and no fault.
#[track_caller]
fn is_answer(answer: &Response, what: &str) {
    assert!(answer.status < 500, "{what}: {}", answer.status);
    if answer.status >= 400 {
        assert!(json(answer)["code"].is_string(), "{what}");
    }
}

/// A mail to `to` has one receiver, one line as its subject, and so many links.
#[track_caller]
fn is_plain(message: &Message, to: &str, links: usize, name: &str) {
    assert!(!message.subject.contains(char::is_control), "{name:?}");
    assert_eq!(message.to, to);
    assert_eq!(message.text.matches("://").count(), links, "{name:?}");
    assert_eq!(message.html.matches("<a ").count(), links, "{name:?}");
    assert_eq!(message.html.matches("://").count(), links, "{name:?}");
    assert!(!message.html.contains("<script"), "{name:?}");
}

/// I13: whatever an organization and a program are called, and whatever the program says, its mail has one receiver, one subject and one link.
#[test]
fn i13_no_name_and_no_message_writes_the_mail() {
    let acme = lockstep("");
    let account = acme.account(&[json!({ "role": "admin" })]);
    let (_, key) = acme.key(&acme.ada, &account, &json!({ "name": "ci" }));
    let (mut named, mut told) = (0, 0);
    for (at, name) in strings().into_iter().enumerate() {
        let rename = |path| acme.patch(&acme.ada, path, &json!({ "name": name })).status;
        let renamed = rename("");
        assert_eq!(rename(&account), renamed, "{name:?}");
        acme.forget_mails();
        // One address is sent few mails a day.
        let to = format!("p{at}@example.com");
        let mut body = json!({ "email": to, "role": "member", "message": name });
        let mut invited = acme.by(&key, Method::Post, "/invitations", &body);
        if invited.status == 201 {
            told += 1;
        } else {
            body.as_object_mut().unwrap().remove("message");
            invited = acme.by(&key, Method::Post, "/invitations", &body);
        }
        assert_eq!(invited.status, 201, "{name:?}: {}", text(&invited));
        let mails = acme.world.mail(&to);
        assert_eq!(mails.len(), 1, "{name:?}");
        is_plain(&mails[0].message, &to, 1, &name);
        let cancel = format!("/invitations/{}", id(&invited));
        assert_eq!(acme.delete(&acme.ada, &cancel).status, 204);
        named += usize::from(renamed == 200);
    }
    println!("mails with {named} names and {told} messages");
    assert!(named >= 8 && told >= 8, "{named} {told}");
}

/// I13: a role's name is the policy's own, which whoever writes it does not check for what a mail may say.
#[test]
fn i13_no_name_of_a_role_writes_a_mail() {
    let acme = lockstep("");
    let to = || BEN.to_owned();
    for name in strings() {
        let invitation = Mail::Invitation {
            to: to(),
            organization: acme.id.clone(),
            organization_name: "Acme".to_owned(),
            role_name: name.clone(),
            invited_by: "ada@example.com".to_owned(),
            invited_by_program: None,
            message: None,
            nonce: "00".to_owned(),
            expires_at_ms: 1,
        };
        let changed = Mail::RoleChanged {
            to: to(),
            organization: acme.id.clone(),
            organization_name: "Acme".to_owned(),
            role_name: name.clone(),
            epoch: 1,
            expires_at_ms: 1,
        };
        for (mail, links) in [(invitation, 1), (changed, 0)] {
            let message = mail.render(&acme.world.edge.config).unwrap();
            is_plain(&message, BEN, links, &name);
        }
    }
}

/// I13: what a program is called is no address of whoever invites.
#[test]
fn i13_a_program_invites_as_one_whatever_it_is_called() {
    let acme = lockstep("");
    for name in ["ceo@bank.com", "backup), ceo@bank.com (head of it"] {
        acme.forget_mails();
        let account = json!({ "name": name, "grants": [{ "role": "admin" }] });
        let account = id(&acme.post(&acme.ada, "/service-accounts", &account));
        let keys = format!("/service-accounts/{account}/keys");
        let key = json(&acme.post(&acme.ada, &keys, &json!({ "name": "ci" })));
        let key = key["token"].as_str().unwrap();
        let body = json!({ "email": BEN, "role": "member" });
        let invited = acme.by(key, Method::Post, "/invitations", &body);
        assert_eq!(invited.status, 201, "{}", text(&invited));
        let mail = acme.world.mail(BEN).remove(0).message.text;
        let sentence = mail.lines().next().unwrap().replace('\u{2060}', "");
        let called = name.replace(['(', ')'], " ");
        let told = format!("A program ({called}) of the organization invites you to join");
        assert!(sentence.starts_with(&told), "{sentence}");

        let ben = acme.world.sign_in(BEN);
        let mine = Request::new(Method::Get, "/v1/me/invitations").with_header("cookie", &ben);
        let mine = json(&acme.world.send(&mine))["invitations"][0].clone();
        let shown = json(&preview(&acme, &link(&acme, BEN)));
        let listed = json(&acme.get(&acme.ada, "/invitations"))["invitations"][0].clone();
        for view in [mine, shown, listed, json(&invited)] {
            assert_eq!(view["invited_by"], account.as_str(), "{view}");
            assert_eq!(view["invited_by_program"], name, "{view}");
        }
        let link = json!({ "role": "member", "uses_max": 1 });
        let made = json(&acme.by(key, Method::Post, "/links", &link));
        assert_eq!(made["made_by"], account.as_str(), "{made}");
        assert_eq!(made["made_by_program"], name, "{made}");
        let cancel = format!("/invitations/{}", id(&invited));
        assert_eq!(acme.delete(&acme.ada, &cancel).status, 204);
    }
}

/// I13: the end of an address says whose it is.
#[test]
fn i13_an_inviters_address_is_whole_or_it_is_another_one() {
    let acme = lockstep("");
    let long = format!("{}@us.microsoft.com.evil.example", "x".repeat(63));
    let longest = format!("x@{}example", "a2345678.".repeat(27));
    assert_eq!(longest.len(), 252);
    for inviter in [long, longest] {
        let session = acme.joined(&inviter, "admin");
        acme.forget_mails();
        let invited = acme.invite(&session, BEN, "member");
        let mail = acme.world.mail(BEN).remove(0).message.text;
        let sentence = mail.lines().next().unwrap().replace('\u{2060}', "");
        let told = format!("{inviter} invites you to join");
        assert!(sentence.starts_with(&told), "{sentence}");
        assert!(json(&invited).get("invited_by_program").is_none());
        let cancel = format!("/invitations/{}", id(&invited));
        assert_eq!(acme.delete(&acme.ada, &cancel).status, 204);
    }
}

/// The addresses of isemail, as somebody types them who invites.
fn addresses() -> Vec<String> {
    let Some(xml) = outside("isemail-tests.xml") else {
        return OWN.map(|text| format!("{text}@example.com")).to_vec();
    };
    let address = |case: &str| match case.split_once("<address>") {
        Some((_, rest)) => rest.split_once("</address>").unwrap().0.to_owned(),
        None => String::new(),
    };
    let all: Vec<String> = xml.split("<test id=").skip(1).map(address).collect();
    assert_eq!(all.len(), 164);
    all.iter().map(|text| plain(text)).collect()
}

/// The text of an element. The file writes control characters as their pictures, and those as numbers.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for code in 0..=0x1f_u8 {
        let control = char::from(code).to_string();
        let picture = char::from_u32(0x2400 + u32::from(code)).unwrap();
        text = text.replace(&format!("&#x{:x};", u32::from(picture)), &control);
        text = text.replace(&format!("&#x{:X};", u32::from(picture)), &control);
        text = text.replace(picture, &control);
    }
    for (name, character) in [
        ("lt", "<"),
        ("gt", ">"),
        ("quot", "\""),
        ("apos", "'"),
        ("amp", "&"),
    ] {
        text = text.replace(&format!("&{name};"), character);
    }
    text
}

#[test]
fn i10_every_address_is_invited_in_its_normal_form_or_refused() {
    let acme = lockstep("");
    let (mut invited, mut refused) = (0, 0);
    for typed in addresses() {
        acme.forget_mails();
        let answer = acme.invite(&acme.ada, &typed, "member");
        is_answer(&answer, &typed);
        if answer.status == 201 {
            let email = json(&answer)["email"].as_str().unwrap().to_owned();
            let normal = typed.trim().to_lowercase();
            assert!(
                email == normal || email.contains("xn--"),
                "{typed:?}: {email}"
            );
            let cancel = format!("/invitations/{}", id(&answer));
            assert_eq!(acme.delete(&acme.ada, &cancel).status, 204);
            invited += 1;
        } else {
            let code = if typed.contains('\0') {
                "invalid-body"
            } else {
                "invalid-address"
            };
            assert_eq!(json(&answer)["code"], code, "{typed:?}");
            refused += 1;
        }
    }
    println!("{invited} addresses invited, {refused} refused");
    assert!(refused > invited);
    assert_eq!(
        json(&acme.get(&acme.ada, "/invitations"))["invitations"],
        json!([])
    );
}

/// Where a string is no name: in paths, queries and headers, and as what only some texts can be.
#[test]
fn no_string_is_a_fault_anywhere_else() {
    let acme = lockstep("");
    let workspace = acme.workspace("North");
    for name in strings() {
        for rest in [
            "/members/",
            "/workspaces/",
            "/roles/",
            "/rules/",
            "/invitations/",
            "/service-accounts/",
        ] {
            is_answer(&acme.get(&acme.ada, &format!("{rest}{name}")), &name);
        }
        for parameter in ["search", "cursor", "limit", "sort"] {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair(parameter, &name)
                .finish();
            let request = Request::new(Method::Get, acme.path("/members")).with_query(&query);
            is_answer(
                &acme.world.send(&request.with_header("cookie", &acme.ada)),
                &name,
            );
        }
        for header in [
            "comet-workspace",
            "x-workspace-id",
            "idempotency-key",
            "if-match",
            "lockstep-epoch",
            "lockstep-invitation-token",
            "user-agent",
        ] {
            let body = json!({ "permission": "data.read" });
            let request = post(&acme.path("/evaluate"), &body).with_header(header, &name);
            is_answer(
                &acme.world.send(&request.with_header("cookie", &acme.ada)),
                &name,
            );
            let body = json!({ "name": "North" });
            let request =
                write(Method::Patch, &acme.path(&workspace), &body).with_header(header, &name);
            is_answer(
                &acme.world.send(&request.with_header("cookie", &acme.ada)),
                &name,
            );
        }
        for body in [
            json!({ "slug": name }),
            json!({ "permission": name }),
            json!({ "permission": "data.read", "resource": { "workspace": name, "project": name, "id": name } }),
        ] {
            let path = if body["slug"].is_string() {
                ""
            } else {
                "/evaluate"
            };
            let answer = match path {
                "" => acme.patch(&acme.ada, path, &body),
                path => acme.post(&acme.ada, path, &body),
            };
            is_answer(&answer, &name);
            assert!(
                !matches!(&answer.body, Body::Bytes(_))
                    || json(&answer)["decision"] != true
                    || body["permission"] == "data.read"
            );
        }
        for role in ["/members", "/invitations"] {
            is_answer(
                &acme.post(
                    &acme.ada,
                    role,
                    &json!({ "email": "x@example.com", "role": name }),
                ),
                &name,
            );
        }
    }
}

impl Acme {
    /// A change of the organization with a body that is no good text.
    fn raw(&self, bytes: &[u8]) -> Response {
        let request = write(Method::Patch, &self.path(""), &json!({}));
        let request = request.with_body(Ok(bytes.to_vec()));
        self.world.send(&request.with_header("cookie", &self.ada))
    }
}

#[test]
fn a_body_that_is_no_unicode_text_is_refused() {
    let acme = lockstep("");
    for bytes in [
        &b"{\"name\":\"\xff\"}"[..],
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"{\"name\":\"\xc0\xaf\"}",
        br#"{"name":"\ud800"}"#,
        br#"{"name":"\u0000"}"#,
        b"\xfe\xff\x00{",
    ] {
        let answer = acme.raw(bytes);
        is_answer(&answer, "bytes");
        assert_eq!(answer.status, 400, "{}", text(&answer));
    }
    assert_eq!(json(&acme.get(&acme.ada, ""))["name"], "Acme");
}
