//! The audit log as CSV (RFC 4180). Every cell stands in quotes.
//!
//! Spreadsheets run what begins with `=`, `+`, `-` or `@`, and names are chosen by strangers: such a cell begins with an apostrophe.

use lockstep_wire::AuditRow;

use crate::problem::ApiError;

/// The first line.
pub const HEADER: &str = "number,at_ms,epoch,principal,credential,credential_id,action,target,outcome,code,count,changes,client,user_agent,hash\r\n";

/// One row.
///
/// # Errors
/// When its changes cannot be written, which is a fault.
pub fn line(row: &AuditRow) -> Result<String, ApiError> {
    let changes = serde_json::to_string(&row.changes)
        .map_err(|error| ApiError::internal(format!("changes cannot be written: {error}")))?;
    let credential = row.credential.as_ref();
    let cells = [
        row.number.to_string(),
        row.at_ms.to_string(),
        row.epoch.to_string(),
        row.principal.clone().unwrap_or_default(),
        credential
            .map(|credential| credential.kind.clone())
            .unwrap_or_default(),
        credential
            .and_then(|credential| credential.id.clone())
            .unwrap_or_default(),
        row.action.clone(),
        row.target.clone(),
        row.outcome.as_str().to_owned(),
        row.code.clone().unwrap_or_default(),
        row.count.to_string(),
        changes,
        row.client.clone().unwrap_or_default(),
        row.user_agent.clone().unwrap_or_default(),
        row.hash.clone(),
    ];
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    Ok(format!("{}\r\n", cells.join(",")))
}

fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(cell(text), format!("\"'{text}\""));
        }
        assert_eq!(cell("say \"=1\", or\nnot"), "\"say \"\"=1\"\", or\nnot\"");
        assert_eq!(cell(""), "\"\"");
    }
}
