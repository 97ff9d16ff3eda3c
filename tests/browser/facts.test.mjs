// What the directory states with every question, the page states as well: a rule that an organization
// made by it keeps nobody from what the edge would do.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { callAt as call, personAt, reasonOf, signIn } from "./person.mjs";

let edge;
let browser;
let ada;
let grace;
let path;

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
  const { id } = await call(ada, "POST", "/v1/organizations", { name: "Acme" });
  path = `/v1/organizations/${id}`;
  const invite = (email, role) => call(ada, "POST", `${path}/invitations`, { email, role });
  const { id: invitation } = await invite("grace@example.com", "admin");
  await call(grace, "POST", `${path}/invitations/${invitation}/accept`, {});
  await invite("linus@example.com", "member");
  const rule = (permissions, when, rest) =>
    call(ada, "POST", `${path}/rules`, { effect: "deny", permissions, when, ...rest });
  const ours = ["invitation.create", "invitation.cancel", "member.update-role", "member.remove"];
  await rule(ours, [{ fact: "organization.members", at_least: 1000 }], { because: "It is full." });
  await rule(["invitation.read"], [{ fact: "organization.members", at_least: 2 }], {
    roles: ["admin"],
    because: "Only Owners look at these.",
  });
  await rule(["invitation.create"], [{ fact: "grant.role", equals: "view-only" }], {
    because: "Nobody only looks here.",
  });
  for (const { page } of [ada, grace]) {
    await page.goto(`/organizations/${id}`);
    await page.locator('button:not([aria-disabled="true"])', { hasText: "Rename" }).waitFor();
  }
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

test("a_rule_by_what_the_directory_states_disables_no_button_by_itself", async () => {
  const { page } = ada;
  for (const name of ["Invite", "Change role of grace", "Remove grace", "Cancel the invitation to linus"]) {
    const button = page.getByRole("button", { name });
    await button.waitFor();
    assert.equal(await button.getAttribute("aria-disabled"), null, name);
  }
  await page.getByRole("button", { name: "Change role of grace" }).click();
  for (const name of ["Owner", "Admin", "Member"]) {
    assert.ok(await page.getByRole("radio", { name }).isEnabled(), name);
  }
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Invite" }).click();
  const offered = await page.getByLabel("Role").locator("option").allTextContents();
  assert.deepEqual(offered, ["Owner", "Admin", "Member", "Gateway"]);
  await page.keyboard.press("Escape");
});

test("a_list_that_a_rule_keeps_says_the_rules_reason", async () => {
  await grace.page.getByText("Only Owners look at these.").waitFor();
});

test("who_may_not_hand_out_a_role_is_told_what_it_holds", async () => {
  const { page } = grace;
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite" });
  await dialog.getByLabel("E-mail address").fill("edsger@example.com");
  await dialog.getByLabel("Role").selectOption({ label: "Owner" });
  await dialog.getByRole("button", { name: "Send invitation" }).click();
  await dialog.getByRole("alert").getByText("You cannot hand out what you do not hold yourself").waitFor();
  await dialog.getByLabel("Role").selectOption({ label: "Member" });
  await dialog.getByRole("button", { name: "Send invitation" }).click();
  await page.getByText("edsger@example.com is invited as Member.").waitFor();
});

test("the_answer_that_is_foretold_is_the_edges", async () => {
  const { page } = ada;
  await page.getByRole("link", { name: "Access tokens" }).click();
  const expected = page.getByLabel("Expected answer");
  await expected.getByText("HTTP/1.1 201 Created").waitFor();
  await page.getByLabel("Action").selectOption({ label: "Rename the organization" });
  await expected.getByText("HTTP/1.1 200 OK").waitFor();
});

test("a_reason_that_is_only_hovered_goes_away_with_escape", async () => {
  const { page } = grace;
  await page.getByRole("link", { name: "Organization", exact: true }).click();
  const button = page.getByRole("button", { name: "Delete organization" });
  await reasonOf(page, button, "hover");
  await page.keyboard.press("Escape");
  await page.getByRole("tooltip").waitFor({ state: "hidden" });
  await reasonOf(page, button, "hover");
});

test("a_reason_is_shown_to_a_finger", async () => {
  const { page } = grace;
  const button = page.getByRole("button", { name: "Delete organization" });
  const reason = page.getByRole("tooltip");
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  await reason.waitFor({ state: "hidden" });
  // Safari presses a button and gives it no focus, and what hovered is gone with the finger.
  await button.evaluate((element) => element.click());
  await reason.waitFor();
  await page.keyboard.press("Escape");
  await reason.waitFor({ state: "hidden" });
  await button.evaluate((element) => element.click());
  await reason.waitFor();
  await page.getByRole("heading", { level: 1 }).focus();
  await reason.waitFor({ state: "hidden" });
});

test("nothing_of_this_was_an_error_of_the_page", () => {
  ada.assertClean();
  grace.assertClean();
});
