// The packages as they are shipped.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { root } from "../support/edge.mjs";

const names = ["gate", "react"];
const licences = ["LICENSE-APACHE", "LICENSE-MIT"];

test("a_package_has_the_texts_of_its_licence", async () => {
  for (const name of names) {
    const folder = `www/packages/${name}`;
    const packing = promisify(execFile)("npm", ["pack", "--dry-run", "--json", `./${folder}`], { cwd: root });
    const [{ files }] = JSON.parse((await packing).stdout);
    const paths = files.map(({ path }) => path);
    for (const licence of licences) {
      assert.ok(paths.includes(licence), `${name} has no ${licence}: ${paths}`);
      const read = (path) => readFile(`${root}${path}`, "utf8");
      assert.equal(await read(`${folder}/${licence}`), await read(licence));
    }
  }
});

// An array's type has had a parameter since TypeScript 5.7.
test("older_compilers_read_the_types", async () => {
  const seen = new Set();
  const read = async (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = await readFile(`${root}www/packages/${file}.d.ts`, "utf8");
    assert.doesNotMatch(text, /\w+Array(Buffer)?</, file);
    const files = [...text.matchAll(/ from "\.\/([^"]+)\.js"/g)].map(([, name]) => name);
    await Promise.all(files.map((name) => read(file.replace(/[^/]+$/, name))));
  };
  await Promise.all(names.map((name) => read(`${name}/dist/index`)));
  assert.ok(seen.size > 8, `${[...seen]}`);
});

// As in Jest with jsdom.
test("the_package_can_be_loaded_where_there_is_next_to_nothing", async (t) => {
  const report = t.mock.method(console, "error", () => {});
  const missing = ["TextEncoder", "TextDecoder", "fetch", "Response"];
  const there = missing.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  missing.forEach((name) => delete globalThis[name]);
  t.after(() => missing.forEach((name, at) => Object.defineProperty(globalThis, name, there[at])));
  const { connect } = await import(`${pathToFileURL(`${root}www/packages/gate/dist/index.js`)}?bare`);
  const store = connect({ organization: "org_a" });
  const told = new Promise((resolve) => t.after(store.subscribe(() => resolve(store.getSnapshot()))));
  const { status, gate } = await told;
  assert.deepEqual([status, gate.can("invite"), gate.explain("invite").decision], ["unreachable", false, false]);
  assert.equal(report.mock.callCount(), 1);
});

// Frameworks that render on a server would run it there, where there are no hooks.
test("the_package_for_react_is_for_clients", async () => {
  const index = await readFile(`${root}www/packages/react/dist/index.js`, "utf8");
  assert.match(index, /^"use client";\n/);
});
