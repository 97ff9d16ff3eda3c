//! What a token is worth here at this instant: for whoever asks about it, and for the JWT that it is exchanged for.
//!
//! A permission counts when its principal holds it on the token's node and on everything below it, whatever the facts, within the token's scopes (law 6). So whoever goes by the list allows nothing that a question about any of these nodes would deny.

use std::collections::BTreeMap;

use lockstep_core::{Access, NodeId, Operation, Outcome};
use serde::{Deserialize, Serialize};

use super::{
    Actor, FreshActor,
    actor::{access, directory_facts, permit, require_reach},
    store::{Organization, organization},
};
use crate::{
    objects::{Context, Reply},
    place::known,
    problem::{ApiError, Code},
};

/// What may be asked about a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorthCommand {
    /// What the actor's own token may carry to a service that does not ask; answers [`Worth`].
    Carry {
        /// Whose token it is.
        actor: FreshActor,
        /// A node inside the token's subtree; the subtree itself, when absent.
        node: Option<String>,
    },
    /// What somebody's token is worth; answers an optional [`Worth`].
    Introspect {
        /// Who asks.
        actor: FreshActor,
        /// Whose token it is; `None` for what is no valid token.
        token: Option<FreshActor>,
    },
}

/// What a token is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worth {
    /// The node on which, and below which, it holds.
    pub node: String,
    /// Permission ids.
    pub permissions: Vec<String>,
    /// From when on it may be something else, in Unix milliseconds; as long as nobody changes it, when absent.
    pub until_ms: Option<i64>,
}

/// What of a token's permissions is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    All,
    /// Not what is decided anew every time.
    NotSensitive,
}

pub(super) fn handle(context: &Context<'_>, command: &WorthCommand) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    match command {
        WorthCommand::Carry { actor, node } => {
            let told = Told::NotSensitive;
            Reply::of(&worth(
                context,
                &organization,
                actor,
                node.as_deref(),
                told,
            )?)
        }
        WorthCommand::Introspect { actor, token } => {
            let asking = access(context, &organization, actor)?;
            let facts = directory_facts(context, &organization, &actor.principal)?;
            permit(context, &asking, Operation::TokenIntrospect, &facts)?;
            let token = token.as_ref();
            let worth = token.map(|token| worth(context, &organization, token, None, Told::All));
            match worth.transpose() {
                // It is worth nothing here, and why is nobody's business.
                Err(error) if error.code().status() < 500 => Reply::of(&None::<Worth>),
                worth => Reply::of(&worth?),
            }
        }
    }
}

fn worth(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
    node: Option<&str>,
    told: Told,
) -> Result<Worth, ApiError> {
    let access = access(context, organization, actor)?;
    require_reach(actor, &access)?;
    let token = actor.token.as_ref();
    let subtree = token.and_then(|token| token.record.node.as_deref());
    let subtree = subtree.unwrap_or(&organization.id);
    let id = node.unwrap_or(subtree);
    let nodes = access.node(subtree).zip(access.node(known(&access, id)));
    let Some((_, node)) = nodes.filter(|(top, node)| access.is_within(*node, *top)) else {
        let detail = "The token does not reach this.";
        return Err(ApiError::new(Code::OutOfTokenScope, detail));
    };
    let changes_at_ms = access.changes_at_ms();
    Ok(Worth {
        node: id.to_owned(),
        permissions: held_below(&access, node, told),
        until_ms: changes_at_ms.and_then(|at_ms| i64::try_from(at_ms).ok()),
    })
}

/// The permissions that are held on `top` and everything below it, whatever the facts.
fn held_below(access: &Access, top: NodeId, told: Told) -> Vec<String> {
    let below = access
        .node_ids()
        .filter(|node| access.is_within(*node, top));
    // Nodes of one class have the same answers.
    let nodes: BTreeMap<_, NodeId> = below.map(|node| (access.class(node), node)).collect();
    let policy = access.policy();
    let permissions = 0..policy.permissions().len();
    let permissions = permissions.filter_map(|at| policy.permission_at(at));
    let held = permissions.filter(|permission| {
        let mut nodes = nodes.values();
        nodes.all(|node| access.settled(*permission, *node) == Outcome::True)
    });
    let described = held.filter_map(|permission| policy.describe(permission));
    let told = described.filter(|permission| told == Told::All || !permission.sensitive);
    told.map(|permission| permission.id.clone()).collect()
}
