//! Pages of lists: how many, from where on, and the cursor that says where the next one begins.
//!
//! A cursor is a position under a MAC. It counts for one list, with its filters, and one principal: what was not given out for exactly that is 400 `invalid-cursor`, and its position is never looked at.
//! A position is a key of the list's order and no count of rows, so a late page costs what the first one does.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    authenticate::{Caller, Operator, operator},
    http::Response,
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
/// What every row of a list that begins with the newest one comes after: numbers above it are not exact in JavaScript.
pub const NEWEST: i64 = 9_007_199_254_740_991;
/// What the query of a list takes that has no filters.
pub const PAGE: &[&str] = &["limit", "cursor"];
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

/// What an object answers of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice<T, P> {
    /// The entries, in the list's order.
    pub entries: Vec<T>,
    /// The position of the last of them, when others come after it.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub next: Option<P>,
}

impl<P> Range<P> {
    /// How many rows tell whether there is another page.
    #[must_use]
    pub fn rows(&self) -> i64 {
        i64::from(self.limit).saturating_add(1)
    }

    /// The slice of `rows`, which come after the range's position in the list's order. `entry` answers `None` for what the reader may not see.
    ///
    /// # Errors
    /// What `position` and `entry` fail with.
    pub fn fill<R, T, E>(
        &self,
        rows: &[R],
        position: impl Fn(&R) -> Result<P, E>,
        mut entry: impl FnMut(&R) -> Result<Option<T>, E>,
    ) -> Result<Slice<T, P>, E> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut entries = Vec::new();
        let mut next = None;
        for row in rows {
            let Some(seen) = entry(row)? else {
                continue;
            };
            if entries.len() >= limit {
                return Ok(Slice { entries, next });
            }
            next = Some(position(row)?);
            entries.push(seen);
        }
        let next = None;
        Ok(Slice { entries, next })
    }
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
    /// 400 `invalid-query` for another limit than 1 to [`LIMIT_MAX`].
    pub fn of(
        call: &Call<'a>,
        caller: &'a Caller,
        filters: &'static [&'static str],
    ) -> Result<Self, ApiError> {
        Self::read(call, caller.principal.as_str(), filters)
    }

    /// As [`Self::of`], of a list of the operator's.
    ///
    /// # Errors
    /// The same.
    pub fn of_operator(call: &Call<'a>, _: Operator) -> Result<Self, ApiError> {
        Self::read(call, operator::NAME, &[])
    }

    fn read(
        call: &Call<'a>,
        principal: &'a str,
        filters: &'static [&'static str],
    ) -> Result<Self, ApiError> {
        let mut scope = vec![principal, call.request.path.as_str()];
        for name in filters {
            let value = call.query(name)?;
            scope.extend([
                *name,
                if value.is_some() { "=" } else { "" },
                value.unwrap_or_default(),
            ]);
        }
        let limit = match call.query("limit")? {
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
            cursor: call.query("cursor")?,
            limit,
        })
    }

    /// What is found for `query` in `organization`, which not every path of a search names. A body says the query together with the `token` of the page before.
    pub fn searched(
        call: &'a Call<'_>,
        caller: &'a Caller,
        organization: &'a str,
        (query, token): (&'a str, Option<&'a str>),
    ) -> Self {
        let path = call.request.path.as_str();
        Self {
            keys: &call.edge.config.keys,
            scope: vec![caller.principal.as_str(), organization, path, query],
            cursor: token,
            limit: LIMIT_DEFAULT,
        }
    }

    /// Which entries are wanted.
    ///
    /// # Errors
    /// 400 `invalid-cursor`.
    pub fn range<P: DeserializeOwned>(&self) -> Result<Range<P>, ApiError> {
        Ok(Range {
            after: self.position()?,
            limit: self.limit,
        })
    }

    /// After which position they come; `None` is the beginning.
    ///
    /// # Errors
    /// 400 `invalid-cursor`.
    pub fn position<P: DeserializeOwned>(&self) -> Result<Option<P>, ApiError> {
        self.cursor.map(|cursor| self.open(cursor)).transpose()
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

    /// Answers a page, whose entries are called `name`.
    ///
    /// # Errors
    /// When it cannot be written, which is a fault.
    pub fn answer<T: Serialize, P: Serialize>(
        &self,
        name: &str,
        slice: &Slice<T, P>,
    ) -> Result<Response, ApiError> {
        self.answer_with(name, slice, serde_json::Map::new())
    }

    /// As [`Self::answer`], with what else the page says.
    ///
    /// # Errors
    /// When it cannot be written, which is a fault.
    pub fn answer_with<T: Serialize, P: Serialize>(
        &self,
        name: &str,
        slice: &Slice<T, P>,
        mut body: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Response, ApiError> {
        let entries = serde_json::to_value(&slice.entries)
            .map_err(|error| ApiError::internal(format!("page cannot be written: {error}")))?;
        body.insert(name.to_owned(), entries);
        if let Some(next) = &slice.next {
            body.insert("next".to_owned(), self.cursor(next)?.into());
        }
        Response::json(200, &body)
    }

    fn open<P: DeserializeOwned>(&self, cursor: &str) -> Result<P, ApiError> {
        self.signed(cursor)
            .and_then(|position| serde_json::from_slice(position.as_bytes()).ok())
            .ok_or_else(|| {
                let detail = "This list gave no such cursor for these filters. Begin without one.";
                ApiError::new(Code::InvalidCursor, detail)
            })
    }

    /// The position inside a cursor that this list gave.
    fn signed(&self, cursor: &str) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn pages<'a>(keys: &'a Keys, cursor: Option<&'a str>) -> Pages<'a> {
        Pages {
            keys,
            scope: vec!["usr_1", "/v1/x", "sort", ""],
            cursor,
            limit: 2,
        }
    }

    /// M12: what was not given out is refused, whatever it says.
    #[test]
    fn m12_a_hundred_thousand_mutated_cursors_are_refused_or_are_the_one_that_was_given() {
        let keys = Keys::parse(KEY).unwrap();
        let given = pages(&keys, None).cursor(&41_i64).unwrap();
        let other = pages(&keys, None).cursor(&42_i64).unwrap();
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ %";
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut legal = 0_u32;
        for _ in 0..100_000 {
            let mut bytes = given.clone().into_bytes();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = alphabet[random(alphabet.len())],
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, alphabet[random(alphabet.len())]),
                    _ => {
                        bytes.truncate(at);
                        bytes.extend(other.bytes().skip(at));
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let text = String::from_utf8(bytes).unwrap();
            match pages(&keys, Some(&text)).range::<i64>() {
                Ok(range) => {
                    assert!(text == given || text == other, "{text}");
                    assert!(matches!(range.after, Some(41 | 42)));
                    legal += 1;
                }
                Err(error) => assert_eq!(error.code(), Code::InvalidCursor),
            }
        }
        assert!(legal > 0, "some are what they were");
    }

    #[test]
    fn a_slice_ends_where_nothing_that_may_be_seen_comes_after_it() {
        let range = |limit| Range::<u8> { after: None, limit };
        let even = |row: &u8| Ok::<_, ()>(row.is_multiple_of(2).then_some(*row));
        let slice = |limit, rows: &[u8]| range(limit).fill(rows, |row| Ok(*row), even).unwrap();
        assert_eq!(slice(2, &[1, 2, 3, 4, 5]).next, None);
        assert_eq!(slice(2, &[2, 4, 5, 6]).next, Some(4));
        assert_eq!(slice(2, &[2, 4, 5, 6]).entries, [2, 4]);
        assert_eq!(slice(9, &[]).entries, [0; 0]);
    }
}
