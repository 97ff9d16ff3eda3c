// Tokens in exchange for a JWT, signed by workerd's WebCrypto and verified by npm jose with what is published (threat J17).

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import { createRemoteJWKSet, jwtVerify } from "jose";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const audience = "https://orders.example";
const urn = "urn:ietf:params:oauth:";

const makers = {
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
};

const key = (algorithm, kid) => ({ ...makers[algorithm]().privateKey.export({ format: "jwk" }), kid });

async function withEdge(keys, body) {
  const edge = await startEdge({
    policy: "lockstep",
    vars: {
      LOCKSTEP_SIGNING_KEYS: JSON.stringify({ keys }),
      LOCKSTEP_EXCHANGE_AUDIENCES: JSON.stringify([audience]),
    },
  });
  try {
    await body(edge);
  } finally {
    await edge.stop();
  }
}

/** The owner of a new organization, with a token for it. */
async function owner(edge) {
  const person = await Person.signIn(edge, "ann@example.com");
  const made = await person.post("/v1/organizations", { name: "Acme" });
  const organization = made.json.id;
  const body = { name: "ci", scopes: ["data.read", "run.read"], subtree: { organization } };
  const token = await person.post("/v1/me/tokens", body);
  assert.equal(token.status, 201, token.text);
  return { person, organization, id: token.json.id, token: token.json.token };
}

const form = (edge, path, members, headers = {}) =>
  edge.fetch(path, { method: "POST", headers, body: new URLSearchParams(members) });

const exchange = (edge, token, changes = {}) =>
  form(edge, "/v1/oauth/token", {
    grant_type: `${urn}grant-type:token-exchange`,
    subject_token: token,
    subject_token_type: `${urn}token-type:access_token`,
    audience,
    ...changes,
  });

/** What a service does with a JWT: it verifies it by the published keys and asks nobody. */
const verified = (edge, jwt, options = {}) => {
  const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", edge.origin), { cooldownDuration: 0 });
  return jwtVerify(jwt, keys, { issuer: edge.origin, audience, typ: "at+jwt", ...options });
};

for (const algorithm of Object.keys(makers)) {
  test(`jose verifies a token signed with ${algorithm} by the published keys`, () =>
    withEdge([key(algorithm, "k1"), key("ES256", "next")], async (edge) => {
      const { organization, id, token, person } = await owner(edge);
      const answer = await exchange(edge, token, { scope: "data.read" });
      assert.equal(answer.headers.get("cache-control"), "no-store");
      const issued = await answer.json();
      assert.equal(answer.status, 200, JSON.stringify(issued));
      assert.deepEqual([issued.token_type, issued.expires_in, issued.scope], ["Bearer", 300, "data.read"]);
      const { payload, protectedHeader } = await verified(edge, issued.access_token);
      assert.deepEqual(protectedHeader, { alg: algorithm, kid: "k1", typ: "at+jwt" });
      assert.equal(payload.exp - payload.iat, 300);
      const { user } = (await person.get("/v1/me")).json;
      const said = { sub: user.id, client_id: id, scope: "data.read", organization, subtree: organization };
      for (const [name, value] of Object.entries(said)) assert.equal(payload[name], value, name);
      await assert.rejects(verified(edge, issued.access_token, { audience: "another" }));
      const program = new Person(edge, { authorization: `Bearer ${issued.access_token}` });
      assert.equal((await program.get("/v1/me")).code, "unauthenticated", "j17");
    }));
}

test("a rotation with overlap leaves no token unverified", () => {
  const [old, next] = [key("ES256", "old"), key("EdDSA", "next")];
  const issue = async (edge) => (await (await exchange(edge, (await owner(edge)).token)).json()).access_token;
  return withEdge([old, next], async (edge) => {
    const before = await issue(edge);
    await verified(edge, before);
    // A deployment whose next key signs, and which still publishes the old one without its private half.
    const { d: _, ...published } = old;
    await withEdge([next, published], async (later) => {
      const after = await issue(later);
      const { protectedHeader } = await verified(later, after);
      assert.equal(protectedHeader.kid, "next");
      await verified(later, before, { issuer: edge.origin });
      await withEdge([next], (last) => assert.rejects(verified(last, before, { issuer: edge.origin })));
      // Whoever has fetched the set of before knows the key that signs now.
      await verified(edge, after, { issuer: later.origin });
    });
  });
});

test("nothing private is published, and the set may be kept for five minutes", () =>
  withEdge([key("RS256", "k1"), key("EdDSA", "k2")], async (edge) => {
    const answer = await edge.fetch("/.well-known/jwks.json");
    assert.equal(answer.headers.get("cache-control"), "public, max-age=300");
    assert.equal(answer.headers.get("content-type"), "application/jwk-set+json");
    const { keys } = await answer.json();
    const members = keys.map((one) => Object.keys(one).sort().join(" "));
    assert.deepEqual(members, ["alg e kid kty n use", "alg crv kid kty use x"]);
    const metadata = await (await edge.fetch("/.well-known/oauth-authorization-server")).json();
    assert.equal(metadata.jwks_uri, `${edge.origin}/.well-known/jwks.json`);
  }));

test("two halves of different keys sign nothing, and the log says why", () => {
  const torn = { ...key("EdDSA", "k1"), x: key("EdDSA", "k2").x };
  return withEdge([torn], async (edge) => {
    const { token } = await owner(edge);
    const answer = await exchange(edge, token);
    assert.equal(answer.status, 500);
    assert.match(edge.log(), /signing failed/);
    assert.ok(!edge.log().includes(torn.d));
  });
});

test("a gate is told what a token is worth, and of every other one that it is not active", () =>
  withEdge([key("ES256", "k1")], async (edge) => {
    const { person, organization, token, id } = await owner(edge);
    const base = `/v1/organizations/${organization}/service-accounts`;
    const account = await person.post(base, { name: "gate", grants: [{ role: "gateway" }] });
    const made = await person.post(`${base}/${account.json.id}/keys`, { name: "gate" });
    const headers = { authorization: `Bearer ${made.json.token}` };
    const ask = async (text) => {
      const answer = await form(edge, "/v1/oauth/introspect", { token: text }, headers);
      assert.equal(answer.status, 200);
      return answer.text();
    };
    const known = JSON.parse(await ask(token));
    assert.deepEqual(
      [known.active, known.scope, known.client_id, known.organization],
      [true, "data.read run.read", id, organization],
    );
    const jwt = (await (await exchange(edge, token)).json()).access_token;
    for (const other of [jwt, "x", token.slice(0, -1), made.json.token.replace("svc", "pat")]) {
      assert.equal(await ask(other), '{"active":false}');
    }
    assert.equal((await person.delete(`/v1/me/tokens/${id}`)).status, 204);
    assert.equal(await ask(token), '{"active":false}', "at once");
    const dead = await exchange(edge, token);
    assert.deepEqual([dead.status, (await dead.json()).error], [400, "invalid_request"]);
  }));
