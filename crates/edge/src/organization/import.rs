//! An organization that is made of a file: another one each time, with ids of its own, in one transaction.
//!
//! The file is anybody's word. What is wrong in it refuses all of it, with the place.
//! Whatever it names is made by who imports it, and permitted as if they made it by hand (law 5); what an invitation cannot carry, or they may not hand out, is left out of the invitations and said.

mod file;
mod own;
mod people;
mod structure;

use std::collections::BTreeMap;

use lockstep_wire::{ImportedView, LeftOutView};

use super::{
    FreshActor,
    acting::{Acting, FreshActing},
    invitations::Group,
    profile,
    store::{committed, organization},
};
use crate::{
    objects::{Context, Reply},
    problem::{ApiError, Code},
};

/// How much that was left out is listed; all of it is counted.
const LISTED_MAX: usize = 1_000;

/// What the file's names became, and what became of nothing.
#[derive(Default)]
struct Made {
    nodes: BTreeMap<String, String>,
    roles: BTreeMap<String, String>,
    /// The groups, in the order of the file.
    groups: Vec<String>,
    /// What each of them gives, by its id.
    given: BTreeMap<String, Group>,
    left_out: Vec<LeftOutView>,
    left_out_total: usize,
}

impl Made {
    /// The id of what the file calls so; the organization's own, where it names no node.
    fn node<'a>(&'a self, acting: &'a Acting<'_>, key: Option<&str>) -> &'a str {
        let made = key.and_then(|key| self.nodes.get(key));
        made.unwrap_or(&acting.organization.id)
    }

    /// The id of a role: one of the policy's is called by its own.
    fn role<'a>(&'a self, key: &'a str) -> &'a str {
        self.roles.get(key).map_or(key, String::as_str)
    }

    fn leave_out(&mut self, at: String, code: Code, detail: &str) {
        self.left_out_total = self.left_out_total.saturating_add(1);
        if self.left_out.len() < LISTED_MAX {
            self.left_out.push(LeftOutView {
                at,
                code: code.as_str().to_owned(),
                detail: detail.to_owned(),
            });
        }
    }
}

/// Says where in the file something is refused, as a JSON Pointer (RFC 6901).
fn at<T>(result: Result<T, ApiError>, place: impl FnOnce() -> String) -> Result<T, ApiError> {
    result.map_err(|error| error.with_member("at", place().into()))
}

pub(super) fn import(
    context: &Context<'_>,
    actor: &FreshActor,
    address: Option<&str>,
    text: &str,
) -> Result<Reply, ApiError> {
    let file = file::read(context.config, text)?;
    let user = &actor.principal;
    profile::found(context, &file.name, user, address)?;
    let mut made = Made::default();
    let acting = FreshActing::begin(context, actor)?;
    structure::roles(&acting, &file, &mut made, context.random)?;
    // What was made is seen by who asks anew.
    let acting = acting.anew()?;
    structure::workspaces(&acting, &file, &mut made)?;
    let acting = acting.anew()?;
    structure::projects(&acting, &file, &mut made, address)?;
    let acting = acting.anew()?;
    structure::archive(&acting, &file, &made)?;
    structure::settings(&acting, &file, &made)?;
    structure::groups(&acting, &file, &mut made)?;
    structure::accounts(&acting, &file, &made)?;
    structure::choices(&acting, &file)?;
    // Before who imports has more roles: no rule is to be one that they could not take back by those.
    structure::rules(&acting, &file, &made, context.random)?;
    let invitations = people::bring(&acting, &file, &mut made, address)?;
    structure::token_lifetime(&acting, &file)?;
    let organization = organization(context)?;
    let view = ImportedView {
        organization: profile::view(context, &organization, user)?,
        invitations,
        left_out: made.left_out,
        left_out_total: made.left_out_total,
    };
    let epoch = organization.epoch;
    committed(epoch, view)
}
