// Mail through a provider: what it is asked, and asked again, until it takes the mail.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { startEdge, within } from "../support/edge.mjs";
import { codeOf, cookies, Person } from "./person.mjs";

const mailLimitMs = 30_000;
const key = "provider-key-1";

let edge;
let provider;
/** What the provider was asked, in order. */
const asked = [];
/** What it answers next, one for each request; afterwards 202. */
const answers = [];

before(async () => {
  provider = http.createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      const { method, headers, url } = request;
      asked.push({ method, url, headers, body: JSON.parse(text), atMs: Date.now() });
      const answer = answers.shift() ?? { status: 202 };
      // Whoever hangs says nothing until the other side hangs up.
      if (answer.status === undefined) return;
      response.writeHead(answer.status, answer.headers);
      response.end();
    });
  });
  await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));
  edge = await startEdge({
    vars: {
      LOCKSTEP_MAIL: "http",
      LOCKSTEP_MAIL_URL: `http://127.0.0.1:${provider.address().port}/send`,
      LOCKSTEP_MAIL_KEY: key,
      LOCKSTEP_MAIL_FROM: "lockstep@example.com",
    },
  });
});

after(async () => {
  await edge?.stop();
  provider?.closeAllConnections();
  provider?.close();
});

async function askedTimes(count) {
  const wait = async () => {
    while (asked.length < count) await new Promise((next) => setTimeout(next, 50));
  };
  await within(wait(), mailLimitMs, `the provider was not asked ${count} times`);
}

test("a provider that fails, hangs, redirects and asks to wait gets the same mail again, and its code signs in", async () => {
  const redirected = { location: `${edge.origin}/v1/health` };
  answers.push(
    { status: 500 },
    {},
    { status: 302, headers: redirected },
    { status: 429, headers: { "retry-after": "6" } },
  );
  const browser = new Person(edge, { origin: edge.origin });
  const codes = await browser.post("/v1/sign-in/codes", { email: "ann@example.com" });
  assert.equal(codes.status, 202, codes.text);
  await askedTimes(5);

  const [first] = asked;
  assert.equal(first.method, "POST");
  assert.equal(first.url, "/send");
  assert.equal(first.headers.authorization, `Bearer ${key}`);
  assert.equal(first.headers["content-type"], "application/json");
  const { from, to, headers, ...rest } = first.body;
  assert.deepEqual([from, to], ["lockstep@example.com", "ann@example.com"]);
  assert.deepEqual(Object.keys(rest).sort(), ["html", "subject", "text"]);
  const id = first.headers["idempotency-key"];
  assert.match(id, /^msg_[0-9a-f]{32}$/);
  assert.deepEqual(headers, { "Message-ID": `<${id}@example.com>` });
  for (const one of asked) {
    assert.deepEqual(one.body, first.body);
    assert.equal(one.headers["idempotency-key"], id);
  }
  // The second wait began when the one that hung was given up.
  assert.ok(asked[2].atMs - asked[1].atMs >= 5_000, "the hanging request was given up too early");
  assert.ok(asked[4].atMs - asked[3].atMs >= 6_000, "Retry-After was not waited for");

  const opened = await browser
    .with({ cookie: cookies(codes) })
    .post("/v1/sign-in/sessions", { email: "ann@example.com", code: codeOf(first.body) });
  assert.equal(opened.status, 201, opened.text);
  assert.ok(!edge.log().includes(key), "the log holds the provider's key");
});
