//! The evaluator once more, as plainly as a hundred lines (and `conditions.rs`) can say it: no bits, nothing
//! computed before, no reasons. It reads the policy as written, and asks every question from the start.
use lockstep_core::{Condition, ConditionalSpec, CustomRole, Effect, Facts, PermissionSpec};
use lockstep_core::{PolicySpec, PrincipalKind, Record, RoleSpec, RuleSpec, Window};
use super::conditions::test;
/// What one principal asks under these facts at this moment.
pub(crate) struct Model<'a> {
    pub spec: &'a PolicySpec,
    pub record: &'a Record,
    pub facts: &'a Facts,
    pub now_ms: u64,
}
impl<'a> Model<'a> {
    pub(crate) fn allows(&self, p: &str, node: &str) -> bool {
        let Self { spec, record, .. } = self;
        let asked = spec.permissions.iter().find(|known| known.id == p).unwrap();
        let find = |id: &str| record.nodes.iter().find(|known| known.id == id);
        let path = std::iter::successors(find(node), |at| find(at.parent.as_ref()?));
        let path: Vec<&str> = path.map(|at| at.id.as_str()).collect();
        let live = || record.grants.iter().filter(|grant| self.counts(grant.window));
        let here = live().filter(|grant| path.contains(&&*grant.node));
        let base = |id: &str| self.role(id).map(|(base, _)| base);
        let granted = here.filter_map(|g| Some((&*g.role, &*base(&g.role)?.id)));
        let granted: Vec<(&str, &str)> = granted.collect();
        let counted: Vec<&str> = granted.iter().map(|(role, _)| self.counted(role)).collect();
        let bound = granted.iter().zip(&counted).flat_map(|((role, base), now)| [*role, base, now]);
        let bound: Vec<&str> = bound.collect();
        let top = live().filter(|grant| Some(&grant.node) == record.nodes.first().map(|n| &n.id));
        let top: Vec<&RoleSpec> = top.filter_map(|g| base(self.counted(&g.role))).collect();
        let rules = || spec.rules.iter().chain(&record.customization.rules);
        let owned = record.nodes.iter().filter(|at| at.owned && path.contains(&&*at.id));
        let mut owned = owned.flat_map(|at| spec.ownership.iter().filter(|o| o.0 == at.level));
        live().any(|grant| grant.group.is_none() && find(&grant.node).is_some())
            && !rules().any(|rule| self.applies(rule, Effect::Deny, &bound, p))
            && asked.plan.iter().all(|feature| has(&record.plan, feature))
            && asked.guard.iter().all(|c| test(c, self.facts) == Some(true))
            && record.token.iter().all(|token| self.counts(token.window)
                && token.permissions.iter().all(|ids| has(ids, p))
                && token.node.iter().all(|top| path.contains(&&**top)))
            && (record.kind == PrincipalKind::User || !asked.personal)
            && (top.iter().any(|role| role.overriding)
                || (asked.personal || top.iter().flat_map(|r| &r.cap).all(|cap| self.holds(cap, p)))
                    && (counted.iter().any(|role| self.holds(role, p))
                        || spec.everyone.iter().any(|id| self.implies(id, p))
                        || owned.any(|(_, ids)| ids.iter().any(|id| self.implies(id, p)))
                        || rules().any(|rule| self.applies(rule, Effect::Allow, &counted, p))))
    }
    fn counts(&self, w: Window) -> bool {
        w.not_before_ms <= Some(self.now_ms) && w.expires_at_ms.is_none_or(|end| self.now_ms < end)
    }
    /// The policy's role `id`, or the one that the organization's role `id` is made of.
    fn role(&self, id: &str) -> Option<(&'a RoleSpec, Option<&'a CustomRole>)> {
        let Self { spec, record, .. } = self;
        let known = |id: &str| spec.roles.iter().find(|role| role.id == id);
        let fits = |base: &&RoleSpec| !base.overriding && spec.custom_levels.contains(&base.level);
        let made = record.customization.roles.iter().filter(|role| role.id == id);
        let mut made = made.filter_map(|made| Some((known(&made.base).filter(fits)?, Some(made))));
        known(id).map(|role| (role, None)).or_else(|| made.next())
    }
    fn counted(&self, id: &'a str) -> &'a str {
        let level = self.role(id).map(|(role, _)| role.level);
        let person = self.record.kind == PrincipalKind::User;
        let mut plan = self.spec.replacements.iter().filter(|r| has(&self.record.plan, &r.feature));
        plan.find(|to| person && Some(to.level) == level).map_or(id, |to| &to.role)
    }
    fn holds(&self, id: &str, p: &str) -> bool {
        let all = |when: &[Condition]| when.iter().all(|c| test(c, self.facts) == Some(true));
        let under = |q: &ConditionalSpec| has(&q.roles, id) && all(&q.when);
        let mut table = self.spec.permissions.iter().filter(|q| has(&q.allow, id) || q.conditional.iter().any(under));
        let mut rules = self.spec.rules.iter().filter(|rule| !rule.roles.is_empty());
        match self.role(id).unwrap() {
            (base, Some(made)) => !made.without.iter().any(|dropped| self.implies(p, dropped))
                && (self.holds(&base.id, p)
                    || self.spec.custom_additions && made.with.iter().any(|id| self.implies(id, p))
                    || rules.any(|rule| self.applies(rule, Effect::Allow, &[&base.id], p))),
            (role, None) => role.overriding
                || table.any(|q| self.implies(&q.id, p))
                || role.includes.iter().any(|id| self.holds(id, p)),
        }
    }
    fn implies(&self, q: &str, p: &str) -> bool {
        let mut known = self.spec.permissions.iter().filter(|known| known.id == q);
        q == p || q == "*" || known.any(|known| known.implies.iter().any(|id| self.implies(id, p)))
    }
    /// An unknown condition opens no allow rule and passes no deny rule.
    fn applies(&self, rule: &RuleSpec, effect: Effect, roles: &[&str], p: &str) -> bool {
        let own = self.record.customization.rules.iter().any(|own| std::ptr::eq(own, rule));
        let named = |q: &&PermissionSpec| has(&rule.permissions, &q.id) || has(&rule.permissions, "*");
        let mut named = self.spec.permissions.iter().filter(named);
        rule.effect == effect
            && (rule.roles.is_empty() || roles.iter().any(|role| has(&rule.roles, role))
                || effect == Effect::Deny && rule.roles.iter().any(|id| self.role(id).is_none()))
            && named.any(|q| match effect {
                Effect::Deny => q.id == p,
                Effect::Allow => !(own && q.personal) && self.implies(&q.id, p),
            })
            && rule.when.iter().all(|c| test(c, self.facts).unwrap_or(effect == Effect::Deny))
    }
}
fn has(ids: &[String], id: &str) -> bool { ids.iter().any(|known| known == id) }
