// Answers that are lost: what was sent again is done once, and a secret that nobody saw says so.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { callAt, personAt, signIn } from "./person.mjs";

let edge;
let browser;
let ada;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
  ada = await personAt(browser, edge.origin);
  await ada.page.goto("/");
  await signIn(ada, "ada@example.com");
  await ada.page.getByRole("heading", { name: "Welcome" }).waitFor();
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

/** The edge does what the next POST to a path says, and the page never hears of it. */
async function loseAnswer({ page, errors }, path, send) {
  const before = errors.length;
  const lost = async (route) => {
    const response = await route.fetch();
    await route.abort();
    assert.ok(response.ok());
  };
  await page.route(path, lost, { times: 1 });
  await send();
  await page.getByRole("alert").getByText("cannot be reached").waitFor();
  errors.length = before;
}

/** The names of ada's organizations, once one of them is listed: the list follows a little later. */
async function organizations(listed) {
  for (;;) {
    const me = await callAt(ada, "GET", "/v1/me");
    const names = me.organizations.map(({ name }) => name);
    if (names.includes(listed)) return names.sort();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("an_organization_whose_answer_was_lost_is_created_once", async () => {
  const { page } = ada;
  await page.getByRole("main").getByRole("button", { name: "Create organization" }).click();
  const dialog = page.getByRole("dialog");
  const create = () => dialog.getByRole("button", { name: "Create organization" }).click();
  await dialog.getByLabel("Name").fill("Acme");
  await loseAnswer(ada, "**/v1/organizations", create);
  await create();
  await page.getByRole("heading", { level: 1, name: "Acme" }).waitFor();
  assert.deepEqual(await organizations("Acme"), ["Acme"]);
});

test("what_was_changed_after_its_answer_was_lost_is_another", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  await page.locator("header").getByRole("button", { name: "Create organization" }).click();
  const dialog = page.getByRole("dialog");
  const create = () => dialog.getByRole("button", { name: "Create organization" }).click();
  await dialog.getByLabel("Name").fill("Borealis");
  await loseAnswer(ada, "**/v1/organizations", create);
  await dialog.getByLabel("Name").fill("Cygnus");
  await create();
  await page.getByRole("heading", { level: 1, name: "Cygnus" }).waitFor();
  assert.deepEqual(await organizations("Cygnus"), ["Acme", "Borealis", "Cygnus"]);
});

test("a_token_whose_secret_was_lost_is_made_once_and_says_so", async () => {
  const { page } = ada;
  await page.getByRole("link", { name: "Access tokens" }).click();
  await page.getByText("You have no tokens").waitFor();
  await page.getByLabel("Name").fill("reader");
  const create = () => page.getByRole("button", { name: "Create token" }).click();
  await loseAnswer(ada, "**/v1/me/tokens", create);
  await create();
  const notice = page.getByRole("group", { name: "New token" });
  await notice.getByText("its secret was in an answer that did not arrive").waitFor();
  assert.equal(await page.getByRole("status", { name: "Token" }).count(), 0);
  assert.equal((await callAt(ada, "GET", "/v1/me/tokens")).tokens.length, 1);

  // The way out that it names; and the answer that brings a new secret may be lost, too.
  const rotate = () => page.getByRole("dialog").getByRole("button", { name: "Make new secret" }).click();
  await page.getByRole("button", { name: "Rotate reader" }).click();
  await loseAnswer(ada, "**/v1/me/tokens/*/rotate", rotate);
  await rotate();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await notice.getByText("its secret was in an answer that did not arrive").waitFor();
  await page.getByRole("button", { name: "Rotate reader" }).click();
  await rotate();
  await page.getByRole("status", { name: "Token" }).waitFor();
  await notice.getByRole("button", { name: "Done" }).click();

  // Another of that name is another one.
  await page.getByLabel("Name").fill("reader");
  await create();
  await page.getByRole("status", { name: "Token" }).waitFor();
  assert.equal((await callAt(ada, "GET", "/v1/me/tokens")).tokens.length, 2);
  await notice.getByRole("button", { name: "Done" }).click();
  ada.assertClean();
});
