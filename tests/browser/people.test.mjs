// Several people at one browser, one after the other, and addresses that somebody else has written.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { audit } from "./audit.mjs";
import { openNotifications, personAt, signIn } from "./person.mjs";

let edge;
let browser;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

/** Signs in at a browser of its own, on the start page. */
async function at(email) {
  const person = await personAt(browser, edge.origin);
  await person.page.goto("/");
  await signIn(person, email);
  await person.page.getByRole("heading", { name: "Welcome" }).waitFor();
  return person;
}

/** Creates an organization; answers its id. */
async function create(page, name, from = page.getByRole("main")) {
  await from.getByRole("button", { name: "Create organization" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Create organization" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  return new URL(page.url()).pathname.split("/")[2];
}

/** All that a page says, its closed menus included; but not what it has just said of an action. */
async function said(page) {
  return (await page.locator("header, main").allTextContents()).join("\n");
}

/** The link in the newest invitation to an address, once so many of them were sent. */
async function linkTo(email, count) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { messages } = await (await edge.fetch(`/v1/dev/mailbox?to=${email}`)).json();
    const links = messages.flatMap(({ text }) => /\/invitations#\S+/.exec(text) ?? []);
    if (links.length >= count) return links[0];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no invitation was sent to ${email}`);
}

/** Keeps the next answer of `/v1/me` back, from when it was `asked`, until it is given: the edge's own, or another. */
async function holdMe(page) {
  let answer;
  const given = new Promise((resolve) => (answer = resolve));
  const asked = new Promise((resolve) =>
    page.route(
      "**/v1/me",
      async (route) => {
        const response = await route.fetch();
        resolve();
        await route.fulfill((await given) ?? { response });
      },
      { times: 1 },
    ),
  );
  // A page is asked to be told of requests before it makes them.
  await page.evaluate(() => undefined);
  return { asked, answer };
}

/** One call of the API with the session of the page that is open. */
function call(page, method, path, body) {
  return page.evaluate(
    async ([method, path, body]) => {
      const headers = { "Content-Type": "application/json" };
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      const text = await response.text();
      return text && JSON.parse(text);
    },
    [method, path, body],
  );
}

/** Signs in at the browser of the page that is open, as in another window: the page is told of nothing. */
async function signInElsewhere(page, email) {
  await call(page, "POST", "/v1/sign-in/codes", { email });
  const { messages } = await call(page, "GET", `/v1/dev/mailbox?to=${email}`);
  const code = messages.flatMap(({ text }) => /^[0-9A-Z]{4}-[0-9A-Z]{4}$/m.exec(text) ?? [])[0];
  await call(page, "POST", "/v1/sign-in/sessions", { email, code });
}

test("what_one_person_saw_is_not_shown_to_the_next", async () => {
  const person = await at("ada@example.com");
  const { page } = person;
  await create(page, "Acme");
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  await create(page, "Borealis", page.locator("header"));
  await page.getByRole("link", { name: "Access tokens" }).click();
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await signIn(person, "bob@example.com");
  await page.getByRole("button", { name: "Account of bob@example.com" }).waitFor();
  await page.getByRole("heading", { level: 1, name: /^(Welcome|There is no such organization)$/ }).waitFor();
  assert.ok(!(await said(page)).includes("Acme"));
  person.assertClean();
  await person.close();
});

test("an_answer_that_was_under_way_signs_nobody_in_again", async () => {
  const person = await at("hedy@example.com");
  const { page } = person;
  const { asked, answer } = await holdMe(page);
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await asked;
  await page.getByRole("button", { name: "Account of hedy@example.com" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("E-mail address").waitFor();

  // Whoever is signed in is asked for their notifications; the refusal would sign them out again at once.
  const requests = [];
  page.on("request", (request) => requests.push(new URL(request.url()).pathname));
  const answered = page.waitForResponse("**/v1/me");
  answer();
  await answered;
  await page.waitForTimeout(300);
  assert.deepEqual(requests, []);
  await person.close();
});

test("a_refusal_that_was_under_way_signs_nobody_out", async () => {
  const person = await at("emmy@example.com");
  const { page } = person;
  const { asked, answer } = await holdMe(page);
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await asked;
  await page.getByRole("button", { name: "Account of emmy@example.com" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(person, "sophie@example.com");
  const account = page.getByRole("button", { name: "Account of sophie@example.com" });
  await account.waitFor();
  const problem = { status: 401, code: "unauthenticated", detail: "Nobody is signed in." };
  answer({ status: 401, json: problem });
  await page.waitForTimeout(300);
  await account.waitFor();
  assert.equal(await page.getByLabel("E-mail address").count(), 0);
  await person.close();
});

test("a_tab_follows_whoever_has_signed_in_in_another_one", async () => {
  const person = await at("grace@example.com");
  const { page, context } = person;
  const organization = await create(page, "Northwind");
  await page.getByRole("button", { name: "Invite" }).waitFor();

  const other = await context.newPage();
  await other.goto("/");
  await other.getByRole("button", { name: "Account of grace@example.com" }).click();
  await other.getByRole("button", { name: "Sign out" }).click();
  await signIn({ page: other, context }, "barbara@example.com");
  await other.getByRole("heading", { name: "Welcome" }).waitFor();

  // Headless pages have no focus to lose.
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await page.getByRole("button", { name: "Account of barbara@example.com" }).waitFor();
  await page.getByRole("heading", { name: "There is no such organization" }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/organizations/${organization}`);
  assert.ok(!(await said(page)).includes("Northwind"));
  person.assertClean();
  await person.close();
});

