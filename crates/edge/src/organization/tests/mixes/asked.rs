//! A request that can be sent more than once.

use serde_json::Value;

use crate::{
    http::{Method, Request},
    testing::ORIGIN,
};

#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: String,
    headers: Vec<(String, String)>,
}

impl Asked {
    pub(super) fn get(path: String) -> Self {
        Self {
            method: Method::Get,
            path,
            query: String::new(),
            body: String::new(),
            headers: Vec::new(),
        }
    }

    pub(super) fn post(path: &str, body: &Value) -> Self {
        Self::write(Method::Post, path, &body.to_string())
    }

    /// An unsafe request of our own page.
    pub(super) fn write(method: Method, path: &str, body: &str) -> Self {
        Self {
            method,
            body: body.to_owned(),
            ..Self::get(path.to_owned())
        }
        .with("origin", ORIGIN)
    }

    pub(super) fn with_query(self, query: &str) -> Self {
        Self {
            query: query.to_owned(),
            ..self
        }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What is sent.
    pub(super) fn request(&self) -> Request {
        let request = Request::new(self.method, self.path.clone()).with_query(&self.query);
        let mut headers = self.headers.iter();
        let request = headers.by_ref().fold(request, |request, (name, value)| {
            request.with_header(name, value)
        });
        if self.body.is_empty() {
            return request;
        }
        request
            .with_header("content-type", "application/json")
            .with_body(Ok(self.body.clone().into_bytes()))
    }
}
