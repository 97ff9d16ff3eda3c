//! Several rows in one request, each with a result of its own.

use lockstep_wire::ResultView;
use serde::Serialize;
use serde_json::Value;

use super::{
    acting::FreshActing,
    refusal,
    store::{committed, written},
};
use crate::{objects::Reply, problem::ApiError};

/// What the rows of a request have come to so far.
#[derive(Default)]
pub(super) struct Rows {
    /// The epoch that they have led to, if one of them changed anything.
    epoch: Option<i64>,
    /// The first that was not allowed.
    denied: Option<ApiError>,
}

/// Why a row was refused: the status that it would have had by itself, and the problem.
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) problem: Value,
}

impl Rows {
    /// The epoch with which the next row goes on.
    pub(super) const fn epoch(&self) -> Option<i64> {
        self.epoch
    }

    /// What has become of the next row, which has led to the epoch that comes with it.
    ///
    /// # Errors
    /// A fault, which is nobody's result: it undoes all rows.
    pub(super) fn settle<T>(
        &mut self,
        written: Result<(i64, T), ApiError>,
    ) -> Result<Result<T, Refused>, ApiError> {
        match written {
            Ok((reached, value)) => {
                self.epoch = Some(reached);
                Ok(Ok(value))
            }
            Err(error) if error.code().status() >= 500 => Err(error),
            Err(error) => {
                let refused = Refused {
                    status: error.code().status(),
                    problem: refusal::document(&error)?,
                };
                if refused.status == 403 && self.denied.is_none() {
                    self.denied = Some(error);
                }
                Ok(Err(refused))
            }
        }
    }

    /// The answer. That a row was not allowed is in the log as it would be by itself; and what changed nothing is decided anew when it is sent again.
    ///
    /// # Errors
    /// When it cannot be written, which is a fault.
    pub(super) fn finish<T: Serialize>(
        self,
        acting: &FreshActing<'_>,
        value: T,
    ) -> Result<Reply, ApiError> {
        let reply = match self.epoch {
            Some(epoch) => committed(epoch, value)?,
            None => written(acting.organization.epoch, value)?.changing_nothing(),
        };
        Ok(reply.denying(self.denied))
    }
}

/// Has `write` change what each row says, about the member who stands before it: with who acts as things are by then, because somebody may change what they hold themselves, and the epoch that the rows before it have led to. It answers its own.
///
/// # Errors
/// As [`Rows::settle`].
pub(super) fn each<'r, R>(
    acting: &FreshActing<'_>,
    rows: impl Iterator<Item = (&'r str, R)>,
    write: impl Fn(&FreshActing<'_>, R, Option<i64>) -> Result<i64, ApiError>,
) -> Result<(Rows, Vec<ResultView>), ApiError> {
    let mut done = Rows::default();
    let mut results = Vec::new();
    for (user, row) in rows {
        let acting = acting.anew();
        let written = acting.and_then(|acting| write(&acting, row, done.epoch));
        let (status, problem) = match done.settle(written.map(|epoch| (epoch, ())))? {
            Ok(()) => (200, None),
            Err(Refused { status, problem }) => (status, Some(problem)),
        };
        results.push(ResultView {
            user_id: user.to_owned(),
            status,
            problem,
        });
    }
    Ok((done, results))
}
