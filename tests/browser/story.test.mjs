// The main job, end to end: real Chromium, the real Worker on workerd, nothing copied by hand.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { openNotifications, personAt, reasonOf, signIn } from "./person.mjs";

const NO_ADMIN = "This needs the role Admin in this organization.";
const FOLLOWS_WITHIN_MS = 1_000;
const REFUSED_WITHIN_MS = 10_000;

let edge;
let browser;
let ada;
let grace;
let linus;
/** The organization's address in the console, such as /organizations/org_… */
let address;
/** Grace's personal access token, and the command that the page shows with it. */
let token;
let command;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
  [ada, grace, linus] = await Promise.all(
    Array.from({ length: 3 }, () => personAt(browser, edge.origin)),
  );
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

async function invite(page, email) {
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite" });
  await dialog.getByLabel("E-mail address").fill(email);
  await dialog.getByLabel("Role").selectOption({ label: "Member" });
  await dialog.getByRole("button", { name: "Send invitation" }).click();
  await dialog.waitFor({ state: "hidden" });
}

function section(page, name) {
  return page.getByRole("region", { name: new RegExp(`^${name}`) });
}

function row(page, name, email) {
  return section(page, name).getByRole("listitem").filter({ hasText: email });
}

/** What the shown command asks for, as `curl` would send it. */
function callOf(text) {
  const body = /--data '(.*)'/.exec(text)[1];
  const [, method, url] = /-X (\w+) '(.*?)'/.exec(text);
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return edge.fetch(url, { method, headers, body });
}

test("1_the_admin_signs_in_creates_an_organization_and_invites", async () => {
  const { page } = ada;
  await page.goto("/");
  await signIn(ada, "ada@example.com");
  await page.getByRole("main").getByRole("button", { name: "Create organization" }).click();
  const dialog = page.getByRole("dialog", { name: "Create organization" });
  await dialog.getByLabel("Name").fill("Northwind Research");
  await dialog.getByRole("button", { name: "Create organization" }).click();
  await page.getByRole("heading", { level: 1, name: "Northwind Research" }).waitFor();
  address = new URL(page.url()).pathname;
  assert.match(address, /^\/organizations\/org_/);

  await invite(page, "grace@example.com");
  await invite(page, "linus@example.com");
  await row(page, "Pending invitations", "grace@example.com").waitFor();
  await row(page, "Pending invitations", "linus@example.com").waitFor();
  await row(page, "Members", "ada@example.com").getByText("Admin").waitFor();
});

test("2a_the_invited_person_accepts_and_sees_what_is_not_allowed_and_why", async () => {
  const { page } = grace;
  await page.goto("/");
  await signIn(grace, "grace@example.com");
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await openNotifications(page, "1 pending invitation");
  const panel = page.getByRole("dialog", { name: "Notifications" });
  await panel.getByText("ada@example.com invites you to join Northwind Research as Member.").waitFor();
  await panel.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("heading", { level: 1, name: "Northwind Research" }).waitFor();
  assert.equal(new URL(page.url()).pathname, address);
  await page.getByRole("button", { name: "Notifications, nothing new" }).waitFor();

  for (const name of ["Invite", "Delete organization", "Change role of grace@example.com"]) {
    const button = page.getByRole("button", { name });
    assert.equal(await reasonOf(page, button, "hover"), NO_ADMIN, name);
    assert.equal(await reasonOf(page, button, "focus"), NO_ADMIN, name);
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("dialog[open]").count(), 0, name);
  }
});

test("2b_declining_works_and_the_admin_sees_it_without_a_reload", async () => {
  const { page } = linus;
  await page.goto("/");
  await signIn(linus, "linus@example.com");
  await openNotifications(page, "1 pending invitation");
  await page.getByRole("button", { name: "Decline" }).click();
  await page.getByRole("button", { name: "Notifications, nothing new" }).waitFor();
  await page.getByText("You declined the invitation to Northwind Research.").waitFor();
  await row(ada.page, "Pending invitations", "linus@example.com").waitFor({ state: "detached" });
  await row(ada.page, "Members", "grace@example.com").getByText("Member").waitFor();
});

