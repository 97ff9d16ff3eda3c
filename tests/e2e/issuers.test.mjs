// Identity providers that organizations register, with keys that workerd fetches from loopback (threats J5, J22, M14, S10).

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { startEdge, within } from "../support/edge.mjs";
import { Person } from "./person.mjs";

/** How long anything may be believed that is not sensitive; README states it. */
const boundMs = 10_000;
const name = "https://idp.example";
const ann = "ann@example.com";

const idps = { ours: generateKeyPairSync("ed25519"), theirs: generateKeyPairSync("ed25519") };
const hits = new Map();
let server;
let edge;
let owner;
let attacker;
let acme;
let evil;

before(async () => {
  server = createServer((request, response) => {
    hits.set(request.url, (hits.get(request.url) ?? 0) + 1);
    const pair = idps[request.url.slice(1)];
    if (pair === undefined) return response.writeHead(302, { location: "/ours" }).end();
    const jwk = { ...pair.publicKey.export({ format: "jwk" }), kid: "k1" };
    return response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  edge = await startEdge({ policy: "lockstep" });
  [owner, attacker] = [await Person.signIn(edge, ann), await Person.signIn(edge, "eve@example.com")];
  [acme, evil] = [await organization(owner, "Acme"), await organization(attacker, "Evil")];
});

after(async () => {
  await edge?.stop();
  server?.closeAllConnections();
  server?.close();
});

async function organization(person, called) {
  const made = await person.post("/v1/organizations", { name: called });
  assert.equal(made.status, 201, made.text);
  return `/v1/organizations/${made.json.id}`;
}

const record = (path) => ({
  issuer: name,
  audiences: ["lockstep"],
  algorithms: ["EdDSA"],
  jwks_uri: `http://127.0.0.1:${server.address().port}/${path}`,
});

async function register(person, at, path, role) {
  const made = await person.post(`${at}/issuers`, { record: record(path), role });
  assert.equal(made.status, 201, made.text);
  return { path: `${at}/issuers/${made.json.id}`, id: made.json.id };
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function bearer(pair, sub, claims = {}) {
  const now = Math.floor(Date.now() / 1_000);
  const all = { iss: name, aud: "lockstep", sub, iat: now, exp: now + 600, ...claims };
  const message = `${encode({ alg: "EdDSA", kid: "k1" })}.${encode(all)}`;
  const signature = sign(null, Buffer.from(message), pair.privateKey).toString("base64url");
  return new Person(edge, { authorization: `Bearer ${message}.${signature}` });
}

test("s10 j5 m14 an organization's own issuer lets people into it and nowhere else, and is switched off", async () => {
  const issuer = await register(owner, acme, "ours", "member");
  const dan = bearer(idps.ours, "dan");
  const own = await dan.get(`${acme}/snapshot`);
  assert.equal(own.status, 200, own.text);
  assert.equal(own.json.grants[0].role, "member");
  const decides = async (permission) => {
    const answer = await dan.post(`${acme}/evaluate`, { permission });
    return answer.status === 200 ? answer.json.decision : answer.status;
  };
  assert.equal(await decides("organization.read"), true);
  assert.equal(await decides("workspace.create"), false);
  const listed = (await owner.get(`${acme}/members`)).json.members.find(({ subject }) => subject === "dan");
  assert.deepEqual([listed.issuer, listed.email, listed.user_id], [name, null, own.json.principal]);
  const promoted = await owner.patch(`${acme}/members/${listed.user_id}`, { role: "admin" });
  assert.equal(promoted.status, 200, promoted.text);
  assert.equal((await dan.post(`${acme}/workspaces`, { name: "North" })).status, 201);
  for (const path of ["/v1/me", "/v1/me/tokens", evil, `${evil}/members`]) {
    assert.equal((await dan.get(path)).code, "unauthenticated", path);
  }
  assert.equal((await dan.post("/v1/organizations", { name: "Mine" })).code, "unauthenticated");

  // The attacker's issuer of the same name, with the same kid and claims about the victims.
  await register(attacker, evil, "theirs", "member");
  const claims = { email: ann, email_verified: true, roles: ["owner"] };
  for (const sub of ["dan", ann, own.json.principal]) {
    const posed = bearer(idps.theirs, sub, claims);
    assert.equal((await posed.get(acme)).code, "unauthenticated", sub);
    const inside = await posed.get(`${evil}/snapshot`);
    assert.equal(inside.status, 200, inside.text);
    assert.notEqual(inside.json.principal, own.json.principal);
  }
  assert.equal((await bearer(idps.ours, "dan").get(evil)).code, "unauthenticated");
  assert.equal((await dan.get(acme)).status, 200);
  assert.deepEqual([hits.get("/ours"), hits.get("/theirs")], [1, 1]);

  // J22: switched off, everything ends: what changes at once, the rest within the bound.
  assert.equal(await decides("organization.read"), true);
  const stream = await fetch(`${edge.origin}${acme}/events`, { headers: dan.headers });
  assert.equal(stream.status, 200);
  const off = await owner.patch(issuer.path, { active: false });
  await within(stream.text(), 2_000, "the stream goes on");
  assert.equal(off.status, 200, off.text);
  const made = await dan.post(`${acme}/workspaces`, { name: "South" });
  assert.equal(made.code, "unauthenticated");
  assert.match(made.headers.get("www-authenticate"), /invalid_token/);
  const end = Date.now() + boundMs;
  while ((await decides("organization.read")) !== 401) {
    assert.ok(Date.now() < end, "still believed");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal((await dan.get(acme)).code, "unauthenticated");
  assert.equal((await owner.patch(issuer.path, { active: true })).status, 200);
  assert.equal((await dan.get(acme)).status, 200);
  assert.equal((await owner.delete(issuer.path)).status, 204);
  assert.equal((await dan.get(acme)).code, "unauthenticated");
});

test("s11 where keys are published is checked when saved, and no redirect is followed", async () => {
  for (const uri of ["https://169.254.169.254/", "https://[::ffff:10.0.0.1]/", "https://2130706433/", "http://idp.example/", "https://a@idp.example/"]) {
    const answer = await owner.post(`${acme}/issuers`, { record: { ...record("x"), jwks_uri: uri } });
    assert.equal(answer.code, "invalid-issuer", uri);
  }
  const issuer = await register(owner, acme, "redirects", "member");
  const before = hits.get("/ours");
  assert.equal((await bearer(idps.ours, "dan").get(acme)).code, "unavailable");
  assert.equal(hits.get("/ours"), before, "the redirect is not followed");
  assert.equal((await owner.delete(issuer.path)).status, 204);
});
