// Personal access tokens, against the real Worker (threats P1, P3, P6, P7).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

let edge;
let ann;

before(async () => {
  edge = await startEdge();
  ann = await Person.signIn(edge, "ann@example.com");
});

after(() => edge?.stop());

async function createToken(body = { name: "ci" }) {
  const created = await ann.post("/v1/me/tokens", body);
  assert.equal(created.status, 201, created.text);
  return created.json;
}

const me = async (headers) => (await new Person(edge, headers).get("/v1/me")).status;

test("a token is shown once, works in three headers, and not after it is deleted", async () => {
  const created = await createToken({ name: "laptop", expires_in_s: 3_600 });
  assert.match(created.token, /^openlit-usr_[0-9A-Za-z]{28}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
  assert.equal(created.expires_at_ms - created.created_at_ms, 3_600_000);
  const { tokens } = (await ann.get("/v1/me/tokens")).json;
  const listed = tokens.find((token) => token.id === created.id);
  assert.deepEqual(Object.keys(listed).sort(), [
    "active", "created_at_ms", "expires_at_ms", "id", "last_used_at_ms", "name", "scopes", "subtree",
  ]);
  const places = [
    { authorization: `Bearer ${created.token}` },
    { authorization: created.token },
    { "x-api-key": created.token },
  ];
  for (const place of places) assert.equal(await me(place), 200);
  assert.equal((await ann.delete(`/v1/me/tokens/${created.id}`)).status, 204);
  for (const place of places) assert.equal(await me(place), 401);
  assert.equal((await ann.delete(`/v1/me/tokens/${created.id}`)).code, "not-found");
});

test("a token writes without an Origin, and makes no other token", async () => {
  const { token } = await createToken();
  const program = new Person(edge, { authorization: `Bearer ${token}` });
  assert.equal((await program.post("/v1/organizations", { name: "Acme" })).status, 201);
  assert.equal((await program.post("/v1/me/tokens", { name: "more" })).code, "session-required");
});

test("p1 nobody makes a token for another user", async () => {
  const anonymous = new Person(edge, { origin: edge.origin });
  assert.equal((await anonymous.post("/v1/me/tokens", { name: "x" })).code, "unauthenticated");
  for (const member of ["user", "user_id", "owner", "id", "token"]) {
    const answer = await ann.post("/v1/me/tokens", { name: "x", [member]: "usr_other" });
    assert.equal(answer.code, "invalid-body", member);
  }
});

test("p1 a token of another user cannot be deleted or seen", async () => {
  const { id } = await createToken();
  const bob = await Person.signIn(edge, "bob@example.com");
  assert.equal((await bob.delete(`/v1/me/tokens/${id}`)).code, "not-found");
  assert.deepEqual((await bob.get("/v1/me/tokens")).json.tokens, []);
});

test("p3 no shortened, edited or extended token is accepted", async () => {
  const { token } = await createToken();
  const edits = [`${token}0`, `${token}_`, token.toUpperCase(), token.replace("openlit-", "lsk_pat_")];
  for (let at = 0; at < token.length; at += 1) {
    const swapped = token[at] === "a" ? "b" : "a";
    edits.push(token.slice(0, at), token.slice(0, at) + swapped + token.slice(at + 1));
  }
  const statuses = new Set();
  for (const edit of edits.filter((text) => text !== token)) {
    statuses.add(await me(edit === "" ? {} : { "x-api-key": edit }));
  }
  assert.deepEqual([...statuses], [401]);
  assert.equal(await me({ "x-api-key": token }), 200);
});

test("p6 no secret is in the log or in any other answer", async () => {
  const { token } = await createToken({ name: "canary" });
  await me({ "x-api-key": `${token}x` });
  const answers = await Promise.all(["/v1/me", "/v1/me/tokens", "/v1/me/invitations"].map((path) => ann.get(path)));
  const everything = [edge.log(), ...answers.map((answer) => answer.text)].join("\n");
  assert.ok(!everything.includes(token.slice(-50)));
});

test("p4 scopes and a rotation hold on the real runtime, and an organization bounds how long tokens live", async () => {
  const { id } = (await ann.post("/v1/organizations", { name: "Scoped" })).json;
  const path = `/v1/organizations/${id}`;
  const scoped = await createToken({ name: "reader", scopes: ["resources.view"], expires_in_s: 3_600 });
  const program = (token) => new Person(edge, { authorization: `Bearer ${token}` });
  const ask = async (token, permission) => (await program(token).post(`${path}/evaluate`, { permission })).json;
  assert.equal((await ask(scoped.token, "resources.view")).decision, true);
  const denied = await ask(scoped.token, "members.invite");
  assert.deepEqual([denied.decision, denied.reasons[0].code], [false, "out-of-token-scope"]);
  const invite = { email: "x@example.com", role: "member" };
  assert.equal((await program(scoped.token).post(`${path}/invitations`, invite)).code, "out-of-token-scope");

  const rotated = await ann.post(`/v1/me/tokens/${scoped.id}/rotate`, { overlap_s: 60 });
  assert.equal(rotated.status, 200, rotated.text);
  for (const token of [scoped.token, rotated.json.token]) {
    assert.equal((await ask(token, "resources.view")).decision, true);
  }
  assert.equal((await ann.patch(path, { token_lifetime_max_s: 60 })).status, 200);
  const members = await program(rotated.json.token).get(`${path}/members`);
  assert.equal(members.code, "token-lifetime");
  assert.equal((await ann.patch(path, { token_lifetime_max_s: null })).status, 200);
});

test("p2 a service account works by its key, and no longer once it is deleted", async () => {
  const { id } = (await ann.post("/v1/organizations", { name: "Programs" })).json;
  const path = `/v1/organizations/${id}`;
  const account = await ann.post(`${path}/service-accounts`, { name: "Deployer", grants: [{ role: "admin" }] });
  assert.equal(account.status, 201, account.text);
  const keys = `${path}/service-accounts/${account.json.id}/keys`;
  const key = await ann.post(keys, { name: "ci" });
  assert.match(key.json.token, /^lsk_svc_org_[0-9A-Za-z]{28}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
  const program = new Person(edge, { "x-api-key": key.json.token });
  const evaluate = async (permission) => (await program.post(`${path}/evaluate`, { permission })).json?.decision;
  assert.equal(await evaluate("resources.view"), true);
  assert.equal(await evaluate("members.invite"), true);
  assert.equal((await program.get("/v1/me")).code, "person-required");
  const [listed] = (await ann.get(keys)).json.keys;
  assert.deepEqual([listed.id, listed.active, "token" in listed], [key.json.id, true, false]);
  assert.equal((await ann.delete(`${path}/service-accounts/${account.json.id}`)).status, 204);
  assert.equal((await program.post(`${path}/evaluate`, { permission: "members.invite" })).status, 401);
  assert.equal((await program.get(path)).status, 401);
});

test("p11 signing out everywhere ends every session and token, on demand", async () => {
  const one = await Person.signIn(edge, "cleo@example.com");
  const other = await Person.signIn(edge, "cleo@example.com");
  const { token } = (await one.post("/v1/me/tokens", { name: "ci" })).json;
  const { sessions } = (await one.get("/v1/me/sessions")).json;
  assert.deepEqual(sessions.map(({ current }) => current).sort(), [false, true]);
  assert.equal((await one.post("/v1/me/sign-out", { tokens: true })).status, 204);
  for (const gone of [one, other, new Person(edge, { "x-api-key": token })]) {
    const answer = await gone.get("/v1/me");
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="lockstep", error="invalid_token"');
  }
});

test("a session secret is no token, and a token is no session", async () => {
  const { token } = await createToken();
  assert.equal(await me({ cookie: `__Host-lockstep_session=${token}` }), 401);
  const [, session] = ann.headers.cookie.match(/__Host-lockstep_session=([^;]+)/);
  assert.equal(await me({ cookie: `__Host-lockstep_session=${session}` }), 200);
  assert.equal(await me({ "x-api-key": session }), 401);
});
