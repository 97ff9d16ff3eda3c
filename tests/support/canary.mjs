// Looks for secrets where none may be: after every run of a Worker in the log and in the stores, during it
// in every answer but the one that shows the secret to whom it was made for, and in every page before it is
// closed (threats P5, P6).

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

/** Any of our secrets, whatever prefix the policy gives it, those that sign events, and JWTs, ours and others'. */
const pattern = /eyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{40,}|whsec_[0-9A-Za-z+/]{43}=|(?<![0-9A-Za-z])[a-z][0-9a-z_-]{1,15}[-_](?:usr|org)_[0-9A-Za-z]{28}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}(?![0-9A-Za-z])/g;

/** The development mailbox keeps mail as it was sent, links included. */
const isMailbox = (place) => place.startsWith("/v1/dev/mailbox");

export const secretsIn = (text) => text.match(pattern) ?? [];

/** What one Worker has said. */
export class Heard {
  #shown = new Map();
  #findings = [];

  /** Takes note of an answer: its body, and the cookies that it sets. */
  answer(place, text, cookies = []) {
    if (isMailbox(place)) return;
    for (const secret of new Set(secretsIn([text, ...cookies].join("\n")))) {
      const before = this.#shown.get(secret);
      if (before !== undefined) this.#findings.push(`${place} shows again what ${before} has shown`);
      this.#shown.set(secret, place);
    }
  }

  /** The secrets that were shown. */
  get shown() {
    return [...this.#shown.keys()];
  }

  /** Where a secret is that should not be there. */
  async findings(log, store) {
    const found = [...this.#findings];
    if (secretsIn(log).length > 0) found.push("the log holds a secret");
    const files = await storedFiles(store);
    // Whoever was shown a secret has an object that keeps its hash: no file means that none was looked at.
    if (files.length === 0 && this.#shown.size > 0) found.push(`nothing was searched: ${store} has no files`);
    for (const { name, text } of files) {
      if (secretsIn(text).length > 0) found.push(`${name} holds a secret`);
    }
    return found;
  }
}

/** Every file of the stores but the mailbox's, byte by byte as characters; none, where nothing was ever stored. */
export async function storedFiles(store) {
  const entries = await readdir(store, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code !== "ENOENT") throw error;
    return [];
  });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((name) => !name.includes("MailboxObject"));
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(name, "latin1") })));
}

/** What scripts of a page can reach: what it shows, its address, and what it keeps for the next visit. */
export async function heldBy(page) {
  const { protocol, pathname } = new URL(page.url());
  // An empty page has no storage, and the mailbox's shows mail as it was sent.
  if (!protocol.startsWith("http") || pathname === "/dev/mailbox") return "";
  const kept = await page.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    const cached = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) cached.push(request.url, await (await cache.match(request)).text());
    }
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, databases, cached, history.state, document.cookie, window.name]);
  });
  return [page.url(), await page.content(), kept].join("\n");
}
