//! In whose words a request says who it is about.

use lockstep_core::{Value, is_in_group};

use super::EvaluationRequest;

/// What is stated of a subject whose id is what this issuer calls them, as a token of its does (`sub`).
const ISSUER: &str = "principal.properties.issuer";

/// Who gave the subject the id by which it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy<'a> {
    /// The directory, as it does everybody.
    Directory,
    /// The issuer that `subject.properties.issuer` names.
    Issuer(&'a str),
    /// Nobody: of an issuer something is stated that names none.
    Nobody,
}

impl EvaluationRequest {
    /// Who gave the subject its id. What an issuer calls somebody is nobody's id in a directory, however
    /// it looks.
    #[must_use]
    pub fn named_by(&self) -> NamedBy<'_> {
        let stated = self.facts.iter().map(|(name, _)| name);
        let stated = stated.chain(self.facts.groups());
        let mut stated = stated.chain(self.unusable.iter().map(|name| &**name));
        match self.facts.value(ISSUER) {
            Some(Value::Text(issuer)) => NamedBy::Issuer(issuer),
            None if !stated.any(|name| name == ISSUER || is_in_group(name, ISSUER)) => {
                NamedBy::Directory
            }
            _ => NamedBy::Nobody,
        }
    }
}
