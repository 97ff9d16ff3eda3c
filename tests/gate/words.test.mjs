// A page's own sentences: one table for decisions, for states of a store and for buttons.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { createElement } from "react";
import { renderToString } from "react-dom/server";

import { connect, createGate } from "@lockstep/gate";
import { GateProvider, GatedButton } from "@lockstep/react";

import { root } from "../support/edge.mjs";
import { edgeDouble, follow, problem, ready, until } from "./double.mjs";
import { organization, policy, snapshot, wasm } from "./world.mjs";

const sentences = {
  loading: "Wird geladen.",
  unreachable: "Nicht erreichbar.",
  unreadable: "Nicht lesbar.",
  stale: "Veraltet.",
  "not-found": "Gibt es nicht.",
  "snapshot-other-format": "Anderes Format.",
  "snapshot-other-policy": "Andere Regeln.",
  "no-grant": "Dafür braucht es {grants}.",
  "grants.role": "die Rolle {role} in {node}",
  "node.organization": "dieser Organisation",
};

test("every_state_of_a_store_is_told_in_the_pages_words", async (t) => {
  t.mock.method(console, "error", () => {});
  const edge = edgeDouble(snapshot({ epoch: 7 }));
  const store = follow(t, edge, { sentences });
  const told = () => {
    const { status, statusText, gate } = store.getSnapshot();
    const { reasons } = gate.explain("invite");
    assert.deepEqual(reasons, [{ code: status, text: statusText }]);
    assert.equal(gate.statusText, statusText);
    return statusText;
  };
  assert.equal(told(), "Wird geladen.");
  assert.equal(store.getServerSnapshot().statusText, "Wird geladen.");
  await ready(store);
  assert.equal(store.getSnapshot().statusText, "");
  const failures = {
    unreachable: () => Promise.reject(new TypeError("network")),
    unreadable: () => new Response("<html>"),
    "not-found": problem(404, "not-found"),
    "snapshot-other-format": () => Response.json({ format: 9 }),
    "snapshot-other-policy": snapshot({ policy: { id: "small", digest: "0".repeat(64) } }),
  };
  for (const [code, answer] of Object.entries(failures)) {
    edge.answer = answer;
    await store.refresh();
    assert.deepEqual([store.getSnapshot().status, told()], [code, sentences[code]]);
  }
  edge.answer = snapshot({ epoch: 6 });
  await store.refresh();
  assert.equal(told(), "Veraltet.");
  // What the table has not comes in English.
  edge.answer = problem(503, "unavailable");
  await store.refresh();
  assert.equal(told(), "The edge says unavailable.");
});

test("what_a_question_brings_counts_before_the_pages_table_and_english_after_it", async (t) => {
  const german = "Dafür braucht es die Rolle Admin in dieser Organisation.";
  const store = follow(t, edgeDouble(snapshot()), { sentences });
  const texts = [(await ready(store)).gate, await createGate({ policy, snapshot: snapshot(), wasm, sentences })].map(
    (gate) => [
      gate.explain("invite").reasons[0].text,
      gate.at(2_000_000).explain("invite").reasons[0].text,
      gate.explain("invite", undefined, undefined, { "no-grant": "Non: {grants}" }).reasons[0].text,
      gate.explain("read").reasons[0].text,
    ],
  );
  const english = "Your role Member in dieser Organisation allows this.";
  const expected = [german, german, "Non: die Rolle Admin in dieser Organisation", english];
  assert.deepEqual(texts, [expected, expected]);
  // Of a store that has read nothing, too.
  const { gate } = connect({ organization, sentences }).getServerSnapshot();
  assert.equal(gate.explain("a", "b", {}, { loading: "Attendez." }).reasons[0].text, "Attendez.");
});

test("a_button_says_in_the_pages_words_why_it_is_denied", async (t) => {
  const render = (store) =>
    renderToString(createElement(GateProvider, { store }, createElement(GatedButton, { permission: "invite" }, "x")));
  const store = follow(t, edgeDouble(snapshot()), { sentences });
  assert.match(render(store), />Wird geladen\.</);
  await ready(store);
  const { subscribe, getSnapshot } = store;
  assert.match(render({ subscribe, getSnapshot, getServerSnapshot: getSnapshot }), /Dafür braucht es die Rolle Admin/);
});

test("the_readme_names_the_code_of_every_sentence", async () => {
  const read = (path) => readFile(`${root}${path}`, "utf8");
  const [, english] = /ENGLISH: [^=]*= \[(.*?)\n\];/s.exec(await read("crates/wire/src/sentence.rs"));
  const codes = [...english.matchAll(/\(\s*"([a-z.-]+)",/g)].map(([, code]) => code);
  assert.equal(codes.length, 24);
  codes.push("gate-broken", ...Object.keys(sentences));
  const readme = await read("www/packages/gate/README.md");
  assert.deepEqual([...new Set(codes)].filter((code) => !readme.includes(`\`${code}\``)), []);
});
