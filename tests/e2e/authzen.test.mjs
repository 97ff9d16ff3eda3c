// What a gateway asks in AuthZEN's words, against the real Worker.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

let edge;
let gateway;
let organization;
let people;

const north = { type: "workspace", id: "north" };
const about = (name, permission = "data.read", resource = north) => ({
  subject: { type: "user", id: people[name].user },
  action: { name: permission },
  resource,
});

const issuer = {
  issuer: "https://login.example",
  audiences: ["lockstep"],
  algorithms: ["HS256"],
  keys: { keys: [{ kty: "oct", kid: "k1", k: Buffer.alloc(32, 7).toString("base64url") }] },
};

before(async () => {
  edge = await startEdge({ policy: "lockstep", vars: { LOCKSTEP_ISSUERS: JSON.stringify([issuer]) } });
  const page = new Person(edge, { origin: edge.origin });
  const named = (name, role, ...grants) => ({ name, grants: [{ role, node: "organization" }, ...grants] });
  const seeded = await page.post("/v1/dev/seed", {
    name: "Acme",
    nodes: [{ id: "north", level: "workspace" }, { id: "south", level: "workspace" }],
    principals: [
      named("ada", "owner"),
      named("ben", "member", { role: "editor", node: "north" }),
      named("cat", "member", { role: "viewer", node: "south" }),
      { ...named("dan", "member", { role: "viewer", node: "north" }), issuer: issuer.issuer },
    ],
  });
  assert.equal(seeded.status, 201, seeded.text);
  organization = `/v1/organizations/${seeded.json.organization}`;
  people = Object.fromEntries(seeded.json.principals.map((one) => [one.name, one]));
  const ada = new Person(edge, { authorization: `Bearer ${people.ada.token}` });
  const account = await ada.post(`${organization}/service-accounts`, { name: "Gateway", grants: [{ role: "gateway" }] });
  assert.equal(account.status, 201, account.text);
  const key = await ada.post(`${organization}/service-accounts/${account.json.id}/keys`, { name: "one" });
  gateway = new Person(edge, { "x-api-key": key.json.token });
});

after(() => edge?.stop());

async function endpoints() {
  const metadata = await edge.fetch(`/.well-known/authzen-configuration${organization}`);
  assert.equal(metadata.status, 200);
  assert.match(metadata.headers.get("content-type"), /^application\/json/);
  const { policy_decision_point: base, ...all } = await metadata.json();
  assert.equal(base, `${edge.origin}${organization}`);
  return all;
}

test("metadata leads to every endpoint, and each answers", async () => {
  const { access_evaluation_endpoint, access_evaluations_endpoint, ...searches } = await endpoints();
  const ask = (endpoint, body) => gateway.post(endpoint.slice(edge.origin.length), body);
  const one = await ask(access_evaluation_endpoint, about("ben"));
  assert.equal(one.json.decision, true);
  assert.deepEqual(one.json.context.reasons.map(({ code, role, node }) => [code, role, node]), [["granted", "editor", "north"]]);
  // The credential says the organization, too.
  assert.deepEqual((await gateway.post("/access/v1/evaluation", about("ben"))).json, one.json);
  const several = await ask(access_evaluations_endpoint, {
    ...about("ben"),
    evaluations: [{}, about("cat"), { action: { name: "no.such" } }, { resource: { type: "workspace" } }],
  });
  assert.deepEqual(several.json.evaluations.map(({ decision }) => decision), [true, false, false, false]);
  const found = {};
  for (const [name, endpoint] of Object.entries(searches)) {
    const answer = await ask(endpoint, about("ben"));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.page.next_token, "");
    found[name] = answer.json.results;
  }
  const users = ["ada", "ben", "dan"].map((name) => people[name].user).sort();
  assert.deepEqual(found.search_subject_endpoint, users.map((id) => ({ type: "user", id })));
  assert.deepEqual(found.search_resource_endpoint, [north]);
  assert.ok(found.search_action_endpoint.some(({ name }) => name === "data.read"));
});

test("what is asked after a change is answered from after it", async () => {
  const ada = new Person(edge, { authorization: `Bearer ${people.ada.token}` });
  const ask = async () => (await gateway.post("/access/v1/evaluation", about("cat", "data.read"))).json.decision;
  assert.equal(await ask(), false);
  for (const [method, body, expected] of [["PUT", { role: "viewer" }, true], ["DELETE", undefined, false]]) {
    const changed = await ada.send(method, `${organization}/workspaces/north/members/${people.cat.user}`, body);
    assert.ok(changed.status < 300, changed.text);
    assert.equal(await ask(), expected);
  }
});

test("somebody is asked about by what an issuer of the deployment calls them", async () => {
  const named = (id, properties) => ({ ...about("ben"), subject: { type: "user", id, properties } });
  const ask = async (...subject) => (await gateway.post("/access/v1/evaluation", named(...subject))).json.decision;
  assert.equal(await ask("dan", { issuer: issuer.issuer }), true);
  assert.equal(await ask("dan"), false);
  assert.equal(await ask("dan", { issuer: "https://other.example" }), false);
  assert.equal(await ask(people.ben.user, { issuer: issuer.issuer }), false);
});

test("who may not ask for decisions asks about themselves alone", async () => {
  const ben = new Person(edge, { authorization: `Bearer ${people.ben.token}` });
  const ask = (body) => ben.post(`${organization}/access/v1/evaluation`, body);
  assert.equal((await ask(about("ben"))).json.decision, true);
  assert.equal((await ask(about("cat"))).code, "no-grant");
  assert.equal((await ask({ ...about("ben"), context: { ip: "::1" } })).code, "no-grant");
  assert.equal((await new Person(edge, { authorization: "Bearer nobody" }).post(`${organization}/access/v1/evaluation`, about("ben"))).status, 401);
});

// The negative tests that the certification has (OpenID AuthZEN, certification of Access Evaluation).
test("what is no request is 400, and a request's id comes back", async () => {
  const without = (...path) => {
    const body = structuredClone(about("ben"));
    const member = path.pop();
    delete path.reduce((part, name) => part[name], body)[member];
    return body;
  };
  const bodies = [
    without("subject"), without("action"), without("resource"), without("subject", "type"), without("subject", "id"),
    without("action", "name"), without("resource", "type"), without("resource", "id"),
    { ...about("ben"), subject: "ben" }, { ...about("ben"), action: { name: 1 } }, "{", "", "[]",
  ];
  const ask = (body, headers) => gateway.send("POST", "/access/v1/evaluation", body, { "x-request-id": "id-1", ...headers });
  for (const body of bodies) {
    const answer = await ask(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(answer.headers.get("x-request-id"), "id-1");
  }
  assert.equal((await ask(JSON.stringify(about("ben")), { "content-type": "text/plain" })).status, 400);
  const whole = await ask({ ...about("ben"), later: [{}] });
  assert.equal(whole.json.decision, true);
  assert.equal(whole.headers.get("x-request-id"), "id-1");
});
