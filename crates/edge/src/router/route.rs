//! One entry of the route table.

use crate::{
    authenticate::{Caller, FreshCaller, Operator},
    edge::Later,
    http::{Method, Request, Response},
    precondition::{self, IfMatch},
    problem::{ApiError, Code},
};

use super::Call;

/// What a handler gives.
pub type Answer = Result<Response, ApiError>;

/// One route.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path; a segment in braces is a parameter of letters, digits and underscores.
    pub pattern: &'static str,
    /// The names that its query may have, each once. [`Call::query`] gives no other one, and the interface's document has the same.
    pub query: &'static [&'static str],
    /// Who may call it, and what it does.
    pub handler: Handler,
}

/// How the paths of questions end that take what only changes take otherwise.
const QUESTIONS: [&str; 2] = ["/preview", "/introspect"];

impl Route {
    /// Whether it changes something. What only asks has nothing that could have changed meanwhile.
    pub(super) fn is_change(&self) -> bool {
        let is_question = match self.handler {
            Handler::Anonymous(_) | Handler::Fresh(_) | Handler::Operator(_) => {
                let mut ends = QUESTIONS.into_iter();
                ends.any(|end| self.pattern.ends_with(end))
            }
            Handler::Asking(_) | Handler::Presenting(_) | Handler::SignedIn(_) => true,
        };
        self.method.is_unsafe() && !is_question
    }

    /// What a request believes to edit. What a member changes in an organization, its object compares. Nothing else has a tag.
    pub(super) fn edited(&self, request: &Request) -> Result<Option<IfMatch>, ApiError> {
        if !self.is_change() {
            return Ok(None);
        }
        let is_tagged = matches!(self.handler, Handler::Fresh(_)) && self.pattern.contains("{org}");
        if !is_tagged {
            precondition::require_untagged(request)?;
        }
        precondition::read(request)
    }

    /// Whether it answers everybody with the same document, at an address to which others add what they like.
    pub(crate) const fn is_public_document(&self) -> bool {
        let is_public = matches!(
            (&self.handler, self.method),
            (Handler::Anonymous(_), Method::Get)
        );
        is_public && self.query.is_empty()
    }

    /// Refuses a query that would not do what it says: a name that was misspelled would count as left out.
    pub(super) fn require_query(&self, request: &Request) -> Result<(), ApiError> {
        let refused = |detail| Err(ApiError::new(Code::InvalidQuery, detail));
        for (name, _) in request.query() {
            let is_taken = self.query.contains(&name);
            if !is_taken && !self.is_public_document() {
                return refused(self.what_it_takes());
            }
            if is_taken && request.query().filter(|(other, _)| *other == name).count() > 1 {
                return refused(format!("`{name}` is given more than once."));
            }
        }
        Ok(())
    }

    /// What another name in the query is answered with.
    fn what_it_takes(&self) -> String {
        if self.query.is_empty() {
            return "Nothing is taken in the query here.".to_owned();
        }
        format!("The query takes `{}` here.", self.query.join("`, `"))
    }
}

/// Who may call a route, and what it does.
#[derive(Debug)]
pub enum Handler {
    /// Anybody.
    Anonymous(for<'a> fn(Call<'a>) -> Later<'a, Answer>),
    /// Whoever presents a credential that was found valid not long ago; it touches nothing of their own, so their object need not know of them.
    Asking(for<'a> fn(Call<'a>, Caller) -> Later<'a, Answer>),
    /// Whoever presents a credential that its object finds valid during this request: everything that changes something.
    Fresh(for<'a> fn(Call<'a>, FreshCaller) -> Later<'a, Answer>),
    /// Who runs the deployment.
    Operator(for<'a> fn(Call<'a>, Operator) -> Later<'a, Answer>),
    /// Anybody who presents what they have in the body. No header or cookie counts, so another site has nothing to lend.
    Presenting(for<'a> fn(Call<'a>) -> Later<'a, Answer>),
    /// Whoever presents a credential that was found valid not long ago. It changes nothing, as [`Self::Asking`] does not: it is called again where an object tells what is sensitive only to a credential that is checked first.
    SignedIn(for<'a> fn(Call<'a>, Caller) -> Later<'a, Answer>),
}

impl Handler {
    /// Whether it takes no caller.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous(_) | Self::Presenting(_))
    }
}
