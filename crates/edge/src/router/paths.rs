//! Which route a path is.

use std::collections::{BTreeMap, BTreeSet};

use super::Route;
use crate::{
    http::{Method, Request},
    problem::{ApiError, Code},
    routes::ROUTES,
};

/// Longest accepted path, in bytes.
const PATH_BYTES_MAX: usize = 512;

/// The parameters of a path, by name.
pub(super) type Params<'a> = Vec<(&'static str, &'a str)>;

/// The route of a request. Only one spelling of a path exists: what is not exactly it is not there.
pub(super) fn find(request: &Request) -> Result<(&'static Route, Params<'_>), ApiError> {
    if request.path.len() > PATH_BYTES_MAX {
        return Err(ApiError::not_found());
    }
    let mut allowed = BTreeSet::new();
    for route in candidates(&request.path) {
        let Some(params) = matches(route.pattern, &request.path) else {
            continue;
        };
        if route.method == request.method {
            return Ok((route, params));
        }
        allowed.insert(route.method.as_str());
        if route.method == Method::Get {
            // The Worker's entry answers it.
            allowed.insert("HEAD");
        }
    }
    if allowed.is_empty() {
        return Err(ApiError::not_found());
    }
    let allow = allowed.into_iter().collect::<Vec<_>>().join(", ");
    let detail = format!("This path takes {allow}.");
    Err(ApiError::new(Code::MethodNotAllowed, detail).with_allow(allow))
}

/// Routes by what of a path is compared first: how many segments it has, and the last one, unless that is a parameter.
type Index = BTreeMap<(usize, Option<&'static str>), Vec<&'static Route>>;

thread_local! {
    /// Most requests have one or two candidates, and looking at every route costs more than answering.
    static INDEX: Index = index();
}

fn index() -> Index {
    let mut index = Index::new();
    for route in ROUTES.iter().copied().flatten() {
        let (count, last) = ends(route.pattern);
        let last = Some(last).filter(|last| !last.starts_with('{'));
        index.entry((count, last)).or_default().push(route);
    }
    index
}

/// Every route whose pattern may match.
fn candidates(path: &str) -> Vec<&'static Route> {
    let (count, last) = ends(path);
    INDEX.with(|index| {
        let of = |last| index.get(&(count, last)).into_iter().flatten();
        of(Some(last)).chain(of(None)).copied().collect()
    })
}

/// How many segments a path has, and the last of them.
fn ends(path: &str) -> (usize, &str) {
    let last = path.rsplit('/').next().unwrap_or_default();
    (path.bytes().filter(|byte| *byte == b'/').count(), last)
}

fn matches<'a>(pattern: &'static str, path: &'a str) -> Option<Params<'a>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        match expected
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) if is_param(segment) => params.push((name, segment)),
            None if expected == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(params)
}

fn is_param(segment: &str) -> bool {
    !segment.is_empty()
        && segment
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        let pattern = "/v1/organizations/{org}/members";
        assert_eq!(
            matches(pattern, "/v1/organizations/org_1/members"),
            Some(vec![("org", "org_1")])
        );
        for path in [
            "/v1/organizations/org_1/members/",
            "//v1/organizations/org_1/members",
            "/v1//organizations/org_1/members",
            "/v1/organizations//members",
            "/v1/organizations/org%5F1/members",
            "/v1/organizations/../members",
            "/v1/organizations/org_1;x/members",
            "/V1/organizations/org_1/members",
            "/v1/organizations/org_1%2Fmembers",
            "/v1/organizations/org_1/members.",
            "/v1/organizations/\u{f6}/members",
            "v1/organizations/org_1/members",
            "",
        ] {
            assert_eq!(matches(pattern, path), None, "{path}");
        }
    }

    #[test]
    fn whoever_matches_is_a_candidate() {
        let all: Vec<&Route> = ROUTES.iter().copied().flatten().collect();
        for route in &all {
            for filled in ["x1", "members", "evaluate", "org_1"] {
                let segments = route.pattern.split('/').map(|segment| {
                    let is_param = segment.starts_with('{');
                    if is_param { filled } else { segment }
                });
                let path = segments.collect::<Vec<_>>().join("/");
                let candidates = candidates(&path);
                for other in &all {
                    let same =
                        |one: &&Route| (one.method, one.pattern) == (other.method, other.pattern);
                    let is_candidate = candidates.iter().any(same);
                    assert!(is_candidate || matches(other.pattern, &path).is_none());
                }
            }
        }
    }

    #[test]
    fn no_two_routes_answer_one_request() {
        let all: Vec<&Route> = ROUTES.iter().copied().flatten().collect();
        for (at, route) in all.iter().enumerate() {
            let mut roots = ["/v1/", "/access/v1/", "/.well-known/"].into_iter();
            assert!(roots.any(|root| route.pattern.starts_with(root)));
            let example = route.pattern.replace(['{', '}'], "");
            for other in all.iter().skip(at + 1) {
                let is_same =
                    route.method == other.method && matches(other.pattern, &example).is_some();
                assert!(!is_same, "{} {}", route.pattern, other.pattern);
            }
        }
    }
}
