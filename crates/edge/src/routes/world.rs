//! `/v1/dev/seed`: a whole organization at once, with a token for everybody in it. Development only.

use lockstep_token::{
    OrganizationId, Secret,
    id::{derived_user_id, opaque_id},
};
use lockstep_wire::GrantRecord;
use serde::{Deserialize, Serialize};

use super::development::require_development;
use crate::{
    http::{Method, Response},
    json,
    objects::ask,
    organization::{self, OrganizationObject, SeedNode, SeedPrincipal, Written},
    problem::ApiError,
    router::{Answer, Call, Handler, Route},
    user::{self, Authenticated, ListedToken, UserObject},
};

/// What stands for the organization's own id in a world that is yet to be made.
const ORGANIZATION: &str = "organization";

pub(super) const ROUTES: &[Route] = &[Route {
    method: Method::Post,
    pattern: "/v1/dev/seed",
    query: &[],
    handler: Handler::Anonymous(|call| Box::pin(seed(call))),
}];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedRequest {
    name: String,
    #[serde(default)]
    nodes: Vec<SeedNode>,
    principals: Vec<PrincipalRequest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrincipalRequest {
    name: String,
    /// The issuer whose JWTs for `name` are theirs.
    issuer: Option<String>,
    #[serde(default)]
    grants: Vec<GrantRecord>,
}

#[derive(Serialize)]
struct SeedView {
    organization: String,
    epoch: i64,
    principals: Vec<PrincipalView>,
}

#[derive(Serialize)]
struct PrincipalView {
    name: String,
    user: String,
    token: String,
}

async fn seed(call: Call<'_>) -> Answer {
    let edge = call.edge;
    require_development(&edge.config)?;
    let body: SeedRequest = json::body(call.request)?;
    let id = OrganizationId::mint(&edge.config.keys.id, edge.random.bytes()?);
    let in_world = |node: String| {
        if node == ORGANIZATION {
            id.as_str().to_owned()
        } else {
            node
        }
    };
    let mut views = Vec::new();
    let mut principals = Vec::new();
    for principal in body.principals {
        let (user, token) = person(&call, id.as_str(), principal.issuer, &principal.name).await?;
        let grants = principal.grants.into_iter();
        let grants = grants.map(|grant| GrantRecord {
            node: in_world(grant.node),
            ..grant
        });
        principals.push(SeedPrincipal {
            user: user.clone(),
            grants: grants.collect(),
        });
        views.push(PrincipalView {
            name: principal.name,
            user,
            token,
        });
    }
    let user_of = |name: &str| {
        views
            .iter()
            .find(|view| view.name == name)
            .map(|v| v.user.clone())
    };
    let nodes = body.nodes.into_iter().map(|node| SeedNode {
        parent: node.parent.map(in_world),
        owner: node.owner.as_deref().and_then(user_of),
        ..node
    });
    let command = organization::Command::Seed {
        name: body.name,
        nodes: nodes.collect(),
        principals,
    };
    let written: Written =
        ask::<OrganizationObject, _>(&*edge.objects, id.as_str(), &command).await?;
    let organization = id.as_str().to_owned();
    Response::json(
        201,
        &SeedView {
            organization,
            epoch: written.epoch,
            principals: views,
        },
    )
}

/// A user with a personal access token; without an issuer, the same name in another world is somebody else.
async fn person(
    call: &Call<'_>,
    world: &str,
    issuer: Option<String>,
    name: &str,
) -> Result<(String, String), ApiError> {
    let edge = call.edge;
    let issuer = issuer.unwrap_or_else(|| format!("urn:lockstep:seed:{world}"));
    let user = derived_user_id(&edge.config.keys.id, &issuer, name);
    let command = user::Command::Recognize {
        issuer,
        subject: name.to_owned(),
        address: None,
        said: user::Said::Nothing,
    };
    ask::<UserObject, Authenticated>(&*edge.objects, user.as_str(), &command).await?;
    let secret = Secret::personal_access_token(&edge.config.prefixes, &user, edge.random.bytes()?);
    let command = user::Command::CreateToken {
        id: opaque_id("tok", edge.random.bytes()?),
        hash: secret.hash().to_hex(),
        name: name.to_owned(),
        scopes: None,
        subtree: None,
        expires_in_s: None,
    };
    ask::<UserObject, ListedToken>(&*edge.objects, user.as_str(), &command).await?;
    Ok((user.as_str().to_owned(), secret.reveal().to_owned()))
}
