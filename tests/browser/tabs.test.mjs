// Many tabs of one origin: over HTTP/1.1 a browser has six connections for all of them, and a stream keeps one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { callAt, personAt, signIn } from "./person.mjs";

const TABS = 8;

let edge;
let browser;
let ada;
let path;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
  ada = await personAt(browser, edge.origin);
  await ada.page.goto("/");
  await signIn(ada, "ada@example.com");
  await ada.page.getByRole("heading", { name: "Welcome" }).waitFor();
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Acme" });
  path = `/organizations/${id}`;
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

/** Chromium without a screen shows all its tabs; this says to the page that is open that it is seen, or is not. */
function show(page, state) {
  return page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

test("tabs_that_nobody_sees_leave_the_others_their_connections", async () => {
  const tabs = [ada.page];
  const streams = new Set();
  const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
  ada.context.on("request", (request) => request.url().endsWith("/events") && streams.add(request));
  ada.context.on("requestfailed", (request) => streams.delete(request));
  await ada.page.goto(path);
  await heading(ada.page, "Acme");
  for (let tab = 1; tab < TABS; tab += 1) {
    await show(tabs.at(-1), "hidden");
    const page = await ada.context.newPage();
    await page.goto(path);
    await heading(page, "Acme");
    tabs.push(page);
  }
  assert.equal(streams.size, 1);
  // Who comes back to the first tab sees what was changed meanwhile, and what is changed from then on.
  await callAt({ page: tabs.at(-1) }, "PATCH", `/v1${path}`, { name: "Borealis" });
  await show(tabs.at(-1), "hidden");
  await show(ada.page, "visible");
  await heading(ada.page, "Borealis");
  await callAt(ada, "PATCH", `/v1${path}`, { name: "Cygnus" });
  await heading(ada.page, "Cygnus");
  ada.assertClean();
});
