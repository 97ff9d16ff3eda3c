//! The templates: plain text and HTML, each with exactly one link or none.
//! A name that looks like another one stays what it is: no mail says who sends it by a name alone, and none has a link but ours.

use lockstep_token::{OrganizationId, address::ADDRESS_LEN_MAX};

use super::{Mail, Message, invitation_secret, sign_in_code};
use crate::{config::Config, keys::Purpose, problem::ApiError};

/// Longest message that a mail repeats, in characters.
const MESSAGE_CHARS_MAX: usize = 500;
/// Longest name that a mail repeats, in characters.
const NAME_CHARS_MAX: usize = 80;
/// Longest address, in characters. The end of one says whose it is, so none is shortened.
const ADDRESS_CHARS_MAX: usize = ADDRESS_LEN_MAX;

impl Mail {
    /// Writes the message; links come from the configured origin only.
    ///
    /// # Errors
    /// When the stored mail names something that is not of this deployment, which is a fault.
    pub fn render(&self, config: &Config) -> Result<Message, ApiError> {
        match self {
            Self::Invitation {
                to,
                organization,
                organization_name,
                role_name,
                invited_by,
                invited_by_program,
                message,
                nonce,
                ..
            } => {
                let organization = OrganizationId::parse(&config.keys.id, organization)
                    .map_err(|error| ApiError::internal(format!("mail: {error}")))?;
                let secret = invitation_secret(&config.keys, &organization, nonce);
                let link = format!("{}/invitations#{}", config.origin, secret.reveal());
                let invitation = Invitation {
                    organization: &plain(organization_name, NAME_CHARS_MAX),
                    role: &plain(role_name, NAME_CHARS_MAX),
                    invited_by: &inviter(invited_by, invited_by_program.as_deref()),
                    message: message.as_deref().map(lines).unwrap_or_default(),
                    link: &link,
                };
                let id = message_id(config, &[to, organization.as_str(), nonce]);
                Ok(invitation.message(id, to))
            }
            Self::Removed {
                to,
                organization,
                organization_name,
                epoch,
                ..
            } => {
                let id = message_id(config, &[to, organization, "removed", &epoch.to_string()]);
                Ok(removed_message(
                    id,
                    to,
                    &plain(organization_name, NAME_CHARS_MAX),
                ))
            }
            Self::RoleChanged {
                to,
                organization,
                organization_name,
                role_name,
                epoch,
                ..
            } => {
                let id = message_id(config, &[to, organization, "role", &epoch.to_string()]);
                let (organization, role) = (
                    plain(organization_name, NAME_CHARS_MAX),
                    plain(role_name, NAME_CHARS_MAX),
                );
                Ok(role_message(id, to, &organization, &role))
            }
            Self::SignInCode {
                to, name, nonce, ..
            } => {
                let code = sign_in_code(&config.keys, name, nonce);
                let id = message_id(config, &[to, name, nonce]);
                Ok(sign_in_message(id, to, &grouped(&code)))
            }
        }
    }
}

struct Invitation<'a> {
    organization: &'a str,
    role: &'a str,
    invited_by: &'a str,
    message: Vec<String>,
    link: &'a str,
}

impl Invitation<'_> {
    fn message(&self, id: String, to: &str) -> Message {
        let Self {
            organization,
            role,
            invited_by,
            message,
            link,
        } = self;
        let sentence = format!("{invited_by} invites you to join {organization} as {role}.");
        // Quoted, so that nobody takes it for ours.
        let quoted: String = message.iter().map(|line| format!("> {line}\n")).collect();
        let quoted_html = if message.is_empty() {
            String::new()
        } else {
            let lines: Vec<String> = message.iter().map(|line| escape(line)).collect();
            format!(
                "<blockquote style=\"margin:0 0 16px;padding-left:12px;border-left:3px solid #999999\">{}</blockquote>",
                lines.join("<br>")
            )
        };
        let gap = if message.is_empty() { "" } else { "\n" };
        let advice = "If you do not know why you received this, do nothing: the invitation expires by itself.";
        Message {
            id,
            to: to.to_owned(),
            subject: format!("Join {organization} on Lockstep"),
            text: format!(
                "{sentence}\n\n{quoted}{gap}Open this page to accept or decline:\n{link}\n\n{advice}\n"
            ),
            html: page(&format!(
                "<p>{}</p>{quoted_html}<p><a href=\"{}\" style=\"display:inline-block;padding:10px 16px;background:#1f3fbf;color:#ffffff;border-radius:6px;text-decoration:none\">Accept or decline</a></p><p style=\"color:#555555\">{}</p>",
                escape(&sentence),
                escape(link),
                escape(advice),
            )),
        }
    }
}