test("a_page_in_view_follows_whom_the_edge_answers_for", async () => {
  const person = await at("annie@example.com");
  const { page } = person;
  const organization = await create(page, "Langley");
  const path = `/v1/organizations/${organization}/invitations`;
  const { id } = await call(page, "POST", path, { email: "mary@example.com", role: "member" });
  await page.getByRole("button", { name: "Leave organization" }).waitFor();

  await signInElsewhere(page, "mary@example.com");
  await call(page, "POST", `${path}/${id}/accept`, {});
  await page.getByRole("button", { name: "Account of mary@example.com" }).waitFor();
  await page.getByRole("heading", { level: 1, name: "Langley" }).waitFor();
  const invite = page.getByRole("button", { name: "Invite" });
  await invite.waitFor();
  assert.equal(await invite.getAttribute("aria-disabled"), "true");
  person.assertClean();
  await person.close();
});

test("a_page_asks_until_it_knows_who_is_signed_in", async () => {
  const ada = await at("ellen@example.com");
  const { id } = await call(ada.page, "POST", "/v1/organizations", { name: "Ochoa" });
  const path = `/v1/organizations/${id}`;
  for (const [on, shown] of [["", "Leave organization"], ["/tokens", "Create token"]]) {
    const person = await personAt(browser, edge.origin);
    const { page } = person;
    const [first, second] = [`kay${on.slice(1)}@example.com`, `valentina${on.slice(1)}@example.com`];
    await page.goto("/");
    for (const email of [second, first]) {
      await signInElsewhere(page, email);
      const invitation = await call(ada.page, "POST", `${path}/invitations`, { email, role: "member" });
      await call(page, "POST", `${path}/invitations/${invitation.id}/accept`, {});
    }
    await page.goto(`/organizations/${id}${on}`);
    const button = page.getByRole("button", { name: shown });
    await button.waitFor();

    let failed = 0;
    await page.route("**/v1/me", (route) => (failed++ === 0 ? route.abort() : route.fallback()));
    await signInElsewhere(page, second);
    // Whatever changes: the page reads its rights again.
    await call(ada.page, "PATCH", path, { name: `Renamed${on.slice(1)}` });
    await button.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: `Account of ${second}` }).waitFor();
    await button.waitFor();
    assert.ok(failed > 1);
    await person.close();
  }
  await ada.close();
});

test("an_answer_of_before_does_not_follow_a_later_one", async () => {
  const person = await at("sally@example.com");
  const { page } = person;
  const look = () => page.evaluate(() => window.dispatchEvent(new Event("focus")));
  const { asked, answer } = await holdMe(page);
  await look();
  await asked;
  await signInElsewhere(page, "judith@example.com");
  await look();
  const account = page.getByRole("button", { name: "Account of judith@example.com" });
  await account.waitFor();
  const answered = page.waitForResponse("**/v1/me");
  answer();
  await answered;
  await page.waitForTimeout(300);
  assert.equal(await account.count(), 1);
  person.assertClean();
  await person.close();
});

test("who_signs_out_everywhere_is_signed_out_whatever_fails_afterwards", async () => {
  const person = await at("mae@example.com");
  const { page } = person;
  await page.getByRole("link", { name: "Access tokens" }).click();
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.route("**/v1/**", (route) =>
    route.request().url().endsWith("/v1/me/sign-out") ? route.fallback() : route.abort(),
  );
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByLabel("E-mail address").waitFor();
  assert.equal(new URL(page.url()).pathname, "/");
  await person.close();
});

test("an_address_puts_nothing_into_the_command_to_copy", async () => {
  const person = await at("edsger@example.com");
  const { page } = person;
  for (const id of ["x'%3Btouch%20owned%3B'", "%24(id)", "x%0Aid"]) {
    await page.goto(`/organizations/${id}/tokens`);
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    assert.equal(await page.getByLabel("Command").count(), 0, id);
  }
  person.assertClean();
  await person.close();
});

