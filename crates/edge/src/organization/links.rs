//! Links by which several people come in: make, list, revoke, preview, join.
//!
//! A link says nothing of who comes, so it lives only as long as its maker's rights: whoever uses it is let in on those, as they are at that moment, and it ends with its maker's membership.

use lockstep_core::{InvitationStatus, Operation};
use lockstep_wire::{AcceptedView, InvitationPreview, LinkRequest, LinkView};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, FreshActing, Word},
    actor::FreshPerson,
    addresses,
    invitations::{self, Inviter, Names, offered},
    refusal,
    store::{Organization, committed, next_epoch, organization},
};
use crate::{
    objects::{Context, Reply},
    paging::{NEWEST, Range},
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// How long a link can be used when nobody says otherwise, in seconds: 7 days.
const LIFE_S: i64 = 604_800;
/// The most links of one organization that can be used.
const LINKS_MAX: i64 = 50;
const COLUMNS: &str = "SELECT rowid AS place, id, role, made_by, uses, uses_max, created_at_ms, expires_at_ms, revoked_at_ms, seen_by FROM invitation_link";

/// What a member may change about links.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkChange {
    /// Makes one; answers `Written` with `LinkView`.
    Create {
        /// Its id.
        link: String,
        /// Hash of its secret.
        hash: String,
        /// What it is to be.
        wanted: LinkRequest,
    },
    /// Ends one; answers `Written`.
    Revoke {
        /// Its id.
        link: String,
    },
}

/// What a member may ask about links.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkQuestion {
    /// Those that can be used; answers a slice of `LinkView`.
    List {
        /// Which of them.
        range: Range<i64>,
    },
}

/// A link's row.
#[derive(Debug, Clone)]
pub(super) struct Link {
    id: String,
    role: String,
    made_by: String,
    uses: i64,
    uses_max: i64,
    created_at_ms: i64,
    expires_at_ms: i64,
    revoked_at_ms: Option<i64>,
    /// The person who saw its secret, as far as that is known.
    seen_by: Option<String>,
}

impl Link {
    /// What it is at `now_ms`, in the words of invitations: used as often as it may be, it is accepted.
    const fn status(&self, now_ms: i64) -> InvitationStatus {
        if self.revoked_at_ms.is_some() {
            InvitationStatus::Canceled
        } else if now_ms >= self.expires_at_ms {
            InvitationStatus::Expired
        } else if self.uses >= self.uses_max {
            InvitationStatus::Accepted
        } else {
            InvitationStatus::Pending
        }
    }
}

impl LinkChange {
    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create { link, hash, wanted } => create(acting, link, hash, wanted),
            Self::Revoke { link } => revoke(acting, link),
        }
    }
}

impl LinkQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List { range } => list(acting, range),
        }
    }
}

fn create(
    acting: &FreshActing<'_>,
    id: &str,
    hash: &str,
    wanted: &LinkRequest,
) -> Result<Reply, ApiError> {
    let known = offered::asked(acting, &wanted.role, &wanted.workspaces)?;
    let permitted = acting.may_link(&known.offer())?;
    let life_ms = wanted.expires_in_s.unwrap_or(LIFE_S).saturating_mul(1_000);
    let expires_at_ms = acting.now_ms().saturating_add(life_ms);
    acting.require_end(Some(expires_at_ms))?;
    let open = "SELECT COUNT(*) AS count FROM invitation_link WHERE revoked_at_ms IS NULL AND expires_at_ms > ? AND uses < uses_max";
    if acting.count(open, &[acting.now_ms().into()])? >= LINKS_MAX {
        let detail = format!("An organization may have {LINKS_MAX} links that can be used.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let link = Link {
        id: id.to_owned(),
        role: wanted.role.clone(),
        made_by: acting.principal().to_owned(),
        uses: 0,
        uses_max: wanted.uses_max,
        created_at_ms: acting.now_ms(),
        expires_at_ms,
        revoked_at_ms: None,
        seen_by: Some(acting.seer().to_owned()),
    };
    let change = acting.change(permitted)?;
    let insert = "INSERT INTO invitation_link (id, hash, role, made_by, uses_max, created_at_ms, expires_at_ms, seen_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let values = [
        id.into(),
        hash.into(),
        (&link.role).into(),
        (&link.made_by).into(),
        link.uses_max.into(),
        link.created_at_ms.into(),
        link.expires_at_ms.into(),
        link.seen_by.as_deref().into(),
    ];
    change.exec(insert, &values)?;
    offered::write(&change, id, known.kept())?;
    let view = acting.view_link(&link)?;
    change.finish(view)
}

