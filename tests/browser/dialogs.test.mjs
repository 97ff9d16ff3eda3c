// Dialogs whose action is under way, and what a list says of its members.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { callAt, personAt, signIn } from "./person.mjs";

let edge;
let browser;
let ada;
let grace;
let path;
let id;

async function at(email) {
  const person = await personAt(browser, edge.origin);
  await person.page.goto("/");
  await signIn(person, email);
  await person.page.getByRole("heading", { name: "Welcome" }).waitFor();
  return person;
}

before(async () => {
  [edge, browser] = await Promise.all([startEdge({ policy: "lockstep" }), startBrowser()]);
  [ada, grace] = [await at("ada@example.com"), await at("grace@example.com")];
  ({ id } = await callAt(ada, "POST", "/v1/organizations", { name: "Acme" }));
  path = `/v1/organizations/${id}`;
  const invitation = await callAt(ada, "POST", `${path}/invitations`, { email: "grace@example.com", role: "member" });
  await callAt(grace, "POST", `${path}/invitations/${invitation.id}/accept`, {});
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

test("a_dialog_stays_open_while_its_action_is_under_way", async () => {
  const { page } = grace;
  await page.goto(`/organizations/${id}`);
  await page.getByRole("button", { name: "Leave organization" }).click();
  const dialog = page.getByRole("dialog", { name: "Leave organization" });
  let answer;
  const given = new Promise((resolve) => (answer = resolve));
  await page.route("**/members/*", async (route) => route.fulfill(await given), { times: 1 });
  await dialog.getByRole("button", { name: "Leave" }).click();
  // All that closes it otherwise.
  await dialog.getByRole("button", { name: "Stay" }).click({ force: true });
  await dialog.getByRole("button", { name: "Close" }).click({ force: true });
  for (let pressed = 0; pressed < 3; pressed += 1) await page.keyboard.press("Escape");
  await page.waitForTimeout(200);
  assert.equal(await dialog.isVisible(), true);
  const detail = "Nobody knows what became of it.";
  answer({ status: 409, json: { status: 409, code: "conflict", detail } });
  await dialog.getByRole("alert").getByText(detail).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Leave organization" }).click();
  await dialog.getByRole("button", { name: "Stay" }).click();
  await dialog.waitFor({ state: "hidden" });
  grace.assertClean();
});

test("who_is_suspended_is_shown_as_such_and_told_so", async () => {
  const { user } = await callAt(grace, "GET", "/v1/me");
  await ada.page.goto(`/organizations/${id}`);
  await ada.page.getByRole("button", { name: "Remove grace@example.com" }).waitFor();
  assert.equal(await ada.page.getByText("Suspended", { exact: true }).count(), 0);
  await callAt(ada, "PUT", `${path}/members/${user.id}/suspension`, {});
  const row = ada.page.getByRole("listitem").filter({ hasText: "grace@example.com" });
  await row.getByText("Suspended", { exact: true }).waitFor();
  await grace.page.getByRole("heading", { name: "You are no longer in Acme" }).waitFor();
  await grace.page.getByText("removed from the organization or suspended").waitFor();
  for (const person of [ada, grace]) person.assertClean();
});
