// The audit log, repeated requests and edits, against the real Worker (threats M9, M12).

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";

import { root, startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

let edge;
let ann;
let acme;

before(async () => {
  edge = await startEdge({ policy: "lockstep" });
  ann = await Person.signIn(edge, "ann@example.com");
  acme = await organization("Acme", "create-acme");
});

after(() => edge?.stop());

async function organization(name, key) {
  const created = await ann.with({ "idempotency-key": key }).post("/v1/organizations", { name });
  assert.equal(created.status, 201, created.text);
  return `/v1/organizations/${created.json.id}`;
}

async function rows(path = acme) {
  const { status, json, text } = await ann.get(`${path}/audit?limit=200`);
  assert.equal(status, 200, text);
  return json.rows.reverse();
}

/** What `lockstep audit verify` says about a text: exit code and both outputs. */
function verify(text) {
  return new Promise((resolve) => {
    const call = ["run", "--quiet", "--package", "lockstep", "--", "audit", "verify", "-"];
    const child = execFile("cargo", call, { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
    child.stdin.end(text);
  });
}

test("what is changed and what is refused is logged, and the export is a chain", async () => {
  const bob = await Person.signIn(edge, "bob@example.com");
  const agent = ann.with({ "user-agent": "test/1" });
  const invited = await agent.post(`${acme}/invitations`, { email: "bob@example.com", role: "member" });
  assert.equal(invited.status, 201, invited.text);
  const accepted = await bob.post(`${acme}/invitations/${invited.json.id}/accept`);
  assert.equal(accepted.status, 200, accepted.text);
  assert.equal((await bob.patch(acme, { name: "Bob's" })).code, "no-grant");
  assert.equal((await bob.get(`${acme}/audit`)).code, "no-grant");
  const log = await rows();
  assert.deepEqual(log.map(({ action }) => action), ["create", "invite", "accept-invitation"]);
  assert.equal(log[1].user_agent, "test/1");
  assert.equal(log[1].credential.kind, "session");
  assert.equal(log[1].changes[0].after.address, "bob@example.com");
  assert.ok(!JSON.stringify(log).includes("hash\":\"\""));

  const exported = await ann.get(`${acme}/audit?format=ndjson`);
  assert.equal(exported.headers.get("content-type"), "application/x-ndjson");
  const done = (text, pattern) => text.match(pattern).length;
  assert.equal(done(exported.text, /"outcome":"done"/g), log.length);
  const whole = await verify(exported.text);
  assert.equal(whole.code, 0, whole.stderr);
  assert.match(whole.stdout, /rows 1 to \d+ are a chain\nhead \d+ [0-9a-f]{64}\n/);
  const forged = await verify(exported.text.replace('"action":"invite"', '"action":"create"'));
  assert.equal(forged.code, 1);
  assert.match(forged.stderr, /row 2 does not follow/);
  const csv = await ann.with({ accept: "text/csv" }).get(`${acme}/audit`);
  assert.equal(done(csv.text, /,"done",/g), log.length);
});

test("a request with a key is done once, and another body is refused", async () => {
  const path = `${acme}/invitations`;
  const keyed = ann.with({ "idempotency-key": "invite-carol" });
  const body = { email: "carol@example.com", role: "member" };
  const answers = await Promise.all(Array.from({ length: 8 }, () => keyed.post(path, body)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  const replays = answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true");
  assert.equal(replays.length, 7);
  assert.equal((await keyed.post(path, { ...body, role: "admin" })).code, "idempotency-key-reused");
  assert.equal(await organization("Acme", "create-acme"), acme);

  const tokens = ann.with({ "idempotency-key": "token-1" });
  const first = await tokens.post("/v1/me/tokens", { name: "ci" });
  assert.match(first.json.token, /^lsk_pat_/);
  const again = await tokens.post("/v1/me/tokens", { name: "ci" });
  assert.equal(again.status, 201, again.text);
  assert.equal(again.json.id, first.json.id);
  assert.equal(again.json.token, undefined);
  assert.equal(again.json.withheld, "already-shown");
});

test("an edit of what has changed meanwhile changes nothing", async () => {
  const path = await organization("Beta", "create-beta");
  const { headers } = await ann.get(path);
  const edit = ann.with({ "if-match": headers.get("etag") });
  assert.equal((await edit.patch(path, { name: "Gamma" })).status, 200);
  assert.equal((await edit.patch(path, { name: "Delta" })).code, "precondition-failed");
  assert.equal((await ann.get(path)).json.name, "Gamma");
  assert.deepEqual((await rows(path)).map(({ action }) => action), ["create", "update"]);
});

test("m12 a cursor counts for its list and its reader", async () => {
  const first = await ann.get(`${acme}/audit?limit=1`);
  const { next } = first.json;
  const second = await ann.get(`${acme}/audit?limit=1&cursor=${next}`);
  assert.equal(second.json.rows[0].number, first.json.rows[0].number - 1);
  const other = await organization("Beta", "create-beta");
  assert.equal((await ann.get(`${other}/audit?limit=1&cursor=${next}`)).code, "invalid-cursor");
  assert.equal((await ann.get(`${acme}/audit?cursor=${next}x`)).code, "invalid-cursor");
});
