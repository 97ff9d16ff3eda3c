// What an object owes is done by its alarm: also when it was asleep, and when the configuration was wrong for a while.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { startEdge, within } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const alarmLimitMs = 30_000;

let edge;
let provider;
let asked = 0;
let status = 503;

before(async () => {
  provider = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      asked += 1;
      response.writeHead(status).end();
    });
  });
  await new Promise((resolve) => provider.listen(0, "127.0.0.1", resolve));
  edge = await startEdge({
    vars: {
      LOCKSTEP_MAIL: "http",
      LOCKSTEP_MAIL_URL: `http://127.0.0.1:${provider.address().port}/send`,
      LOCKSTEP_MAIL_KEY: "provider-key-1",
      LOCKSTEP_MAIL_FROM: "lockstep@example.com",
    },
  });
});

after(async () => {
  await edge?.stop();
  provider?.closeAllConnections();
  provider?.close();
});

/** Waits until something is so. */
async function until(condition, what) {
  const wait = async () => {
    while (!condition()) await new Promise((next) => setTimeout(next, 50));
  };
  await within(wait(), alarmLimitMs, what);
}

/** Asks for a code, whose mail is then owed to `email`. */
async function owe(email) {
  [asked, status] = [0, 503];
  const browser = new Person(edge, { origin: edge.origin });
  const codes = await browser.post("/v1/sign-in/codes", { email });
  assert.equal(codes.status, 202, codes.text);
  await until(() => asked > 0, "nobody was asked to send the mail");
}

/** Starts the Worker again on its stores, with these variables besides; nothing is asked of it afterwards. */
async function again(vars) {
  await edge.kill();
  Object.assign(edge.vars, vars);
  [asked, status] = [0, 202];
  await edge.revive();
}

test("an alarm wakes an object that is no longer in memory", async () => {
  await owe("ann@example.com");
  await again({});
  await until(() => asked > 0, "the mail was never sent");
});

test("an alarm that rings while the configuration is wrong rings again", async () => {
  await owe("bob@example.com");
  await again({ LOCKSTEP_FRESHNESS_MS: "soon" });
  await until(() => edge.log().includes("misconfigured"), "no alarm rang");
  await again({ LOCKSTEP_FRESHNESS_MS: "5000" });
  await until(() => asked > 0, "the mail was never sent");
});
