// Our Worker with organizations in it, and what is asked of it.

import { lockstep } from "./runtime.mjs";
import { people, worlds } from "./world.mjs";

const kvLimitMs = 300_000;
/** An object leaves memory when nobody has asked it anything for 10 s. */
const forgottenMs = 11_000;
const origin = "http://localhost:8787";

/** Our Worker, which trusts `issuer`. */
export function product(issuer, shared = {}) {
  return lockstep({
    LOCKSTEP_ORIGIN: origin,
    LOCKSTEP_POLICY: "lockstep",
    LOCKSTEP_DEVELOPMENT: "true",
    LOCKSTEP_ID_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString("base64url"),
    LOCKSTEP_ISSUERS: JSON.stringify([issuer.record]),
  }, shared);
}

/** Makes every organization, and waits until KV has what it carries. */
export async function seed(ours, issuer) {
  const seeded = [];
  for (const world of worlds(issuer)) {
    const question = { path: "/v1/dev/seed", body: world, headers: { origin } };
    let answer = await ours.client.send(question);
    // All databases of a process have a common limit, which 2,000 users at once are near.
    for (let again = 0; answer.status === 503 && again < 5; again += 1) {
      await new Promise((resolve) => setTimeout(resolve, forgottenMs));
      answer = await ours.client.send(question);
    }
    seeded.push(JSON.parse(expected(201, ours, question, answer).text));
  }
  await delivered(ours.worker, seeded);
  return seeded;
}

/** Our objects write KV through their outboxes, at their own pace. */
async function delivered(worker, seeded) {
  const count = people(seeded).length;
  const kv = await worker.kv("GRANTS");
  const end = Date.now() + kvLimitMs;
  for (;;) {
    // Miniflare's own connection may have been idle for too long.
    const found = await listed(kv, seeded).catch(() => 0);
    if (found >= count) return;
    if (Date.now() > end) throw new Error(`KV has ${found} of ${count} values after ${kvLimitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** How many people of these organizations have a value: what a seed has left that was not completed is no part of it. */
async function listed(kv, seeded) {
  let found = 0;
  for (const { organization } of seeded) {
    let cursor;
    do {
      const page = await kv.list({ prefix: `grants/${organization}/`, cursor });
      found += page.keys.length;
      cursor = page.cursor;
    } while (cursor);
  }
  return found;
}

/** So many requests of other people each time, with tokens that nobody has seen. Each cache holds 1,000; whoever comes round again was forgotten. */
export function strangers(issuer, everybody, requests) {
  let turn = 0;
  return () => {
    const part = Array.from({ length: requests }, (_, at) => everybody[(turn + at) % everybody.length]);
    turn += requests;
    return part.map((person) => ask(person, issuer.token(person.name)));
  };
}

export function ask(person, credential, question = "allowed") {
  return {
    path: person.path,
    body: typeof question === "string" ? person[question] : question,
    headers: { authorization: `Bearer ${credential}` },
  };
}

export async function expect(status, contender, question) {
  return expected(status, contender, question, await contender.client.send(question));
}

function expected(status, { name }, question, answer) {
  if (answer.status !== status) throw new Error(`${name}: ${question.path} answered ${answer.status}: ${answer.text}`);
  return answer;
}
