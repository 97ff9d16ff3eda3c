import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "@lockstep/gate";

import { compiled } from "../support/policy.mjs";
import { edgeDouble, follow, pass, problem, ready, until } from "./double.mjs";
import { document, organization, policy, snapshot, wasm } from "./world.mjs";

const admin = [["admin", organization]];
const member = [["member", organization]];

test("nothing_is_allowed_before_the_snapshot_is_there", async (t) => {
  const store = follow(t, edgeDouble(snapshot({ grants: admin })));
  const before = store.getSnapshot();
  assert.equal(before.status, "loading");
  assert.equal(before.gate.can("invite"), false);
  assert.equal(before.gate.explain("invite").decision, false);
  const after = await ready(store);
  assert.equal(after.gate.can("invite"), true);
  assert.equal(after.policy.id, policy.id);
});

test("the_organization_is_asked_for_by_its_id_and_no_other_way", async (t) => {
  const edge = edgeDouble(snapshot());
  await ready(follow(t, edge));
  assert.ok(edge.asked.some(({ url }) => url === "http://edge/v1/organizations/org_a/snapshot"));
  assert.equal(edge.sources[0].url, "http://edge/v1/organizations/org_a/events");
});

test("a_higher_epoch_is_read_and_changes_the_answers", async (t) => {
  const edge = edgeDouble(snapshot({ grants: member, epoch: 1 }));
  const store = follow(t, edge);
  await ready(store);
  const seen = store.getSnapshot();
  edge.answer = snapshot({ grants: admin, epoch: 2 });
  edge.sources[0].announce(2);
  const now = await until(store, ({ gate }) => gate.epoch === 2, "not followed");
  assert.equal(now.gate.can("invite"), true);
  assert.notEqual(now, seen);
});

test("an_epoch_that_is_known_is_not_read_again", async (t) => {
  const edge = edgeDouble(snapshot({ epoch: 5 }));
  const store = follow(t, edge);
  await ready(store);
  edge.sources[0].announce(5);
  edge.sources[0].announce(4);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(edge.reads(), 1);
});

test("somebody_elses_change_raises_the_epoch_of_the_page_only", async (t) => {
  const edge = edgeDouble(snapshot({ epoch: 5 }));
  const store = follow(t, edge);
  await ready(store);
  edge.sources[0].announce(9);
  const now = await until(store, ({ epoch }) => epoch === 9, "not announced");
  assert.equal(now.gate.epoch, 5);
  await until(store, () => edge.reads() === 2, "not read");
  edge.sources[0].announce(9);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(edge.reads(), 2);
});

test("an_older_snapshot_never_replaces_a_newer_one", async (t) => {
  const edge = edgeDouble(snapshot({ grants: member, epoch: 7 }));
  const store = follow(t, edge);
  await ready(store);
  edge.answer = snapshot({ grants: admin, epoch: 6 });
  await store.refresh();
  assert.equal(store.getSnapshot().gate.epoch, 7);
  assert.equal(store.getSnapshot().gate.can("invite"), false);
});

test("a_snapshot_of_somebody_else_is_no_older_one", async (t) => {
  const edge = edgeDouble(snapshot({ grants: admin, epoch: 9 }));
  const store = follow(t, edge);
  assert.equal((await ready(store)).gate.principal, "usr_a");
  // In another tab somebody else signs in, with the same cookie.
  edge.answer = snapshot({ grants: member, epoch: 3, principal: "usr_b" });
  await store.refresh();
  const { status, gate } = store.getSnapshot();
  assert.deepEqual([status, gate.principal, gate.epoch], ["ready", "usr_b", 3]);
  assert.equal(gate.can("invite"), false);
  // What was newest of the first is not forgotten, and what the second may is nothing for them.
  edge.answer = snapshot({ grants: admin, epoch: 8 });
  await store.refresh();
  assert.equal(store.getSnapshot().status, "stale");
  assert.equal(store.getSnapshot().gate.can("read"), false);
});

test("a_failure_does_not_open_the_way_for_an_older_snapshot", async (t) => {
  const edge = edgeDouble(snapshot({ grants: member, epoch: 7 }));
  const store = follow(t, edge);
  await ready(store);
  edge.answer = problem(503, "unavailable");
  await store.refresh();
  edge.answer = snapshot({ grants: admin, epoch: 6 });
  await store.refresh();
  assert.equal(store.getSnapshot().status, "stale");
  assert.equal(store.getSnapshot().gate.can("invite"), false);
});

