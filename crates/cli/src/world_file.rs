//! Worlds from files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::{Policy, Step, World};
use lockstep_wire::{
    Place, Places, ResourceTypes, SourceError, WORLD_BYTES_MAX, WithoutEffect, WorldDocument,
    locate_in_world, read_world, suggestion,
};

use crate::arguments::InWorld;
use crate::error::CommandError;
use crate::{file, output, policy_file};

/// Warnings about one file, and tests of it, to which is said what may be meant: each name is looked up among all
/// that there are.
pub(crate) const SUGGESTIONS_MAX: usize = 100;

/// What is asked about.
pub(crate) struct Asked {
    /// What the policy calls resources.
    pub(crate) types: ResourceTypes,
    pub(crate) document: WorldDocument,
    pub(crate) world: World,
}

/// A world, with the text that it was written as.
pub(crate) struct WorldFile {
    path: PathBuf,
    text: String,
    pub(crate) document: WorldDocument,
}

impl WorldFile {
    /// Reads the world at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or the first place where it is none.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let text = file::read(path, "a world", WORLD_BYTES_MAX)?;
        let document = read_world(&text).map_err(|error| CommandError::source(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            text,
            document,
        })
    }

    /// The world under `policy`, at `now_ms` or else the moment that it names.
    ///
    /// # Errors
    /// The first place where it contradicts itself.
    pub(crate) fn resolve(
        &self,
        policy: &Arc<Policy>,
        now_ms: Option<u64>,
    ) -> Result<World, CommandError> {
        let now_ms = now_ms.unwrap_or(self.document.now_ms);
        self.document.resolve(policy, now_ms).map_err(|error| {
            let located = locate_in_world(&self.text, &self.document, policy, &error);
            CommandError::source(&self.path, located)
        })
    }

    /// The moments at which a window of the world begins or ends. Between two of them it is the same world.
    pub(crate) fn turns(&self) -> BTreeSet<u64> {
        let WorldDocument {
            principals, groups, ..
        } = &self.document;
        let of_principals = principals.iter().flat_map(|principal| &principal.grants);
        let of_groups = groups.iter().flat_map(|group| &group.grants);
        let grants = of_principals
            .chain(of_groups)
            .flat_map(|grant| [grant.not_before_ms, grant.expires_at_ms]);
        let tokens = principals
            .iter()
            .filter_map(|principal| principal.token.as_ref())
            .flat_map(|token| [token.not_before_ms, token.expires_at_ms]);
        grants.chain(tokens).flatten().collect()
    }

    /// Says what in `world`, which is this one under `policy`, gives nothing.
    pub(crate) fn warn(&self, policy: &Policy, world: &World) {
        let without_effect = self.document.without_effect(policy, world);
        if without_effect.is_empty() {
            return;
        }
        let places = Places::new(&self.text);
        let more = without_effect.len().saturating_sub(SUGGESTIONS_MAX);
        for WithoutEffect {
            path,
            message,
            missing,
        } in without_effect.into_iter().take(SUGGESTIONS_MAX)
        {
            let help = missing.map(|(noun, name)| self.suggestion(policy, noun, &name));
            let message = help.map_or(message.clone(), |help| format!("{message}; {help}"));
            output::warn(&self.path, places.of(&path), &message);
        }
        if more > 0 {
            let path = self.path.display();
            output::complain(&format!("{path}: and {more} more warnings"));
        }
    }

    /// What to say to somebody who called something `name` that `noun` stands for.
    pub(crate) fn suggestion(&self, policy: &Policy, noun: &str, name: &str) -> String {
        let known = self.document.names(noun, policy);
        suggestion(noun, name, &known)
    }

    /// Where the value at `path` was written.
    pub(crate) fn places(&self) -> Places<'_> {
        Places::new(&self.text)
    }

    /// The policy that the file names: a path, from its folder, or the id of a policy in the folder
    /// `policies` beside it or above.
    ///
    /// # Errors
    /// When it names none, or one that is not there.
    pub(crate) fn policy(&self) -> Result<PathBuf, CommandError> {
        let fail = |place: Place, message: String| {
            CommandError::source(
                &self.path,
                SourceError {
                    place,
                    message,
                    help: Some("name a file that ends in `.toml`, or pass --policy".into()),
                },
            )
        };
        let Some(name) = &self.document.policy else {
            let message = "no `policy` says what is tested".to_owned();
            return Err(fail(Place { line: 1, column: 1 }, message));
        };
        let folder = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        if Path::new(name).extension().is_some_and(|end| end == "toml") {
            let beside = self.path.parent().unwrap_or(Path::new(""));
            return Ok(beside.join(name));
        }
        let candidates = folder.ancestors().skip(1).map(|folder| {
            let file = format!("{name}.toml");
            folder.join("policies").join(file)
        });
        candidates
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| {
                let place = self.places().of(&[Step::from("policy")]);
                fail(
                    place,
                    format!("there is no `policies/{name}.toml` here or above"),
                )
            })
    }
}

/// The world that is asked about, as written and resolved. Says what in it gives nothing.
///
/// # Errors
/// The first place where it or its policy is wrong.
pub(crate) fn read(asked: &InWorld) -> Result<Asked, CommandError> {
    let policy = policy_file::read(&asked.policy)?;
    let file = WorldFile::read(&asked.world)?;
    let world = file.resolve(&policy.policy, asked.now_ms)?;
    file.warn(&policy.policy, &world);
    Ok(Asked {
        types: policy.document.resource_types,
        document: file.document,
        world,
    })
}
