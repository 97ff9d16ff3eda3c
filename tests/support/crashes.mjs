// Writes that were acknowledged, and a workerd that is killed in the middle of them.

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

const clients = 16;
/** Within so much time after a start others know what they are owed. */
const owedLimitMs = 20_000;

/**
 * An organization in which every client renames a workspace of its own, time after time, and one more the
 * organization itself: its members are owed the new name, which their own objects keep.
 */
export class Crashes {
  /** Writes that were answered, how often workerd was killed, and how long it then took to be ready. */
  acknowledged = 0;
  kills = 0;
  readyMs = [];

  #edge;
  #person;
  #path;
  #registers = [];
  /** Before the first write, and the newest one that was answered. */
  #firstEpoch;
  #epoch;

  /** @param person who creates it, and writes */
  static async begin(edge, person) {
    const crashes = new Crashes();
    crashes.#edge = edge;
    crashes.#person = person;
    const made = await person.post("/v1/organizations", { name: "Acme" });
    assert.equal(made.status, 201, made.text);
    crashes.#path = `/v1/organizations/${made.json.id}`;
    for (let at = 0; at < clients; at += 1) {
      const workspace = await person.post(`${crashes.#path}/workspaces`, { name: "n-0" });
      assert.equal(workspace.status, 201, workspace.text);
      const path = `/workspaces/${workspace.json.id}`;
      crashes.#registers.push({ id: workspace.json.id, path, sent: 0, acknowledged: 0 });
    }
    const renamed = await person.patch(crashes.#path, { name: "n-0" });
    assert.equal(renamed.status, 200, renamed.text);
    crashes.#registers.push({ id: made.json.id, path: "", sent: 0, acknowledged: 0 });
    crashes.#firstEpoch = (await crashes.#read()).epoch;
    crashes.#epoch = crashes.#firstEpoch;
    return crashes;
  }

  async #read(path = "") {
    const { status, json, text } = await this.#person.get(`${this.#path}${path}`);
    assert.equal(status, 200, text);
    return json;
  }

  /** Writes until `acknowledged` more are answered, kills workerd in the middle, and looks at what is there. */
  async crash(acknowledged) {
    const until = this.acknowledged + acknowledged;
    let isOver = false;
    let enough;
    const reached = new Promise((resolve) => (enough = resolve));
    const write = async (register) => {
      while (!isOver) {
        register.sent += 1;
        const epoch = await this.#write(register).catch(() => undefined);
        // Whoever is cut off does not know whether it was done.
        if (epoch === undefined) return;
        register.acknowledged = register.sent;
        this.acknowledged += 1;
        this.#epoch = Math.max(this.#epoch, epoch);
        if (this.acknowledged >= until) enough();
      }
    };
    const writing = Promise.all(this.#registers.map(write));
    await Promise.race([reached, writing]);
    assert.ok(this.acknowledged >= until, "writes are answered while nothing is wrong");
    isOver = true;
    await this.#edge.kill();
    await writing;
    this.kills += 1;
    const began = performance.now();
    await this.#edge.revive();
    const organization = await this.#check();
    this.readyMs.push(Math.round(performance.now() - began));
    await this.#told(organization);
  }

  async #write({ path, sent }) {
    const { status, headers, text } = await this.#person.send(
      "PATCH",
      `${this.#path}${path}`,
      { name: `n-${sent}` },
    );
    assert.equal(status, 200, text);
    return Number(headers.get("lockstep-epoch"));
  }

  async #check() {
    const organization = await this.#read();
    const { epoch } = organization;
    const { workspaces } = await this.#read("/workspaces");
    const { rows } = await this.#read("/audit?limit=200");
    let steps = 0;
    for (const register of this.#registers) {
      const { name } = [organization, ...workspaces].find(({ id }) => id === register.id);
      const stored = Number(name.slice(2));
      assert.ok(stored >= register.acknowledged, `${name} is from before n-${register.acknowledged}`);
      assert.ok(stored <= register.sent, `${name} was never sent`);
      // What was done and not answered is done as a whole: its row is in the log.
      const logged = rows.find(({ target }) => target === register.id);
      assert.equal(logged?.changes[0].after.name ?? name, name);
      steps += stored - register.acknowledged;
      register.sent = stored;
      register.acknowledged = stored;
    }
    // Every change has one epoch and one row, whether it was answered or not.
    assert.ok(epoch >= this.#epoch, `epoch ${epoch} is from before ${this.#epoch}`);
    const done = this.#registers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    assert.equal(epoch - this.#firstEpoch, done, "one epoch for each change");
    assert.equal(rows[0].epoch, epoch);
    rows.slice(1).forEach((row, at) => {
      assert.equal(row.number, rows[at].number - 1);
      assert.equal(row.epoch, rows[at].epoch - 1);
    });
    assert.ok(steps <= this.#registers.length);
    this.#epoch = epoch;
    return organization;
  }

  /** What a change owes to others is written with it, so it is told after a kill, too. */
  async #told({ id, name }) {
    const limitMs = performance.now() + owedLimitMs;
    for (;;) {
      const { status, json, text } = await this.#person.get("/v1/me");
      assert.equal(status, 200, text);
      const told = json.organizations.find((known) => known.id === id).name;
      if (told === name) return;
      assert.ok(performance.now() < limitMs, `${name} is stored, and its members are told ${told}`);
      await delay(50);
    }
  }
}
