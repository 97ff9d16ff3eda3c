// 64 clients on one organization of the running Worker. Whether there is one order in which all of it is so,
// the native checker says (`cargo xtask soak workerd`); here: what no order can have.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { startEdge } from "../support/edge.mjs";
import { gather, record } from "../support/histories.mjs";
import { Person } from "./person.mjs";

const histories = Number(process.env.LOCKSTEP_HISTORIES ?? 2);
const operatorKey = randomBytes(32).toString("base64url");

let edge;

before(async () => {
  edge = await startEdge({ policy: "lockstep", vars: { LOCKSTEP_OPERATOR_KEY: operatorKey } });
});

after(() => edge?.stop());

test("64 clients at once: every change has an epoch of its own, and no seat is taken twice", { timeout: 3_600_000 }, async () => {
  const scene = await gather(edge, Person, operatorKey);
  for (let at = 0; at < histories; at += 1) {
    const { begin, calls } = await record(scene);
    const epochs = calls.flatMap(({ answer }) => answer?.done?.epoch ?? []);
    assert.ok(epochs.length > calls.length / 10, "something was done");
    assert.equal(new Set(epochs).size, epochs.length);
    assert.ok(Math.min(...epochs) === begin.epoch + 1);
    for (const { answer } of calls) assert.ok((answer?.read?.taken ?? 0) <= begin.seats);
    const file = process.env.LOCKSTEP_HISTORIES_FILE;
    if (file) await appendFile(file, `${JSON.stringify({ begin, calls })}\n`);
  }
});
