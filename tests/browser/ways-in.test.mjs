// The ways into an organization, and back into one that was deleted.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { audit } from "./audit.mjs";
import { callAt, personAt, signIn } from "./person.mjs";

let edge;
let browser;
let ada;

async function at(email) {
  const person = await personAt(browser, edge.origin);
  await person.page.goto("/");
  await signIn(person, email);
  await person.page.getByRole("heading", { name: "Welcome" }).waitFor();
  return person;
}

before(async () => {
  [edge, browser] = await Promise.all([startEdge({ policy: "lockstep" }), startBrowser()]);
  ada = await at("ada@example.com");
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

/** The links in the mails to an address, once there are so many. */
async function linksTo(email, count) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { messages } = await (await edge.fetch(`/v1/dev/mailbox?to=${email}`)).json();
    const links = messages.flatMap(({ text }) => /\/invitations#\S+/.exec(text) ?? []);
    if (links.length >= count) return links;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no ${count} invitations were sent to ${email}`);
}

test("an_invitation_is_sent_again_from_the_list", async () => {
  const { page } = ada;
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Again" });
  await callAt(ada, "POST", `/v1/organizations/${id}/invitations`, { email: "grace@example.com", role: "member" });
  await page.goto(`/organizations/${id}`);
  const [first] = await linksTo("grace@example.com", 1);
  await page.getByRole("button", { name: "Send again the invitation to grace@example.com" }).click();
  await page.getByText("The invitation to grace@example.com is sent again.").waitFor();
  const [second] = await linksTo("grace@example.com", 2);
  assert.notEqual(second, first);
  await callAt(ada, "DELETE", `/v1/organizations/${id}?name=Again`);
  ada.assertClean();
});

test("what_fails_last_in_the_list_is_what_it_says", async () => {
  const { page } = ada;
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Twice" });
  await callAt(ada, "POST", `/v1/organizations/${id}/invitations`, { email: "joan@example.com", role: "member" });
  await page.goto(`/organizations/${id}`);
  const before = ada.errors.length;
  const refuse = (path, method, detail) =>
    page.route(path, (route) =>
      route.request().method() === method
        ? route.fulfill({ status: 503, json: { status: 503, code: "unavailable", detail } })
        : route.fallback(),
    );
  await refuse("**/resend", "POST", "It is not sent.");
  await refuse("**/invitations/*", "DELETE", "It is not canceled.");
  const again = page.getByRole("button", { name: "Send again the invitation to joan@example.com" });
  const cancel = page.getByRole("button", { name: "Cancel the invitation to joan@example.com" });
  const said = page.getByRole("alert");
  for (const [button, text] of [[again, "It is not sent."], [cancel, "It is not canceled."], [again, "It is not sent."]]) {
    await button.click();
    await said.getByText(text).waitFor();
    assert.equal(await said.count(), 1);
  }
  await page.unrouteAll({ behavior: "wait" });
  ada.errors.length = before;
  await callAt(ada, "DELETE", `/v1/organizations/${id}?name=Twice`);
});

test("a_page_that_is_there_takes_no_focus_from_an_open_menu", async () => {
  const { page } = ada;
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Slow" });
  let go;
  const given = new Promise((resolve) => (go = resolve));
  await page.route(`**/v1/organizations/${id}`, async (route) => {
    await given;
    await route.fallback();
  });
  await page.goto(`/organizations/${id}`);
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  const create = page.locator("#organizations").getByRole("button", { name: "Create organization" });
  await create.focus();
  go();
  await page.getByRole("heading", { level: 1, name: "Slow" }).waitFor();
  await page.waitForTimeout(100);
  assert.equal(await create.evaluate((button) => button === document.activeElement), true);
  await page.keyboard.press("Escape");
  await page.unrouteAll({ behavior: "wait" });
  await callAt(ada, "DELETE", `/v1/organizations/${id}?name=Slow`);
});

test("who_accepts_sees_what_they_accept", async () => {
  const emmy = await at("emmy@example.com");
  const { page } = emmy;
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Whole" });
  const path = `/v1/organizations/${id}`;
  const workspace = await callAt(ada, "POST", `${path}/workspaces`, { name: "North" });
  const message = "Hello <b>Emmy</b>,\nwelcome aboard.";
  const workspaces = [{ workspace: workspace.id, role: "annotator" }];
  await callAt(ada, "POST", `${path}/invitations`, { email: "emmy@example.com", role: "member", workspaces, message });
  const [link] = await linksTo("emmy@example.com", 1);
  await page.goto("/");
  await page.getByRole("button", { name: "Notifications, 1 pending invitation" }).click();
  const panel = page.getByRole("dialog", { name: "Notifications" });
  await panel.getByText("welcome aboard.").waitFor();
  await page.goto(link);
  await page.getByRole("listitem").getByText("Annotator in North").waitFor();
  await page.getByText("Invited by ada@example.com.").waitFor();
  assert.equal(await page.getByRole("blockquote").textContent(), message);
  await audit(page, "invitation with all that comes with it");
  await page.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("heading", { level: 1, name: "Whole" }).waitFor();
  emmy.assertClean();
  await emmy.close();
});

test("a_menu_that_was_closed_leads_nowhere_and_its_failure_is_said", async () => {
  const hedy = await at("hedy@example.com");
  const { page } = hedy;
  const own = await callAt(hedy, "POST", "/v1/organizations", { name: "Own" });
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Theirs" });
  await callAt(ada, "POST", `/v1/organizations/${id}/invitations`, { email: "hedy@example.com", role: "member" });
  await linksTo("hedy@example.com", 1);
  await page.goto(`/organizations/${own.id}`);
  await page.getByRole("heading", { level: 1, name: "Own" }).waitFor();
  const detail = "The edge is overloaded. Try again.";
  const problem = { status: 503, json: { status: 503, code: "unavailable", detail } };
  const said = page.locator(".announcer");
  /** Presses a button in a menu, closes the menu while the edge is at work, and lets it answer then. */
  const press = async (menu, button, path, answer) => {
    let go;
    const given = new Promise((resolve) => (go = resolve));
    await page.route(path, async (route) => {
      await given;
      await (answer ? route.fulfill(answer) : route.fallback());
    }, { times: 1 });
    await page.getByRole("button", { name: menu }).click();
    await page.getByRole("button", { name: button }).click();
    await page.keyboard.press("Escape");
    go();
  };
  const before = hedy.errors.length;
  await press("Account of hedy@example.com", "Sign out", "**/v1/session", problem);
  await said.getByText(detail).waitFor();
  await press("Notifications, 1 pending invitation", "Accept", "**/accept", problem);
  await said.getByText(detail).waitFor();
  // The browser tells of each answer when it comes to it.
  while (hedy.errors.length < before + 2) await page.waitForTimeout(20);
  hedy.errors.length = before;
  await press("Notifications, 1 pending invitation", "Accept", "**/accept");
  await said.getByText("You are a member of Theirs now.").waitFor();
  assert.equal(new URL(page.url()).pathname, `/organizations/${own.id}`);
  await page.unrouteAll({ behavior: "wait" });
  hedy.assertClean();
  await hedy.close();
});

test("who_cannot_be_signed_out_for_an_invitation_is_told_so", async () => {
  const { page } = ada;
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Other" });
  await callAt(ada, "POST", `/v1/organizations/${id}/invitations`, { email: "mae@example.com", role: "member" });
  const [link] = await linksTo("mae@example.com", 1);
  const detail = "The edge is overloaded. Try again.";
  const problem = { status: 503, json: { status: 503, code: "unavailable", detail } };
  await page.route("**/v1/session", (route) => route.fulfill(problem), { times: 1 });
  // As if an identity provider vouched for ada and stated no address.
  await page.route("**/v1/me", async (route) => {
    const response = await route.fetch();
    const me = await response.json();
    await route.fulfill({ response, json: { ...me, user: { ...me.user, email: null } } });
  });
  await page.goto(link);
  await page.getByText("You are signed in without an address, and this invitation is for another").waitFor();
  // What Chromium prints for the answer is expected here.
  const before = ada.errors.length;
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("alert").getByText(detail).waitFor();
  ada.errors.length = before;
  await page.unrouteAll({ behavior: "wait" });
  await page.goto("/");
  ada.assertClean();
});

test("what_was_deleted_is_restored_by_who_was_its_admin", async () => {
  const bea = await at("bea@example.com");
  const { page } = bea;
  const { id } = await callAt(bea, "POST", "/v1/organizations", { name: "Lost" });
  await callAt(bea, "DELETE", `/v1/organizations/${id}?name=Lost`);
  const restore = page.getByRole("main").getByRole("button", { name: "Restore Lost" });
  // The list follows a little later.
  for (let attempt = 0; attempt < 40 && (await restore.count()) === 0; attempt += 1) {
    await page.goto("/");
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    await page.waitForTimeout(100);
  }
  await audit(page, "deleted organizations");
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  await page.locator("#organizations").getByRole("button", { name: "Restore Lost" }).waitFor();
  await page.keyboard.press("Escape");
  await restore.click();
  await page.getByRole("heading", { level: 1, name: "Lost" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Restore Lost" }).count(), 0);
  bea.assertClean();
  await bea.close();
});

test("what_one_has_deleted_can_be_restored_at_once", async () => {
  const person = await at("lotte@example.com");
  const { page } = person;
  const { id } = await callAt(person, "POST", "/v1/organizations", { name: "Mistake" });
  await page.goto(`/organizations/${id}`);
  await page.getByRole("button", { name: "Delete organization" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete organization" });
  await dialog.getByLabel("Type").fill("Mistake");
  await dialog.getByRole("button", { name: "Delete organization" }).click();
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await page.getByRole("main").getByRole("button", { name: "Restore Mistake" }).waitFor();
  person.assertClean();
  await person.close();
});

test("who_is_in_another_organization_is_offered_what_their_domain_opens", async () => {
  const dora = await at("dora@example.com");
  const { page } = dora;
  const own = await callAt(dora, "POST", "/v1/organizations", { name: "Own" });
  const joinable = { organization: { id: "org_x", name: "Open" }, domain: "example.com", role: "member", role_name: "Member" };
  const member = { ...joinable, organization: { id: own.id, name: "Own" } };
  await page.route("**/v1/me/joinable", (route) => route.fulfill({ json: { organizations: [joinable, member] } }));
  await page.goto(`/organizations/${own.id}`);
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  const menu = page.locator("#organizations");
  await menu.getByRole("button", { name: "Join Open" }).waitFor();
  assert.equal(await menu.getByRole("button", { name: "Join Own" }).count(), 0);
  await audit(page, "switcher with what is open");
  await page.unrouteAll({ behavior: "wait" });
  dora.assertClean();
  await dora.close();
});

test("who_may_join_by_their_domain_is_offered_it", async () => {
  const cleo = await at("cleo@example.com");
  const { page } = cleo;
  const { id } = await callAt(ada, "POST", "/v1/organizations", { name: "Open" });
  // As if its admin had proven the domain; what the edge makes of that is another test's.
  const joinable = { organization: { id, name: "Open" }, domain: "example.com", role: "member", role_name: "Member" };
  await page.route("**/v1/me/joinable", (route) => route.fulfill({ json: { organizations: [joinable] } }));
  const path = `/v1/organizations/${id}/invitations`;
  const invitation = await callAt(ada, "POST", path, { email: "cleo@example.com", role: "member" });
  const joined = [];
  await page.route("**/join", async (route) => {
    joined.push(new URL(route.request().url()).pathname);
    await callAt(cleo, "POST", `${path}/${invitation.id}/accept`, {});
    await route.fulfill({ json: { organization: joinable.organization, epoch: 3 } });
  });
  await page.goto("/");
  await page.getByText("open to addresses of example.com, as Member").waitFor();
  await audit(page, "joinable organizations");
  await page.getByRole("button", { name: "Join Open" }).click();
  await page.getByRole("heading", { level: 1, name: "Open" }).waitFor();
  assert.deepEqual(joined, [`/v1/organizations/${id}/join`]);
  await page.unrouteAll({ behavior: "wait" });
  cleo.assertClean();
  await cleo.close();
});
