// A deployment that is configured wrongly serves nothing, and a production deployment has no development routes (threat S19).

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

async function withEdge(options, body) {
  const edge = await startEdge(options);
  try {
    await body(edge);
  } finally {
    await edge.stop();
  }
}

const published = (uri) =>
  JSON.stringify([{ issuer: "https://a.example", audiences: ["a"], algorithms: ["ES256"], jwks_uri: uri }]);

const symmetric = (changes, bytes = 32) =>
  JSON.stringify([
    {
      issuer: "https://a.example",
      audiences: ["a"],
      algorithms: ["HS256"],
      keys: { keys: [{ kty: "oct", k: Buffer.alloc(bytes, 7).toString("base64url") }] },
      ...changes,
    },
  ]);

const production = { LOCKSTEP_DEVELOPMENT: "false", LOCKSTEP_ORIGIN: "https://app.example" };
const provider = (url) => ({
  LOCKSTEP_MAIL: "http",
  LOCKSTEP_MAIL_URL: url,
  LOCKSTEP_MAIL_KEY: "key",
  LOCKSTEP_MAIL_FROM: "us@example.com",
});
const signing = JSON.stringify({
  keys: [{ ...generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }), kid: "k1" }],
});

for (const [name, vars, reason, changes] of [
  ["no id key", { LOCKSTEP_ID_KEY: "" }, "`LOCKSTEP_ID_KEY` is missing"],
  ["a short id key", { LOCKSTEP_ID_KEY: "c2hvcnQ" }, "`LOCKSTEP_ID_KEY` is not 32 bytes"],
  ["development on https", { LOCKSTEP_ORIGIN: "https://app.example" }, "while `LOCKSTEP_ORIGIN` is https"],
  ["an issuer without keys", { LOCKSTEP_ISSUERS: '[{"issuer":"https://a.example"}]' }, "`LOCKSTEP_ISSUERS`"],
  ["j4 keys that are published over http", { LOCKSTEP_ISSUERS: published("http://login.example/keys") }, "is not https"],
  ["j4 keys that are published privately", { LOCKSTEP_ISSUERS: published("https://10.0.0.1/keys") }, "public network"],
  [
    "keys that this machine publishes, in production",
    { LOCKSTEP_DEVELOPMENT: "false", LOCKSTEP_ISSUERS: published("http://127.0.0.1:4000/keys") },
    "is not https",
  ],
  ["j8 an issuer without audience", { LOCKSTEP_ISSUERS: symmetric({ audiences: undefined }) }, "`audiences`"],
  ["j8 an issuer without a name", { LOCKSTEP_ISSUERS: symmetric({ issuer: "" }) }, "`issuer`"],
  ["j14 a short secret", { LOCKSTEP_ISSUERS: symmetric({}, 31) }, "31 bytes"],
  [
    "j17 tokens in exchange that are for ourselves",
    { LOCKSTEP_SIGNING_KEYS: signing, LOCKSTEP_EXCHANGE_AUDIENCES: '["https://app.example/v1"]', ...production },
    "is this deployment itself",
  ],
  [
    "j17 tokens in exchange that an issuer of ours may have made",
    { LOCKSTEP_SIGNING_KEYS: signing, LOCKSTEP_EXCHANGE_AUDIENCES: '["a"]', LOCKSTEP_ISSUERS: symmetric({}) },
    "is this deployment itself",
  ],
  ["tokens in exchange without a key", { LOCKSTEP_EXCHANGE_AUDIENCES: '["a"]' }, "`LOCKSTEP_SIGNING_KEYS` is missing"],
  ["a broken signing key", { LOCKSTEP_SIGNING_KEYS: '{"keys":[{"kty":"EC"}]}' }, "`LOCKSTEP_SIGNING_KEYS`"],
  ["a settings key that is too short", { LOCKSTEP_SETTINGS_KEYS: '{"keys":[{"kty":"oct","kid":"k1","k":"c2hvcnQ"}]}' }, "`LOCKSTEP_SETTINGS_KEYS`"],
  ["mail by SMTP", { LOCKSTEP_MAIL: "smtp" }, "mail does not leave the edge by SMTP"],
  ["a mail provider over http", { ...production, ...provider("http://mail.example/send") }, "is not https"],
  ["a mail provider without a key", { ...provider("https://mail.example/send"), LOCKSTEP_MAIL_KEY: "" }, "`LOCKSTEP_MAIL_KEY` is missing"],
  ["an unknown policy", { LOCKSTEP_POLICY: "none" }, "`LOCKSTEP_POLICY`"],
  ["a sender without the mail binding", { ...production, LOCKSTEP_MAIL_FROM: "us@example.com" }, "`MAIL` is not bound"],
  ["a number where a text is meant", {}, "`LOCKSTEP_AUDIT_DAYS` is no text", { bindings: { LOCKSTEP_AUDIT_DAYS: 90 } }],
  ["0 where a text is meant", {}, "`LOCKSTEP_FRESHNESS_MS` is no text", { bindings: { LOCKSTEP_FRESHNESS_MS: 0 } }],
  ["an array where its text is meant", {}, "`LOCKSTEP_ISSUERS` is no text", { bindings: { LOCKSTEP_ISSUERS: JSON.parse(symmetric({})) } }],
  ["no KV namespace", {}, "`GRANTS` is not bound", { unbound: ["GRANTS"] }],
  ["an object class too few", {}, "`DOMAINS` is not bound", { unbound: ["DOMAINS"] }],
]) {
  test(`${name}: every request answers misconfigured, and the log says why`, () =>
    withEdge({ vars, ...changes }, async (edge) => {
      const anybody = new Person(edge, { origin: edge.origin });
      const bearer = new Person(edge, { authorization: "Bearer a.b.c" });
      const answers = await Promise.all([
        ...["/v1/health", "/v1/me", "/v1/policy", "/v1/unknown"].map((path) => anybody.get(path)),
        anybody.post("/v1/sign-in/codes", { email: "ann@example.com" }),
        bearer.get("/v1/me"),
        bearer.delete("/v1/me/tokens/tok_1"),
      ]);
      for (const { status, code, json } of answers) {
        assert.deepEqual([status, code], [500, "misconfigured"]);
        assert.deepEqual(json, answers[0].json, "and nothing else");
        assert.ok(!JSON.stringify(json).includes("LOCKSTEP_"));
      }
      assert.ok(edge.log().includes(reason), edge.log());
    }));
}