test("a_read_that_fails_denies_everything_until_one_succeeds", async (t) => {
  const edge = edgeDouble(snapshot({ grants: admin }));
  const store = follow(t, edge);
  await ready(store);
  const failures = [
    [() => Promise.reject(new TypeError("network")), "unreachable"],
    [problem(503, "unavailable"), "unavailable"],
    [() => new Response("<html>", { status: 200 }), "unreadable"],
    [() => Response.json({ format: 9 }), "snapshot-other-format"],
  ];
  for (const [answer, code] of failures) {
    edge.answer = answer;
    await store.refresh();
    const { status, statusText, gate } = store.getSnapshot();
    assert.equal(status, code);
    assert.notEqual(statusText, "");
    assert.equal(gate.can("invite"), false, code);
    edge.answer = snapshot({ grants: admin });
    // Nobody calls refresh: the connection tries again by itself.
    assert.equal((await ready(store)).gate.can("invite"), true);
  }
});

test("a_new_policy_is_read_when_a_snapshot_names_it_and_only_then", async (t) => {
  const edge = edgeDouble(snapshot({ grants: member, epoch: 1 }));
  const store = follow(t, edge);
  await ready(store);
  await store.refresh();
  const policyReads = () => edge.asked.filter(({ url }) => url.endsWith("/v1/policy")).length;
  assert.equal(policyReads(), 1);
  const [read, invite, ...rest] = document.permissions;
  const open = { ...invite, allow: ["admin", "member"] };
  edge.policy = await compiled({ ...document, permissions: [read, open, ...rest] });
  edge.answer = snapshot({
    grants: member,
    epoch: 2,
    policy: { id: policy.id, digest: edge.policy.gate.digest },
  });
  await store.refresh();
  assert.equal(policyReads(), 2);
  assert.equal(store.getSnapshot().gate.can("invite"), true);
});

test("who_was_removed_is_told_so_and_the_page_stops_asking", async (t) => {
  const edge = edgeDouble(snapshot({ grants: admin }));
  const store = follow(t, edge);
  await ready(store);
  edge.answer = problem(404, "not-found");
  edge.sources[0].announce(2);
  const gone = await until(store, ({ status }) => status === "not-found", "not told");
  assert.equal(gone.statusText, "The edge says not-found.");
  assert.equal(gone.gate.can("read"), false);
  assert.ok(edge.sources.every(({ closed }) => closed));
  const reads = edge.reads();
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(edge.reads(), reads);
});

test("what_passes_is_tried_again_and_what_is_final_is_not", async (t) => {
  const refused = async (status) => {
    const edge = edgeDouble(problem(status, `code-${status}`));
    const store = follow(t, edge);
    await until(store, ({ status: code }) => code === `code-${status}`, "not refused");
    await new Promise((resolve) => setTimeout(resolve, 400));
    return edge.reads() > 1;
  };
  const statuses = [400, 401, 403, 404, 408, 409, 410, 425, 429, 500, 503];
  const again = await Promise.all(statuses.map(refused));
  assert.deepEqual(statuses.filter((_, at) => again[at]), [408, 425, 429, 500, 503]);
});

test("a_lost_stream_is_opened_again_and_what_was_missed_is_read", async (t) => {
  const edge = edgeDouble(snapshot({ grants: member, epoch: 1 }));
  const store = follow(t, edge);
  await ready(store);
  edge.answer = snapshot({ grants: admin, epoch: 2 });
  edge.sources[0].dispatchEvent(new Event("error"));
  const now = await until(store, ({ gate }) => gate.epoch === 2, "not caught up");
  assert.equal(now.gate.can("invite"), true);
  assert.equal(edge.sources[0].closed, true);
  assert.equal(edge.sources.length, 2);
});

/** As behind a proxy that keeps what it is sent until there is more. */
test("a_stream_that_never_says_anything_is_opened_again_and_what_was_missed_is_read", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const edge = edgeDouble(snapshot({ grants: admin, epoch: 1 }));
  const store = follow(t, edge);
  await pass(t, 100);
  assert.equal(store.getSnapshot().gate.can("invite"), true);
  edge.answer = snapshot({ grants: member, epoch: 2 });
  await pass(t, 38_000, 50);
  assert.equal(store.getSnapshot().gate.can("invite"), false);
  assert.deepEqual(edge.sources.map(({ closed }) => closed), [true, false]);
});

