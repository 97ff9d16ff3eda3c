import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { createElement } from "react";
import { renderToString } from "react-dom/server";

import { connect } from "@lockstep/gate";
import { Can, GateProvider, GatedButton } from "@lockstep/react";

import { root } from "../support/edge.mjs";
import { edgeDouble, follow, ready } from "./double.mjs";
import { organization, snapshot } from "./world.mjs";

/** A server follows no organization, so it shows what a page does before it has read anything. */
test("what a server renders denies everything and says so", () => {
  const store = connect({ organization });
  const button = createElement(GatedButton, { permission: "invitation.create" }, "Invite");
  const zone = createElement(Can, { permission: "organization.delete", fallback: "ask" }, "danger");
  const html = renderToString(createElement(GateProvider, { store }, button, zone));
  assert.match(html, /aria-disabled="true"/);
  assert.match(html, /Your permissions are being loaded\./);
  assert.match(html, /ask/);
  assert.doesNotMatch(html, /danger/);
});

/** What the page's own code says of a button counts beside what the gate says. */
test("a gated button keeps what its caller says of it", async (t) => {
  const store = follow(t, edgeDouble(snapshot({ grants: [["admin", organization]] })));
  await ready(store);
  const own = { permission: "invite", "aria-disabled": true, "aria-describedby": "hint" };
  const render = (store) =>
    renderToString(createElement(GateProvider, { store }, createElement(GatedButton, own, "Invite")));
  const allowed = render({ ...store, subscribe: store.subscribe, getServerSnapshot: store.getSnapshot });
  assert.match(allowed, /aria-disabled="true" aria-describedby="hint"/);
  const denied = render(store);
  const [, reason] = /role="tooltip" id="([^"]+)"/.exec(denied);
  assert.ok(denied.includes(`aria-disabled="true" aria-describedby="hint ${reason}"`));
});

/** The store of the README, for tests of components. */
test("a component is tested with a store that the test makes", async () => {
  const readme = await readFile(`${root}www/packages/react/README.md`, "utf8");
  const [, example] = /```js\n([^]*?)```/.exec(readme);
  const storeOf = new Function("connect", `${example}; return storeOf;`)(connect);
  const button = createElement(GatedButton, { permission: "invite" }, "Invite");
  const render = (...allowed) =>
    renderToString(createElement(GateProvider, { store: storeOf(...allowed) }, button));
  assert.doesNotMatch(render("read", "invite"), /aria-disabled/);
  assert.match(render("read"), /aria-disabled="true"/);
});

/** Hydration takes over what a server rendered, so it begins with the same whatever was read by then. */
test("what hydration begins with does not depend on what was read", async (t) => {
  const edge = edgeDouble(snapshot({ grants: [["admin", organization]] }));
  const button = createElement(GatedButton, { permission: "invite" }, "Invite");
  const render = (store) => renderToString(createElement(GateProvider, { store }, button));
  const store = follow(t, edge);
  const before = render(store);
  assert.equal((await ready(store)).gate.can("invite"), true);
  assert.equal(render(store), before);
});
