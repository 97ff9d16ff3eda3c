//! `/v1/organizations`: create, see, rename, hand over, delete, restore.

use lockstep_core::Operation;
use lockstep_token::{OrganizationId, UserId};
use lockstep_wire::{
    ExportedOrganization, ImportedView, MemberView, NameRequest, OrganizationChangeRequest,
    OrganizationReference, OrganizationView, OwnerRequest,
};
use serde::Serialize;

use super::{
    structure,
    values::{NothingRequest, life_s, name},
};
use crate::{
    authenticate::{Caller, FreshCaller, require_anywhere},
    edge::Edge,
    http::{IMPORT_PATH, Method, Response},
    json,
    objects::ask,
    organization::{Actor, Command, FreshActor, OrganizationObject, SlugCommand, Written},
    place::Place,
    precondition::{Tagged, with_etag},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    slug::{self, Reserved, Slug, SlugObject},
    user::{self, UserObject},
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        pattern: "/v1/organizations",
        query: &["slug"],
        handler: Handler::SignedIn(|call, caller| Box::pin(find(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(create(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: IMPORT_PATH,
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(import(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}",
        query: &[],
        handler: Handler::SignedIn(|call, caller| Box::pin(read(call, caller))),
    },
    Route {
        method: Method::Patch,
        pattern: "/v1/organizations/{org}",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(update(call, caller))),
    },
    Route {
        method: Method::Delete,
        pattern: "/v1/organizations/{org}",
        query: &["name"],
        handler: Handler::Fresh(|call, caller| Box::pin(delete(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: "/v1/organizations/{org}/export",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(export(call, caller))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/organizations/{org}/restore",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(restore(call, caller))),
    },
    Route {
        method: Method::Put,
        pattern: "/v1/organizations/{org}/owner",
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(transfer(call, caller))),
    },
];

async fn create(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: NameRequest = json::body(call.request)?;
    let user = creator(call.edge, &caller)?;
    // What is refused leaves no key behind.
    let name = name(&body.name)?;
    let id = new_id(&call, user).await?;
    let command = Command::Create {
        name,
        user: user.as_str().to_owned(),
        address: caller.address.clone(),
        is_personal: false,
    };
    let objects = &*call.edge.objects;
    let made = ask::<OrganizationObject, _>(objects, id.as_str(), &command).await?;
    written::<OrganizationView>(201, &made)
}

/// Who may bring an organization into being.
fn creator<'a>(edge: &Edge, caller: &'a FreshCaller) -> Result<&'a UserId, ApiError> {
    let policy = &edge.config.policy.policy;
    // Nobody is a member of what is not there yet, so only what everybody holds counts here.
    let permission = policy
        .operation(Operation::OrganizationCreate)
        .filter(|permission| policy.everyone_holds(*permission))
        .and_then(|permission| policy.describe(permission));
    let Some(permission) = permission else {
        let detail = "The policy of this deployment lets nobody create an organization.";
        return Err(ApiError::new(Code::NoGrant, detail));
    };
    let user = caller.user()?;
    require_anywhere(caller, &permission.id)?;
    Ok(user)
}

/// The id of what is to be an organization. A request that is sent again has to reach the same object, so the creator's object remembers the id as long as it remembers the key: an id that followed from the key would come again when the organization is long gone.
async fn new_id(call: &Call<'_>, user: &UserId) -> Result<OrganizationId, ApiError> {
    let (edge, key) = (call.edge, &call.edge.config.keys.id);
    let fresh = OrganizationId::mint(key, edge.random.bytes()?);
    if !call.may_come_again() {
        return Ok(fresh);
    }
    let name = user::Command::NameOrganization {
        id: fresh.as_str().to_owned(),
    };
    let id: String = ask::<UserObject, _>(&*edge.objects, user.as_str(), &name).await?;
    OrganizationId::parse(key, &id).map_err(|error| ApiError::internal(error.to_string()))
}

/// Who may import. Whoever does hands out all that the file says, so it takes all of them and no narrowed token.
///
/// # Errors
/// 403 with the reason.
pub fn require_importer<'a>(edge: &Edge, caller: &'a FreshCaller) -> Result<&'a UserId, ApiError> {
    let user = creator(edge, caller)?;
    caller.whole_user()?;
    Ok(user)
}

async fn import(call: Call<'_>, caller: FreshCaller) -> Answer {
    let user = require_importer(call.edge, &caller)?;
    let file = json::text(call.request)?;
    let file = String::from_utf8(file.to_vec())
        .map_err(|_| ApiError::new(Code::InvalidBody, "The file is not UTF-8 text."))?;
    let id = new_id(&call, user).await?;
    let import = Command::Import {
        actor: FreshActor::of(&caller, id.as_str()),
        address: caller.address.clone(),
        file,
    };
    let objects = &*call.edge.objects;
    let made = ask::<OrganizationObject, _>(objects, id.as_str(), &import).await?;
    written::<ImportedView>(201, &made)
}

async fn read(call: Call<'_>, caller: Caller) -> Answer {
    let view: OrganizationView = command(
        &call,
        Command::Read {
            actor: actor(&call, &caller)?,
        },
    )
    .await?;
    Ok(with_etag(Response::json(200, &view)?, view.epoch))
}

async fn update(call: Call<'_>, caller: FreshCaller) -> Answer {
    let members = "`name`, `slug`, `token_lifetime_max_s` or `workspace_admins_invite`";
    let body: OrganizationChangeRequest = json::change(call.request, members)?;
    let lifetime = body.token_lifetime_max_s.flatten();
    lifetime
        .map(|seconds| life_s("token_lifetime_max_s", seconds))
        .transpose()?;
    // What is refused reserves nothing.
    let renamed = body.name.as_deref().map(name).transpose()?;
    let reserved_until_ms = match &body.slug {
        Some(slug) => reserve(&call, &caller, &Slug::parse(slug)?, &body).await?,
        None => None,
    };
    let update = Command::Update {
        actor: fresh_actor(&call, &caller)?,
        reserved_until_ms,
        change: OrganizationChangeRequest {
            name: renamed,
            ..body
        },
    };
    tagged::<OrganizationView>(200, &command(&call, update).await?)
}

/// Until when a slug is reserved for the organization; `None` when it holds it already.
async fn reserve(
    call: &Call<'_>,
    caller: &FreshCaller,
    slug: &Slug,
    change: &OrganizationChangeRequest,
) -> Result<Option<i64>, ApiError> {
    // Who may not take it, or not make the rest of the change, reserves nothing.
    let prepare = Command::Slug(SlugCommand::Prepare {
        actor: fresh_actor(call, caller)?,
        slug: slug.as_str().to_owned(),
        change: change.clone(),
    });
    if command::<bool>(call, prepare).await? {
        return Ok(None);
    }
    let objects = &*call.edge.objects;
    let skeleton = slug.skeleton();
    let mut displaced = None;
    for _ in 0..2 {
        let reserve = slug::Command::Reserve {
            organization: organization(call)?.as_str().to_owned(),
            displaced: displaced.clone(),
        };
        match ask::<SlugObject, Reserved>(objects, &skeleton, &reserve).await? {
            Reserved::Until { at_ms } => return Ok(Some(at_ms)),
            Reserved::Taken {
                organization,
                is_over: true,
            } if !holds(call, &organization, &skeleton).await? => displaced = Some(organization),
            Reserved::Taken { .. } => break,
        }
    }
    let detail = "This slug, or one that looks like it, is taken.";
    Err(ApiError::new(Code::Conflict, detail))
}

/// Whether another organization holds a slug of that skeleton. Of which nothing is left holds none.
async fn holds(call: &Call<'_>, organization: &str, skeleton: &str) -> Result<bool, ApiError> {
    let holds = Command::Slug(SlugCommand::Holds {
        skeleton: skeleton.to_owned(),
    });
    match ask::<OrganizationObject, bool>(&*call.edge.objects, organization, &holds).await {
        Err(error) if error.code() == Code::NotFound => Ok(false),
        answer => answer,
    }
}

/// The organization of a slug, for its members; for all others there is none.
async fn find(call: Call<'_>, caller: Caller) -> Answer {
    let text = call.query("slug")?.unwrap_or_default();
    let slug = Slug::parse(text)?;
    let objects = &*call.edge.objects;
    let holder = slug::Command::Holder;
    let id: String = ask::<SlugObject, _>(objects, &slug.skeleton(), &holder).await?;
    let resolve = Command::Slug(SlugCommand::Resolve {
        actor: Actor::of(&caller, &id),
        slug: slug.as_str().to_owned(),
    });
    let found: OrganizationReference = ask::<OrganizationObject, _>(objects, &id, &resolve).await?;
    Response::json(200, &found)
}

/// `name` in the query is the organization's, as who deletes it has typed it.
async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = Command::Delete {
        actor: fresh_actor(&call, &caller)?,
        name: call.query("name")?.unwrap_or_default().to_owned(),
    };
    done(&command(&call, delete).await?)
}

/// All of it as a file. Its bytes follow from what is in it, so they can be compared.
async fn export(call: Call<'_>, caller: FreshCaller) -> Answer {
    let export = Command::Export {
        actor: fresh_actor(&call, &caller)?,
    };
    let exported: ExportedOrganization = command(&call, export).await?;
    let mut bytes = serde_json::to_vec_pretty(&exported)
        .map_err(|error| ApiError::internal(format!("export cannot be written: {error}")))?;
    bytes.push(b'\n');
    let named = "attachment; filename=\"organization.json\"";
    let response = Response::new(200).with_body("application/json", bytes);
    Ok(response.with_header("content-disposition", named))
}

/// The role of an owner is handed out, too, and no narrowed token holds all of it.
async fn transfer(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: OwnerRequest = json::body(call.request)?;
    let transfer = Command::Transfer {
        actor: fresh_actor(&call, &caller)?,
        user: structure::user(&call, &body.user_id)?,
    };
    tagged::<MemberView>(200, &command(&call, transfer).await?)
}

/// All that comes back is handed out by who restores it, so it takes all of them and no narrowed token.
async fn restore(call: Call<'_>, caller: FreshCaller) -> Answer {
    let NothingRequest {} = json::body(call.request)?;
    let restore = Command::Restore {
        actor: fresh_actor(&call, &caller)?,
    };
    tagged::<OrganizationView>(200, &command(&call, restore).await?)
}

/// The organization that the request is for. Its keyed check was read before any object is called.
pub(super) fn organization<'a>(call: &'a Call<'_>) -> Result<&'a OrganizationId, ApiError> {
    call.place().map(Place::organization)
}

/// Asks the object of the organization that the request is for.
pub(super) async fn command<R: serde::de::DeserializeOwned>(
    call: &Call<'_>,
    command: Command,
) -> Result<R, ApiError> {
    let organization = organization(call)?;
    ask::<OrganizationObject, R>(&*call.edge.objects, organization.as_str(), &command).await
}

/// The caller as the organization sees it.
pub(super) fn actor(call: &Call<'_>, caller: &Caller) -> Result<Actor, ApiError> {
    Ok(Actor::of(caller, organization(call)?.as_str()))
}

/// As [`actor`], for a change.
pub(super) fn fresh_actor(call: &Call<'_>, caller: &FreshCaller) -> Result<FreshActor, ApiError> {
    Ok(FreshActor::of(caller, organization(call)?.as_str()))
}

/// Tells the epoch that a change led to. A caller who sends it back is never answered from before it.
pub(super) fn with_epoch(response: Response, epoch: i64) -> Response {
    response.with_header("lockstep-epoch", &epoch.to_string())
}

/// Answers what a change has made of the thing.
pub(super) fn written<T: Serialize>(status: u16, change: &Written<T>) -> Answer {
    let response = Response::json(status, &change.value)?;
    Ok(with_epoch(response, change.epoch))
}

/// As [`written`], of what has an entity tag.
pub(super) fn tagged<T: Serialize + Tagged>(status: u16, change: &Written<T>) -> Answer {
    let response = written(status, change)?;
    Ok(with_etag(response, change.value.epoch()))
}

/// Answers that a change is made.
pub(super) fn done(change: &Written) -> Answer {
    Ok(with_epoch(Response::no_content(), change.epoch))
}