test("who_reads_again_waits_for_one_read_and_not_for_the_last_of_many", async (t) => {
  const edge = edgeDouble(snapshot({ grants: member, epoch: 1 }));
  const store = follow(t, edge);
  await ready(store);
  let epoch = 1;
  edge.answer = async () => {
    // While each is answered, somebody changes something more.
    await new Promise((resolve) => setTimeout(resolve, 2));
    epoch += 1;
    if (epoch < 100) edge.sources[0].announce(epoch + 1);
    return Response.json(snapshot({ grants: admin, epoch }));
  };
  const before = edge.reads();
  await store.refresh();
  assert.ok(edge.reads() - before <= 2, `${edge.reads() - before} reads`);
  assert.equal(store.getSnapshot().gate.can("invite"), true);
  epoch = 100;
});

/** What the global one is where there is none, as in Node and jsdom. */
function noEventSource() {
  throw new ReferenceError("EventSource is not defined");
}

test("a_page_without_event_streams_reads_and_tries_again", async (t) => {
  const edge = edgeDouble(snapshot({ grants: member, epoch: 1 }));
  const store = follow(t, edge, { eventSource: noEventSource });
  assert.equal((await ready(store)).gate.can("read"), true);
  edge.answer = snapshot({ grants: admin, epoch: 2 });
  await until(store, ({ gate }) => gate.can("invite"), "not read again");
  edge.answer = snapshot({ grants: member, epoch: 3 });
  await until(store, ({ gate }) => !gate.can("invite"), "nor once more");
});

test("who_leaves_a_page_without_event_streams_leaves_nothing_behind", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const edge = edgeDouble(snapshot());
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge", eventSource: noEventSource });
  store.subscribe(() => {})();
  await pass(t, 20);
  const reads = edge.reads();
  await pass(t, 120_000, 500);
  assert.equal(edge.reads(), reads);
});

test("a_grant_ends_by_the_clock_of_the_edge", async (t) => {
  // This machine's clock is an hour off; only the edge's counts.
  const serverMs = Date.now() - 3_600_000;
  const grant = { role: "admin", node: organization, expires_at_ms: serverMs + 300 };
  const edge = edgeDouble(snapshot({ grants: [grant], server_time_ms: serverMs }));
  const store = follow(t, edge);
  assert.equal((await ready(store)).gate.can("invite"), true);
  edge.answer = () => new Promise(() => {});
  const now = await until(store, ({ gate }) => !gate.can("invite"), "not ended");
  assert.equal(now.gate.explain("invite").decision, false);
});

test("time_that_passes_while_the_page_loads_the_rest_passes_at_the_edge_too", async (t) => {
  const server_time_ms = Date.now() - 3_600_000;
  const grant = { role: "admin", node: organization, expires_at_ms: server_time_ms + 200 };
  const edge = edgeDouble(snapshot({ grants: [grant, ...member], server_time_ms }));
  const { fetch } = edge;
  // The policy, as the evaluator may, takes longer than the snapshot.
  edge.fetch = async (url, options) => {
    if (url.endsWith("/v1/policy")) await new Promise((resolve) => setTimeout(resolve, 300));
    return fetch(url, options);
  };
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const seen = [];
  const look = () => seen.push(store.getSnapshot().gate.can("invite"));
  t.after(store.subscribe(look));
  assert.equal((await ready(store)).gate.can("read"), true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(!seen.includes(true), "it had ended when the page could first show it");
});

test("the_last_subscriber_to_leave_closes_the_stream", async () => {
  const edge = edgeDouble(snapshot());
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const leave = store.subscribe(() => {});
  await ready(store);
  leave();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(edge.sources[0].closed, true);
});

test("a_store_that_reads_again_listens_again", async (t) => {
  const open = ({ sources }) => sources.filter(({ closed }) => !closed);
  const edge = edgeDouble(snapshot({ grants: member, epoch: 1 }));
  const store = follow(t, edge);
  await ready(store);

  // Removed and taken in again, each announced while the other's read is under way.
  let answer;
  edge.answer = () => new Promise((resolve) => (answer = resolve));
  edge.sources[0].announce(2);
  await until(store, () => answer !== undefined, "not read");
  edge.sources[0].announce(3);
  edge.answer = snapshot({ grants: admin, epoch: 3 });
  answer(problem(404, "not-found")());
  await until(store, ({ gate }) => gate.epoch === 3, "not read again");
  assert.equal(open(edge).length, 1);

  // Signed out, and in again without leaving the page.
  edge.answer = problem(401, "unauthenticated");
  await store.refresh();
  assert.equal(open(edge).length, 0);
  edge.answer = snapshot({ grants: member, epoch: 4 });
  await store.refresh();
  assert.equal(open(edge).length, 1);
  edge.answer = snapshot({ grants: admin, epoch: 5 });
  open(edge)[0].announce(5);
  await until(store, ({ gate }) => gate.epoch === 5, "not followed");
});

test("what_is_read_after_the_last_one_left_opens_no_stream", async () => {
  const edge = edgeDouble(snapshot());
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const leave = store.subscribe(() => {});
  await ready(store);
  leave();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await store.refresh();
  assert.ok(edge.sources.every(({ closed }) => closed));
});

test("a_stream_that_waits_for_its_next_attempt_is_opened_once", async (t) => {
  const edge = edgeDouble(snapshot());
  const store = follow(t, edge);
  await ready(store);
  edge.sources[0].dispatchEvent(new Event("error"));
  await store.refresh();
  await until(store, () => edge.sources.length === 2, "not opened again");
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(edge.sources.filter(({ closed }) => !closed).length, 1);
  assert.equal(edge.sources.length, 2);
});

test("pages_that_end_each_others_streams_do_so_less_and_less", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  // An edge that keeps two streams of a person, for three of their pages.
  const kept = [];
  let opened = 0;
  for (let page = 0; page < 3; page += 1) {
    const edge = edgeDouble(snapshot());
    const { eventSource } = edge;
    edge.eventSource = (url) => {
      const source = eventSource(url);
      opened += 1;
      if (kept.push(source) > 2) kept.shift().dispatchEvent(new Event("error"));
      setTimeout(() => source.announce(1), 10);
      return source;
    };
    follow(t, edge);
  }
  await pass(t, 600_000, 50);
  assert.ok(opened < 100, `${opened} streams`);
});

