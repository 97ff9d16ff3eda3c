//! Events: one for every row that the audit log gets, in the same transaction, for every webhook that wants its type.
//!
//! An event says what happened to which thing by ids, and nothing of what it was or is: who is told need not be who may read that.

use lockstep_token::id::opaque_id;
use serde::Serialize;

use super::wanted;
use crate::{audit::About, objects::Context, organization::store, problem::ApiError};

/// Every type of event. `a_change_by_any_route_is_an_event_and_is_announced` finds those that are missing.
pub const TYPES: &[&str] = &[
    "admission.admit",
    "domain.claim",
    "domain.delete",
    "domain.join",
    "domain.prove",
    "domain.update",
    "group.add_member",
    "group.create",
    "group.delete",
    "group.grant",
    "group.remove_member",
    "group.rename",
    "group.revoke",
    "issuer.create",
    "issuer.delete",
    "issuer.update",
    "link.create",
    "link.revoke",
    "node_member.remove",
    "node_member.remove_from_project",
    "node_member.set",
    "node_member.set_all",
    "organization.accept_invitation",
    "organization.cancel_invitation",
    "organization.change_members",
    "organization.change_role",
    "organization.decline_invitation",
    "organization.delete",
    "organization.invite",
    "organization.invite_all",
    "organization.join_by_link",
    "organization.member_address",
    "organization.remove_member",
    "organization.resend_invitation",
    "organization.resend_invitations",
    "organization.restore",
    "organization.transfer",
    "organization.update",
    "plan.set",
    "project.create",
    "project.delete",
    "project.move",
    "project.transfer",
    "project.update",
    "role.create",
    "role.delete",
    "role.update",
    "rule.create",
    "rule.delete",
    "rule.update",
    "service_account.create",
    "service_account.delete",
    "service_account.update",
    "service_key.create",
    "service_key.delete",
    "service_key.rotate",
    "service_key.set_active",
    "setting.delete",
    "setting.put",
    "setting.select",
    "suspension.begin",
    "suspension.end",
    "webhook.create",
    "webhook.delete",
    "webhook.replay",
    "webhook.rotate",
    "webhook.update",
    "workspace.create",
    "workspace.delete",
    "workspace.update",
];

/// The body that is sent.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    id: &'a str,
    organization: &'a str,
    epoch: i64,
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
}

/// The end of an organization, as an action.
const DELETE: &str = "delete";

/// Writes down that something happened; call it inside the transaction of the change.
pub(in crate::organization) fn record(
    context: &Context<'_>,
    about: &About,
) -> Result<(), ApiError> {
    // Of a deleted organization its end is told, and nothing that comes after it.
    if about.action() != DELETE && store::deleted(context)?.is_some() {
        return Ok(());
    }
    let select = "SELECT id, events FROM webhook WHERE disabled_at_ms IS NULL ORDER BY id";
    let webhooks = context.sql.exec(select, &[])?;
    let kind = kind(about.action());
    let mut told = Vec::new();
    for row in &webhooks {
        let list = row.optional_text("events")?.map(wanted).transpose()?;
        if list.is_none_or(|list| list.contains(&kind)) {
            told.push(row.text("id")?);
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let id = opaque_id("evt", context.random.bytes()?);
    let body = Body {
        kind: &kind,
        timestamp: timestamp(context.now_ms),
        data: Data {
            id: &id,
            organization: context.name,
            epoch: store::epoch(context)?,
            target: about.target().unwrap_or(context.name),
            principal: context.provenance.principal.as_deref(),
        },
    };
    let body = serde_json::to_string(&body)
        .map_err(|error| ApiError::internal(format!("event cannot be written: {error}")))?;
    let now_ms = context.now_ms;
    let insert = "INSERT INTO webhook_event (id, type, body, at_ms) VALUES (?, ?, ?, ?)";
    let values = [(&id).into(), (&kind).into(), body.into(), now_ms.into()];
    context.sql.exec(insert, &values)?;
    for webhook in told {
        let insert = "INSERT INTO webhook_delivery (webhook, event, state, next_at_ms) VALUES (?, ?, 'pending', ?)";
        let values = [webhook.into(), (&id).into(), now_ms.into()];
        context.sql.exec(insert, &values)?;
    }
    Ok(())
}

/// The type of what the audit log calls `action`: hierarchical, with letters, full stops and underscores.
pub(super) fn kind(action: &str) -> String {
    let action = action.replace('-', "_");
    if action.contains('.') {
        action
    } else {
        format!("organization.{action}")
    }
}

/// Unix milliseconds as RFC 3339 has them.
pub(super) fn timestamp(at_ms: i64) -> String {
    let (days, in_day_ms) = (at_ms.div_euclid(86_400_000), at_ms.rem_euclid(86_400_000));
    let (seconds, ms) = (in_day_ms / 1_000, in_day_ms % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The date that lies `days` after 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the day that is sometimes there is the last one.
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::{kind, timestamp};

    #[test]
    fn a_type_is_hierarchical() {
        assert_eq!(kind("change-role"), "organization.change_role");
        assert_eq!(kind("node-member.set"), "node_member.set");
    }

    #[test]
    fn a_time_is_a_date() {
        for (at_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_200_001, "2024-03-01T00:00:00.001Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(timestamp(at_ms), text);
        }
    }
}
