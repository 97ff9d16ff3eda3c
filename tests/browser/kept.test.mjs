// What a page keeps when it cannot read: what somebody chose in a form, and nothing that they may not see
// any more.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { callAt, personAt, signIn } from "./person.mjs";

let edge;
let browser;
let ada;
let grace;
let organization;

before(async () => {
  [edge, browser] = await Promise.all([startEdge({ policy: "lockstep" }), startBrowser()]);
  [ada, grace] = [await at("ada@example.com"), await at("grace@example.com")];
  organization = await callAt(ada, "POST", "/v1/organizations", { name: "Acme" });
  const path = `/v1/organizations/${organization.id}/invitations`;
  const invitation = await callAt(ada, "POST", path, { email: "grace@example.com", role: "member" });
  await callAt(grace, "POST", `${path}/${invitation.id}/accept`, {});
});

beforeEach(() => ada.page.goto(`/organizations/${organization.id}`));

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

async function at(email) {
  const person = await personAt(browser, edge.origin);
  await person.page.goto("/");
  await signIn(person, email);
  await person.page.getByRole("heading", { name: "Welcome" }).waitFor();
  return person;
}

/** Lets the page read nothing, does what is to be done meanwhile, and waits until it can again. */
async function withoutTheEdge({ page, errors }, meanwhile = async () => {}) {
  // What Chromium prints for each failed request is expected here.
  const before = errors.length;
  const alert = page.locator("main > .notice-error");
  await page.route("**/v1/**", (route) => route.abort());
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await alert.waitFor();
  await meanwhile();
  await page.unroute("**/v1/**");
  await alert.waitFor({ state: "detached" });
  errors.length = before;
}

/** What the page sends to change something, in order. */
function sent(page) {
  const bodies = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") bodies.push(request.postData());
  });
  return bodies;
}

test("who_loses_the_right_to_a_list_sees_it_no_longer", async () => {
  const { page } = grace;
  const path = `/v1/organizations/${organization.id}`;
  const { user } = await callAt(grace, "GET", "/v1/me");
  const change = (role) => callAt(ada, "PATCH", `${path}/members/${user.id}`, { role });
  const body = { email: "katherine@example.com", role: "member" };
  const { id } = await callAt(ada, "POST", `${path}/invitations`, body);
  await change("admin");
  await page.goto(`/organizations/${organization.id}`);
  const section = page.getByRole("region", { name: "Pending invitations" });
  await section.getByText("katherine@example.com", { exact: true }).waitFor();
  // A read that fails for a while takes nothing away.
  await withoutTheEdge(grace);
  await section.getByText("katherine@example.com", { exact: true }).waitFor();
  await change("member");
  await section.getByRole("paragraph").filter({ hasText: "This needs the role Admin" }).waitFor();
  assert.ok(!(await page.content()).includes("katherine@example.com"));
  await callAt(ada, "DELETE", `${path}/invitations/${id}`);
});

test("a_right_that_ends_by_time_takes_its_lists_along", async () => {
  const { page } = ada;
  const path = `/v1/organizations/${organization.id}`;
  const body = { email: "radia@example.com", role: "member" };
  const { id } = await callAt(ada, "POST", `${path}/invitations`, body);
  // As if ada's role ended soon, and the edge knew that, too.
  let endsAtMs;
  await page.route("**/snapshot", async (route) => {
    const response = await route.fetch({ headers: { ...route.request().headers(), accept: "application/json" } });
    const snapshot = await response.json();
    endsAtMs ??= snapshot.server_time_ms + 2_000;
    const grants = snapshot.grants.map((grant) => ({ ...grant, expires_at_ms: endsAtMs }));
    await route.fulfill({ response, json: { ...snapshot, grants } });
  });
  await page.route("**/invitations?*", async (route) => {
    const problem = { status: 403, code: "no-grant", detail: "This needs the role Admin in this organization." };
    await (endsAtMs && Date.now() >= endsAtMs ? route.fulfill({ status: 403, json: problem }) : route.continue());
  });
  await page.reload();
  const address = page.getByText("radia@example.com", { exact: true });
  await address.waitFor();
  await address.waitFor({ state: "detached" });
  await page.unrouteAll({ behavior: "wait" });
  await callAt(ada, "DELETE", `${path}/invitations/${id}`);
});

test("a_failed_read_does_not_change_the_role_that_was_chosen", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite" });
  const role = dialog.getByLabel("Role");
  const bodies = sent(page);
  assert.equal(await role.inputValue(), "member");
  await withoutTheEdge(ada, async () => {
    // Nothing is offered, so nothing is sent either.
    assert.equal(await role.inputValue(), "");
    await dialog.getByLabel("E-mail address").fill("linus@example.com");
    await dialog.getByRole("button", { name: "Send invitation" }).click();
  });
  assert.equal(await role.inputValue(), "member");
  assert.deepEqual(bodies, []);

  await role.selectOption("View-Only");
  await withoutTheEdge(ada);
  assert.equal(await role.inputValue(), "view-only");
  await dialog.getByRole("button", { name: "Send invitation" }).click();
  await page.getByText("linus@example.com is invited as View-Only.").waitFor();
  assert.deepEqual(bodies.map((body) => JSON.parse(body).role), ["view-only"]);
});

test("a_failed_read_sends_no_empty_role", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Change role of grace@example.com" }).click();
  const dialog = page.getByRole("dialog", { name: "Change role" });
  const bodies = sent(page);
  await dialog.getByRole("radio", { name: "Admin" }).check();
  await withoutTheEdge(ada, async () => {
    await dialog.getByRole("button", { name: "Change role" }).click();
    await dialog.getByRole("alert").waitFor();
  });
  assert.ok(await dialog.getByRole("radio", { name: "Admin" }).isChecked());
  await dialog.getByRole("button", { name: "Change role" }).click();
  await page.getByText("grace@example.com is Admin now.").waitFor();
  assert.deepEqual(new Set(bodies), new Set(['{"role":"admin"}']));
});

test("a_role_that_is_gone_is_not_sent", async () => {
  const { page } = ada;
  // As if grace had a role that the policy no longer has.
  await page.route("**/members?*", async (route) => {
    const response = await route.fetch();
    const { members } = await response.json();
    const json = { members: members.map((member) => (member.self ? member : { ...member, role: "gone" })) };
    await route.fulfill({ response, json });
  });
  await page.reload();
  await page.getByRole("button", { name: "Change role of grace@example.com" }).click();
  const dialog = page.getByRole("dialog", { name: "Change role" });
  const bodies = sent(page);
  // It says that it does nothing, and is pressed all the same.
  await dialog.getByRole("button", { name: "Change role" }).click({ force: true });
  await dialog.getByRole("radio", { name: "View-Only" }).check();
  await dialog.getByRole("button", { name: "Change role" }).click();
  await page.getByText("grace@example.com is View-Only now.").waitFor();
  assert.deepEqual(bodies, ['{"role":"view-only"}']);
  await page.unrouteAll({ behavior: "wait" });
  for (const person of [ada, grace]) person.assertClean();
});
