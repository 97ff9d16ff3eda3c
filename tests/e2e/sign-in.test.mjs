// Signing in by e-mail code, against the real Worker (threats I2, I11, I12, I15, W2).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { Person, codeOf, cookies, newestMail } from "./person.mjs";

let edge;
let page;

before(async () => {
  edge = await startEdge();
  page = new Person(edge, { origin: edge.origin });
});

after(() => edge?.stop());

async function askCode(email) {
  const asked = await page.post("/v1/sign-in/codes", { email });
  assert.equal(asked.status, 202, asked.text);
  const code = codeOf(await newestMail(edge, email));
  return { browser: page.with({ cookie: cookies(asked) }), code, asked };
}

test("a code from the mailbox signs in, and signing out ends the session", async () => {
  const ann = await Person.signIn(edge, "ann@example.com");
  const me = await ann.get("/v1/me");
  assert.equal(me.status, 200);
  assert.match(me.json.user.id, /^usr_[0-9A-Za-z]{28}$/);
  assert.equal(me.json.user.email, "ann@example.com");
  assert.equal(me.json.credential, "session");
  assert.deepEqual(me.json.organizations, []);
  assert.equal((await ann.delete("/v1/session")).status, 204);
  assert.equal((await ann.get("/v1/me")).code, "unauthenticated");
});

test("the same address is the same user each time", async () => {
  const [one, two] = [
    await Person.signIn(edge, "bob@example.com"),
    await Person.signIn(edge, "bob@example.com"),
  ];
  const ids = await Promise.all([one, two].map(async (person) => (await person.get("/v1/me")).json.user.id));
  assert.equal(ids[0], ids[1]);
});

test("cookies are out of reach of scripts, other sites and sub-domains", async () => {
  const { browser, code, asked } = await askCode("cookies@example.com");
  const opened = await browser.post("/v1/sign-in/sessions", { email: "cookies@example.com", code });
  const set = [...asked.headers.getSetCookie(), ...opened.headers.getSetCookie()];
  assert.equal(set.length, 4);
  for (const cookie of set) {
    assert.match(cookie, /^__Host-lockstep_(proven|session|sign_in)=/);
    assert.match(cookie, /; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
  }
});

test("of fifty uses of one code at once, one succeeds", async () => {
  const email = "race@example.com";
  const { browser, code } = await askCode(email);
  const uses = Array.from({ length: 50 }, () => browser.post("/v1/sign-in/sessions", { email, code }));
  const statuses = (await Promise.all(uses)).map((answer) => answer.status);
  assert.equal(statuses.filter((status) => status === 201).length, 1);
  assert.equal(statuses.filter((status) => status === 401).length, 49);
});

test("five wrong tries end a code, and no other browser can spend them", async () => {
  const email = "tries@example.com";
  const { browser, code } = await askCode(email);
  const stranger = page.with({ cookie: cookies(await page.post("/v1/sign-in/codes", { email })) });
  const wrong = { email, code: "0000-0000" };
  for (let count = 0; count < 10; count += 1) {
    assert.equal((await stranger.post("/v1/sign-in/sessions", wrong)).code, "code-refused");
  }
  for (let count = 0; count < 4; count += 1) {
    assert.equal((await browser.post("/v1/sign-in/sessions", wrong)).code, "code-refused");
  }
  assert.equal((await page.post("/v1/sign-in/sessions", { email, code })).code, "code-refused");
  assert.equal((await browser.post("/v1/sign-in/sessions", { email, code })).status, 201);

  const other = "five@example.com";
  const ended = await askCode(other);
  for (let count = 0; count < 5; count += 1) {
    const tried = await ended.browser.post("/v1/sign-in/sessions", { email: other, code: "0000-0000" });
    assert.equal(tried.code, "code-refused");
  }
  const late = await ended.browser.post("/v1/sign-in/sessions", { email: other, code: ended.code });
  assert.equal(late.code, "code-refused", "the fifth was the last");
});

test("i12 a sixth unused code for one address is not sent", async () => {
  const email = "bombed@example.com";
  const ask = () => page.post("/v1/sign-in/codes", { email: ` ${email.toUpperCase()} ` });
  for (let count = 0; count < 5; count += 1) assert.equal((await ask()).status, 202);
  const sixth = await ask();
  assert.equal(sixth.code, "too-many-requests");
  assert.ok(Number(sixth.headers.get("retry-after")) > 3_000);
  await newestMail(edge, email, 5);
});

test("i15 a known and an unknown address get the same answer", async () => {
  await Person.signIn(edge, "known@example.com");
  const [known, unknown] = [
    await page.post("/v1/sign-in/codes", { email: "known@example.com" }),
    await page.post("/v1/sign-in/codes", { email: "other@example.com" }),
  ];
  const shape = (answer) => [answer.status, answer.text.length, [...answer.headers.keys()].sort()];
  assert.deepEqual(shape(known), shape(unknown));
  const sessions = await Promise.all(
    ["known@example.com", "never@example.com"].map((email) =>
      page.post("/v1/sign-in/sessions", { email, code: "0000-0000" }),
    ),
  );
  assert.equal(sessions[0].text, sessions[1].text);
});

test("i10 addresses with two meanings are refused", async () => {
  for (const email of [
    "", "ann", "@example.com", "ann@", "ann@@example.com", "ann@example.com@evil.example",
    "ann@example.com\nbcc:eve@evil.example", '"ann"@example.com', "ann@[127.0.0.1]", "ann @example.com",
    "ann\uff20example.com", "\u00e4nn@example.com", "ann@example..com", "x".repeat(300) + "@example.com",
  ]) {
    assert.equal((await page.post("/v1/sign-in/codes", { email })).code, "invalid-address", email);
  }
});
