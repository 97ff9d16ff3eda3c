//! The organization's own rules, as who acts may change them.

use lockstep_core::{Effect, RuleChange, RuleSpec};
use lockstep_wire::RuleDocument;

use super::{Acting, Permitted, customization, holdings};
use crate::{
    organization::plan,
    problem::{ApiError, Code},
};

impl Acting<'_> {
    /// Core's [`lockstep_core::change_rule`]: `old` ends, and `new` begins.
    pub(in crate::organization) fn change_rule(
        &self,
        old: Option<&RuleDocument>,
        new: Option<&RuleDocument>,
    ) -> Result<Permitted, ApiError> {
        let (old, new) = (old.map(RuleSpec::from), new.map(RuleSpec::from));
        let mut record = self.access.record();
        let rules = &mut record.customization.rules;
        let is_old = |rule: &RuleSpec| old.as_ref().is_some_and(|old| old.id == rule.id);
        rules.retain(|rule| !is_old(rule));
        rules.extend(new.clone());
        let after = holdings::resolve(self.context, record)?;
        let change = RuleChange {
            old: old.as_ref(),
            new: new.as_ref(),
            after: &after,
        };
        let changed = lockstep_core::change_rule(&self.access, &change, &self.facts);
        let permitted = self.permitted(changed)?;
        let gives = new
            .as_ref()
            .is_some_and(|rule| rule.effect == Effect::Allow);
        if gives && !after.policy().has_room_for_conditions() {
            let detail = "All rules together allow too much under conditions.";
            return Err(ApiError::new(Code::LimitReached, detail));
        }
        Ok(permitted)
    }

    /// All rules that hold in the organization.
    pub(in crate::organization) fn own_rules(&self) -> Result<Vec<RuleDocument>, ApiError> {
        customization::rules(self.context)
    }

    /// Those of them that it made.
    pub(in crate::organization) fn saved_rules(&self) -> Result<Vec<RuleDocument>, ApiError> {
        customization::saved_rules(self.context)
    }

    /// The members, the first who joined first, then the service accounts.
    pub(in crate::organization) fn principals(&self) -> Result<Vec<String>, ApiError> {
        plan::principals(self.context)
    }
}
