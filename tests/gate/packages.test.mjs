// The packages as they are shipped.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
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

// Frameworks that render on a server would run it there, where there are no hooks.
test("the_package_for_react_is_for_clients", async () => {
  const index = await readFile(`${root}www/packages/react/dist/index.js`, "utf8");
  assert.match(index, /^"use client";\n/);
});