/// Who invites: by their address, which they have proven, or as a program. What that is called ends with its bracket, and says nothing of what follows.
fn inviter(address: &str, program: Option<&str>) -> String {
    let Some(name) = program else {
        return plain(address, ADDRESS_CHARS_MAX);
    };
    let is_bracket = |c| matches!(c, '(' | ')' | '\u{ff08}' | '\u{ff09}');
    let name = plain(name, NAME_CHARS_MAX).replace(is_bracket, " ");
    format!("A program ({name}) of the organization")
}

fn sign_in_message(id: String, to: &str, code: &str) -> Message {
    let advice = "It works once, for ten minutes, in the browser that asked for it. Nobody from Lockstep will ask you for it. If you did not try to sign in, do nothing.";
    Message {
        id,
        to: to.to_owned(),
        subject: format!("{code} is your Lockstep code"),
        text: format!("Your sign-in code:\n\n{code}\n\n{advice}\n"),
        html: page(&format!(
            "<p>Your sign-in code:</p><p style=\"font-size:28px;letter-spacing:2px;font-family:monospace\">{code}</p><p style=\"color:#555555\">{}</p>",
            escape(advice),
        )),
    }
}

fn removed_message(id: String, to: &str, organization: &str) -> Message {
    let sentence = format!("You are no longer a member of {organization}.");
    let advice = "All that you held there has ended. Whom to ask is an admin of it.";
    told(id, to, sentence, advice)
}

fn role_message(id: String, to: &str, organization: &str, role: &str) -> Message {
    let sentence = format!("Your role in {organization} is now {role}.");
    let advice = "It counts from now on. Whom to ask about it is an admin of the organization.";
    told(id, to, sentence, advice)
}

/// A mail that only says something: without a link there is nothing in it to be led by.
fn told(id: String, to: &str, sentence: String, advice: &str) -> Message {
    Message {
        id,
        to: to.to_owned(),
        text: format!("{sentence}\n\n{advice}\n"),
        html: page(&format!(
            "<p>{}</p><p style=\"color:#555555\">{}</p>",
            escape(&sentence),
            escape(advice),
        )),
        subject: sentence,
    }
}

fn message_id(config: &Config, fields: &[&str]) -> String {
    let hex = config.keys.derive_hex(Purpose::Message, fields);
    format!("msg_{}", hex.chars().take(32).collect::<String>())
}

fn page(body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"></head><body style=\"font-family:sans-serif;font-size:16px;line-height:1.5\">{body}</body></html>"
    )
}

/// `ABCD-EFGH`.
fn grouped(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

/// A name that somebody else wrote, as one line that no mail program turns into a link or shows in another direction.
fn plain(name: &str, chars_max: usize) -> String {
    let mut line = String::new();
    for c in name.chars().take(chars_max) {
        line.push(if is_unseen(c) { ' ' } else { c });
        if is_of_links(c) {
            // A word joiner is not seen, and ends what looks like an address.
            line.push('\u{2060}');
        }
    }
    line.trim().to_owned()
}

/// The lines of a message that somebody else wrote.
fn lines(message: &str) -> Vec<String> {
    let message: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
    let lines = message.lines();
    lines.map(|line| plain(line, MESSAGE_CHARS_MAX)).collect()
}

/// Controls, breaks of lines, turns of direction, and what has no width or looks like a space and is none.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// What a link is made of, and what some programs read as the same (UTS #46 maps these to full stop, colon, slash and at).
const fn is_of_links(c: char) -> bool {
    matches!(
        c,
        '.' | ':'
            | '/'
            | '@'
            | '\u{2024}'
            | '\u{2044}'
            | '\u{2215}'
            | '\u{2236}'
            | '\u{29f8}'
            | '\u{3002}'
            | '\u{a789}'
            | '\u{fe52}'
            | '\u{fe55}'
            | '\u{fe6b}'
            | '\u{ff0e}'
            | '\u{ff0f}'
            | '\u{ff1a}'
            | '\u{ff20}'
            | '\u{ff61}'
    )
}

fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
    html
}
