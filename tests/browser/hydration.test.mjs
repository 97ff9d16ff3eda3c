// A page of an application that takes over what its server rendered, after it has read its permissions.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { build } from "esbuild";
import { createElement } from "react";
import { renderToString } from "react-dom/server";

import { connect } from "@lockstep/gate";
import { GatedButton, GateProvider } from "@lockstep/react";

import { startBrowser } from "../support/browser.mjs";
import { root } from "../support/edge.mjs";
import { organization, policy, snapshot, wasm } from "../gate/world.mjs";

/** Nobody answers there: the test does. */
const origin = "http://localhost:1";

/** What the page runs: it waits until its store is ready, and takes over only then. */
const script = `
  import { createElement } from "react";
  import { hydrateRoot } from "react-dom/client";
  import { connect } from "@lockstep/gate";
  import { GatedButton, GateProvider } from "@lockstep/react";

  globalThis.takeOver = async ({ organization, policy, snapshot, wasm }) => {
    const store = connect({
      organization,
      wasm: Uint8Array.from(wasm),
      fetch: async (url) => Response.json(url.endsWith("/v1/policy") ? policy : snapshot),
      eventSource: () => Object.assign(new EventTarget(), { close() {} }),
    });
    await new Promise((resolve) => {
      store.subscribe(() => store.getSnapshot().status === "ready" && resolve());
    });
    globalThis.done = [];
    const does = (name) => [name, () => globalThis.done.push(name)];
    const named = (names) => Object.fromEntries(names.map(does));
    const acting = named(["onPointerDown", "onMouseDown", "onPointerUp", "onKeyDown", "onKeyUp", "onClick", "onClickCapture", "onDoubleClick"]);
    const told = named(["onFocus", "onBlur", "onPointerEnter", "onPointerLeave"]);
    const props = { permission: "invite", ...acting, ...told };
    const button = createElement(GatedButton, props, "Invite");
    hydrateRoot(document.getElementById("root"), createElement(GateProvider, { store }, button));
  };
`;

let browser;
let bundle;

before(async () => {
  const options = { bundle: true, write: false, format: "iife", loader: { ".wasm": "empty" } };
  const stdin = { contents: script, resolveDir: `${root}/tests` };
  const built = build({ ...options, stdin, logLevel: "error", define: { "import.meta.url": '""' } });
  [browser, bundle] = await Promise.all([startBrowser(), built]);
});

after(() => browser?.stop());

test("a_page_that_is_ready_before_it_takes_over_shows_what_it_read", async () => {
  const { page, errors, close } = await browser.profile(origin);
  const button = createElement(GatedButton, { permission: "invite" }, "Invite");
  const store = connect({ organization });
  const html = renderToString(createElement(GateProvider, { store }, button));
  await page.route("**/*", (route) =>
    route.fulfill({ contentType: "text/html", body: `<!doctype html><div id="root">${html}</div>` }),
  );
  await page.goto("/");
  assert.equal(await page.locator('button[aria-disabled="true"]').count(), 1);
  await page.evaluate(bundle.outputFiles[0].text);
  const held = snapshot({ grants: [["admin", organization]] });
  const documents = { organization, policy, snapshot: held, wasm: [...wasm] };
  await page.evaluate((documents) => globalThis.takeOver(documents), documents);
  await page.locator("button:not([aria-disabled])").waitFor();
  assert.deepEqual(errors, []);
  await close();
});

/** A menu may open when its button is pressed, or by a key: that is what is not allowed. */
test("a_denied_button_does_nothing_by_whatever_it_is_pressed", async () => {
  const { page, errors, close } = await browser.profile(origin);
  const button = createElement(GatedButton, { permission: "invite" }, "Invite");
  const html = renderToString(createElement(GateProvider, { store: connect({ organization }) }, button));
  await page.route("**/*", (route) =>
    route.fulfill({ contentType: "text/html", body: `<!doctype html><div id="root">${html}</div><i>Away</i>` }),
  );
  const pressed = async (role) => {
    await page.goto("/");
    await page.evaluate(bundle.outputFiles[0].text);
    const held = snapshot({ grants: [[role, organization]] });
    const documents = { organization, policy, snapshot: held, wasm: [...wasm] };
    await page.evaluate((documents) => globalThis.takeOver(documents), documents);
    const button = page.getByRole("button");
    await button.dblclick({ force: true });
    await button.press("Enter");
    await page.locator("i").click();
    return new Set(await page.evaluate(() => globalThis.done));
  };
  const told = ["onFocus", "onBlur", "onPointerEnter", "onPointerLeave"];
  const done = await pressed("member");
  assert.deepEqual([...done].sort(), [...told].sort());
  assert.equal((await pressed("admin")).size, 12);
  assert.deepEqual(errors, []);
  await close();
});
