// The examples of the READMEs, run as they stand there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { connect } from "@lockstep/gate";

import { root } from "../support/edge.mjs";
import { compiled } from "../support/policy.mjs";
import { edgeDouble, ready } from "./double.mjs";
import { document as small, organization, snapshot, wasm } from "./world.mjs";

/** An element as far as the examples need one: it shows everything to everybody until it is told otherwise. */
function element() {
  const attributes = new Map();
  return { hidden: false, title: "", attributes, setAttribute: (name, value) => attributes.set(name, value) };
}

/** The edge of an Admin, under a policy that has what the examples ask for. */
async function edgeOfAdmin() {
  const permission = { id: "invitation.create", level: "organization", allow: ["admin"] };
  const policy = await compiled({ ...small, permissions: [...small.permissions, permission] });
  const held = { grants: [["admin", organization]], policy: { id: policy.id, digest: policy.gate.digest } };
  return Object.assign(edgeDouble(snapshot(held)), { policy });
}

/** Runs the first example with a store in `file`, which leaves the store with the test; answers the store and the button. */
async function run(t, file, edge) {
  const text = await readFile(`${root}/${file}`, "utf8");
  const [, example] = [...text.matchAll(/```js\n([^]*?)```/g)].find(([, code]) => code.includes("store.subscribe("));
  const code = example.replace(/^import .*$/m, "").replace(/^const store = .*$/m, "");
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const { subscribe } = store;
  store.subscribe = (listener) => t.after(subscribe(listener));
  const button = element();
  const document = { querySelector: () => button };
  new Function("store", "button", "document", "console", code)(store, button, document, { warn() {} });
  return { store, button };
}

const EXAMPLES = {
  "README.md": (button) => button.hidden,
  "www/packages/gate/README.md": (button) => button.attributes.get("aria-disabled") === "true" && button.title !== "",
};

for (const [file, isDenied] of Object.entries(EXAMPLES)) {
  test(`an_example_allows_nothing_that_was_not_read: ${file}`, async (t) => {
    t.mock.method(console, "error", () => {});
    const { store, button } = await run(t, file, await edgeOfAdmin());
    assert.equal(isDenied(button), true);
    await ready(store);
    assert.equal(isDenied(button), false);
  });
}
