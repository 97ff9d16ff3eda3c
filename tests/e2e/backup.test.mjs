// An organization to a file and back, by the command line, against the real Worker.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { root, startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

let edge;
let ann;
let token;
let folder;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "lockstep-backup-"));
  edge = await startEdge({ policy: "lockstep" });
  ann = await Person.signIn(edge, "ann@example.com");
  const made = await ann.post("/v1/me/tokens", { name: "backup" });
  assert.equal(made.status, 201, made.text);
  token = made.json.token;
});

after(async () => {
  await edge?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What `lockstep` says to these arguments: exit code and both outputs. */
function lockstep(...arguments_) {
  return new Promise((resolve) => {
    const call = ["run", "--quiet", "--package", "lockstep", "--", ...arguments_];
    const env = { ...process.env, LOCKSTEP_TOKEN: token };
    execFile("cargo", call, { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

async function exported(organization, name) {
  const file = path.join(folder, name);
  const call = ["export", "--url", edge.origin, "--organization", organization, "--output", file];
  const { code, stderr } = await lockstep(...call);
  assert.equal(code, 0, stderr);
  return [file, await readFile(file, "utf8")];
}

async function imported(file) {
  const { code, stdout, stderr } = await lockstep("import", "--url", edge.origin, file);
  assert.equal(code, 0, stderr);
  return [stdout.trim(), stderr];
}

test("an organization is exported, imported and exported again, byte by byte", async () => {
  const created = await ann.post("/v1/organizations", { name: "Acme" });
  const acme = `/v1/organizations/${created.json.id}`;
  // More than any other body may have.
  for (let number = 0; number < 40; number += 1) {
    const workspace = await ann.post(`${acme}/workspaces`, { name: `Workspace ${number}` });
    const setting = `${acme}/workspaces/${workspace.json.id}/settings/prompt`;
    const value = { preference: { text: "é".repeat(2_000) } };
    const put = await ann.send("PUT", setting, { value });
    assert.equal(put.status, 200, put.text);
  }
  await ann.post(`${acme}/roles`, { name: "Own", base: "viewer", with: ["data.export"] });
  const bob = await Person.signIn(edge, "bob@example.com");
  const invited = await ann.post(`${acme}/invitations`, { email: "bob@example.com", role: "admin" });
  const accepted = await bob.post(`${acme}/invitations/${invited.json.id}/accept`);
  assert.equal(accepted.status, 200, accepted.text);

  const [file, first] = await exported(created.json.id, "first.json");
  assert.ok(first.length > 80_000, `${first.length}`);
  const [second, said] = await imported(file);
  assert.match(second, /^org_[0-9A-Za-z]{28}$/);
  assert.notEqual(second, created.json.id);
  assert.match(said, /^invited: 1;/);
  const [again, text] = await exported(second, "second.json");
  const { members, ...rest } = JSON.parse(first);
  assert.deepEqual(JSON.parse(text), { ...rest, members: members.slice(0, 1) });
  const [third] = await imported(again);
  assert.equal((await exported(third, "third.json"))[1], text);

  const pending = await ann.get(`/v1/organizations/${second}/invitations`);
  const [invitation] = pending.json.invitations;
  assert.equal(invitation.sent_at_ms, undefined);
  assert.equal((await bob.get("/v1/me/invitations")).json.invitations.length, 0);
  const resend = `/v1/organizations/${second}/invitations/resend`;
  assert.ok(said.includes(`{"unsent":true} to ${edge.origin}${resend}`), said);
  const sent = await ann.post(resend, { unsent: true });
  assert.deepEqual([sent.status, sent.json.results[0].status], [207, 200], sent.text);
  assert.equal((await ann.post(resend, { unsent: true })).json.results.length, 0);
  const log = await ann.get(`/v1/organizations/${second}/audit?action=export`);
  assert.equal(log.json.rows[0].credential.kind, "personal_access_token");
});

test("what is wrong or too large makes nothing", async () => {
  const mine = async () => (await ann.get("/v1/me")).json.organizations.length;
  const before = await mine();
  const [file, text] = await exported((await ann.get("/v1/me")).json.organizations[0].id, "wrong.json");
  const wrong = JSON.parse(text);
  wrong.members[0].grants[0].role = "emperor";
  await writeFile(file, JSON.stringify(wrong));
  const { code, stderr } = await lockstep("import", "--url", edge.origin, file);
  assert.equal(code, 1);
  assert.match(stderr, /unknown-role: .* \(at \/members\/0\/grants\/0\/role\)/);
  const import_ = "/v1/organizations/import";
  assert.equal((await ann.post(import_, text + " ".repeat(4_194_304))).code, "body-too-large");
  assert.equal((await ann.post("/v1/organizations", text + " ".repeat(65_536))).code, "body-too-large");
  assert.equal(await mine(), before);
});