test("outside development there is no mailbox and no seed", () =>
  withEdge({ vars: { LOCKSTEP_DEVELOPMENT: "false" } }, async (edge) => {
    const page = new Person(edge, { origin: edge.origin });
    assert.equal((await page.get("/v1/health")).status, 200);
    assert.equal((await page.get("/v1/dev/mailbox")).code, "not-found");
    assert.equal((await page.post("/v1/dev/seed", { name: "x", principals: [] })).code, "not-found");
    const asked = await page.post("/v1/sign-in/codes", { email: "ann@example.com" });
    assert.deepEqual([asked.status, asked.code], [503, "unavailable"], "it has no mail either");
  }));

test("an https deployment asks browsers to stay on https", () =>
  withEdge(
    { vars: { LOCKSTEP_DEVELOPMENT: "false", LOCKSTEP_ORIGIN: "https://app.example" } },
    async (edge) => {
      const answer = await new Person(edge).get("/v1/health");
      // Not the hosts below: this one may be a product's own, of which a few paths lead here.
      assert.match(answer.headers.get("strict-transport-security"), /^max-age=\d{8}$/);
    },
  ));

test("what takes the place of a missing file of the console is not kept", () =>
  withEdge({}, async (edge) => {
    const answer = await edge.fetch("/assets/none.js", { headers: { "sec-fetch-mode": "no-cors" } });
    assert.doesNotMatch(answer.headers.get("cache-control"), /immutable|max-age=[1-9]/);
    assert.match(answer.headers.get("content-security-policy"), /default-src 'self'/);
  }));
