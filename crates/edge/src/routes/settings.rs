//! `…/settings`, `…/current-database` and `…/configuration`, of an organization and of a workspace.
//!
//! Secrets are sealed on their way in and opened on their way out, both here: the organization's object never sees one.

use lockstep_wire::{
    ConfigurationView, ConfiguredView, CurrentDatabaseRequest, ResealView, SettingRequest,
    SettingView,
};

use super::{
    organizations::{actor, command, fresh_actor, organization},
    structure::{edit, end, param, read_one},
};
use crate::{
    authenticate::{Caller, FreshCaller, Operator},
    http::{Method, Response},
    json, log,
    organization::{
        Command, ResealCommand, SecretChange, SettingChange, SettingQuestion, StoredConfiguration,
        StoredSecret, StructureChange, StructureQuestion, Written,
    },
    paging::{Pages, Slice},
    precondition::{self, with_etag},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    sealing::{self, Sealed, SealedFor, SettingsKeys},
    setting,
};

macro_rules! routes {
    ($($method:ident $rest:literal [$($query:literal),*] $kind:ident $handler:ident;)*) => {
        pub(super) const ROUTES: &[Route] = &[
            $(Route {
                method: Method::$method,
                pattern: concat!("/v1/organizations/{org}", $rest),
                query: &[$($query),*],
                handler: Handler::$kind(|call, caller| Box::pin($handler(call, caller))),
            },
            Route {
                method: Method::$method,
                pattern: concat!("/v1/organizations/{org}/workspaces/{workspace}", $rest),
                query: &[$($query),*],
                handler: Handler::$kind(|call, caller| Box::pin($handler(call, caller))),
            },)*
            Route {
                method: Method::Post,
                pattern: "/v1/operator/organizations/{org}/settings/reseal",
                query: &[],
                handler: Handler::Operator(|call, operator| Box::pin(reseal(call, operator))),
            },
        ];
    };
}

routes! {
    Get "/settings" ["kind", "limit", "cursor"] SignedIn list;
    Get "/settings/{setting}" [] SignedIn read;
    Put "/settings/{setting}" [] Fresh put;
    Delete "/settings/{setting}" [] Fresh delete;
    Put "/current-database" [] Fresh select;
    Get "/configuration" [] Fresh configuration;
}

/// The workspace that the path names; the organization itself, when it names none.
fn workspace(call: &Call<'_>) -> Option<String> {
    param(call, "workspace").ok()
}

async fn list(call: Call<'_>, caller: Caller) -> Answer {
    let kind = call.query("kind")?;
    let pages = Pages::of(&call, &caller, &["kind"])?;
    let list = SettingQuestion::List {
        workspace: workspace(&call),
        kind: kind.map(str::to_owned),
        range: pages.range()?,
    };
    let list = Command::Structure {
        actor: actor(&call, &caller)?,
        command: StructureQuestion::Setting(list),
    };
    let slice: Slice<SettingView, String> = command(&call, list).await?;
    pages.answer("settings", &slice)
}

async fn read(call: Call<'_>, caller: Caller) -> Answer {
    let read = SettingQuestion::Read {
        workspace: workspace(&call),
        setting: param(&call, "setting")?,
    };
    read_one::<SettingView>(&call, &caller, StructureQuestion::Setting(read)).await
}

async fn put(call: Call<'_>, caller: FreshCaller) -> Answer {
    let body: SettingRequest = json::body(call.request)?;
    let name = param(&call, "setting")?;
    let value = setting::value(body.value)?;
    setting::name(&name)?;
    let secret = match &body.secret {
        None => SecretChange::Keep,
        Some(None) => SecretChange::Remove,
        Some(Some(secret)) => {
            let secret = setting::secret(&value, secret)?;
            let keys = call.edge.config.settings_keys.as_ref();
            let sealed = keys.map(|keys| {
                let place = place(&call)?;
                keys.seal(
                    &*call.edge.random,
                    sealed_for(&call, &place, &name)?,
                    secret,
                )
            });
            match sealed.transpose()? {
                Some(sealed) => SecretChange::Set { sealed },
                // Who may not set it is told that first.
                None => SecretChange::Refuse,
            }
        }
    };
    let put = SettingChange::Put {
        workspace: workspace(&call),
        setting: name,
        value,
        secret,
        is_new: precondition::is_new(call.request)?,
    };
    edit::<SettingView>(&call, &caller, 200, StructureChange::Setting(put)).await
}

async fn delete(call: Call<'_>, caller: FreshCaller) -> Answer {
    let delete = SettingChange::Delete {
        workspace: workspace(&call),
        setting: param(&call, "setting")?,
    };
    end(&call, &caller, StructureChange::Setting(delete)).await
}