fn list(acting: &Acting<'_>, range: &Range<i64>) -> Result<Reply, ApiError> {
    acting.permit(Operation::InvitationRead, acting.access.root())?;
    let select = format!(
        "{COLUMNS} WHERE revoked_at_ms IS NULL AND expires_at_ms > ? AND uses < uses_max AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    );
    let before = range.after.unwrap_or(NEWEST);
    let values = [acting.now_ms().into(), before.into(), range.rows().into()];
    let rows = acting.rows(&select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    let seen = |row: &Row| Ok(Some(acting.view_link(&read(row)?)?));
    Reply::of(&range.fill(&rows, position, seen)?)
}

fn revoke(acting: &FreshActing<'_>, id: &str) -> Result<Reply, ApiError> {
    let row = acting.row(&format!("{COLUMNS} WHERE id = ?"), &[id.into()])?;
    let link = row.as_ref().map(read).transpose()?;
    // Who may not is told so before whether there is such a link.
    let role = link.as_ref().map(|link| link.role.as_str());
    let permitted = acting.permit_towards(Operation::InvitationCancel, role)?;
    let link = link.ok_or_else(ApiError::not_found)?;
    if link.revoked_at_ms.is_some() {
        return Err(refusal::not_pending(InvitationStatus::Canceled));
    }
    let change = acting.change(permitted)?;
    end(change.context(), id)?;
    change.finish(())
}

fn end(context: &Context<'_>, id: &str) -> Result<(), ApiError> {
    let end = "UPDATE invitation_link SET revoked_at_ms = ? WHERE id = ?";
    context.sql.exec(end, &[context.now_ms.into(), id.into()])?;
    Ok(())
}

/// A link as its secret shows it.
pub(super) fn preview(
    context: &Context<'_>,
    organization: &Organization,
    hash: &str,
) -> Result<Reply, ApiError> {
    let link = find(context, hash)?;
    // Whoever has kept a link that is over may have left since.
    let is_open = link.status(context.now_ms) == InvitationStatus::Pending;
    let names = invitations::role_names(context)?;
    let view = view(context, &link, &names, &|_| is_open)?;
    Reply::of(&InvitationPreview {
        id: view.id,
        organization: invitations::reference(organization),
        role: view.role,
        role_name: view.role_name,
        workspaces: view.workspaces,
        email: None,
        invited_by: view.made_by,
        invited_by_program: view.made_by_program,
        message: None,
        status: view.status,
        expires_at_ms: view.expires_at_ms,
    })
}

/// Whoever has the secret joins, on what the link's maker may do at this moment.
pub(super) fn join(
    context: &Context<'_>,
    hash: &str,
    person: &FreshPerson,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let link = find(context, hash)?;
    match link.status(context.now_ms) {
        InvitationStatus::Pending => {}
        status => return Err(refusal::not_pending(status)),
    }
    require_stranger(context, person)?;
    let word = Word::of(
        context,
        &organization,
        &link.made_by,
        link.seen_by.as_deref(),
    )?;
    let word = word.ok_or_else(void)?;
    let known = word.known(&link.id, &link.role)?.ok_or_else(void)?;
    let permitted = word.link(&known.offer()).map_err(|_| void())?;
    use_up(context, &link)?;
    let epoch = next_epoch(context)?;
    invitations::admit(
        context,
        &organization,
        permitted,
        person,
        &link.role,
        known.kept(),
        epoch,
    )?;
    let view = AcceptedView {
        organization: invitations::reference(&organization),
        epoch,
    };
    committed(epoch, view)
}

/// Counts one use, by one conditional statement, before any other effect.
fn use_up(context: &Context<'_>, link: &Link) -> Result<(), ApiError> {
    let used = "UPDATE invitation_link SET uses = uses + 1
        WHERE id = ? AND uses < uses_max AND revoked_at_ms IS NULL AND expires_at_ms > ? RETURNING id";
    let values = [(&link.id).into(), context.now_ms.into()];
    if context.sql.one(used, &values)?.is_none() {
        return Err(refusal::not_pending(InvitationStatus::Accepted));
    }
    Ok(())
}

/// Refuses who is a member, and who was one, by whatever account of that address: neither a link that somebody kept nor a domain brings anybody back.
pub(super) fn require_stranger(
    context: &Context<'_>,
    person: &FreshPerson,
) -> Result<(), ApiError> {
    let select = format!(
        "SELECT left_at_ms FROM member WHERE {} ORDER BY left_at_ms IS NOT NULL LIMIT 1",
        addresses::SAME_PERSON
    );
    let values = addresses::values(context, person);
    let Some(known) = context.sql.one(&select, &values)? else {
        return Ok(());
    };
    if known.optional_integer("left_at_ms")?.is_none() {
        let detail = "You are a member already.";
        return Err(ApiError::new(Code::AlreadyMember, detail));
    }
    let detail = "You were a member before, so it takes an invitation to your address.";
    Err(ApiError::new(Code::InvitationVoid, detail))
}

fn void() -> ApiError {
    let detail = "Who made this link may no longer let you in. Ask for a new one.";
    ApiError::new(Code::InvitationVoid, detail)
}

/// Ends the links of who is no longer a member, and those that programs made by a key whose secret they saw.
pub(super) fn revoke_those_of(context: &Context<'_>, user: &str) -> Result<(), ApiError> {
    let revoke = "UPDATE invitation_link SET revoked_at_ms = ?1 WHERE revoked_at_ms IS NULL AND (made_by = ?2 OR seen_by = ?2)";
    let values = [context.now_ms.into(), user.into()];
    context.sql.exec(revoke, &values)?;
    Ok(())
}

/// Lets `write` say what `maker` is granted under a name, and if that changes it, ends the links that they could not make before it or could not make after it: what they are given anew is another word. What rests by a rule ends, too, then; nothing does by the same again.
pub(super) fn through<T>(
    context: &Context<'_>,
    maker: &str,
    granted_as: &str,
    write: impl FnOnce() -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let open = open_of(context, maker)?;
    if open.is_empty() {
        return write();
    }
    let select = "SELECT node, role, not_before_ms, expires_at_ms FROM granted WHERE user = ? ORDER BY node, role";
    let granted = || context.sql.exec(select, &[granted_as.into()]);
    let before = granted()?;
    // A role that ran out by itself has left them open.
    let mut over = beyond(context, maker, &open)?;
    let written = write()?;
    if granted()? != before {
        over.extend(beyond(context, maker, &open)?);
        over.into_iter().try_for_each(|id| end(context, id))?;
    }
    Ok(written)
}

/// Ends the links that `maker` could not make as things are.
pub(super) fn revoke_those_beyond(context: &Context<'_>, maker: &str) -> Result<(), ApiError> {
    let open = open_of(context, maker)?;
    let over = beyond(context, maker, &open)?;
    over.into_iter().try_for_each(|id| end(context, id))
}

fn open_of(context: &Context<'_>, maker: &str) -> Result<Vec<Link>, ApiError> {
    let select = format!(
        "{COLUMNS} WHERE made_by = ? AND revoked_at_ms IS NULL AND expires_at_ms > ? AND uses < uses_max"
    );
    let values = [maker.into(), context.now_ms.into()];
    let rows = context.sql.exec(&select, &values)?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Those of `links` that `maker` could not make as things are; all of them while their issuer is switched off. That who saw a program's secret is suspended is no change of the program.
fn beyond<'a>(
    context: &Context<'_>,
    maker: &str,
    links: &'a [Link],
) -> Result<Vec<&'a str>, ApiError> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let organization = organization(context)?;
    let word = Word::of(context, &organization, maker, None)?;
    let mut over = Vec::new();
    for link in links {
        let known = match &word {
            Some(word) => word.known(&link.id, &link.role)?.zip(Some(word)),
            None => None,
        };
        if known.is_none_or(|(known, word)| word.link(&known.offer()).is_err()) {
            over.push(&*link.id);
        }
    }
    Ok(over)
}

/// Ends all links.
pub(super) fn revoke_all(context: &Context<'_>) -> Result<(), ApiError> {
    let revoke = "UPDATE invitation_link SET revoked_at_ms = ? WHERE revoked_at_ms IS NULL";
    context.sql.exec(revoke, &[context.now_ms.into()])?;
    Ok(())
}

fn find(context: &Context<'_>, hash: &str) -> Result<Link, ApiError> {
    let row = context
        .sql
        .one(&format!("{COLUMNS} WHERE hash = ?"), &[hash.into()])?;
    Ok(read(&row.ok_or_else(ApiError::not_found)?)?)
}

/// A link as it is shown, with the workspaces that `is_seen`.
pub(super) fn view(
    context: &Context<'_>,
    link: &Link,
    names: Names<'_>,
    is_seen: &dyn Fn(&str) -> bool,
) -> Result<LinkView, ApiError> {
    let maker = Inviter::of(context, &link.made_by)?;
    Ok(LinkView {
        id: link.id.clone(),
        role: link.role.clone(),
        role_name: names(&link.role),
        workspaces: invitations::workspaces(context, &link.id, names, is_seen)?,
        status: link.status(context.now_ms).as_str().to_owned(),
        uses: link.uses,
        uses_max: link.uses_max,
        made_by: maker.shown,
        made_by_program: maker.program,
        created_at_ms: link.created_at_ms,
        expires_at_ms: link.expires_at_ms,
    })
}

fn read(row: &Row) -> Result<Link, SqlError> {
    Ok(Link {
        id: row.text("id")?.to_owned(),
        role: row.text("role")?.to_owned(),
        made_by: row.text("made_by")?.to_owned(),
        uses: row.integer("uses")?,
        uses_max: row.integer("uses_max")?,
        created_at_ms: row.integer("created_at_ms")?,
        expires_at_ms: row.integer("expires_at_ms")?,
        revoked_at_ms: row.optional_integer("revoked_at_ms")?,
        seen_by: row.optional_text("seen_by")?.map(str::to_owned),
    })
}
