// What lies on disk: no secret that was ever given out (threat P5).

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
  const { token } = (await ann.post("/v1/me/tokens", { name: "canary" })).json;
  const { id } = (await ann.post("/v1/organizations", { name: "Acme" })).json;
  const invited = await ann.post(`/v1/organizations/${id}/invitations`, { email: "bob@example.com", role: "member" });
  assert.equal(invited.status, 201, invited.text);
  const [, link] = (await newestMail(edge, "bob@example.com")).text.match(/#(lsk_inv_\S+)/);
  const unused = codeOf((await page.post("/v1/sign-in/codes", { email }), await newestMail(edge, email, 2)));

  const secrets = [
    token, link, session.split("=")[1], cookies(asked).split("=")[1],
    code, code.replace("-", ""), unused, unused.replace("-", ""),
  ];
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