async fn select(call: Call<'_>, caller: FreshCaller) -> Answer {
    let CurrentDatabaseRequest { name } = json::body(call.request)?;
    let select = SettingChange::Select {
        workspace: workspace(&call),
        setting: name,
    };
    edit::<SettingView>(&call, &caller, 200, StructureChange::Setting(select)).await
}

/// What a program runs with. Its credential is checked now, as for a change: it shows secrets.
async fn configuration(call: Call<'_>, caller: FreshCaller) -> Answer {
    let read = Command::Configuration {
        actor: fresh_actor(&call, &caller)?,
        workspace: workspace(&call),
        known: precondition::known(call.request),
    };
    let stored: StoredConfiguration = command(&call, read).await?;
    let epoch = stored.epoch;
    if stored.is_known {
        return Ok(with_etag(Response::new(304), epoch));
    }
    let place = place(&call)?;
    let mut view = ConfigurationView {
        epoch,
        current_database: stored.current_database,
        settings: std::collections::BTreeMap::new(),
    };
    for (name, (value, sealed)) in stored.settings {
        let secret = opened(&call, &place, &name, sealed.as_ref())?;
        view.settings.insert(name, ConfiguredView { value, secret });
    }
    Ok(with_etag(Response::json(200, &view)?, epoch))
}

fn opened(
    call: &Call<'_>,
    place: &str,
    name: &str,
    sealed: Option<&Sealed>,
) -> Result<Option<String>, ApiError> {
    let Some(sealed) = sealed else {
        return Ok(None);
    };
    let keys = call.edge.config.settings_keys.as_ref();
    let keys = keys.ok_or_else(|| {
        ApiError::unreadable(format!("no key is configured, and `{name}` has a secret"))
    })?;
    keys.open(sealed_for(call, place, name)?, sealed).map(Some)
}

/// Seals secrets anew that an earlier key has sealed, some at a time: the operator asks again until none is left. What does not open stays as it is and keeps none of the others from it.
async fn reseal(call: Call<'_>, operator: Operator) -> Answer {
    let super::values::NothingRequest {} = json::body(call.request)?;
    let keys = call.edge.config.settings_keys.as_ref();
    let keys = keys.ok_or_else(sealing::refused)?;
    let mut after = None;
    let (sealed, count) = loop {
        let list = ResealCommand::List {
            operator,
            newest: keys.newest().to_owned(),
            known: keys.ids(),
            after: after.clone(),
        };
        let listed = command(&call, Command::Reseal(list)).await?;
        let (secrets, count): (Vec<StoredSecret>, u32) = listed;
        let last = secrets.last();
        let last = last.map(|last| (last.place.clone(), last.name.clone()));
        let sealed = sealed_anew(&call, keys, secrets)?;
        // What does not open keeps no other secret from being sealed anew, however much of it there is. An object of an earlier release lists the same again.
        if !sealed.is_empty() || last.is_none() || last == after {
            break (sealed, count);
        }
        after = last;
    };
    let replace = ResealCommand::Replace {
        operator,
        secrets: sealed,
    };
    let written: Written<u32> = command(&call, Command::Reseal(replace)).await?;
    let resealed = written.value;
    let left = count.saturating_sub(resealed);
    Response::json(200, &ResealView { resealed, left })
}

/// Those that open, each with what is to be in its place.
fn sealed_anew(
    call: &Call<'_>,
    keys: &SettingsKeys,
    secrets: Vec<StoredSecret>,
) -> Result<Vec<(StoredSecret, Sealed)>, ApiError> {
    let mut sealed = Vec::new();
    for secret in secrets {
        let sealed_for = sealed_for(call, &secret.place, &secret.name)?;
        match keys.reseal(&*call.edge.random, sealed_for, &secret.sealed) {
            Err(error) if error.code() == Code::SecretUnreadable => {
                log::error(error.cause().unwrap_or(error.detail()));
            }
            anew => sealed.push((secret.clone(), anew?)),
        }
    }
    Ok(sealed)
}

/// Id of the workspace that the path names, or of the organization.
fn place(call: &Call<'_>) -> Result<String, ApiError> {
    match workspace(call) {
        Some(workspace) => Ok(workspace),
        None => Ok(organization(call)?.as_str().to_owned()),
    }
}

fn sealed_for<'a>(
    call: &'a Call<'_>,
    place: &'a str,
    name: &'a str,
) -> Result<SealedFor<'a>, ApiError> {
    Ok(SealedFor {
        organization: organization(call)?.as_str(),
        place,
        name,
    })
}
