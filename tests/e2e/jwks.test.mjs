// Keys that issuers publish, fetched by workerd from a real server on loopback (threats J4, J5, J21).

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const pair = generateKeyPairSync("ed25519");
const thief = generateKeyPairSync("ed25519");
const jwk = (kid, { publicKey } = pair) => ({ ...publicKey.export({ format: "jwk" }), kid });
const set = (...keys) => JSON.stringify({ keys });
const kilobyte = " ".repeat(1_024);

/** What each path answers; `hits` counts who asked. */
const answers = {
  "/good": (response) => response.end(set(jwk("k1"))),
  "/shared": (response) => response.end(set(jwk("k1", thief))),
  "/huge": (response) => response.end(kilobyte.repeat(10_240) + set(jwk("k1"))),
  "/endless": (response) => {
    const timer = setInterval(() => response.write(kilobyte.repeat(16)), 1);
    response.on("close", () => {
      clearInterval(timer);
      closed.add("/endless");
    });
  },
  "/lying": (response) => {
    response.writeHead(200, { "content-encoding": "identity", "x-length": "1" });
    response.end(kilobyte.repeat(65) + set(jwk("k1")));
  },
  "/slow": (response) => {
    response.write('{"keys":[');
    const timer = setInterval(() => response.write(" "), 100);
    response.on("close", () => {
      clearInterval(timer);
      closed.add("/slow");
    });
  },
  "/silent": () => {},
  "/redirect": (response) => response.writeHead(302, { location: "/trap" }).end(),
  "/metadata": (response) => response.writeHead(307, { location: "http://169.254.169.254/" }).end(),
  "/trap": (response) => response.end(set(jwk("k1"))),
  "/missing": (response) => response.writeHead(404).end(set(jwk("k1"))),
  "/broken": (response) => response.writeHead(500).end(set(jwk("k1"))),
  "/created": (response) => response.writeHead(201).end(set(jwk("k1"))),
  "/html": (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  "/twice": (response) => response.end(`{"keys":[],"keys":${JSON.stringify([jwk("k1")])}}`),
  "/private": (response) => response.end(set({ ...pair.privateKey.export({ format: "jwk" }), kid: "k1" })),
  "/symmetric": (response) => response.end(set({ kty: "oct", kid: "k1", k: "A".repeat(43) })),
};
/** Sets without a key that could be taken: nobody gets in, and there is nothing to wait for. */
const refused = ["/private", "/symmetric"];
const broken = Object.keys(answers).filter((path) => !["/good", "/shared", "/trap", ...refused].includes(path));

const hits = new Map();
const closed = new Set();
let server;
let edge;

const issuerOf = (path) => `https://issuer.example${path}`;

before(async () => {
  server = createServer((request, response) => {
    hits.set(request.url, (hits.get(request.url) ?? 0) + 1);
    const answer = answers[request.url];
    if (answer === undefined) return response.writeHead(404).end();
    return answer(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const issuers = Object.keys(answers).map((path) => ({
    issuer: issuerOf(path),
    audiences: ["lockstep"],
    algorithms: ["EdDSA"],
    jwks_uri: `${base}${path}`,
  }));
  edge = await startEdge({ vars: { LOCKSTEP_ISSUERS: JSON.stringify(issuers) } });
});

after(async () => {
  await edge?.stop();
  server?.closeAllConnections();
  server?.close();
});

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(path, { kid = "k1", header = {}, signer = pair } = {}) {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuerOf(path), aud: "lockstep", sub: "ann", iat: now, exp: now + 300 };
  const message = `${encode({ alg: "EdDSA", kid, ...header })}.${encode(claims)}`;
  return `${message}.${sign(null, Buffer.from(message), signer.privateKey).toString("base64url")}`;
}

const me = (text) => new Person(edge, { authorization: `Bearer ${text}` }).get("/v1/me");

test("j21 a thousand unknown kids, many at once, make one fetch", async () => {
  const first = await Promise.all([...Array(20)].map(() => me(token("/good"))));
  assert.deepEqual(new Set(first.map(({ status }) => status)), new Set([200]));
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(
      [...Array(50)].map((_, at) => me(token("/good", { kid: `unknown ${round} ${at}` }))),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
  }
  assert.equal(hits.get("/good"), 1);
  assert.equal((await me(token("/good"))).status, 200);
});

test("j5 the same kid published by two issuers is two keys", async () => {
  assert.equal((await me(token("/shared", { signer: thief }))).status, 200);
  assert.equal((await me(token("/shared"))).status, 401);
  assert.equal((await me(token("/good", { signer: thief }))).status, 401);
});

test("j21 whatever an endpoint does, nobody gets in and the answer comes in time", async () => {
  const answers = await Promise.all(broken.map((path) => me(token(path))));
  const statuses = Object.fromEntries(broken.map((path, at) => [path, answers[at].status]));
  assert.deepEqual(statuses, Object.fromEntries(broken.map((path) => [path, 503])));
  assert.ok(answers.every(({ headers }) => Number(headers.get("retry-after")) >= 1));
  const again = await Promise.all(broken.map((path) => me(token(path))));
  assert.ok(again.every(({ status }) => status === 503));
  assert.deepEqual(broken.map((path) => hits.get(path)), broken.map(() => 1));
  assert.equal(hits.get("/trap"), undefined, "no redirect is followed");
  assert.deepEqual(closed, new Set(["/endless", "/slow"]), "who gives up hangs up");
  assert.equal((await me(token("/good"))).status, 200);
  for (const path of refused) assert.equal((await me(token(path))).status, 401, path);
});

test("j4 no address in a token is ever asked", async () => {
  const url = `http://127.0.0.1:${server.address().port}/trap`;
  for (const header of [
    { jku: url }, { x5u: url }, { jku: url, crit: ["jku"] }, { jwk: { ...jwk("k1", thief), jku: url } },
    { kid: url }, { x5t: url }, { alg: "none", jku: url }, { iss: url, jwks_uri: url },
  ]) {
    assert.equal((await me(token("/good", { header, signer: thief }))).status, 401);
  }
  assert.equal(hits.get("/trap"), undefined);
});
