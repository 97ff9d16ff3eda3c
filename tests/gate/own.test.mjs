// What the page gives a connection (`fetch`, `eventSource`, `wasm`) may have faults of its own: they are reported.

import assert from "node:assert/strict";
import { test } from "node:test";

import { edgeDouble, follow, pass, ready, until } from "./double.mjs";
import { organization, snapshot } from "./world.mjs";

const admin = [["admin", organization]];
const fault = new Error("of the page's own");

/** What was reported, by what was thrown. */
function reports(t) {
  const report = t.mock.method(console, "error", () => {});
  // Node itself says by it what of Node is experimental.
  const calls = () => report.mock.calls.filter(({ arguments: [what] }) => String(what).startsWith("lockstep: "));
  return () => calls().map(({ arguments: [, cause] }) => cause);
}

for (const [name, fails] of Object.entries({
  throws: () => {
    throw fault;
  },
  rejects: () => Promise.reject(fault),
  "answers something else": () => undefined,
})) {
  test(`a_fetch_of_the_page_that_${name}_is_reported_and_nothing_is_allowed`, async (t) => {
    const reported = reports(t);
    const edge = edgeDouble(snapshot({ grants: admin }));
    const { fetch } = edge;
    let broken = true;
    const store = follow(t, edge, { fetch: (...asked) => (broken ? fails() : fetch(...asked)) });
    const { gate } = await until(store, ({ status }) => status === "unreachable", "not refused");
    assert.equal(gate.can("invite"), false);
    assert.equal(reported().length, 1);
    if (name !== "answers something else") assert.equal(reported()[0], fault);
    else assert.ok(reported()[0] instanceof TypeError);
    // One fault is not told at every try.
    const asked = store.getSnapshot();
    await store.refresh();
    assert.equal(store.getSnapshot().status, asked.status);
    assert.equal(reported().length, 1);
    broken = false;
    assert.equal((await ready(store)).gate.can("invite"), true);
    broken = true;
    await store.refresh();
    assert.equal(reported().length, 2);
  });
}

test("what_the_edge_refuses_is_no_fault_of_the_page", async (t) => {
  const reported = reports(t);
  const edge = edgeDouble(() => new Response("{}", { status: 503 }));
  const store = follow(t, edge);
  await until(store, ({ status }) => status === "unreadable", "not refused");
  assert.deepEqual(reported(), []);
});

test("a_stream_of_the_page_that_fails_is_reported_once_and_the_page_reads", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const reported = reports(t);
  const edge = edgeDouble(snapshot({ grants: admin }));
  const store = follow(t, edge, {
    eventSource: () => {
      throw fault;
    },
  });
  await pass(t, 30_000, 50);
  assert.equal(store.getSnapshot().gate.can("invite"), true);
  assert.ok(edge.reads() > 3, `${edge.reads()} reads`);
  assert.deepEqual(reported(), [fault]);
});