test("a_stream_that_has_held_is_opened_again_at_once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const edge = edgeDouble(snapshot());
  follow(t, edge);
  const open = () => edge.sources.filter(({ closed }) => !closed);
  const lose = () => open()[0].dispatchEvent(new Event("error"));
  await pass(t, 10);
  for (let lost = 0; lost < 6; lost += 1) {
    lose();
    await pass(t, 20_000, 50);
  }
  lose();
  await pass(t, 10_000, 50);
  assert.equal(open().length, 0, "the waits have grown");
  await pass(t, 25_000, 50);
  open()[0].announce(1);
  await pass(t, 35_000, 50);
  lose();
  await pass(t, 320);
  assert.equal(open().length, 1);
});

/** What the page's own code throws while nobody can catch it, from now on. */
function thrownLater(t) {
  const thrown = [];
  const { queueMicrotask } = globalThis;
  t.mock.method(globalThis, "queueMicrotask", (task) =>
    queueMicrotask(() => {
      try {
        task();
      } catch (cause) {
        thrown.push(cause.message);
      }
    }),
  );
  return thrown;
}

test("a_listener_that_throws_keeps_nobody_from_reading", async (t) => {
  const thrown = thrownLater(t);
  const edge = edgeDouble(snapshot({ grants: member, epoch: 1 }));
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  t.after(
    store.subscribe(() => {
      throw new Error("of the page's own");
    }),
  );
  const seen = [];
  t.after(store.subscribe(() => seen.push(store.getSnapshot().status)));
  await ready(store);
  edge.answer = snapshot({ grants: admin, epoch: 2 });
  edge.sources[0].announce(2);
  await until(store, ({ gate }) => gate.epoch === 2, "not followed");
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(store.getSnapshot().status, "ready");
  assert.equal(edge.reads(), 2);
  assert.deepEqual(new Set(seen), new Set(["ready"]));
  assert.ok(thrown.length > 0);
  assert.deepEqual(new Set(thrown), new Set(["of the page's own"]));
});

test("a_listener_that_throws_later_on_does_not_make_the_documents_unreadable", async (t) => {
  const thrown = thrownLater(t);
  const edge = edgeDouble(snapshot({ grants: admin }));
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const statuses = [];
  t.after(
    store.subscribe(() => {
      statuses.push(store.getSnapshot().status);
      if (statuses.at(-1) === "ready") throw new Error("of the page's own");
    }),
  );
  await ready(store);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(store.getSnapshot().gate.can("invite"), true);
  assert.ok(!statuses.includes("unreadable"));
  assert.equal(edge.reads(), 1);
  assert.deepEqual(thrown, ["of the page's own"]);
});
