// What lies on disk, in the log and in answers: no secret that was ever given out (threats P5, P6).

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person, codeOf, cookies, newestMail } from "./person.mjs";

let edge;

before(async () => {
  edge = await startEdge();
});

after(() => edge?.stop());

test("p5 no token, session, code or invitation link is stored", async () => {
  const page = new Person(edge, { origin: edge.origin });
  const email = "ann@example.com";
  const asked = await page.post("/v1/sign-in/codes", { email });
  const code = codeOf(await newestMail(edge, email));
  const opened = await page
    .with({ cookie: cookies(asked) })
    .post("/v1/sign-in/sessions", { email, code });
  const session = cookies(opened);
  const ann = page.with({ cookie: session });
  const made = (await ann.post("/v1/me/tokens", { name: "canary" })).json;
  const rotated = await ann.post(`/v1/me/tokens/${made.id}/rotate`, { overlap_s: 60 });
  const { id } = (await ann.post("/v1/organizations", { name: "Acme" })).json;
  const accounts = `/v1/organizations/${id}/service-accounts`;
  const account = (await ann.post(accounts, { name: "Deployer", grants: [{ role: "admin" }] })).json;
  const keys = `${accounts}/${account.id}/keys`;
  const key = (await ann.post(keys, { name: "canary" })).json;
  const rotatedKey = await ann.post(`${keys}/${key.id}/rotate`, { overlap_s: 60 });
  const tokens = [made.token, rotated.json.token, key.token, rotatedKey.json.token];
  // Each is used, so that whatever remembers it has seen it.
  for (const token of tokens) {
    const program = new Person(edge, { "x-api-key": token });
    await program.post(`/v1/organizations/${id}/evaluate`, { permission: "resources.view" });
    assert.equal((await program.get(`/v1/organizations/${id}/members`)).status, 200);
  }
  const invited = await ann.post(`/v1/organizations/${id}/invitations`, { email: "bob@example.com", role: "member" });
  assert.equal(invited.status, 201, invited.text);
  const [, link] = (await newestMail(edge, "bob@example.com")).text.match(/#(lsk_inv_\S+)/);
  const unused = codeOf((await page.post("/v1/sign-in/codes", { email }), await newestMail(edge, email, 2)));

  const secrets = [
    ...tokens, link, session.split("=")[1], cookies(asked).split("=")[1],
    code, code.replace("-", ""), unused, unused.replace("-", ""),
  ];
  // P6: no other answer and no line of the log has one.
  const answers = ["/v1/me", "/v1/me/tokens", "/v1/me/sessions", accounts, keys, `/v1/organizations/${id}/snapshot`];
  const read = await Promise.all(answers.map((path) => ann.get(path)));
  assert.deepEqual(new Set(read.map(({ status }) => status)), new Set([200]));
  const spoken = [edge.log(), ...read.map(({ text }) => text)].join("\n");
  // Codes are short enough to occur by chance.
  assert.deepEqual(secrets.filter((secret) => secret.length > 20 && spoken.includes(secret)), []);

  const files = await storedFiles();
  assert.ok(files.some(({ bytes }) => bytes.includes("Acme")), "the stores are where we look");
  for (const { name, bytes } of files) {
    const found = secrets.filter((secret) => bytes.includes(secret));
    assert.deepEqual(found, [], name);
  }
});

// The mailbox is a development tool whose purpose is to keep mail as it was sent.
async function storedFiles() {
  const entries = await readdir(edge.store, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((name) => !name.includes("MailboxObject"));
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(name) })));
}
