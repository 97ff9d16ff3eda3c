// JWTs of configured issuers, verified by workerd's WebCrypto (threats J1 to J13, S10).

import assert from "node:assert/strict";
import { constants, createHmac, generateKeyPairSync, sign } from "node:crypto";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const ieee = { dsaEncoding: "ieee-p1363" };
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const otherRsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const ed25519 = generateKeyPairSync("ed25519");

const signers = {
  RS256: { pair: rsa, hash: "sha256", options: {} },
  RS512: { pair: rsa, hash: "sha512", options: {} },
  PS256: { pair: rsa, hash: "sha256", options: pss },
  ES256: { pair: p256, hash: "sha256", options: ieee },
  ES384: { pair: p384, hash: "sha384", options: ieee },
  EdDSA: { pair: ed25519, hash: null, options: {} },
};

let edge;

const issuerOf = (algorithm) => `https://${algorithm.toLowerCase()}.example`;

before(async () => {
  const record = (issuer, algorithm, publicKey) => ({
    issuer,
    audiences: ["lockstep"],
    algorithms: [algorithm],
    keys: { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k1", alg: algorithm }] },
  });
  const issuers = Object.entries(signers).map(([algorithm, { pair }]) =>
    record(issuerOf(algorithm), algorithm, pair.publicKey),
  );
  issuers.push(record("https://second.example", "RS256", otherRsa.publicKey));
  edge = await startEdge({
    vars: {
      LOCKSTEP_ISSUERS: JSON.stringify(issuers),
      LOCKSTEP_EMAIL_ISSUERS: JSON.stringify([issuerOf("ES256")]),
    },
  });
});

after(() => edge?.stop());

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(algorithm, { header = {}, claims = {}, pair, signature } = {}) {
  const now = Math.floor(Date.now() / 1_000);
  const body = { iss: issuerOf(algorithm), aud: "lockstep", sub: "ann", iat: now, exp: now + 300, ...claims };
  const message = `${encode({ alg: algorithm, kid: "k1", ...header })}.${encode(body)}`;
  const { hash, options, pair: own } = signers[algorithm];
  const { privateKey } = pair ?? own;
  const bytes = signature?.(message) ?? sign(hash, Buffer.from(message), { key: privateKey, ...options });
  return `${message}.${bytes.toString("base64url")}`;
}

const me = (text) => new Person(edge, { authorization: `Bearer ${text}` }).get("/v1/me");

for (const algorithm of Object.keys(signers)) {
  test(`a ${algorithm} token stands for its issuer and subject`, async () => {
    const [first, second] = [await me(token(algorithm)), await me(token(algorithm))];
    assert.equal(first.status, 200, first.text);
    assert.equal(first.json.credential, "jwt");
    assert.equal(first.json.user.email, null);
    assert.equal(first.json.user.id, second.json.user.id);
    const other = await me(token(algorithm, { claims: { sub: "bob" } }));
    assert.notEqual(other.json.user.id, first.json.user.id);
  });

  test(`no edited ${algorithm} token is accepted`, async () => {
    const good = token(algorithm);
    const [header, claims, signature] = good.split(".");
    const swap = (text) => (text[20] === "A" ? "B" : "A");
    const edited = `${signature.slice(0, 20)}${swap(signature)}${signature.slice(21)}`;
    const promoted = encode({ ...JSON.parse(Buffer.from(claims, "base64url")), sub: "root" });
    for (const bad of [
      `${header}.${claims}.${edited}`, `${header}.${promoted}.${signature}`, `${header}.${claims}.`,
      `${header}.${claims}`, `${good}=`, `${good}.`, ` ${header}`, `${header}.${claims}.${signature.slice(0, -2)}`,
      `${encode({ alg: "none" })}.${claims}.`, `${encode({ alg: "None", kid: "k1" })}.${claims}.${signature}`,
    ]) {
      assert.equal((await me(bad)).code, "unauthenticated", bad.slice(0, 40));
    }
    assert.equal((await me(good)).status, 200);
  });
}

test("j1 j2 the algorithm comes from the key, never from the token", async () => {
  const publicPem = rsa.publicKey.export({ format: "pem", type: "spki" });
  const hmac = (message) => createHmac("sha256", publicPem).update(message).digest();
  assert.equal((await me(token("RS256", { header: { alg: "HS256" }, signature: hmac }))).code, "unauthenticated");
  assert.equal((await me(token("PS256", { claims: { iss: issuerOf("RS256") } }))).code, "unauthenticated");
  assert.equal((await me(token("RS512", { claims: { iss: issuerOf("RS256") } }))).code, "unauthenticated");
});

test("the same kid under two issuers is two keys", async () => {
  const second = { iss: "https://second.example" };
  assert.equal((await me(token("RS256", { claims: second, pair: otherRsa }))).status, 200);
  assert.equal((await me(token("RS256", { claims: second }))).code, "unauthenticated");
  assert.equal((await me(token("RS256", { pair: otherRsa }))).code, "unauthenticated");
});

test("keys inside the token are not looked at", async () => {
  const jwk = otherRsa.publicKey.export({ format: "jwk" });
  for (const header of [{ jwk }, { jku: "https://evil.example/keys" }, { x5u: "https://evil.example/x" }, { crit: ["exp"] }]) {
    assert.equal((await me(token("RS256", { header, pair: otherRsa }))).code, "unauthenticated");
  }
});

test("issuer, audience and times are held against the record", async () => {
  const now = Math.floor(Date.now() / 1_000);
  for (const claims of [
    { iss: "https://unknown.example" }, { iss: undefined }, { aud: "another" }, { aud: undefined }, { aud: [] },
    { exp: now - 60 }, { exp: undefined }, { exp: "9999999999" }, { nbf: now + 120 }, { iat: now + 120 },
    { exp: now + 400 * 86_400 }, { sub: "" }, { sub: undefined }, { sub: 1 },
  ]) {
    assert.equal((await me(token("ES256", { claims }))).code, "unauthenticated", JSON.stringify(claims));
  }
  assert.equal((await me(token("ES256", { claims: { aud: ["x", "lockstep"] } }))).status, 200);
});

test("i11 an address counts only when a believed issuer has verified it", async () => {
  const email = async (algorithm, claims) => (await me(token(algorithm, { claims }))).json.user.email;
  const verified = { email: "Ann@Example.com", email_verified: true };
  assert.equal(await email("ES256", verified), "ann@example.com");
  assert.equal(await email("ES256", { email: "ann@example.com" }), null);
  assert.equal(await email("ES256", { ...verified, email_verified: "true" }), null);
  assert.equal(await email("RS256", verified), null);
});

test("a JWT writes without an Origin, and makes no tokens", async () => {
  const program = new Person(edge, { authorization: `Bearer ${token("ES256")}` });
  assert.equal((await program.post("/v1/organizations", { name: "Acme" })).status, 201);
  assert.equal((await program.post("/v1/me/tokens", { name: "x" })).code, "session-required");
});
