//! An organization to a file, and from a file to another organization.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::Path;

use lockstep_wire::{ExportedOrganization, IMPORT_BYTES_MAX, IMPORT_MEMBERS_MAX, ImportedView};

use crate::arguments::Remote;
use crate::error::CommandError;
use crate::output::printable;
use crate::remote::Deployment;
use crate::{file, output};

/// Largest file, in bytes; a deployment takes less of it, without its white space.
const FILE_BYTES_MAX: usize = 64_000_000;

/// Writes an organization to `to`, or to standard output, once all of it has come.
///
/// # Errors
/// When the deployment refuses or breaks off, or the file cannot be written.
pub(crate) fn export(
    remote: &Remote,
    organization: &str,
    to: Option<&Path>,
) -> Result<(), CommandError> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if organization.is_empty() || !organization.bytes().all(is_id) {
        let name = printable(organization);
        let sentence = format!("there is no organization `{name}`");
        return Err(CommandError::Remote(sentence));
    }
    let deployment = Deployment::of(remote)?;
    let bytes = deployment.get(&format!("/v1/organizations/{organization}/export"))?;
    // What is kept for a bad day is looked at on a good one.
    let file: ExportedOrganization = serde_json::from_slice(&bytes).map_err(|error| {
        CommandError::Remote(format!("the answer is no exported organization: {error}"))
    })?;
    warn_of_size(&file)?;
    match to {
        None => output::write(&bytes),
        Some(path) => replace(path, &bytes).map_err(|error| CommandError::WriteFile {
            path: path.to_owned(),
            error,
        }),
    }
}

/// Says what of a file no deployment takes: it is worth keeping, and not what brings the organization back.
fn warn_of_size(file: &ExportedOrganization) -> Result<(), CommandError> {
    let bytes = serde_json::to_vec(file).map_err(CommandError::Json)?.len();
    for (count, most, what) in [
        (bytes, IMPORT_BYTES_MAX, "bytes without white space"),
        (file.members.len(), IMPORT_MEMBERS_MAX, "members"),
    ] {
        if count > most {
            output::complain(&format!(
                "too large to be imported: {count} {what}, and a deployment takes {most}"
            ));
        }
    }
    Ok(())
}

/// Makes an organization of the file at `path`; prints its id, and on standard error what is to be done about the rest.
///
/// # Errors
/// When the file is none, or the deployment refuses.
pub(crate) fn import(remote: &Remote, path: &Path) -> Result<(), CommandError> {
    let text = file::read(path, "an exported organization", FILE_BYTES_MAX)?;
    let file: ExportedOrganization = serde_json::from_str(&text)
        .map_err(|error| CommandError::Remote(format!("{}: {error}", path.display())))?;
    let body = serde_json::to_vec(&file).map_err(CommandError::Json)?;
    let deployment = Deployment::of(remote)?;
    let answer = deployment.post("/v1/organizations/import", &body, &once())?;
    let made: ImportedView = serde_json::from_slice(&answer)
        .map_err(|error| CommandError::Remote(format!("the answer cannot be read: {error}")))?;
    for left_out in &made.left_out {
        output::complain(&printable(&format!(
            "left out: {}: {}",
            left_out.at, left_out.detail
        )));
    }
    let unlisted = made.left_out_total.saturating_sub(made.left_out.len());
    if unlisted > 0 {
        output::complain(&format!("left out: {unlisted} more"));
    }
    if made.invitations > 0 {
        let count = made.invitations;
        let path = format!(
            "/v1/organizations/{}/invitations/resend",
            made.organization.id
        );
        let to = deployment.address(&path);
        output::complain(&printable(&format!(
            "invited: {count}; nobody is told before it is sent, 100 at a time: POST {{\"unsent\":true}} to {to}"
        )));
    }
    output::print(&format!("{}\n", printable(&made.organization.id)))
}

/// Puts `bytes` in the place of the file at `path` once all of them are on the disk: until then an older file stays.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A pipe or a terminal is written to, and a link leads where it leads.
    let known = std::fs::symlink_metadata(path).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        return std::fs::write(path, bytes);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", once()));
    let mut new = File::create_new(&beside)?;
    // Whoever could not read the older one reads this one neither.
    let closed = known.map_or(Ok(()), |known| new.set_permissions(known.permissions()));
    let written = closed.and_then(|()| new.write_all(bytes));
    let written = written.and_then(|()| new.sync_all());
    let replaced = written.and_then(|()| std::fs::rename(&beside, path));
    if replaced.is_err() {
        // What went wrong before is what is told.
        let _ = std::fs::remove_file(&beside);
    }
    replaced
}

/// A key that no other request has: the standard library draws it for its hash maps.
fn once() -> String {
    let number = || RandomState::new().build_hasher().finish();
    format!("import-{:016x}{:016x}", number(), number())
}
