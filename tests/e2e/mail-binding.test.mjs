// Mail through the binding `MAIL`, which is how mail leaves a deployment that says nothing else.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { startEdge } from "../support/edge.mjs";
import { codeOf, cookies, Person } from "./person.mjs";

const mailLimitMs = 30_000;
const from = "lockstep@example.com";
const to = "ann@example.com";
const vars = { LOCKSTEP_MAIL: "binding", LOCKSTEP_MAIL_FROM: from };

/** Repeats `read` until it gives something. */
async function until(read, what) {
  const limitMs = performance.now() + mailLimitMs;
  while (performance.now() < limitMs) {
    const found = await read();
    if (found) return found;
    await delay(50);
  }
  assert.fail(what);
}

async function askCode(edge) {
  const browser = new Person(edge, { origin: edge.origin });
  const asked = await browser.post("/v1/sign-in/codes", { email: to });
  assert.equal(asked.status, 202, asked.text);
  return { browser, asked };
}

async function signIn({ browser, asked }, mail) {
  const code = codeOf(mail);
  const opened = await browser.with({ cookie: cookies(asked) }).post("/v1/sign-in/sessions", { email: to, code });
  assert.equal(opened.status, 201, opened.text);
}

test("a code in a mail of the simulated binding signs in", async (t) => {
  const edge = await startEdge({ vars, sender: "simulated" });
  t.after(() => edge.stop());
  const browser = await askCode(edge);
  const head = await until(() => edge.mail[0], "nothing was sent");
  const line = (name) => head.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
  assert.deepEqual([line("From"), line("To")], [from, to]);
  assert.match(line("Subject"), / is your Lockstep code$/);
  const [text, html] = await Promise.all(["Text", "HTML"].map((part) => readFile(line(part), "utf8")));
  assert.ok(html.includes(codeOf({ text })));
  await signIn(browser, { text });
});

test("the binding is given the same mail until it takes it, and never again what it refuses for good", async (t) => {
  const refusals = ["E_RATE_LIMIT_EXCEEDED", undefined, "E_RECIPIENT_SUPPRESSED"];
  const sent = [];
  const sender = (mail) => {
    sent.push(mail);
    return refusals.shift();
  };
  const edge = await startEdge({ vars, sender });
  t.after(() => edge.stop());
  const browser = await askCode(edge);
  await until(() => sent.length > 1, "it was not sent again");
  const [first, second] = sent;
  assert.deepEqual(second, first);
  const { headers, ...mail } = first;
  assert.deepEqual(Object.keys(mail).sort(), ["from", "html", "subject", "text", "to"]);
  assert.deepEqual([mail.from, mail.to], [from, to]);
  assert.deepEqual(Object.keys(headers), ["X-Lockstep-Message"]);
  assert.match(headers["X-Lockstep-Message"], /^msg_[0-9a-f]{32}$/);
  await signIn(browser, mail);

  await askCode(edge);
  const dropped = /dropped a mail \(sign-in-code\): E_RECIPIENT_SUPPRESSED/;
  await until(() => dropped.test(edge.log()), "the mail waits to be sent again");
  // Longer than the first wait of what failed.
  await delay(3_000);
  assert.equal(sent.length, 3, "what was refused for good was sent again");
  assert.notDeepEqual(sent[2].headers, headers, "each mail is known by itself");
});
