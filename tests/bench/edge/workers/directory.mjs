// The product's Worker, and beside it what a benchmark of its directory needs and no product has:
// transactions of an organization's object that change nothing, and thousands of members at once.

import product, * as objects from "./index.js";

export const { AddressObject, DomainObject, MailboxObject, SlugObject, UserObject } = objects;

const numbers = "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < ?1)";

export class OrganizationObject extends objects.OrganizationObject {
  /** A transaction that writes nothing. */
  nothing() {
    this.ctx.storage.transactionSync(() => {});
  }

  /** The smallest that has to be kept: one row is written, as it was. */
  row() {
    this.ctx.storage.transactionSync(() => this.#exec("UPDATE organization SET epoch = epoch"));
  }

  /** Members who hold `role` on `node`, and a role on the organization itself, as rows. */
  fill({ members, node, role }) {
    this.#unnoted(() => {
      const organization = this.#organization();
      this.#exec(
        `${numbers} INSERT INTO member (user, address, joined_at_ms, epoch)
          SELECT 'usr_' || at, 'person' || (at * 7919 % 10007) || '@large.example', 1900000000000 + at, 1 FROM n`,
        members,
      );
      for (const [on, held] of [[organization, "member"], ...(role ? [[node, role]] : [])]) {
        this.#exec(
          "INSERT INTO granted (user, node, role) SELECT user, ?, ? FROM member WHERE address LIKE '%@large.example'",
          on,
          held,
        );
      }
    });
  }

  /** Invitations that `user` has sent to each of `addresses`, by ids that count, and their addresses are told. Members get addresses, so that they are mailed. */
  invite({ user, addresses, prefix }) {
    this.#unnoted(() => {
      const now = Date.now();
      for (const [at, address] of addresses.entries()) {
        this.#exec(
          `INSERT INTO invitation (id, hash, address, role, state, invited_by, created_at_ms, expires_at_ms, sent_at_ms)
            VALUES (?1, ?1, ?2, 'member', 'pending', ?3, ?4, ?5, ?4)`,
          `${prefix}${at}`,
          address,
          user,
          now,
          now + 86_400_000,
        );
        this.#owe({ address_invitation: { address, change: this.#pending(`${prefix}${at}`, user, now) } });
      }
      this.#exec("UPDATE member SET address = user || '@small.example' WHERE address IS NULL");
    });
  }

  /** How many deliveries were ever put into the outbox. */
  enqueued() {
    return this.#exec("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").toArray()[0]?.seq ?? 0;
  }

  /** How many deliveries wait. */
  waiting() {
    return this.#exec("SELECT COUNT(*) AS waiting FROM outbox").one().waiting;
  }

  /** Changes by hand, of which the audit log is told nothing. */
  #unnoted(change) {
    this.ctx.storage.transactionSync(() => {
      change();
      this.#exec("DELETE FROM audit_change");
    });
  }

  #pending(invitation, user, now) {
    const { id, name } = this.#exec("SELECT id, name FROM organization").one();
    const shown = { organization: id, organization_name: name, role: "member", role_name: "Member", invited_by: user };
    return { invitation, epoch: 1, expires_at_ms: now + 86_400_000, pending: shown };
  }

  #owe(delivery) {
    this.#exec("INSERT INTO outbox (payload, next_at_ms) VALUES (?, 0)", JSON.stringify(delivery));
  }

  #organization() {
    return this.#exec("SELECT id FROM organization").one().id;
  }

  #exec(statement, ...values) {
    return this.ctx.storage.sql.exec(statement, ...values);
  }
}

export default {
  async fetch(request, env, context) {
    const [, place, organization, command] = new URL(request.url).pathname.split("/");
    if (place !== "bench") return product.fetch(request, env, context);
    const stub = env.ORGANIZATIONS.getByName(organization);
    const argument = request.method === "POST" ? [await request.json()] : [];
    return Response.json({ value: await stub[command](...argument) });
  },
};
