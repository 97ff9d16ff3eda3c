//! Pages of lists: how many, from where on, and the cursor that says where the next one begins.
//!
//! A cursor is a position under a MAC. It counts for one list, with its filters, and one principal: what was not given out for exactly that is 400 `invalid-cursor`, and its position is never looked at.
//! A position is a key of the list's order and no count of rows, so a late page costs what the first one does.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    authenticate::Caller,
    keys::{Keys, Purpose},
    problem::{ApiError, Code},
    router::Call,
};

/// Entries of a page when `limit` is absent.
pub const LIMIT_DEFAULT: u32 = 50;
/// The most entries of a page.
pub const LIMIT_MAX: u32 = 200;
/// What a cursor begins with; another form of positions has another one.
const VERSION: u8 = 1;
/// Length of the MAC, in bytes.
const MAC_BYTES: usize = 32;
/// Longest cursor, in characters.
const CURSOR_CHARS_MAX: usize = 1_024;

/// What of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range<P> {
    /// After this position; from the beginning, when absent.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub after: Option<P>,
    /// At most so many.
    pub limit: u32,
}

const fn none<P>() -> Option<P> {
    None
}

/// A list that a caller pages through.
#[derive(Debug)]
pub struct Pages<'a> {
    keys: &'a Keys,
    scope: Vec<&'a str>,
    cursor: Option<&'a str>,
    limit: u32,
}

impl<'a> Pages<'a> {
    /// Reads `limit` and `cursor`; `filters` are the query's other parameters, which a cursor is bound to.
    ///
    /// # Errors
    /// 400 `invalid-query` for another limit than 1 to [`LIMIT_MAX`], or a parameter given twice.
    pub fn of(
        call: &Call<'a>,
        caller: &'a Caller,
        filters: &'static [&'static str],
    ) -> Result<Self, ApiError> {
        let request = call.request;
        let mut scope = vec![caller.principal.as_str(), request.path.as_str()];
        for name in filters {
            let value = parameter(request, name)?;
            scope.extend([
                *name,
                if value.is_some() { "=" } else { "" },
                value.unwrap_or_default(),
            ]);
        }
        let limit = match parameter(request, "limit")? {
            None => LIMIT_DEFAULT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit))
                .ok_or_else(|| {
                    let detail = format!("`limit` is a number from 1 to {LIMIT_MAX}.");
                    ApiError::new(Code::InvalidQuery, detail)
                })?,
        };
        Ok(Self {
            keys: &call.edge.config.keys,
            scope,
            cursor: parameter(request, "cursor")?,
            limit,
        })
    }

    /// Which entries are wanted.
    ///
    /// # Errors
    /// 400 `invalid-cursor`.
    pub fn range<P: DeserializeOwned>(&self) -> Result<Range<P>, ApiError> {
        let after = self.cursor.map(|cursor| self.open(cursor)).transpose()?;
        Ok(Range {
            after,
            limit: self.limit,
        })
    }

    /// The cursor of the entries after `position`.
    ///
    /// # Errors
    /// When the position cannot be written, which is a fault.
    pub fn cursor<P: Serialize>(&self, position: &P) -> Result<String, ApiError> {
        let position = serde_json::to_string(position)
            .map_err(|error| ApiError::internal(format!("position cannot be written: {error}")))?;
        let mut bytes = vec![VERSION];
        bytes.extend(self.mac(&position));
        bytes.extend(position.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn open<P: DeserializeOwned>(&self, cursor: &str) -> Result<P, ApiError> {
        self.position(cursor)
            .and_then(|position| serde_json::from_slice(position.as_bytes()).ok())
            .ok_or_else(|| {
                let detail = "This list gave no such cursor for these filters. Begin without one.";
                ApiError::new(Code::InvalidCursor, detail)
            })
    }

    /// The position inside a cursor that this list gave.
    fn position(&self, cursor: &str) -> Option<String> {
        if cursor.len() > CURSOR_CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (version, signed) = bytes.split_first()?;
        let (mac, position) = signed.split_at_checked(MAC_BYTES)?;
        let position = std::str::from_utf8(position).ok()?;
        let is_ours = *version == VERSION && self.keys.is_equal_bytes(mac, &self.mac(position));
        is_ours.then(|| position.to_owned())
    }

    fn mac(&self, position: &str) -> [u8; MAC_BYTES] {
        let mut fields = self.scope.clone();
        fields.push(position);
        self.keys.derive(Purpose::Cursor, &fields)
    }
}

/// A parameter of the query that is given once or not at all.
///
/// # Errors
/// 400 `invalid-query` when it is there twice.
pub fn parameter<'a>(
    request: &'a crate::http::Request,
    name: &'a str,
) -> Result<Option<&'a str>, ApiError> {
    let mut values = request.query(name);
    let value = values.next();
    if values.next().is_some() {
        let detail = format!("`{name}` is given more than once.");
        return Err(ApiError::new(Code::InvalidQuery, detail));
    }
    Ok(value)
}
