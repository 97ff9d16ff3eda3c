//! The shipped policies against the tables they are models of, cell by cell.
//!
//! The tables lie outside the repository, beside the folder that `LOCKSTEP_VECTORS` names. Without it
//! this is left out and says so; `policies/matrix` still shows every change.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::matrix;

/// What a table says: for each row its label, its cells by role name, and its confidence.
type Table = BTreeMap<String, (String, BTreeMap<String, String>, Option<String>)>;

#[test]
fn each_shipped_policy_is_the_table_it_models() {
    let Some(vectors) = std::env::var_os("LOCKSTEP_VECTORS") else {
        // Past the capture of test output: what was not tested must be seen.
        let _ = writeln!(
            std::io::stderr(),
            "left out: the shipped policies against their tables, because LOCKSTEP_VECTORS is not set"
        );
        return;
    };
    let folder = PathBuf::from(vectors).join("../models");
    let model = |id: &str| -> Value {
        let path = folder.join(format!("{id}.json"));
        let text = std::fs::read_to_string(path).expect("the table of a shipped policy");
        serde_json::from_str(&text).unwrap()
    };
    openlit(&model("openlit"));
    openlit_product(&model("openlit"));
    opik(&model("opik"));
    langsmith(&model("langsmith"));
    langsmith_current(&model("langsmith-current"));
    openlayer(&model("openlayer"));
}

fn openlit(model: &Value) {
    let cells = |row: &Value| {
        // The documented table counts; where it is silent, what the product enforces for its two roles.
        let of = match &row["documented"] {
            Value::Null => &row["product"],
            documented => documented,
        };
        let mut cells = cells(of);
        cells.remove("Owner");
        cells
    };
    check("openlit", &table(model, cells), &[]);
}

fn openlit_product(model: &Value) {
    let product = table(model, |row| cells(&row["product"]));
    check("openlit-product", &product, &["decisions.ask"]);
}

fn opik(model: &Value) {
    let ours = [
        "organization_users_manage",
        "organization_roles_manage",
        "workspace_create",
        "workspace_delete",
        "service_accounts_manage",
        "sso_manage",
        "custom_roles_manage",
        "organization_settings_configure",
        "billing_manage",
        "organization_view",
        "organization_create",
        "organization_leave",
    ];
    check("opik", &table(model, |row| cells(&row["cells"])), &ours);
    // What only Admins of the organization may do has no ids in the table, so it is counted.
    let wanted = [
        ("Admin", "allow"),
        ("Member", "deny"),
        ("View-Only Member", "deny"),
    ];
    let wanted = wanted.map(|(role, cell)| (role.to_owned(), cell.to_owned()));
    let rows = table(&matrix("opik"), |row| cells(&row["cells"]));
    let admin_only = rows
        .values()
        .filter(|(_, cells, _)| *cells == BTreeMap::from(wanted.clone()));
    let named = model["organization_admin_only"].as_array().unwrap();
    assert_eq!(admin_only.count(), named.len());
}

fn langsmith(model: &Value) {
    let ours = [
        "organization:create",
        "organization:leave",
        "workspaces:invite-to-organization",
    ];
    check(
        "langsmith",
        &table(model, |row| cells(&row["cells"])),
        &ours,
    );
}

fn langsmith_current(model: &Value) {
    let cells = |row: &Value| {
        let mut cells = cells(&row["cells"]);
        // What two pages dispute, or none says, is denied; the row's confidence says that it is so.
        for cell in cells.values_mut() {
            if matches!(cell.as_str(), "disputed" | "unknown") {
                "deny".clone_into(cell);
            }
        }
        cells
    };
    let ours = ["organization:create", "organization:leave", "decisions:ask"];
    check("langsmith-current", &table(model, cells), &ours);
    let printed = table(&matrix("langsmith-current"), |row| cells(row));
    for row in model["rows"].as_array().unwrap() {
        let is_disputed = row["cells"]
            .as_object()
            .unwrap()
            .values()
            .any(|cell| cell == "disputed");
        let (_, _, confidence) = &printed[row["id"].as_str().unwrap()];
        let says_so = confidence
            .as_deref()
            .is_some_and(|text| text.starts_with("DISPUTED"));
        assert_eq!(says_so, is_disputed, "{}", row["id"]);
    }
}

fn openlayer(model: &Value) {
    let ours = ["member:view", "workspace:create", "workspace:leave"];
    check(
        "openlayer",
        &table(model, |row| cells(&row["cells"])),
        &ours,
    );
}

#[track_caller]
fn check(id: &str, model: &Table, ours: &[&str]) {
    let matrix = matrix(id);
    assert_eq!(matrix["policy"], id);
    let roles: Vec<&str> = strings(&matrix["roles"]);
    let mut printed = table(&matrix, |row| cells(&row["cells"]));
    assert!(
        printed
            .values()
            .all(|(_, cells, _)| cells.keys().all(|role| roles.contains(&role.as_str()))),
        "a cell of a role that `roles` does not list"
    );
    for row in ours {
        assert!(printed.remove(*row).is_some(), "{row} is gone from {id}");
    }
    for (row, (label, cells, confidence)) in model {
        let (our_label, our_cells, our_confidence) = printed
            .remove(row)
            .unwrap_or_else(|| panic!("{row} is missing from {id}"));
        assert_eq!(
            (our_label, our_cells),
            (label.clone(), cells.clone()),
            "{id}: {row}"
        );
        if confidence.is_some() {
            assert_eq!(our_confidence, *confidence, "{id}: {row}");
        }
    }
    assert_eq!(
        printed.keys().collect::<Vec<_>>(),
        [""; 0],
        "{id} has rows of nobody's table"
    );
}

fn table(document: &Value, cells: impl Fn(&Value) -> BTreeMap<String, String>) -> Table {
    let rows = document["rows"].as_array().unwrap();
    let mut table = Table::new();
    for row in rows {
        let text = |member: &str| row[member].as_str().map(str::to_owned);
        let line = (text("label").unwrap(), cells(row), text("confidence"));
        let repeated = table.insert(text("id").unwrap(), line);
        assert!(repeated.is_none(), "{} appears twice", row["id"]);
    }
    table
}

fn cells(cells: &Value) -> BTreeMap<String, String> {
    let cells = cells.as_object().unwrap().iter();
    cells
        .map(|(role, cell)| (role.clone(), cell.as_str().unwrap().to_owned()))
        .collect()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_str().unwrap())
        .collect()
}
