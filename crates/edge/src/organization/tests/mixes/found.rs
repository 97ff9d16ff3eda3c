//! What searches and lists find, page by page, and who may have all of it.

use std::collections::BTreeSet;

use lockstep_core::{Level, PrincipalKind};
use serde_json::{Value, json};

use super::{super::pages::LISTS, Mix, agree::Asker, asked::Asked, cast::Who, picture::Picture};
use crate::{
    http::Response,
    testing::{json, text},
};

impl Mix {
    /// Law 10: what searches find is what is so.
    pub(super) fn searched(&mut self, picture: &Picture, about: &Asker) {
        if about.who.secret.is_some() || !picture.principals.contains_key(&about.who.principal) {
            return;
        }
        let Some(gateway) = self.gateway(picture) else {
            return;
        };
        let ids: Vec<String> = self
            .config
            .policy
            .policy
            .permissions()
            .iter()
            .map(|one| one.id.clone())
            .collect();
        let permission = self.dice.one_of(&ids).clone();
        let (node, level, parent, _) = self.dice.one_of(&picture.nodes).clone();
        let name = level.as_str();
        let within = parent.filter(|_| level == Level::Project);
        let place = |id: Option<&str>| {
            let mut place = json!({ "type": name });
            if let Some(id) = id {
                place["id"] = json!(id);
                place["properties"] = within
                    .as_ref()
                    .map_or(json!({}), |parent| json!({ "workspace": parent }));
            }
            place
        };
        let subject = |id: Option<&str>| {
            let mut subject = json!({ "type": "user" });
            if let Some(id) = id {
                subject["id"] = json!(id);
            }
            subject
        };
        let principal = about.who.principal.as_str();
        let asked = json!({ "subject": subject(Some(principal)), "resource": place(Some(&node)) });
        let actions = ids.iter().filter(|id| about.may(id, &node, None));
        let actions: BTreeSet<String> = actions.cloned().collect();
        self.finds(&gateway, "action", "name", asked, &actions);
        let nodes = picture
            .nodes
            .iter()
            .filter(|other| other.1 == level)
            .map(|other| &other.0);
        let nodes = nodes.filter(|other| about.may(&permission, other, None));
        let nodes: BTreeSet<String> = nodes.cloned().collect();
        let action = json!({ "name": permission });
        let asked = json!({ "subject": subject(Some(principal)), "action": action, "resource": place(None) });
        self.finds(&gateway, "resource", "id", asked, &nodes);
        let users = picture
            .principals
            .iter()
            .filter(|(_, acts)| acts.kind == PrincipalKind::User);
        let users = users.filter(|(user, _)| {
            let who = gateway.as_if(user);
            self.asker(picture, who).may(&permission, &node, None)
        });
        let users: BTreeSet<String> = users.map(|(user, _)| user.clone()).collect();
        let asked =
            json!({ "subject": subject(None), "action": action, "resource": place(Some(&node)) });
        self.finds(&gateway, "subject", "id", asked, &users);
    }

    /// Somebody who may ask what others may.
    fn gateway(&mut self, picture: &Picture) -> Option<Who> {
        let may = |mix: &Self, who: Who| {
            let asker = mix.asker(picture, who);
            asker.may("decisions.ask", &picture.id, None)
        };
        for at in 0..self.cast.people.len() {
            let is_there = picture.principals.contains_key(&self.cast.people[at].user);
            if is_there {
                let who = self.cast.person(at);
                if may(self, who.clone()) {
                    return Some(who);
                }
            }
        }
        None
    }

    fn finds(
        &mut self,
        gateway: &Who,
        what: &str,
        member: &str,
        mut body: Value,
        expected: &BTreeSet<String>,
    ) {
        let asked = body.clone();
        body["page"] = json!({ "limit": 7 });
        let mut found = Vec::new();
        loop {
            let request = Asked::post(
                &self.cast.acme.path(&format!("/access/v1/search/{what}")),
                &body,
            );
            let answer = self.cast.send(None, gateway, &request);
            assert_eq!(answer.status, 200, "{}", text(&answer));
            let answer = json(&answer);
            let results = answer["results"].as_array().unwrap().iter();
            found.extend(results.map(|one| one[member].as_str().unwrap().to_owned()));
            let token = answer["page"]["next_token"].as_str().unwrap_or_default();
            if token.is_empty() {
                break;
            }
            body["page"] = json!({ "token": token });
        }
        let distinct: BTreeSet<String> = found.iter().cloned().collect();
        assert_eq!(found.len(), distinct.len(), "found twice: {found:?}");
        assert_eq!(&distinct, expected, "search of {what}: {asked}");
        self.counted.comparisons += 1;
    }

    /// Every list is the same whatever the size of its pages; and who may export, can.
    pub(super) fn lists(&mut self) {
        let picture = self.picture();
        if picture.is_deleted {
            return;
        }
        let Some(who) = self.gateway(&picture).filter(|who| who.person.is_some()) else {
            return;
        };
        for list in LISTS {
            let [small, large] = [3, 200].map(|limit| self.walked(&who, list, limit));
            let (Ok(small), Ok(large)) = (small, large) else {
                continue;
            };
            assert_eq!(small, large, "{list:?}");
            let distinct: BTreeSet<String> = small.iter().map(ToString::to_string).collect();
            assert_eq!(distinct.len(), small.len(), "{list:?}");
            self.counted.lists += 1;
        }
        let asker = self.asker(&picture, who);
        let may = asker.may("organization.export", &picture.id, None);
        let export = Asked::get(self.cast.acme.path("/export"));
        let exported = self.cast.send(None, &asker.who, &export);
        assert_eq!(exported.status == 200, may, "export: {}", exported.status);
    }

    fn walked(
        &mut self,
        who: &Who,
        (path, name, known_by): &(&str, &str, &str),
        limit: usize,
    ) -> Result<Vec<Value>, Response> {
        let path = if *path == "tokens" {
            "/v1/me/tokens".to_owned()
        } else {
            self.cast.acme.path(path)
        };
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let request = Asked::get(path.clone());
            let request = request.with_query(&format!("limit={limit}{cursor}"));
            let page = self.cast.send(None, who, &request);
            if page.status != 200 {
                return Err(page);
            }
            let page = json(&page);
            let entries = page[*name].as_array().unwrap();
            seen.extend(entries.iter().map(|entry| entry[*known_by].clone()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(seen),
            }
        }
    }
}