test("another_link_in_the_same_tab_is_another_invitation", async () => {
  const [ada, person] = [await at("alan@example.com"), await at("kurt@example.com")];
  const invite = async (name) => {
    const { id } = await call(ada.page, "POST", "/v1/organizations", { name });
    const invitation = { email: "kurt@example.com", role: "member" };
    await call(ada.page, "POST", `/v1/organizations/${id}/invitations`, invitation);
  };
  const { page } = person;
  for (const [number, name] of ["First", "Second"].entries()) {
    await invite(name);
    await page.goto(await linkTo("kurt@example.com", number + 1));
    await page.getByText(`You are invited to join ${name}`).waitFor();
  }
  await page.getByRole("button", { name: "Decline" }).click();
  await page.getByRole("main").getByText("You declined the invitation to Second.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1", "the button that had focus is gone");
  for (const one of [ada, person]) {
    one.assertClean();
    await one.page.goto("/");
    await one.close();
  }
});

test("the_bell_tells_what_became_of_an_invitation_until_it_was_read", async () => {
  const [linus, margaret] = [await at("linus@example.com"), await at("margaret@example.com")];
  const { page } = linus;
  await create(page, "Acme");
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail address").fill("margaret@example.com");
  await dialog.getByRole("button", { name: "Send invitation" }).click();
  await linkTo("margaret@example.com", 1);
  await margaret.page.reload();
  await openNotifications(margaret.page, "1 pending invitation");
  await margaret.page.getByRole("button", { name: "Decline" }).click();
  await margaret.page.getByRole("button", { name: "Notifications, nothing new" }).waitFor();

  const panel = page.getByRole("dialog", { name: "Notifications" });
  const bell = page.getByRole("button", { name: "Notifications, 1 unread" });
  // The organization tells it after its answer.
  for (let attempt = 0; attempt < 20 && (await bell.count()) === 0; attempt += 1) {
    await page.reload();
    await page.getByRole("button", { name: "Invite" }).waitFor();
    await page.waitForTimeout(250);
  }
  await bell.click();
  await panel.getByText("margaret@example.com declined your invitation to Acme.").waitFor();
  await audit(page, "notifications");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Notifications, nothing new" }).waitFor();
  await page.reload();
  await openNotifications(page, "nothing new");
  await panel.getByText("margaret@example.com declined your invitation to Acme.").waitFor();
  for (const one of [linus, margaret]) {
    one.assertClean();
    await one.close();
  }
});

test("who_is_taken_in_again_is_in_again_on_the_same_page", async () => {
  const [ada, person] = [await at("rosa@example.com"), await at("carl@example.com")];
  const { page } = person;
  const { id } = await call(ada.page, "POST", "/v1/organizations", { name: "Acme" });
  const path = `/v1/organizations/${id}`;
  const invite = () => call(ada.page, "POST", `${path}/invitations`, { email: "carl@example.com", role: "member" });
  const heading = (name) => page.getByRole("heading", { level: 1, name }).waitFor();
  const { user } = await call(page, "GET", "/v1/me");
  for (const round of [1, 2]) {
    await invite();
    await linkTo("carl@example.com", round);
    if (round === 1) {
      await page.reload();
    } else {
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    }
    await page.getByRole("button", { name: /^Notifications, 1 pending invitation/ }).click();
    await page.getByRole("button", { name: "Accept" }).click();
    await heading("Acme");
    await page.getByRole("button", { name: "Change role of carl@example.com" }).waitFor();
    await call(ada.page, "DELETE", `${path}/members/${user.id}`);
    await heading("You are no longer in Acme");
  }
  await person.close();
  await ada.close();
});

test("what_a_page_saw_of_an_organization_gives_way_to_a_later_list", async () => {
  const [ada, person] = [await at("lise@example.com"), await at("otto@example.com")];
  const { page } = person;
  const listed = page.getByRole("link", { name: "Acme" });
  const { id } = await call(ada.page, "POST", "/v1/organizations", { name: "Acme" });
  const { user } = await call(page, "GET", "/v1/me");
  const path = `/v1/organizations/${id}`;
  const join = async () => {
    const invitation = { email: "otto@example.com", role: "member" };
    const { id } = await call(ada.page, "POST", `${path}/invitations`, invitation);
    await call(page, "POST", `${path}/invitations/${id}/accept`, {});
  };
  await join();
  await page.goto(`/organizations/${id}`);
  await page.getByRole("heading", { level: 1, name: "Acme" }).waitFor();
  await call(ada.page, "DELETE", `${path}/members/${user.id}`);
  await page.getByRole("heading", { level: 1, name: "You are no longer in Acme" }).waitFor();
  await page.getByRole("link", { name: "Go to your organizations" }).click();
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await join();

  // By then the list has followed.
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 61_000;
  });
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  for (let attempt = 0; attempt < 20 && (await listed.count()) === 0; attempt += 1) {
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await page.waitForTimeout(250);
  }
  await listed.waitFor();
  await person.close();
  await ada.close();
});
