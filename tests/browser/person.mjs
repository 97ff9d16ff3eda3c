// A person at a browser of their own: what the stories do again and again.

import assert from "node:assert/strict";

/** What Chromium writes for every 4xx answer; a story that is refused on purpose cannot avoid it. */
const REFUSAL = /^Failed to load resource: the server responded with a status of 4\d\d/;

/** Opens a profile for a story and makes it report violations of the content security policy. */
export async function personAt(browser, origin, options) {
  const profile = await browser.profile(origin, options);
  const violations = [];
  await profile.context.exposeBinding("reportViolation", (_, text) => violations.push(text));
  await profile.context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  return {
    ...profile,
    /** Fails if anything went wrong in this browser that no story asked for. */
    assertClean() {
      assert.deepEqual(violations, []);
      assert.deepEqual(
        profile.errors.filter((error) => !REFUSAL.test(error)),
        [],
      );
    },
  };
}

/**
 * Signs in on the page that is open, with the newest code in the development mailbox once `codes`
 * of them are there.
 */
export async function signIn({ page, context }, email, codes = 1) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Send code" }).click();
  const [mailbox] = await Promise.all([
    context.waitForEvent("page"),
    page.getByRole("link", { name: "open the mailbox" }).click(),
  ]);
  const shown = mailbox.locator("output");
  await shown.nth(codes - 1).waitFor();
  const code = await shown.first().textContent();
  await mailbox.close();
  await page.getByLabel("Code", { exact: true }).fill(code);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** One call of the API with the session of the page that is open; answers its body. */
export async function callAt({ page }, method, path, body) {
  const [status, answer] = await page.evaluate(
    async ([method, path, body]) => {
      const headers = { "Content-Type": "application/json" };
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      return [response.status, await response.text()];
    },
    [method, path, body],
  );
  assert.ok(status < 300, `${method} ${path}: ${status} ${answer}`);
  return answer && JSON.parse(answer);
}

/** Opens the bell's panel. */
export async function openNotifications(page, count) {
  await page.getByRole("button", { name: `Notifications, ${count}` }).click();
}

/** The reason that a gated button shows, by `hover` or by `focus`, and nothing before. */
export async function reasonOf(page, button, by) {
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  const reason = page.getByRole("tooltip");
  await reason.waitFor({ state: "hidden" });
  await button[by]();
  await reason.waitFor();
  assert.equal(await button.getAttribute("aria-disabled"), "true");
  assert.equal(await button.getAttribute("aria-describedby"), await reason.getAttribute("id"));
  return reason.textContent();
}
