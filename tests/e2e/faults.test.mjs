// Stores that misbehave, on workerd: KV that is stale, fails, hangs or lies, and objects that do not answer (threats W6, W7).

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const freshnessMs = 1_000;
/** What was revoked ends at most twice as long after it; the rest is for a machine with much to do. */
const boundMs = 2 * freshnessMs + 500;
const vars = { LOCKSTEP_FRESHNESS_MS: `${freshnessMs}` };
const ordinary = "resources.view";
const sensitive = "members.invite";

/** An organization of Ann's, and Ben, who is an admin of it. */
async function acme(edge) {
  const [ann, ben] = await Promise.all(["ann@example.com", "ben@example.com"].map((email) => Person.signIn(edge, email)));
  const made = await ann.post("/v1/organizations", { name: "Acme" });
  assert.equal(made.status, 201, made.text);
  const path = `/v1/organizations/${made.json.id}`;
  const invited = await ann.post(`${path}/invitations`, { email: "ben@example.com", role: "admin" });
  assert.equal(invited.status, 201, invited.text);
  const joined = await ben.post(`${path}/invitations/${invited.json.id}/accept`);
  assert.equal(joined.status, 200, joined.text);
  const { id } = (await ben.get("/v1/me")).json.user;
  const may = async (permission) => {
    const asked = await ben.post(`${path}/evaluate`, { permission });
    assert.equal(asked.status, 200, asked.text);
    return asked.json.decision;
  };
  return { ann, ben, path, member: `${path}/members/${id}`, may };
}

/** Asks until the answer is no; the last yes comes within the bound after `began`. */
async function untilNo(may, began) {
  for (;;) {
    const askedMs = performance.now() - began;
    if (!(await may(ordinary))) return;
    assert.ok(askedMs <= boundMs, `still a yes after ${askedMs} ms`);
    await delay(50);
  }
}

describe("whatever KV does, answers are right and what was revoked ends in time", { concurrency: true, timeout: 60_000 }, () => {
  for (const kv of [{ fault: "stale", for_ms: 60_000 }, { fault: "failing" }, { fault: "hanging" }, { fault: "garbage" }]) {
    test(kv.fault, async (t) => {
      const edge = await startEdge({ vars, faults: { kv } });
      t.after(() => edge.stop());
      const { ann, member, may, path, ben } = await acme(edge);
      assert.deepEqual([await may(ordinary), await may(sensitive)], [true, true]);
      assert.equal((await ann.patch(member, { role: "member" })).status, 200);
      assert.equal(await may(sensitive), false, "at once");
      assert.equal((await ann.patch(member, { role: "admin" })).status, 200);
      assert.equal(await may(sensitive), true);
      const { grants } = (await ben.get(`${path}/snapshot`)).json;
      assert.deepEqual(grants.map(({ role }) => role), ["admin"]);

      assert.equal(await may(ordinary), true);
      assert.equal((await ann.delete(member)).status, 204);
      const began = performance.now();
      assert.equal(await may(sensitive), false, "at once");
      await untilNo(may, began);
      // The double was there.
      if (kv.fault === "failing") assert.match(edge.log(), /failing on purpose/);
    });
  }
});

describe("where objects do not answer nothing is decided", () => {
  let edge;
  let there;

  before(async () => {
    edge = await startEdge({ vars });
    there = await acme(edge);
  });

  after(() => edge?.stop());

  for (const organizations of ["failing", "hanging"]) {
    test(organizations, { timeout: 60_000 }, async () => {
      const { ann, ben, path, member, may } = there;
      await edge.restart({ LOCKSTEP_FAULTS: JSON.stringify({ organizations }) });
      const answers = await Promise.all([
        ben.post(`${path}/evaluate`, { permission: ordinary }),
        ben.post(`${path}/evaluate`, { permission: sensitive }),
        ben.get(`${path}/snapshot`),
        ann.get(`${path}/members`),
        ann.delete(member),
      ]);
      for (const { status, code, headers } of answers) {
        assert.deepEqual([status, code], [503, "unavailable"]);
        assert.match(headers.get("retry-after"), /^[1-9]\d*$/);
      }
      assert.equal((await ben.get("/v1/me")).status, 200, "others answer");
      await edge.restart({ LOCKSTEP_FAULTS: "{}" });
      assert.deepEqual([await may(ordinary), await may(sensitive)], [true, true]);
    });
  }
});
