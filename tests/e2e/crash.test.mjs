// workerd killed in the middle of writes: what was acknowledged is there, and nothing is half done.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Crashes } from "../support/crashes.mjs";
import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

/** How soon after a kill it answers again. */
const readyLimitMs = 2_000;
const isSoak = process.env.LOCKSTEP_KILLS !== undefined;
/** `cargo xtask soak crashes` kills it 100 times over 100,000 writes. */
const kills = Number(process.env.LOCKSTEP_KILLS ?? 5);
const writes = Number(process.env.LOCKSTEP_WRITES ?? 500);

let edge;

before(async () => {
  edge = await startEdge({ policy: "lockstep" });
});

after(() => edge?.stop());

test("what was acknowledged outlives a kill, and nothing is half done", { timeout: 3_600_000 }, async () => {
  const ann = await Person.signIn(edge, "ann@example.com");
  const crashes = await Crashes.begin(edge, ann);
  while (crashes.kills < kills || crashes.acknowledged < writes) {
    // On average so many that they add up to what is wanted; the moment is any.
    const each = writes / kills;
    await crashes.crash(1 + Math.floor(Math.random() * 2 * each));
  }
  const { acknowledged, readyMs } = crashes;
  const late = readyMs.filter((ms) => ms > readyLimitMs).length;
  console.log(
    `counted: ${crashes.kills} kills over ${acknowledged} acknowledged writes: none lost, none half done; ready again in ${Math.max(...readyMs)} ms at most, later than 2 s ${late} times`,
  );
  // Of a handful of starts beside all other tests one may be slow.
  if (isSoak) assert.equal(late, 0);
});
