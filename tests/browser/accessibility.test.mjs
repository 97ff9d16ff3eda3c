// Every page and every dialog, light and dark, wide and narrow: axe finds nothing grave, nothing
// sticks out of a 360 pixel wide screen, and all of it works with the keyboard alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "../support/browser.mjs";
import { startEdge } from "../support/edge.mjs";
import { audit } from "./audit.mjs";
import { personAt, signIn } from "./person.mjs";

const LOOKS = [
  { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { colorScheme: "dark", viewport: { width: 360, height: 640 } },
];

let edge;
let browser;

before(async () => {
  [edge, browser] = await Promise.all([startEdge(), startBrowser()]);
});

after(async () => {
  await browser?.stop();
  await edge?.stop();
});

/** Judges what is on the screen now. */
async function look(page, what) {
  await audit(page, what);
  const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(sticksOut, false, `${what} is wider than the screen`);
  assert.equal(await page.locator("[style]").count(), 0, `${what} has inline styles`);
}

async function create(page, name) {
  await page.getByRole("main").getByRole("button", { name: "Create organization" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Create organization" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

for (const [at, options] of LOOKS.entries()) {
  const { colorScheme, viewport } = options;
  test(`pages_are_accessible_${colorScheme}_${viewport.width}`, async () => {
    const person = await personAt(browser, edge.origin, options);
    const { page } = person;
    const email = `ada.${at}@example.com`;
    await page.goto("/");
    await page.getByLabel("E-mail address").waitFor();
    await look(page, "sign-in");
    await page.goto(`/dev/mailbox?to=${email}`);
    await page.getByText("No mail yet").waitFor();
    await look(page, "empty mailbox");
    await page.goto("/");
    await signIn(person, email);
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    await look(page, "welcome");
    await create(page, "Northwind Research with a name that does not end soon");
    await page.getByText("Nobody is waiting to join").waitFor();
    await look(page, "organization");

    for (const name of ["Invite", "Rename", "Delete organization"]) {
      await page.getByRole("main").getByRole("button", { name }).click();
      await page.getByRole("dialog").waitFor();
      await look(page, name);
      await page.keyboard.press("Escape");
    }
    for (const name of [/^Notifications/, /^Switch organization/, /^Account of/]) {
      await page.getByRole("button", { name }).click();
      await look(page, String(name));
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "Change role" }).hover();
    await page.getByRole("tooltip").waitFor();
    await look(page, "a reason");

    await page.getByRole("link", { name: "Access tokens" }).click();
    await page.getByLabel("Name").fill("Terminal");
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByRole("status", { name: "Token" }).waitFor();
    await look(page, "tokens");
    await page.goto("/nowhere");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    await look(page, "no such page");
    await page.goto("/organizations/org_nobody");
    await page.getByRole("heading", { name: "There is no such organization" }).waitFor();
    await look(page, "no such organization");
    await page.goto("/invitations");
    await page.getByText("This link is not complete").waitFor();
    await look(page, "incomplete link");
    person.assertClean();
    await person.close();
  });
}

test("everything_works_with_the_keyboard_alone", async () => {
  const person = await personAt(browser, edge.origin);
  const { page } = person;
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  await page.goto("/");
  await signIn(person, "grace@example.com");
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await create(page, "Harbour Lab");
  assert.equal(await focused(), "Harbour Lab", "a new page starts at its title");

  const invite = page.getByRole("button", { name: "Invite" });
  await invite.waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Invite");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Invite" });
  await dialog.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), "email");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.ok(await invite.evaluate((element) => element === document.activeElement));

  await page.keyboard.press("Enter");
  await page.keyboard.type("edsger@example.com");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("edsger@example.com is invited as Member.").waitFor();
  assert.ok(await invite.evaluate((element) => element === document.activeElement));

  // One's own role as the creator stays: the button is reached all the same, and says why.
  await page.getByRole("button", { name: "Change role of grace@example.com" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Change role of grace@example.com");
  const reason = page.getByRole("tooltip");
  await reason.waitFor();
  await page.keyboard.press("Escape");
  await reason.waitFor({ state: "hidden" });

  await page.getByRole("button", { name: "Cancel the invitation" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Send again the invitation to edsger@example.com");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Cancel the invitation to edsger@example.com");
  await page.keyboard.press("Enter");
  await page.getByText("Nobody is waiting to join").waitFor();
  assert.match(await focused(), /^Pending invitations/, "what had focus is gone, so its list has it");

  await page.getByRole("button", { name: /^Switch organization/ }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Create organization");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Create organization" }).waitFor();
  await page.keyboard.press("Escape");
  assert.match(await focused(), /^Switch organization/);
  person.assertClean();
  await person.close();
});
