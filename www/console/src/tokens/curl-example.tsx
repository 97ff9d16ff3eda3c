import { useState } from "react";
import type { Decision } from "@lockstep/gate";
import { useGate } from "@lockstep/react";
import type { NewToken } from "../api/me.js";
import type { Organization } from "../api/organization.js";
import { Section } from "../ui/section.js";
import { plainestRole, useRoles } from "../organization/use-roles.js";
import { CopyButton } from "../ui/copy-button.js";
import { Select } from "../ui/field.js";
import { curlOf, EXAMPLES, type Example } from "./examples.js";
import { isTaken } from "./lifetime.js";

interface CurlExampleProps {
  readonly organization: string;
  /** The organization, once it was read. */
  readonly place: Organization | undefined;
  readonly token: NewToken | null;
}

/** The same action past the page: what to type, and what the edge answers this person now. */
export function CurlExample(props: CurlExampleProps) {
  return (
    <Section title="Ask the edge directly">
      <p className="muted section-lead">
        The page only hides what you may not do. The edge decides again, with the same evaluator,
        whoever asks it and however.
      </p>
      <Call {...props} />
    </Section>
  );
}

function Call({ organization, place, token }: CurlExampleProps) {
  const { gate, policy, status, statusText } = useGate();
  const roles = useRoles();
  const [chosen, setChosen] = useState<Example["operation"]>(EXAMPLES[0].operation);
  const example = EXAMPLES.find(({ operation }) => operation === chosen) ?? EXAMPLES[0];
  const permission = policy?.operations?.[example.operation];
  const role = plainestRole(roles);
  // What the edge knows of this call.
  const facts = {
    ...place?.facts,
    ...(example.operation === "invitation.create" && { "grant.role": role }),
  };
  const secret = token?.token ?? null;
  const curl = curlOf(example, { origin: location.origin, organization, role, token: secret });
  const own = token === null ? null : ownAnswer(token, organization, place?.token_lifetime_max_s ?? null);
  return (
    <div className="stack">
      <Select
        label="Action"
        value={chosen}
        onChange={(event) => setChosen(event.target.value as Example["operation"])}
        options={EXAMPLES.map(({ operation, text }) => ({ value: operation, text }))}
      />
      <figure className="code-block">
        <figcaption className="row row-apart">
          <span>{secret === null ? "Put your token in the first line" : "With your new token"}</span>
          <CopyButton text={curl} what="the command" />
        </figcaption>
        <pre tabIndex={0} aria-label="Command">
          <code>{curl}</code>
        </pre>
      </figure>
      <figure className="code-block">
        <figcaption>What the edge answers {own === null ? "you" : "this token"} now</figcaption>
        <pre tabIndex={0} aria-label="Expected answer">
          <code>
            {own !== null
              ? own
              : status !== "ready" || permission === undefined
              ? statusText || "This policy opens the action to nobody."
              : answerOf(gate.explain(permission, undefined, facts), example)}
          </code>
        </pre>
      </figure>
    </div>
  );
}

/** What is known of the answer to a token that is worth less than its person; `null`: it is worth the same. */
function ownAnswer({ scopes, subtree, ...token }: NewToken, organization: string, lifetimeMaxS: number | null) {
  const { active, created_at_ms, expires_at_ms } = token;
  if (!active) {
    return "HTTP/1.1 401 Unauthorized: the token is switched off.";
  }
  const lifetimeS = expires_at_ms === null ? null : (expires_at_ms - created_at_ms) / 1_000;
  if (!isTaken(lifetimeS, lifetimeMaxS)) {
    return "HTTP/1.1 403 Forbidden: the token lives longer than this organization takes.";
  }
  const isNarrow = scopes !== null || (subtree !== null && subtree.node !== organization);
  return isNarrow ? "No more than what it was made for: its permissions and its place count, too." : null;
}

/** The beginning of the edge's answer; the reason is word for word what the page's buttons show. */
function answerOf({ decision, reasons }: Decision, { done }: Example): string {
  const [reason] = reasons;
  if (decision) {
    return `HTTP/1.1 ${done}`;
  }
  return [
    "HTTP/1.1 403 Forbidden",
    "Content-Type: application/problem+json",
    "",
    JSON.stringify({ status: 403, code: reason?.code, detail: reason?.text }, null, 2),
  ].join("\n");
}
