//! Questions about others, in AuthZEN's words.

use serde_json::{Value, json};

/// A question about somebody else.
pub(super) fn authzen(question: &str) -> Value {
    let subject = json!({ "type": "user", "id": "{user}" });
    let action = json!({ "name": "run.read" });
    let resource = json!({ "type": "workspace", "id": "{workspace}" });
    match question {
        "evaluations" => {
            json!({ "subject": subject, "action": action, "evaluations": [{ "resource": resource }] })
        }
        "search/subject" => {
            json!({ "subject": { "type": "user" }, "action": action, "resource": resource })
        }
        "search/resource" => {
            let resource =
                json!({ "type": "workspace", "properties": { "workspace": "{workspace}" } });
            json!({ "subject": subject, "action": action, "resource": resource })
        }
        "search/action" => json!({ "subject": subject, "resource": resource }),
        _ => json!({ "subject": subject, "action": action, "resource": resource }),
    }
}
