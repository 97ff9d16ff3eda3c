//! Several rows in one request, each with a result of its own.

use lockstep_wire::ResultView;

use super::{acting::FreshActing, refusal};
use crate::problem::ApiError;

/// What has become of several rows.
pub(super) struct Batch {
    /// The epoch that they have led to, if one of them changed anything.
    pub(super) epoch: Option<i64>,
    /// A result for each, in their order.
    pub(super) results: Vec<ResultView>,
}

/// Has `write` change what each row says, about the member who stands before it: with who acts as things are by then, because somebody may change what they hold themselves, and the epoch that the rows before it have led to. It answers its own.
///
/// # Errors
/// A fault, which is nobody's result: it undoes all rows.
pub(super) fn each<'r, R>(
    acting: &FreshActing<'_>,
    rows: impl Iterator<Item = (&'r str, R)>,
    write: impl Fn(&FreshActing<'_>, R, Option<i64>) -> Result<i64, ApiError>,
) -> Result<Batch, ApiError> {
    let mut batch = Batch {
        epoch: None,
        results: Vec::new(),
    };
    for (user, row) in rows {
        let written = acting
            .anew()
            .and_then(|acting| write(&acting, row, batch.epoch));
        let problem = match written {
            Ok(reached) => {
                batch.epoch = Some(reached);
                None
            }
            Err(error) if error.code().status() >= 500 => return Err(error),
            Err(error) => Some(error),
        };
        batch.results.push(ResultView {
            user_id: user.to_owned(),
            status: problem.as_ref().map_or(200, |error| error.code().status()),
            problem: problem.map(|error| refusal::document(&error)).transpose()?,
        });
    }
    Ok(batch)
}
