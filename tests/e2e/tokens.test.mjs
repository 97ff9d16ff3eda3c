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
  assert.match(created.token, /^lsk_pat_usr_[0-9A-Za-z]{28}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
  assert.equal(created.expires_at_ms - created.created_at_ms, 3_600_000);
  const { tokens } = (await ann.get("/v1/me/tokens")).json;
  const listed = tokens.find((token) => token.id === created.id);
  assert.deepEqual(Object.keys(listed).sort(), ["created_at_ms", "expires_at_ms", "id", "name"]);
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
  const edits = [`${token}0`, `${token}_`, token.toUpperCase(), token.replace("pat", "svc")];
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

test("a session secret is no token, and a token is no session", async () => {
  const { token } = await createToken();
  assert.equal(await me({ cookie: `__Host-lockstep_session=${token}` }), 401);
});