test("3_the_edge_refuses_the_same_action_with_the_same_reason", async () => {
  const { page } = grace;
  await page.getByRole("link", { name: "Access tokens" }).click();
  await page.getByLabel("Name").fill("Terminal");
  await page.getByRole("button", { name: "Create token" }).click();
  token = await page.getByRole("status", { name: "Token" }).textContent();
  assert.match(token, /^openlit-usr_/);
  const shown = page.getByLabel("Command");
  command = await shown.textContent();
  assert.ok(command.includes(token));
  assert.ok(command.includes(`${edge.origin}/v1${address}/invitations`));
  const expected = await page.getByLabel("Expected answer").textContent();

  const response = await callOf(command);
  assert.equal(response.status, 403);
  assert.match(response.headers.get("content-type"), /^application\/problem\+json/);
  const problem = await response.json();
  assert.equal(problem.code, "no-grant");
  assert.equal(problem.detail, NO_ADMIN);
  assert.equal(problem.decision.reasons[0].text, NO_ADMIN);
  const { status, code, detail } = problem;
  assert.deepEqual(JSON.parse(expected.slice(expected.indexOf("{"))), { status, code, detail });
});

test("4a_pending_stands_beside_active_and_can_be_canceled", async () => {
  const { page } = ada;
  await invite(page, "edsger@example.com");
  const pending = row(page, "Pending invitations", "edsger@example.com");
  const [members, invitations] = await Promise.all(
    ["Members", "Pending invitations"].map((name) => section(page, name).boundingBox()),
  );
  assert.ok(invitations.x >= members.x + members.width);
  assert.ok(Math.abs(invitations.y - members.y) < 1);
  await pending.getByRole("button", { name: "Cancel" }).click();
  await pending.waitFor({ state: "detached" });
  await page.getByText("The invitation to edsger@example.com is canceled.").waitFor();
});

test("4b_the_open_page_of_the_new_admin_follows_within_a_second", async (t) => {
  await grace.page.getByRole("link", { name: "Organization", exact: true }).click();
  const button = grace.page.getByRole("button", { name: "Invite" });
  assert.equal(await reasonOf(grace.page, button, "hover"), NO_ADMIN);
  await grace.page.evaluate(() => (window.loadedOnce = true));

  const { page } = ada;
  await row(page, "Members", "grace@example.com").getByRole("button", { name: "Change role" }).click();
  const dialog = page.getByRole("dialog", { name: "Change role" });
  await dialog.getByRole("radio", { name: "Admin" }).check();
  const followed = grace.page
    .locator('button:not([aria-disabled="true"])', { hasText: "Invite" })
    .waitFor({ timeout: REFUSED_WITHIN_MS })
    .then(() => Date.now());
  const pressed = Date.now();
  await dialog.getByRole("button", { name: "Change role" }).click();
  const tookMs = (await followed) - pressed;
  t.diagnostic(`the page followed after ${tookMs} ms`);
  assert.ok(tookMs < FOLLOWS_WITHIN_MS, `the page followed after ${tookMs} ms`);
  for (const name of ["Delete organization", "Change role of grace@example.com"]) {
    const allowed = grace.page.getByRole("button", { name });
    assert.equal(await allowed.getAttribute("aria-disabled"), null, name);
  }
  assert.equal(await grace.page.evaluate(() => window.loadedOnce), true);
  assert.equal((await callOf(command)).status, 201);
});

test("4c_who_is_removed_is_refused_at_once_and_told_so", async () => {
  const { page } = ada;
  await row(page, "Members", "grace@example.com").getByRole("button", { name: "Remove" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove member" });
  await Promise.all([
    page.waitForResponse((response) => response.request().method() === "DELETE"),
    dialog.getByRole("button", { name: "Remove" }).click(),
  ]);

  const sensitive = await callOf(command);
  assert.equal(sensitive.status, 404);
  assert.equal((await sensitive.json()).code, "not-found");
  const end = Date.now() + REFUSED_WITHIN_MS;
  const headers = { Authorization: `Bearer ${token}` };
  while ((await edge.fetch(`/v1${address}/members`, { headers })).status !== 404) {
    assert.ok(Date.now() < end, "a removed member could still read");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }

  await grace.page.getByRole("heading", { name: "You are no longer in Northwind Research" }).waitFor();
  assert.equal(await grace.page.getByRole("button", { name: "Invite" }).count(), 0);
  await grace.page.getByRole("link", { name: "Go to your organizations" }).click();
  await grace.page.getByRole("heading", { name: "Welcome" }).waitFor();
  await row(page, "Members", "grace@example.com").waitFor({ state: "detached" });
});

test("5_signing_out_ends_the_session", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Account of ada@example.com" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto(address);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("6_no_browser_reported_an_error_or_a_violation_of_the_content_policy", () => {
  for (const person of [ada, grace, linus]) {
    person.assertClean();
  }
});
