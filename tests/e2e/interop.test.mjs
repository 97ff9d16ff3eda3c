// Tokens that other libraries make are accepted: npm jose, and PyJWT and joserfc where Python has them
// (always in CI, where LOCKSTEP_PYTHON names a Python that was given them).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { after, before, test } from "node:test";

import { SignJWT, exportJWK, generateKeyPair } from "jose";

import { root, startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const asymmetric = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
const symmetric = { HS256: 32, HS384: 48, HS512: 64 };
const algorithms = [...asymmetric, ...Object.keys(symmetric)];
const issuerOf = (algorithm) => `https://${algorithm.toLowerCase()}.example`;

/** By algorithm: what signs, as jose wants it, and as a JWK for other libraries. */
const keys = new Map();
let edge;

before(async () => {
  const records = [];
  for (const algorithm of algorithms) {
    const record = { issuer: issuerOf(algorithm), audiences: ["lockstep"], algorithms: [algorithm] };
    if (algorithm in symmetric) {
      const secret = randomBytes(symmetric[algorithm]);
      const jwk = { kty: "oct", kid: "k1", k: secret.toString("base64url") };
      keys.set(algorithm, { signer: secret, jwk });
      records.push({ ...record, keys: { keys: [jwk] } });
      continue;
    }
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    keys.set(algorithm, { signer: privateKey, jwk: { ...(await exportJWK(privateKey)), kid: "k1" } });
    const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: algorithm, use: "sig" };
    records.push({ ...record, keys: { keys: [jwk] } });
  }
  edge = await startEdge({ vars: { LOCKSTEP_ISSUERS: JSON.stringify(records) } });
});

after(() => edge?.stop());

async function accepts(algorithm, token) {
  const answer = await new Person(edge, { authorization: `Bearer ${token}` }).get("/v1/me");
  assert.equal(answer.status, 200, `${algorithm}: ${answer.text}`);
  return answer.json.user.id;
}

/** Runs mint.py without holding up this process; no status when there is no such Python. */
function mint(python, asked) {
  return new Promise((resolve) => {
    const child = spawn(python, [path.join(root, "tests/e2e/mint.py")], { timeout: 120_000 });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
    child.on("error", (error) => resolve({ ...output, stderr: `${error}` }));
    child.on("close", (status) => resolve({ ...output, status }));
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(asked));
  });
}

test("tokens of jose are accepted, in every algorithm", async () => {
  for (const algorithm of algorithms) {
    const token = await new SignJWT({ scope: "anything" })
      .setProtectedHeader({ alg: algorithm, kid: "k1", typ: "JWT" })
      .setIssuer(issuerOf(algorithm))
      .setAudience("lockstep")
      .setSubject("ann")
      .setIssuedAt()
      .setNotBefore("0s")
      .setExpirationTime("5m")
      .setJti("1")
      .sign(keys.get(algorithm).signer);
    await accepts(algorithm, token);
  }
});

test("tokens of PyJWT and joserfc are accepted, in every algorithm", async () => {
  const python = process.env.LOCKSTEP_PYTHON ?? "python3";
  const asked = algorithms.map((algorithm) => ({ algorithm, issuer: issuerOf(algorithm), jwk: keys.get(algorithm).jwk }));
  const minted = await mint(python, asked);
  if (minted.status === undefined || minted.status === 3) {
    assert.notEqual(process.env.CI, "true", `CI has a Python with both: ${minted.stderr}`);
    console.log(`left out: Python has no PyJWT or joserfc here (${minted.stderr.trim()})`);
    return;
  }
  assert.equal(minted.status, 0, minted.stderr);
  const tokens = JSON.parse(minted.stdout);
  assert.equal(tokens.length, 2 * algorithms.length);
  const users = new Map();
  for (const { library, algorithm, token } of tokens) {
    const user = await accepts(`${library} ${algorithm}`, token);
    assert.equal(users.get(algorithm) ?? user, user, "the same person, whoever wrote the token");
    users.set(algorithm, user);
  }
});
