//! `/v1/organizations/{org}/audit`: the log as pages, newest first, and as one file, oldest first.

use futures_util::stream;
use lockstep_wire::{AuditEnd, AuditPoint, AuditRow};
use serde::Serialize;

use super::organizations::{actor, command, organization};
use crate::{
    audit::Filter,
    authenticate::{Caller, FreshCaller},
    bounds::TIME_MS_MAX,
    csv,
    edge::Edge,
    http::{Chunks, Method, Response},
    objects::ask,
    organization::{Actor, AuditPage, AuditPart, Command, OrganizationObject},
    paging::Pages,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

/// Rows that an export asks the object for at once.
const EXPORT_ROWS: u32 = 500;
/// The query's parameters that choose rows.
const FILTERS: &[&str] = &["principal", "action", "from_ms", "to_ms"];

pub(super) const ROUTES: &[Route] = &[Route {
    method: Method::Get,
    pattern: "/v1/organizations/{org}/audit",
    query: &[
        "principal",
        "action",
        "from_ms",
        "to_ms",
        "format",
        "limit",
        "cursor",
    ],
    handler: Handler::SignedIn(|call, caller| Box::pin(read(call, caller))),
}];

#[derive(Serialize)]
struct AuditView {
    rows: Vec<AuditRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// All rows, one a line, for spreadsheets.
    Csv,
    /// A page.
    Json,
    /// All rows, one a line; what `lockstep audit verify` reads.
    Ndjson,
}

async fn read(call: Call<'_>, caller: Caller) -> Answer {
    let filter = filter(&call)?;
    match format(&call)? {
        Format::Json => page(call, caller, filter).await,
        format => {
            require_whole(&call)?;
            export(call, caller, filter, format).await
        }
    }
}

/// A file has all rows: whoever asks for some of them would not get what they asked for.
fn require_whole(call: &Call<'_>) -> Result<(), ApiError> {
    for name in ["limit", "cursor"] {
        if call.query(name)?.is_some() {
            let detail = format!("A file has no pages, so it takes no `{name}`.");
            return Err(ApiError::new(Code::InvalidQuery, detail));
        }
    }
    Ok(())
}

async fn page(call: Call<'_>, caller: Caller, filter: Filter) -> Answer {
    let pages = Pages::of(&call, &caller, FILTERS)?;
    let range = pages.range::<i64>()?;
    let read = Command::ReadAudit {
        actor: actor(&call, &caller)?,
        filter,
        part: range.after.map_or(AuditPart::Newest, AuditPart::Before),
        // One more than asked for tells whether there is another page.
        limit: range.limit.saturating_add(1),
    };
    let AuditPage {
        mut rows, is_cut, ..
    } = command(&call, read).await?;
    let wanted = usize::try_from(range.limit).unwrap_or(usize::MAX);
    let has_more = is_cut || rows.len() > wanted;
    rows.truncate(wanted);
    let last = rows.last().filter(|_| has_more);
    let next = last.map(|row| pages.cursor(&row.number)).transpose()?;
    Response::json(200, &AuditView { rows, next })
        .map(|response| response.with_header("vary", "accept"))
}

fn filter(call: &Call<'_>) -> Result<Filter, ApiError> {
    let text = |name| Ok::<_, ApiError>(call.query(name)?.map(str::to_owned));
    let time = |name| {
        let text = call.query(name)?;
        let is_date = |at_ms: &i64| (0..=TIME_MS_MAX).contains(at_ms);
        let at_ms = text.map(|text| text.parse::<i64>().ok().filter(is_date));
        at_ms.map_or(Ok(None), |at_ms| {
            let detail =
                format!("`{name}` is a time in Unix milliseconds, from 0 to {TIME_MS_MAX}.");
            at_ms
                .map(Some)
                .ok_or_else(|| ApiError::new(Code::InvalidQuery, detail))
        })
    };
    Ok(Filter {
        principal: text("principal")?,
        action: text("action")?,
        from_ms: time("from_ms")?,
        to_ms: time("to_ms")?,
    })
}

/// `format` in the query, or else what `Accept` names.
fn format(call: &Call<'_>) -> Result<Format, ApiError> {
    let accepts = |media_type| super::decisions::accepts(call.request, media_type);
    match call.query("format")? {
        Some("csv") => Ok(Format::Csv),
        Some("json") => Ok(Format::Json),
        Some("ndjson") => Ok(Format::Ndjson),
        Some(_) => {
            let detail = "`format` is `json`, `ndjson` or `csv`.";
            Err(ApiError::new(Code::InvalidQuery, detail))
        }
        None if accepts("application/x-ndjson") => Ok(Format::Ndjson),
        None if accepts("text/csv") => Ok(Format::Csv),
        None => Ok(Format::Json),
    }
}

/// Everything there is, a page at a time: neither the object nor the Worker holds more than one.
async fn export(call: Call<'_>, caller: Caller, filter: Filter, format: Format) -> Answer {
    let caller = caller.confirm(call.edge).await?;
    let export = Export {
        edge: call.edge.clone(),
        organization: organization(&call)?.as_str().to_owned(),
        actor: actor(&call, &caller)?,
        caller,
        filter,
        format,
    };
    // The first page is asked for here, so that a refusal is an answer and not a broken file.
    let first = export.rows(0).await?;
    let head = first.head.clone();
    let (media_type, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "audit.csv"),
        Format::Json | Format::Ndjson => ("application/x-ndjson", "audit.ndjson"),
    };
    let beginning = State::Rows(first.start.checkpoint.number, Box::new(first), true);
    let chunks: Chunks = Box::pin(stream::try_unfold(
        (export, head, beginning),
        |(export, head, state)| async move {
            let Some((text, state)) = export.step(&head, state).await? else {
                return Ok(None);
            };
            Ok(Some((text.into_bytes(), (export, head, state))))
        },
    ));
    Ok(Response::new(200)
        .with_chunks(media_type, chunks)
        .with_header(
            "content-disposition",
            &format!("attachment; filename=\"{name}\""),
        )
        .with_header("vary", "accept"))
}

