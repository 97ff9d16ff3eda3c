//! Every route, by noun. A route is in this table or it does not exist.

mod audit;
mod authzen;
mod decisions;
mod development;
mod domains;
mod groups;
mod health;
mod invitations;
mod issuers;
mod links;
mod me;
mod members;
mod node_members;
mod notifications;
mod oauth;
mod operator;
mod organizations;
mod roles;
mod rules;
mod service_accounts;
mod sessions;
mod settings;
mod sign_in;
mod structure;
mod tokens;
mod values;
mod webhooks;
mod world;

pub use organizations::require_importer;

use crate::router::Route;

/// The route tables.
pub const ROUTES: &[&[Route]] = &[
    audit::ROUTES,
    authzen::ROUTES,
    development::ROUTES,
    decisions::ROUTES,
    domains::ROUTES,
    invitations::ROUTES,
    issuers::ROUTES,
    links::ROUTES,
    members::ROUTES,
    groups::ROUTES,
    node_members::ROUTES,
    notifications::ROUTES,
    oauth::ROUTES,
    roles::ROUTES,
    rules::ROUTES,
    structure::ROUTES,
    operator::ROUTES,
    organizations::ROUTES,
    service_accounts::ROUTES,
    sessions::ROUTES,
    settings::ROUTES,
    world::ROUTES,
    health::ROUTES,
    me::ROUTES,
    sign_in::ROUTES,
    tokens::ROUTES,
    webhooks::ROUTES,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::ROUTES;
    use crate::{
        http::Method,
        router::{Handler, Route},
    };

    /// Routes that exist in development only, and are no part of the interface.
    const UNDOCUMENTED: &str = "/v1/dev/";

    /// Routes that do no more when they are asked twice: nothing of a key is kept.
    const CHANGING_NOTHING_TWICE: [&str; 4] = [
        "/v1/me/sign-out",
        "/v1/oauth/introspect",
        "/v1/organizations/{org}/roles/preview",
        "/v1/organizations/{org}/rules/preview",
    ];

    fn documented() -> Value {
        serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap()
    }

    fn routes() -> impl Iterator<Item = &'static Route> {
        let all = ROUTES.iter().copied().flatten();
        all.filter(|route| !route.pattern.starts_with(UNDOCUMENTED))
    }

    #[test]
    fn the_document_has_exactly_the_routes_that_exist() {
        let existing: BTreeSet<(String, String)> = routes()
            .map(|route| {
                let method = route.method.as_str().to_ascii_lowercase();
                (route.pattern.to_owned(), method)
            })
            .collect();
        let document = documented();
        let paths = document["paths"].as_object().unwrap().iter();
        let written: BTreeSet<(String, String)> = paths
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(|method| (path.clone(), method.clone()))
            })
            .collect();
        assert_eq!(existing, written);
    }

    #[test]
    fn the_document_says_what_every_route_of_a_kind_takes_and_answers() {
        let document = documented();
        for route in routes() {
            let method = route.method.as_str().to_ascii_lowercase();
            let written = &document["paths"][route.pattern][&method];
            // A fault of ours, or a wrong configuration.
            let mut statuses = vec!["500"];
            if written.get("requestBody").is_some() {
                // A body that does not arrive.
                statuses.push("408");
            }
            if !route.handler.is_anonymous() {
                // Two credentials, none that is valid, and an object that does not answer.
                statuses.extend(["400", "401", "503"]);
            }
            if !route.handler.is_anonymous() && !matches!(route.handler, Handler::Operator(_)) {
                // A credential of another organization, of a program, or one that lives too long; another site's page.
                statuses.push("403");
            }
            let is_fresh = matches!(route.handler, Handler::Fresh(_));
            let is_kept = !CHANGING_NOTHING_TWICE.contains(&route.pattern);
            if is_fresh && is_kept && route.method == Method::Post {
                // With a key that came with another body, and with one key too many.
                statuses.extend(["422", "429"]);
                let parameters = written["parameters"].as_array().into_iter().flatten();
                let mut names = parameters.map(|parameter| &parameter["name"]);
                assert!(
                    names.any(|name| name == "Idempotency-Key"),
                    "{method} {}",
                    route.pattern
                );
            }
            for status in statuses {
                let answer = &written["responses"][status];
                assert!(answer.is_object(), "{status} of {method} {}", route.pattern);
            }
        }
    }

    #[test]
    fn the_document_says_what_the_query_of_every_route_takes() {
        let document = documented();
        let mut takes = 0;
        for route in routes() {
            let method = route.method.as_str().to_ascii_lowercase();
            let written = &document["paths"][route.pattern][&method];
            let parameters = written["parameters"].as_array().into_iter().flatten();
            let of_query = parameters.filter(|parameter| parameter["in"] == "query");
            let names = of_query.map(|parameter| parameter["name"].as_str().unwrap());
            let names: BTreeSet<&str> = names.collect();
            let taken: BTreeSet<&str> = route.query.iter().copied().collect();
            assert_eq!(names, taken, "{method} {}", route.pattern);
            takes += usize::from(!taken.is_empty());
            // And that another name is refused.
            let refusal = &written["responses"]["400"];
            assert!(
                refusal.is_object() || route.is_public_document(),
                "{method} {}",
                route.pattern
            );
        }
        assert!(takes > 20, "{takes}");
    }

    /// Who is answered by a credential that is only remembered says from before which epoch they are not to be.
    #[test]
    fn the_document_says_which_routes_take_an_epoch() {
        let document = documented();
        for route in routes() {
            let method = route.method.as_str().to_ascii_lowercase();
            let written = &document["paths"][route.pattern][&method];
            let parameters = written["parameters"].as_array().into_iter().flatten();
            let mut names = parameters.map(|parameter| &parameter["name"]);
            let is_remembered = matches!(route.handler, Handler::Asking(_) | Handler::SignedIn(_));
            let is_written = names.any(|name| name == "Lockstep-Epoch");
            assert_eq!(is_written, is_remembered, "{method} {}", route.pattern);
        }
    }

    #[test]
    fn the_document_says_who_may_call_a_route() {
        let document = documented();
        for route in routes() {
            let method = route.method.as_str().to_ascii_lowercase();
            let security = document["paths"][route.pattern][&method]["security"]
                .as_array()
                .unwrap();
            assert_eq!(
                security.is_empty(),
                route.handler.is_anonymous(),
                "{method} {}",
                route.pattern
            );
        }
    }
}
