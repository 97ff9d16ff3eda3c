//! What is stored under one policy, and asked about under the next.

use super::{ADA, Acme, lockstep, roles::blind_editor};
use crate::{objects::Class, testing::World};

impl Acme {
    /// The same objects and the same KV, once another policy was deployed.
    fn under(&self, policy: &str) -> Self {
        let world = World::with_vars(&[("LOCKSTEP_POLICY", policy)]);
        for (class, name) in [
            (Class::Organization, self.id.clone()),
            (Class::User, self.user(ADA)),
        ] {
            let sql = self.world.objects.database(class, &name).unwrap();
            world.objects.restore(class, &name, sql);
        }
        for (key, value) in self.world.kv.puts.borrow().iter() {
            world.kv.set(key, value);
        }
        Self {
            world,
            ada: self.ada.clone(),
            id: self.id.clone(),
        }
    }
}

/// Whoever does not change is asked about by many isolates, each of which would ask the object for ever.
#[test]
fn kv_is_filled_again_under_another_policy() {
    let acme = lockstep("");
    blind_editor(&acme);
    assert!(acme.may(&acme.ada, "organization.read"));
    acme.world.settle();
    let later = acme.under("langsmith-current");
    let policy = &later.world.edge.config.policy.policy;
    let mut permissions = policy.permissions().iter();
    let is_plain = |id: &str| {
        let permission = policy.permission(id).unwrap();
        !policy.depends_on_facts(permission)
    };
    let plain = permissions.find(|known| !known.sensitive && is_plain(&known.id));
    let plain = plain.unwrap().id.as_str();
    let asked = || ["snapshot", "roles"].map(|command| later.world.objects.asked(command));
    let before = asked();
    for isolates in 0..3 {
        later.world.edge.grants.forget();
        later.may(&later.ada, plain);
        later.world.clock.advance_ms(2_000);
        later.world.settle();
        assert_eq!(asked(), before.map(|count| count + 1), "{isolates}");
    }
}
