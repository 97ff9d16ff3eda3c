//! The matrix by example: each role of a level alone, and cases where facts decide.

use std::sync::Arc;

use lockstep_core::{CaseSpec, Cell, Policy, Value, matrix};

use crate::shop::{spec, strings};

/// The shop, where taking back has a case and selling needs a feature of the plan.
fn policy() -> Arc<Policy> {
    let mut spec = spec();
    spec.features = strings(&["till"]);
    for permission in &mut spec.permissions {
        match permission.id.as_str() {
            "sell" => permission.plan = strings(&["till"]),
            "refund" => {
                permission.label = "Take back".into();
                permission.cases = [true, false]
                    .map(|own| CaseSpec {
                        id: own.to_string(),
                        label: String::new(),
                        facts: vec![("resource.own".into(), Value::Bool(own))],
                    })
                    .into();
            }
            _ => {}
        }
    }
    Arc::new(Policy::compile(&spec).unwrap())
}

#[test]
fn every_role_of_the_level_has_a_cell_in_every_row() {
    let policy = policy();
    let rows = matrix(&policy).into_iter().map(|row| {
        let cells = row.cells.iter();
        let cell = |(role, cell): &(_, Cell)| {
            let role = &policy.describe_role(*role).unwrap().id;
            format!("{role} {}", cell.as_str())
        };
        let cells: Vec<_> = cells.map(cell).collect();
        format!("{}: {}", row.id, cells.join(", "))
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(
        rows,
        [
            "look: manager allow, clerk allow, viewer allow",
            // The plan of the matrix has every feature.
            "sell: manager allow, clerk allow, viewer deny",
            "refund:true: manager allow, clerk allow, viewer deny",
            "refund:false: manager allow, clerk deny, viewer deny",
            "count: manager conditional, clerk deny, viewer deny",
            "hire: owner allow, staff deny, guest deny, foreman allow",
            "promote: owner allow, staff deny, guest deny, foreman allow",
            "dismiss: owner conditional, staff deny, guest deny, foreman conditional",
            "resign: owner allow, staff allow, guest allow, foreman allow",
            "close: manager allow, clerk deny, viewer deny",
        ]
    );
}
