// A real Chromium for the browser story. Each profile is a person's own browser: separate cookies,
// storage and cache.

import { existsSync } from "node:fs";

import { chromium } from "playwright-core";

import { heldBy, secretsIn } from "./canary.mjs";

const debianPath = "/usr/bin/chromium";
const actionLimitMs = 10_000;

/**
 * Starts Chromium (the one that `cargo xtask test` found and put into CHROME, else Debian's).
 *
 * @returns {Promise<Browser>}
 */
export async function startBrowser() {
  const executablePath = process.env.CHROME ?? debianPath;
  if (!existsSync(executablePath)) {
    throw new Error("no browser: name one in CHROME, or run `cargo xtask setup --browser`");
  }
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return new Browser(browser);
}

/** A running Chromium. */
class Browser {
  #browser;

  constructor(browser) {
    this.#browser = browser;
  }

  /**
   * Opens a new profile with one empty page on `origin`. `errors` collects what the page would
   * show in red: exceptions, console errors and violations of the content security policy. `close`
   * rejects when a page still holds a secret: each is shown once, and the session's cookie to no script.
   *
   * @param {string} origin
   * @param {import("playwright-core").BrowserContextOptions} [options]
   */
  async profile(origin, options = {}) {
    const context = await this.#browser.newContext({ baseURL: origin, ...options });
    context.setDefaultTimeout(actionLimitMs);
    const page = await context.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    return { context, page, errors, close: () => close(context) };
  }

  /** Ends it. Rejects as the `close` of a profile that is still open would. */
  async stop() {
    const ended = await Promise.allSettled(this.#browser.contexts().map(close));
    await this.#browser.close();
    for (const { reason } of ended.filter(({ status }) => status === "rejected")) throw reason;
  }
}

async function close(context) {
  const held = await Promise.all(context.pages().map(async (page) => [page.url(), await heldBy(page)]));
  await context.close();
  const holding = held.filter(([, text]) => secretsIn(text).length > 0);
  if (holding.length > 0) throw new Error(`pages hold secrets: ${holding.map(([url]) => url).join(", ")}`);
}
