// A person narrows a token, switches it off, rotates and deletes it, and leaves everywhere at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { secretsIn } from "../support/canary.mjs";
import { startEdge } from "../support/edge.mjs";
import { audit } from "./audit.mjs";
import { callAt, personAt, signIn } from "./person.mjs";

let edge;
let browser;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

/** What the edge answers to a token that renames the organization, or asks for its name. */
async function calls(organization, token) {
  const url = `${edge.origin}/v1/organizations/${organization}`;
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const read = await fetch(url, { headers });
  const rename = await fetch(url, { method: "PATCH", headers, body: '{"name":"Other"}' });
  return [read.status, rename.status];
}

/** The page, and what it keeps in the browser (threat P6). */
async function said(page) {
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  return [await page.content(), kept].join("\n");
}

test("p6_a_token_is_shown_once_narrowed_switched_off_rotated_and_deleted", async () => {
  const person = await personAt(browser, edge.origin);
  const { page } = person;
  await page.goto("/");
  await signIn(person, "ada@example.com");
  await page.getByRole("main").getByRole("button", { name: "Create organization" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Acme");
  await dialog.getByRole("button", { name: "Create organization" }).click();
  await page.getByRole("heading", { level: 1, name: "Acme" }).waitFor();
  const me = await page.evaluate(async () => (await fetch("/v1/me")).json());
  const organization = me.organizations[0].id;

  await page.getByRole("link", { name: "Access tokens" }).click();
  await page.getByLabel("Name").fill("reader");
  await page.getByLabel("Only these").check();
  await page.getByRole("checkbox", { name: "View organisation details", exact: true }).check();
  await audit(page, "token form");
  await page.getByRole("button", { name: "Create token" }).click();
  const shown = page.getByRole("status", { name: "Token" });
  const token = await shown.textContent();
  assert.deepEqual(await calls(organization, token), [200, 403]);

  await page.getByRole("button", { name: "Switch off reader" }).click();
  await page.getByText("(switched off)").waitFor();
  assert.deepEqual((await calls(organization, token))[1], 401);
  await page.getByRole("button", { name: "Switch on reader" }).click();
  await page.getByRole("button", { name: "Switch off reader" }).waitFor();

  await page.getByRole("button", { name: "Rotate reader" }).click();
  await page.getByRole("button", { name: "Make new secret" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await shown.filter({ hasNotText: token }).waitFor();
  const rotated = await shown.textContent();
  assert.notEqual(rotated, token);
  assert.deepEqual((await calls(organization, token))[1], 401);
  assert.deepEqual(await calls(organization, rotated), [200, 403]);

  assert.deepEqual(new Set(secretsIn(await said(page))), new Set([rotated]), "shown to whom it was made for");
  await page.reload();
  await page.getByRole("button", { name: "Delete reader" }).waitFor();
  assert.deepEqual(secretsIn(await said(page)), [], "and never again");

  await page.getByRole("button", { name: "Delete reader" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("You have no tokens").waitFor();
  assert.deepEqual((await calls(organization, rotated))[1], 401);

  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await audit(page, "sign out everywhere");
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByLabel("E-mail address").waitFor();
  person.assertClean();
  await person.close();
});

test("what_a_token_gets_is_foretold_by_the_token", async () => {
  const person = await personAt(browser, edge.origin);
  const { page } = person;
  await page.goto("/");
  await signIn(person, "lin@example.com");
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  const { id } = await callAt(person, "POST", "/v1/organizations", { name: "Acme" });
  await callAt(person, "PATCH", `/v1/organizations/${id}`, { token_lifetime_max_s: 1_209_600 });
  await page.goto(`/organizations/${id}/tokens`);
  const answer = page.getByLabel("Expected answer");
  const make = async (name) => {
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByRole("button", { name: "Create token" }).click();
    const notice = page.getByRole("group", { name: "New token" });
    await notice.getByText(`Copy ${name} now`).waitFor();
    const text = await answer.textContent();
    await notice.getByRole("button", { name: "Done" }).click();
    return text;
  };

  // The organization takes no longer ones, and that is what is offered first.
  const expires = page.getByLabel("Expires");
  await expires.locator("option", { hasText: /^14 days$/ }).waitFor({ state: "attached" });
  assert.equal(await expires.inputValue(), "1209600");
  assert.equal(await expires.locator("option", { hasText: "longer than this organization takes" }).count(), 3);
  assert.match(await make("plain"), /^HTTP\/1\.1 201/);
  await page.getByLabel("Only these").check();
  assert.match(await make("narrow"), /^No more than what it was made for/);
  await page.getByLabel("All of mine").check();
  await expires.selectOption({ label: "No expiry (longer than this organization takes)" });
  assert.match(await make("old"), /^HTTP\/1\.1 403 Forbidden: the token lives longer/);
  person.assertClean();
  await person.close();
});

test("what_becomes_of_a_token_is_foretold_as_well", async () => {
  const person = await personAt(browser, edge.origin);
  const { page } = person;
  await page.goto("/");
  await signIn(person, "rosalind@example.com");
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  const { id } = await callAt(person, "POST", "/v1/organizations", { name: "Acme" });
  await page.goto(`/organizations/${id}/tokens`);
  await page.getByLabel("Name", { exact: true }).fill("plain");
  await page.getByRole("button", { name: "Create token" }).click();
  const answer = (text) => page.getByLabel("Expected answer").filter({ hasText: text }).waitFor();
  await answer(/HTTP\/1\.1 201/);
  await page.getByRole("button", { name: "Switch off plain" }).click();
  await answer(/HTTP\/1\.1 401 Unauthorized/);
  await page.getByRole("button", { name: "Switch on plain" }).click();
  await answer(/HTTP\/1\.1 201/);

  // Nothing is answered to what is not there any more, and nobody is to copy it.
  await page.getByRole("button", { name: "Delete plain" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("You have no tokens").waitFor();
  assert.match(await page.getByLabel("Command").textContent(), /^TOKEN=…/);
  assert.equal(await page.getByRole("group", { name: "New token" }).count(), 0);
  person.assertClean();
  await person.close();
});
