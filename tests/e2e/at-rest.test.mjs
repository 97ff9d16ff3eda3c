// What lies on disk, in the log and in answers: no secret that was ever given out (threats P5, P6).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { storedFiles } from "../support/canary.mjs";
import { startEdge } from "../support/edge.mjs";
import { Person, codeOf, cookies, newestMail } from "./person.mjs";

let edge;

before(async () => {
  edge = await startEdge();
});

after(() => edge?.stop());

test("p5 p6 no token, session, code or invitation link is stored, said again or logged", async () => {
  const page = new Person(edge, { origin: edge.origin });
  const email = "ann@example.com";
  const asked = await page.post("/v1/sign-in/codes", { email });
  const code = codeOf(await newestMail(edge, email));
  const opened = await page
    .with({ cookie: cookies(asked) })
    .post("/v1/sign-in/sessions", { email, code });
  const session = cookies(opened);
  const { "__Host-lockstep_session": secret, "__Host-lockstep_proven": proven } = valuesOf(session);
  assert.ok(secret.length > 40 && proven.length > 40);
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
  // Asked for by the browser that has proven the address before.
  const known = page.with({ cookie: `__Host-lockstep_proven=${proven}` });
  const unused = codeOf((await known.post("/v1/sign-in/codes", { email }), await newestMail(edge, email, 2)));

  const secrets = [
    ...tokens, link, secret, proven, ...Object.values(valuesOf(cookies(asked))),
    code, code.replace("-", ""), unused, unused.replace("-", ""),
  ];
  // P6: no other answer and no line of the log has one.
  const answers = ["/v1/me", "/v1/me/tokens", "/v1/me/sessions", accounts, keys, `/v1/organizations/${id}/snapshot`];
  const read = await Promise.all(answers.map((path) => ann.get(path)));
  assert.deepEqual(new Set(read.map(({ status }) => status)), new Set([200]));
  const spoken = [edge.log(), ...read.map(({ text }) => text)].join("\n");
  // Codes are short enough to occur by chance.
  assert.deepEqual(secrets.filter((secret) => secret.length > 20 && spoken.includes(secret)), []);

  const files = await storedFiles(edge.store);
  assert.ok(files.some(({ text }) => text.includes("Acme")), "the stores are where we look");
  for (const { name, text } of files) {
    const found = secrets.filter((secret) => text.includes(secret));
    assert.deepEqual(found, [], name);
  }
});

/** The values of cookies by their names. */
function valuesOf(cookies) {
  const pairs = cookies.split("; ").map((cookie) => [cookie.slice(0, cookie.indexOf("=")), cookie.slice(cookie.indexOf("=") + 1)]);
  return Object.fromEntries(pairs);
}

test("p5 of a thousand tokens and keys none is on disk or in the log", async () => {
  const ben = await Person.signIn(edge, "ben@example.com");
  const { id } = (await ben.post("/v1/organizations", { name: "Thousand" })).json;
  const accounts = `/v1/organizations/${id}/service-accounts`;
  const account = (await ben.post(accounts, { name: "Deployer", grants: [{ role: "admin" }] })).json;
  const lists = ["/v1/me/tokens", `${accounts}/${account.id}/keys`];
  const made = [];
  const show = async (path, body) => {
    const answer = await ben.post(path, body);
    assert.ok(answer.status < 300, answer.text);
    made.push(answer.json.token);
    return answer.json.id;
  };
  // Ten of each, given another secret 49 times: what was replaced may not stay behind either.
  const each = lists.flatMap((list) => Array.from({ length: 10 }, (_, at) => [list, `number ${at}`]));
  await Promise.all(
    each.map(async ([list, name]) => {
      const one = await show(list, { name });
      for (let time = 1; time < 50; time += 1) await show(`${list}/${one}/rotate`, { overlap_s: time % 2 });
    }),
  );
  assert.equal(new Set(made).size, 1_000);
  const random = made.map((secret) => secret.split("_").at(-2));
  const places = [...(await storedFiles(edge.store)), { name: "the log", text: edge.log() }];
  assert.ok(places.some(({ text }) => text.includes("Thousand")), "the stores are where we look");
  for (const { name, text } of places) {
    assert.deepEqual(random.filter((secret) => text.includes(secret)), [], name);
  }
});
