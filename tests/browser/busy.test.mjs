// An organization in which something changes all the time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { personAt, signIn } from "./person.mjs";

let edge;
let browser;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

test("a_list_that_takes_longer_than_the_next_change_is_shown", async () => {
  const person = await personAt(browser, edge.origin);
  const { page } = person;
  await page.goto("/");
  await signIn(person, "ada@example.com");
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  const send = (method, path, body) =>
    page.evaluate(
      async ([method, path, body]) => {
        const headers = { "Content-Type": "application/json" };
        return (await fetch(path, { method, headers, body: JSON.stringify(body) })).json();
      },
      [method, path, body],
    );
  const { id } = await send("POST", "/v1/organizations", { name: "Acme" });
  let reads = 0;
  await page.route("**/members?*", async (route) => {
    reads += 1;
    const response = await route.fetch();
    await new Promise((resolve) => setTimeout(resolve, 500));
    // A read that was given up has nobody to answer.
    await route.fulfill({ response }).catch(() => undefined);
  });
  await page.goto(`/organizations/${id}`);
  await page.getByRole("heading", { level: 1, name: "Acme" }).waitFor();
  const shown = page.getByRole("button", { name: "Change role of ada@example.com" });
  let name;
  for (let round = 0; round < 20; round += 1) {
    name = `Acme ${round}`;
    await send("PATCH", `/v1/organizations/${id}`, { name });
    await page.waitForTimeout(100);
  }
  assert.equal(await shown.count(), 1, "while it went on");
  assert.ok(reads < 15, `${reads} reads`);
  // And the last of it is there in the end.
  await page.getByRole("heading", { level: 1, name }).waitFor();
  person.assertClean();
  await person.close();
});
