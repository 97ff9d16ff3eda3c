// Vectors that nobody here wrote, as credentials of requests to the running Worker: nobody gets in, and
// nothing breaks (threats J1 to J19, J24). What the vectors say about signatures is told apart natively,
// in crates/token/tests; they have no issuer and audience of ours, so here each of them is a forgery, which
// no key is looked up for.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { root, startEdge } from "../support/edge.mjs";
import { presentTo } from "../support/present.mjs";

const named = process.env.LOCKSTEP_VECTORS;
const folder = named === undefined ? undefined : path.resolve(root, named);
const read = (file) => JSON.parse(readFileSync(path.join(folder, file), "utf8"));

const secret = randomBytes(32);
const symmetric = (issuer, k) => ({
  issuer, audiences: ["lockstep"], algorithms: ["HS256"], keys: { keys: [{ kty: "oct", kid: "k1", k }] },
});

let edge;

/** Ours, and the one that RFC 7515 names in appendix A.1: its token has a good signature, and is long over. */
function issuers() {
  const { jwk } = read("rfc/jose-rfc-appendices.json").cases.find(({ id }) => id === "rfc7515-A.1");
  return [symmetric("https://login.example", secret.toString("base64url")), symmetric("joe", jwk.k)];
}

before(async () => {
  if (folder === undefined) return;
  edge = await startEdge({ vars: { LOCKSTEP_ISSUERS: JSON.stringify(issuers()) } });
});

after(() => edge?.stop());

const present = (name, credentials) => presentTo(edge, name, credentials);

/** What a header can hold; the rest is refused by the client already. */
const sendable = (text) => typeof text === "string" && /^[\x21-\x7e]+$/.test(text);
const encode = (text) => Buffer.from(text).toString("base64url");

function signed(header, claims) {
  const message = `${encode(header)}.${claims.toString("base64url")}`;
  return `${message}.${createHmac("sha256", secret).update(message).digest("base64url")}`;
}

const now = Math.floor(Date.now() / 1_000);
const header = '{"alg":"HS256","kid":"k1"}';
const claims = `"iss":"https://login.example","aud":"lockstep","sub":"ann","iat":${now},"exp":${now + 600}`;

if (folder === undefined) {
  console.log("left out: outside vectors (set LOCKSTEP_VECTORS to their folder)");
} else {
  test("the key that the next tests sign with is trusted", async () => {
    const authorization = `Bearer ${signed(header, Buffer.from(`{${claims}}`))}`;
    assert.equal((await edge.fetch("/v1/me", { headers: { authorization } })).status, 200);
  });

  test("wycheproof signatures and keys: nobody gets in", async () => {
    const cases = ["json_web_signature_test.json", "json_web_key_test.json"].flatMap((file) =>
      read(`wycheproof/${file}`).testGroups.flatMap(({ tests }) => tests.map(({ jws }) => jws)),
    );
    assert.ok(cases.length >= 401 + 26, `${cases.length}`);
    await present("Wycheproof", cases.filter(sendable));
  });

  test("the examples of the RFCs: nobody gets in", async () => {
    await present("RFC appendices", read("rfc/jose-rfc-appendices.json").cases.map(({ jws }) => jws).filter(sendable));
  });

  test("j11 JSON that must not be read, signed as it should be: nobody gets in", async () => {
    const files = readdirSync(path.join(folder, "json/test_parsing")).filter((file) => !file.startsWith("y_"));
    const texts = files.map((file) => readFileSync(path.join(folder, "json/test_parsing", file)));
    const small = texts.filter((text) => text.length < 4_096);
    await present("JSON as claims", small.map((text) => signed(header, text)));
    await present("JSON as headers", small.map((text) => signed(text, Buffer.from(`{${claims}}`))));
    const doubled = ['"sub":"ann"', '"sub":"root"', '"\\u0073ub":"root"', '"sub\\u0000":"root"', '"x":{"a":1,"a":2}', '"x":"\\u0000"'];
    await present("doubled members and NULs", doubled.map((member) => signed(header, Buffer.from(`{${claims},${member}}`))));
  });

  test("j24 mutated tokens: nobody gets in", async () => {
    const good = signed(header, Buffer.from(`{${claims}}`));
    const pieces = ["", ".", "..", "=", "==", "-", "_", "A", "eyJhbGciOiJub25lIn0", ",", ";", "%00", "'", "\\"];
    const mutated = [...Array(1_000)].map(() => {
      const at = Math.floor(Math.random() * good.length);
      const piece = pieces[Math.floor(Math.random() * pieces.length)];
      return good.slice(0, at) + piece + good.slice(at + Math.floor(Math.random() * 3));
    });
    await present("mutated", mutated.filter((text) => text !== good));
  });
}
