// Workspaces, projects and roles in them on workerd: every statement, and an end that is an end.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

let edge;

before(async () => {
  edge = await startEdge({ policy: "lockstep" });
});

after(() => edge?.stop());

test("a workspace from its beginning to its end", async () => {
  const ann = await Person.signIn(edge, "ann@example.com");
  const { id } = (await ann.post("/v1/organizations", { name: "Acme" })).json;
  const at = (path) => `/v1/organizations/${id}${path}`;
  const invited = await ann.post(at("/invitations"), { email: "bob@example.com", role: "member" });
  const bob = await Person.signIn(edge, "bob@example.com");
  assert.equal((await bob.post(at(`/invitations/${invited.json.id}/accept`), {})).status, 200);
  const { user_id: user } = (await ann.get(at("/members"))).json.members[1];

  const create = async (name) => (await ann.post(at("/workspaces"), { name })).json.id;
  const [north, south] = [await create("North"), await create("South")];
  const set = await ann.send("PUT", at(`/workspaces/${north}/members/${user}`), { role: "editor" });
  assert.equal(set.status, 200, set.text);
  const rows = { members: [{ user_id: user, role: "viewer" }, { user_id: "usr_1", role: "viewer" }] };
  const several = await ann.post(at(`/workspaces/${south}/members`), rows);
  assert.deepEqual(several.json.results.map(({ status }) => status), [200, 404]);

  const project = await bob.post(at("/projects"), { name: "Bridge", workspace: north });
  assert.equal(project.json.owner_id, user, project.text);
  const may = async (permission, workspace) => {
    const answer = await bob.post(at("/evaluate"), { permission, resource: { workspace } });
    return answer.json.decision;
  };
  assert.deepEqual([await may("data.delete", north), await may("data.delete", south)], [true, false]);

  const suspension = at(`/members/${user}/suspension`);
  assert.equal((await ann.send("PUT", suspension, {})).status, 200);
  assert.equal(await may("data.delete", north), false);
  assert.equal((await bob.get(at("/workspaces"))).code, "not-found");
  assert.equal((await ann.send("DELETE", suspension)).status, 200);
  assert.equal(await may("data.delete", north), true);

  const archived = await ann.send("PATCH", at(`/workspaces/${north}`), { archived: true });
  assert.ok(archived.json.archived_at_ms > 0, archived.text);
  assert.equal((await ann.send("DELETE", at(`/workspaces/${north}`))).status, 204);
  assert.equal(await may("data.delete", north), false);
  assert.deepEqual((await bob.get(at("/projects"))).json, { projects: [] });
  assert.equal((await ann.send("DELETE", at(`/workspaces/${south}`))).code, "guard-failed");
});