struct Export {
    edge: Edge,
    organization: String,
    actor: Actor,
    /// Its reader takes their time, and what they read by may end meanwhile.
    caller: FreshCaller,
    filter: Filter,
    format: Format,
}

/// How far an export is.
enum State {
    /// Everything was written.
    Ended,
    /// Rows after a number are to be asked for.
    More(i64),
    /// These rows are to be written, which come after a number; whether they are the first.
    Rows(i64, Box<AuditPage>, bool),
}

impl Export {
    async fn rows(&self, after: i64) -> Result<AuditPage, ApiError> {
        let read = Command::ReadAudit {
            actor: self.actor.clone(),
            filter: self.filter.clone(),
            part: AuditPart::After(after),
            limit: EXPORT_ROWS,
        };
        ask::<OrganizationObject, _>(&*self.edge.objects, &self.organization, &read).await
    }

    async fn step(
        &self,
        head: &AuditPoint,
        state: State,
    ) -> Result<Option<(String, State)>, ApiError> {
        let (after, page, is_first) = match state {
            State::Ended => return Ok(None),
            State::More(after) => {
                self.caller.clone().confirm_again(&self.edge).await?;
                (after, Box::new(self.rows(after).await?), false)
            }
            State::Rows(after, page, is_first) => (after, page, is_first),
        };
        if page.start.checkpoint.number > after {
            // Rows that were not written yet were removed meanwhile.
            return Err(ApiError::internal("the log was pruned during an export"));
        }
        let mut text = if is_first {
            self.beginning(&page)?
        } else {
            String::new()
        };
        // What came after the export began is left out, so that it has an end.
        let rows = page.rows.iter().filter(|row| row.number <= head.number);
        let mut last = head.number;
        let mut count = 0_u32;
        for row in rows {
            text.push_str(&self.line(row)?);
            last = row.number;
            count = count.saturating_add(1);
        }
        // However few rows fit, there are more behind them.
        if (page.is_cut || count == EXPORT_ROWS) && last < head.number {
            return Ok(Some((text, State::More(last))));
        }
        text.push_str(&self.end(head)?);
        Ok(Some((text, State::Ended)))
    }

    /// A selection has no first line, because it is no chain that could be verified.
    fn beginning(&self, page: &AuditPage) -> Result<String, ApiError> {
        match self.format {
            Format::Csv => Ok(csv::HEADER.to_owned()),
            Format::Json | Format::Ndjson if self.filter == Filter::default() => {
                json_line(&page.start)
            }
            Format::Json | Format::Ndjson => Ok(String::new()),
        }
    }

    fn line(&self, row: &AuditRow) -> Result<String, ApiError> {
        match self.format {
            Format::Csv => csv::line(row),
            Format::Json | Format::Ndjson => json_line(row),
        }
    }

    fn end(&self, head: &AuditPoint) -> Result<String, ApiError> {
        match self.format {
            Format::Csv => Ok(String::new()),
            Format::Json | Format::Ndjson => json_line(&AuditEnd { head: head.clone() }),
        }
    }
}

fn json_line(value: &impl Serialize) -> Result<String, ApiError> {
    let mut line = serde_json::to_string(value)
        .map_err(|error| ApiError::internal(format!("a row cannot be written: {error}")))?;
    line.push('\n');
    Ok(line)
}
