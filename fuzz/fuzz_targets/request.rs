//! Requests, put to everybody in the corpus: AuthZEN bodies, or three lines each, a permission, a node
//! and the facts as JSON. A permission that does not exist is an error and a node that does not exist a
//! deny, never an allow; facts settle what was open and overturn nothing.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lockstep_core::{Access, Facts, Outcome, verdict};
use lockstep_fuzz::seeds;
use lockstep_fuzz::shipped::{ShippedWorld, WORLDS};
use lockstep_wire::{
    DecisionView, EvaluationRequest, Evaluations, FactsView, ResourceTypes, SearchRequest,
    read_facts,
};

/// Facts that the shipped policies ask for.
const FACTS: [&str; 3] = [
    "{}",
    r#"{"target.creator":false,"target.self":true,"target.role":"member","organization.members":1}"#,
    r#"{"target.creator":true,"target.self":false,"target.role":"admin","target.other_admins":0}"#,
];

static EVERYBODY: LazyLock<Vec<Access>> =
    LazyLock::new(|| WORLDS.iter().flat_map(ShippedWorld::accesses).collect());

fuzz_target!(init: plant(), |text: &str| {
    let types = ResourceTypes::default();
    for search in [SearchRequest::subjects, SearchRequest::resources, SearchRequest::actions] {
        let _ = search(text.as_bytes(), &types);
    }
    let several = Evaluations::read(text.as_bytes(), &types);
    if let Ok(request) = EvaluationRequest::read(text.as_bytes(), &types) {
        assert_eq!(several, Ok(Evaluations::One(request.clone())));
        // As it is sent from the Worker to an object.
        let sent = serde_json::to_vec(&request).expect("a request can be written");
        assert_eq!(serde_json::from_slice::<EvaluationRequest>(&sent).ok().as_ref(), Some(&request));
        EVERYBODY.iter().for_each(|access| evaluate(access, &request));
        return;
    }
    let mut lines = text.splitn(3, '\n');
    let (Some(permission), Some(node), Some(facts)) = (lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let Ok(view) = serde_json::from_str::<FactsView>(facts) else {
        return;
    };
    let facts = Facts::from(view.clone());
    assert_eq!(FactsView::from(&facts), view);
    the_page_reads_the_same(&view, &facts);
    for access in EVERYBODY.iter() {
        ask(access, permission, node, &facts);
    }
});

fn plant() {
    let cases = WORLDS.iter().flat_map(|world| &world.document.cases);
    let seeds = cases.enumerate().flat_map(|(at, case)| {
        let facts = FACTS[at % FACTS.len()];
        let node = case.node.as_deref().unwrap_or("organization");
        let lines = format!("{}\n{node}\n{facts}", case.permission);
        let body = serde_json::json!({
            "subject": { "type": "user", "id": case.principal },
            "action": { "name": case.permission },
            "resource": { "type": "workspace", "id": node, "properties": { "tags": { "a": "b" } } },
            "context": { "night": true },
        });
        [lines.into_bytes(), body.to_string().into_bytes()]
    });
    seeds::plant(seeds);
}

fn evaluate(access: &Access, request: &EvaluationRequest) {
    let view = request.decide(access, &Facts::default());
    let Some(id) = access.policy().permission(&request.permission) else {
        assert!(view.is_err(), "{request:?} was decided");
        return;
    };
    let view = view.expect("the permission is known");
    let node = request.location.find(access);
    let outcome = node.map(|node| verdict(access, id, node, request.stated().facts));
    assert_eq!(view.decision, outcome == Some(Outcome::True));
}

fn the_page_reads_the_same(view: &FactsView, facts: &Facts) {
    assert_eq!(read_facts(&view.to_flat()).as_ref(), Some(facts));
}

fn ask(access: &Access, permission: &str, node: &str, facts: &Facts) {
    let view = DecisionView::decide(access, permission, node, facts);
    let Some(id) = access.policy().permission(permission) else {
        assert!(
            view.is_err(),
            "`{permission}` does not exist and was decided"
        );
        return;
    };
    let view = view.expect("the permission is known");
    let [reason] = view.reasons.as_slice() else {
        panic!("a decision has one reason: {view:?}");
    };
    assert!(
        !reason.code.is_empty() && reason.text.ends_with('.'),
        "{reason:?}"
    );
    let json = serde_json::to_string(&view).expect("a decision can be written");
    let read: DecisionView = serde_json::from_str(&json).expect("and read");
    assert_eq!(read, view);

    let Some(at) = access.node(node) else {
        assert!(!view.decision, "`{node}` does not exist and was allowed");
        return;
    };
    let stated = verdict(access, id, at, facts);
    assert_eq!(view.decision, stated == Outcome::True);
    let open = verdict(access, id, at, &Facts::default());
    assert!(
        open == Outcome::Unknown || open == stated,
        "facts overturned {open:?}"
    );
}
