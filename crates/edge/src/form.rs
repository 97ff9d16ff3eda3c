//! What OAuth clients send and expect: forms, and errors as RFC 6749 writes them.

use serde::Serialize;

use crate::{
    http::{Request, Response},
    problem::{ApiError, Code},
};

/// The longest accepted value, in bytes; a token is the longest.
const VALUE_BYTES_MAX: usize = 16_384;
/// The most parameters that a form may have: each is held against all before it, for who has proven nothing.
const PARAMETERS_MAX: usize = 32;

/// The parameters of a form. Those without a value count as absent (RFC 6749, section 3.2).
#[derive(Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a request's body.
    ///
    /// # Errors
    /// `invalid_request` for another media type, a body that is encoded or no text, a parameter that occurs twice, too many of them, or a value without end.
    pub fn read(request: &Request) -> Result<Self, Refusal> {
        let media_type = request.header("content-type").unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let encoding = request.header("content-encoding").unwrap_or("identity");
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
            || encoding != "identity"
        {
            let detail = "Send application/x-www-form-urlencoded, without Content-Encoding.";
            return Err(OAuthError::new(OAuthCode::InvalidRequest, detail).into());
        }
        let body = request.body().map_err(of_body)?;
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            if form.0.len() == PARAMETERS_MAX {
                let detail = format!("A form has at most {PARAMETERS_MAX} parameters.");
                return Err(OAuthError::new(OAuthCode::InvalidRequest, detail).into());
            }
            if form.0.iter().any(|(known, _)| *known == name) || value.len() > VALUE_BYTES_MAX {
                let detail = "A parameter occurs twice, or is too long.";
                return Err(OAuthError::new(OAuthCode::InvalidRequest, detail).into());
            }
            form.0.push((name.into_owned(), value.into_owned()));
        }
        Ok(form)
    }

    /// A parameter, if it has a value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.value(name).ok_or_else(|| {
            let detail = format!("`{name}` is missing.");
            OAuthError::new(OAuthCode::InvalidRequest, detail).into()
        })
    }
}

/// A body that broke off, or is no text, is the form's own fault.
fn of_body(error: ApiError) -> Refusal {
    match error.code() {
        Code::InvalidBody => OAuthError::new(OAuthCode::InvalidRequest, error.detail()).into(),
        _ => error.into(),
    }
}

/// What a form is refused with: in the words of OAuth, or as everywhere when it is no fault of the form.
#[derive(Debug)]
pub enum Refusal {
    /// 5xx, 408, 413.
    Api(ApiError),
    /// The form's own fault.
    OAuth(OAuthError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl Refusal {
    /// The answer.
    ///
    /// # Errors
    /// The problem, when it is one.
    pub fn answer(self) -> Result<Response, ApiError> {
        match self {
            Self::Api(error) => Err(error),
            Self::OAuth(error) => Response::json(400, &error),
        }
    }
}

/// An error of RFC 6749, section 5.2, or RFC 8693, section 2.2.2. It is always 400.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OAuthError {
    error: OAuthCode,
    error_description: String,
}

/// Its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OAuthCode {
    /// A parameter is missing, occurs twice, or has no such value; or the token that is presented is not valid, or not here.
    InvalidRequest,
    /// The scope is more than the token carries.
    InvalidScope,
    /// No token is made for that audience.
    InvalidTarget,
    /// Another `grant_type` than the one there is.
    UnsupportedGrantType,
}

impl OAuthError {
    /// An error with a sentence for this occurrence, in printable ASCII.
    pub fn new(error: OAuthCode, description: impl Into<String>) -> Self {
        Self {
            error,
            error_description: description.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{BodyError, Method};

    fn read(media_type: &str, body: &str) -> Result<Form, OAuthCode> {
        let request = Request::new(Method::Post, "/v1/oauth/token")
            .with_header("content-type", media_type)
            .with_body(Ok(body.as_bytes().to_vec()));
        Form::read(&request).map_err(|refusal| match refusal {
            Refusal::OAuth(error) => error.error,
            Refusal::Api(error) => panic!("{error:?}"),
        })
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    /// Every name is held against all before it, and that for who has proven nothing yet.
    #[test]
    fn j18_a_form_of_many_names_is_refused() {
        let of = |count: usize| {
            let names: Vec<String> = (0..count).map(|at| format!("p{at}=1")).collect();
            read(FORM, &names.join("&")).map(|form| form.value("p31").is_some())
        };
        assert_eq!(of(32), Ok(true));
        assert_eq!(of(33), Err(OAuthCode::InvalidRequest));
    }

    #[test]
    fn a_form_that_is_no_text_is_refused_in_the_words_of_oauth() {
        let refused = |error: BodyError| {
            let request = Request::new(Method::Post, "/v1/oauth/token")
                .with_header("content-type", FORM)
                .with_body(Err(error));
            Form::read(&request).unwrap_err()
        };
        for error in [BodyError::NotText, BodyError::Broken] {
            let Refusal::OAuth(error) = refused(error) else {
                panic!("a problem");
            };
            assert_eq!(error.error, OAuthCode::InvalidRequest);
        }
        assert!(matches!(refused(BodyError::Late), Refusal::Api(_)));
    }

    #[test]
    fn parameters_are_decoded_and_empty_ones_are_absent() {
        let form = read(
            "Application/X-WWW-Form-Urlencoded; charset=utf-8",
            "a=x%20y+z&b=&c",
        )
        .unwrap();
        assert_eq!(form.value("a"), Some("x y z"));
        assert_eq!(
            (form.value("b"), form.value("c"), form.value("d")),
            (None, None, None)
        );
        assert!(form.required("a").is_ok() && form.required("b").is_err());
    }

    #[test]
    fn what_two_programs_read_differently_is_refused() {
        let long = format!("a={}", "x".repeat(16_385));
        for body in ["a=1&a=2", "a=1&%61=1", "a=&a=1", &long] {
            assert_eq!(
                read(FORM, body).unwrap_err(),
                OAuthCode::InvalidRequest,
                "{body}"
            );
        }
        for media_type in ["", "application/json", "multipart/form-data", "text/plain"] {
            assert_eq!(
                read(media_type, "a=1").unwrap_err(),
                OAuthCode::InvalidRequest
            );
        }
    }
}
