// Hostile names, links that were used or belong to somebody else, an edge that cannot be reached, and
// a page that was tampered with.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { personAt, signIn } from "./person.mjs";

const HOSTILE = `<img src=x onerror="document.title='owned'">"'><script>document.title='owned'</script>`;

let edge;
let browser;
let ada;
let organization;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
  ada = await personAt(browser, edge.origin);
  await ada.page.goto("/");
  await signIn(ada, "ada@example.com");
  await ada.page.getByRole("heading", { name: "Welcome" }).waitFor();
  organization = await create(ada.page, HOSTILE);
  await ada.page.goto(`/organizations/${organization.id}`);
  await ada.page.getByRole("button", { name: "Invite" }).waitFor();
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

/** One call of the API with the session of the page that is open. */
function call(page, method, path, body) {
  return page.evaluate(
    async ([method, path, body]) => {
      const response = await fetch(path, {
        method,
        headers: { "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, body: text && JSON.parse(text) };
    },
    [method, path, body],
  );
}

async function create(page, name) {
  const { status, body } = await call(page, "POST", "/v1/organizations", { name });
  assert.equal(status, 201);
  return body;
}

function invite(email) {
  const path = `/v1/organizations/${organization.id}/invitations`;
  return call(ada.page, "POST", path, { email, role: "member" });
}

/** The link in the newest invitation sent to `email`, as a path of this origin. */
async function linkTo(email) {
  // Mail is sent after the answer, so it may not be there yet.
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const response = await edge.fetch(`/v1/dev/mailbox?to=${email}`);
    const { messages } = await response.json();
    const link = /https?:\S+\/invitations#\S+/.exec(messages.map(({ text }) => text).join("\n"));
    if (link) {
      const url = new URL(link[0]);
      assert.equal(url.origin, edge.origin);
      return url.pathname + url.hash;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no invitation was sent to ${email}`);
}

test("every_page_carries_the_strict_policy", async () => {
  for (const path of ["/", "/dev/mailbox", "/invitations", `/organizations/${organization.id}`]) {
    const { headers } = await edge.fetch(path);
    const policy = headers.get("content-security-policy").split("; ");
    assert.ok(policy.includes("default-src 'self'"), path);
    assert.ok(policy.includes("script-src 'self' 'wasm-unsafe-eval'"), path);
    assert.ok(policy.includes("style-src 'self'"), path);
    assert.ok(policy.includes("frame-ancestors 'none'"), path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("referrer-policy"), "no-referrer", path);
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin", path);
  }
  // The browser does enforce it, and a person's browser would tell.
  const probe = await personAt(browser, edge.origin);
  await probe.page.goto("/");
  await probe.page.getByLabel("E-mail address").waitFor();
  await probe.page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("script"), { text: "void 0" }));
  });
  await assert.rejects(async () => probe.assertClean());
  await probe.close();
});

test("a_name_is_never_markup", async () => {
  const { page } = ada;
  await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
  await invite("eve@example.com");
  await page.getByRole("button", { name: /^Switch organization/ }).click();
  await page.getByRole("link", { name: HOSTILE }).waitFor();
  await page.keyboard.press("Escape");
  await page.goto("/dev/mailbox?to=eve@example.com");
  await page.getByText("invites you to join").waitFor();
  assert.equal(await page.locator("img").count(), 0);
  await page.goto(await linkTo("eve@example.com"));
  await page.getByText("You are signed in as ada@example.com").waitFor();
  assert.notEqual(await page.title(), "owned");
  await page.goto(`/organizations/${organization.id}`);
  await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
});

test("an_organization_with_a_name_that_is_shown_otherwise_can_be_deleted", async () => {
  const { page } = ada;
  // Two spaces are shown as one, what has no width as nothing, and a letter looks the same in one part and in two.
  for (const [name, typed] of [["Acme  Corp\ufeff", "Acme Corp"], ["Cafe\u0301\u200b \u200eBar\u202e", "Caf\u00e9 Bar"]]) {
    const { id } = await create(page, name);
    await page.goto(`/organizations/${id}`);
    await page.getByRole("button", { name: "Delete organization" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete organization" });
    await dialog.getByLabel("Type").fill(typed.slice(0, 4));
    await dialog.getByText("This is not the name yet.").waitFor();
    await dialog.getByLabel("Type").fill(typed);
    await dialog.getByRole("button", { name: "Delete organization" }).click();
    await dialog.waitFor({ state: "hidden" });
    assert.equal((await call(page, "GET", `/v1/organizations/${id}`)).status, 404);
  }
  await page.goto(`/organizations/${organization.id}`);
});

/** The texts in an element, beside names, of which any is shown from right to left. */
function turnedRound(element) {
  return element.evaluate((element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const turned = [];
    while (walker.nextNode()) {
      const text = walker.currentNode;
      const at = text.data.search(/[a-z]{2}/);
      if (at < 0 || text.parentElement.closest("strong, bdi")) continue;
      const left = (at) => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect().left;
      };
      if (left(at) > left(at + 1)) turned.push(text.data);
    }
    return turned;
  });
}

test("a_name_does_not_turn_round_what_the_page_says", async () => {
  const { page } = ada;
  const { id, name } = await create(page, "Evil\u202etxt");
  await call(page, "POST", `/v1/organizations/${id}/invitations`, { email: "mary@example.com", role: "member" });
  const mary = await personAt(browser, edge.origin);
  await mary.page.goto(await linkTo("mary@example.com"));
  const told = mary.page.getByText("You are invited to join");
  await told.waitFor();
  assert.deepEqual(await turnedRound(told), []);
  await signIn(mary, "mary@example.com");
  await mary.page.getByRole("button", { name: "Decline" }).waitFor();
  await mary.page.goto("/");
  await mary.page.getByRole("button", { name: "Notifications, 1 pending invitation" }).click();
  const panel = mary.page.getByRole("dialog", { name: "Notifications" });
  await panel.getByText("invites you to join").waitFor();
  assert.deepEqual(await turnedRound(panel), []);
  await mary.close();

  await page.goto(`/organizations/${id}`);
  await page.getByRole("button", { name: "Leave organization" }).waitFor();
  await page.getByRole("button", { name: "Delete organization" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete organization" });
  assert.deepEqual(await turnedRound(dialog), []);
  await page.keyboard.press("Escape");
  await call(page, "DELETE", `/v1/organizations/${id}?name=${encodeURIComponent(name)}`);
  const gone = page.getByRole("heading", { level: 1, name: "You are no longer in" });
  await gone.waitFor();
  assert.deepEqual(await turnedRound(gone), []);
  await page.goto(`/organizations/${organization.id}`);
});

test("the_link_in_the_mail_leads_through_sign_in_to_the_organization", async () => {
  await invite("grace@example.com");
  const grace = await personAt(browser, edge.origin);
  const { page } = grace;
  const link = await linkTo("grace@example.com");
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(link);
  await page.getByRole("heading", { name: "Sign in to answer" }).waitFor();
  assert.equal(await page.getByLabel("E-mail address").inputValue(), "grace@example.com");
  await signIn(grace, "grace@example.com");
  await page.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("heading", { level: 1, name: HOSTILE }).waitFor();
  // The secret is in the fragment, which is sent to nobody.
  const secret = link.split("#")[1];
  assert.deepEqual(
    requests.filter((url) => url.split("#")[0].includes(secret)),
    [],
  );

  await page.goto(link);
  await page.getByText("This invitation has been accepted.").waitFor();
  // Whoever opens a link has it in the address; when they go on, no page keeps it.
  await page.goto("/");
  grace.assertClean();
  await grace.close();
});

test("a_canceled_or_invented_link_says_so", async () => {
  const { body } = await invite("edsger@example.com");
  const link = await linkTo("edsger@example.com");
  const path = `/v1/organizations/${organization.id}/invitations/${body.id}`;
  await call(ada.page, "DELETE", path);
  const nobody = await personAt(browser, edge.origin);
  await nobody.page.goto(link);
  await nobody.page.getByText("This invitation was canceled.").waitFor();
  await nobody.page.goto("/invitations#lsk_inv_invented");
  await nobody.page.reload();
  await nobody.page.getByRole("alert").waitFor();
  nobody.assertClean();
  await nobody.close();
});

test("a_wrong_code_is_explained_and_a_new_one_works", async () => {
  const person = await personAt(browser, edge.origin);
  const { page } = person;
  await page.goto("/");
  await page.getByLabel("E-mail address").fill("barbara@example.com");
  await page.getByRole("button", { name: "Send code" }).click();
  await page.getByLabel("Code", { exact: true }).fill("AAAA-AAAA");
  await page.getByRole("button", { name: "Sign in" }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.textContent(), /code/i);
  const refusal = { status: 429, code: "too-many-requests", detail: "Too many mails to this address." };
  await page.route("**/v1/sign-in/codes", (route) => route.fulfill({ status: 429, json: refusal }), { times: 1 });
  await page.getByRole("button", { name: "Send a new code" }).click();
  await alert.getByText(refusal.detail).waitFor();
  await page.getByRole("button", { name: "Use another address" }).click();
  await signIn(person, "barbara@example.com", 2);
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  person.assertClean();
  await person.close();
});

test("a_page_without_its_edge_allows_nothing_and_comes_back_by_itself", async () => {
  const { page } = ada;
  const button = page.getByRole("button", { name: "Invite" });
  const disabled = page.locator('button[aria-disabled="true"]', { hasText: "Invite" });
  await button.waitFor();
  assert.equal(await disabled.count(), 0);
  // What Chromium would print for each failed request is expected here and nowhere else.
  const before = ada.errors.length;
  await page.route("**/v1/**", (route) => route.abort());
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await disabled.waitFor();
  await page.getByRole("alert").getByText("cannot be reached").waitFor();
  await page.unroute("**/v1/**");
  await disabled.waitFor({ state: "detached" });
  assert.equal(await page.getByRole("alert").count(), 0);
  ada.errors.length = before;
});

test("a_page_that_was_tampered_with_is_still_refused_by_the_edge", async () => {
  const mallory = await personAt(browser, edge.origin);
  const { page } = mallory;
  await page.goto("/");
  await signIn(mallory, "mallory@example.com");
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await invite("mallory@example.com");
  const { body } = await call(page, "GET", "/v1/me/invitations");
  const [invitation] = body.invitations;
  const path = `/v1/organizations/${organization.id}`;
  await call(page, "POST", `${path}/invitations/${invitation.id}/accept`, {});

  // The page is given a snapshot in which she is an admin.
  await page.route("**/snapshot", async (route) => {
    // The page asks for the binary form, which has a checksum; a snapshot in JSON is read as well.
    const headers = { ...route.request().headers(), accept: "application/json" };
    const response = await route.fetch({ headers });
    const text = (await response.text()).replaceAll('"member"', '"admin"');
    await route.fulfill({ response, body: text });
  });
  await page.goto(`/organizations/${organization.id}`);
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite" });
  await dialog.getByLabel("E-mail address").fill("friend@example.com");
  await dialog.getByRole("button", { name: "Send invitation" }).click();
  await dialog.getByRole("alert").getByText("This needs the role Admin").waitFor();
  const { body: answer } = await call(page, "GET", `${path}/invitations`);
  assert.ok(answer.invitations.every(({ email }) => email !== "friend@example.com"));
  mallory.assertClean();
  await mallory.close();
});

test("nothing_of_this_broke_the_content_policy", () => {
  ada.assertClean();
});
