//! Worlds as TOML: an error names a place in the text; in whatever resolves, everybody gets the same
//! answer from the world, from an access of their own and from a search, and nothing without a grant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::{Facts, Outcome, World, diff, verdict};
use lockstep_fuzz::shipped::{WORLD_TEXTS, policy_of};
use lockstep_fuzz::{place, seeds};
use lockstep_wire::{WorldDocument, locate_in_world, read_world};

/// Principals and nodes that are asked about; more of them only take longer.
const PRINCIPALS_ASKED: usize = 5;
const NODES_ASKED: usize = 4;

fuzz_target!(init: plant(), |text: &str| {
    let document = match read_world(text) {
        Ok(document) => document,
        Err(error) => return place::check(text, &error),
    };
    the_same_as_json(&document);
    let policy = policy_of(&document);
    match document.resolve(&policy.policy, document.now_ms) {
        Ok(world) => {
            check(&world);
            for question in &document.cases {
                if let Ok(view) = document.answer(&world, question) {
                    assert!(!view.reasons.is_empty());
                }
            }
        }
        Err(error) => {
            let located = locate_in_world(text, &document, &policy.policy, &error);
            place::check(text, &located);
        }
    }
});

fn plant() {
    seeds::plant(WORLD_TEXTS.iter().map(|text| text.clone().into_bytes()));
}

fn the_same_as_json(document: &WorldDocument) {
    let json = serde_json::to_string(document).expect("a world can be written");
    let read: WorldDocument = serde_json::from_str(&json).expect("and read");
    assert_eq!(read, *document);
}

fn check(world: &World) {
    let none = Facts::default();
    assert_eq!(diff(world, world).count(), 0);
    for principal in world.principals().take(PRINCIPALS_ASKED) {
        let access = world.access(principal);
        let known = world.known(principal, &none);
        for node in world.nodes().take(NODES_ASKED) {
            let actions = world.actions(principal, node, &none);
            for (at, permission) in world.policy().permissions().iter().enumerate() {
                let id = world
                    .policy()
                    .permission(&permission.id)
                    .expect("its id names it");
                let outcome = world.verdict(principal, id, node, &none);
                assert_eq!(outcome, verdict(&access, id, node, &known));
                assert_eq!(
                    world.settled(principal, id, node),
                    access.settled(id, node),
                    "{}",
                    permission.id
                );
                let allowed = outcome == Outcome::True;
                assert_eq!(actions.contains(at), allowed);
                if allowed {
                    assert!(access.is_member(), "a stranger may {}", permission.id);
                }
            }
        }
    }
    the_searches_agree(world);
}

/// Law 10, for the first permission and the first node.
fn the_searches_agree(world: &World) {
    let none = Facts::default();
    let (Some(permission), root) = (world.policy().permission_at(0), world.root()) else {
        return;
    };
    let found: Vec<_> = world.subjects(permission, root, &none).collect();
    for principal in world.principals() {
        let allowed = world.verdict(principal, permission, root, &none) == Outcome::True;
        assert_eq!(found.contains(&principal), allowed);
    }
}
