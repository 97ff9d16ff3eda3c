import { useMemo, useState } from "react";
import { connect, type Decision } from "@lockstep/gate";
import { GateProvider, useGate } from "@lockstep/react";
import { readOrganization } from "../api/organization.js";
import { Section } from "../ui/section.js";
import { useSamePerson } from "../organization/use-same-person.js";
import { plainestRole, useRoles } from "../organization/use-roles.js";
import { CopyButton } from "../ui/copy-button.js";
import { Select } from "../ui/field.js";
import { useRead } from "../ui/use-read.js";
import { curlOf, EXAMPLES, type Example } from "./examples.js";

interface CurlExampleProps {
  readonly organization: string;
  readonly token: string | null;
}

/** The same action past the page: what to type, and what the edge answers this person now. */
export function CurlExample({ organization, token }: CurlExampleProps) {
  const store = useMemo(() => connect({ organization }), [organization]);
  return (
    <GateProvider store={store}>
      <Section title="Ask the edge directly">
        <p className="muted section-lead">
          The page only hides what you may not do. The edge decides again, with the same evaluator,
          whoever asks it and however.
        </p>
        <Call organization={organization} token={token} />
      </Section>
    </GateProvider>
  );
}

function Call({ organization, token }: CurlExampleProps) {
  const { gate, policy, status, statusText, epoch } = useGate();
  useSamePerson();
  const { data } = useRead(organization, (signal) => readOrganization(organization, signal), epoch);
  const roles = useRoles();
  const [chosen, setChosen] = useState<Example["operation"]>(EXAMPLES[0].operation);
  const example = EXAMPLES.find(({ operation }) => operation === chosen) ?? EXAMPLES[0];
  const permission = policy?.operations?.[example.operation];
  const role = plainestRole(roles);
  // What the edge knows of this call.
  const facts = {
    ...data?.facts,
    ...(example.operation === "invitation.create" && { "grant.role": role }),
  };
  const curl = curlOf(example, { origin: location.origin, organization, role, token });
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
          <span>{token === null ? "Put your token in the first line" : "With your new token"}</span>
          <CopyButton text={curl} what="the command" />
        </figcaption>
        <pre tabIndex={0} aria-label="Command">
          <code>{curl}</code>
        </pre>
      </figure>
      <figure className="code-block">
        <figcaption>What the edge answers you now</figcaption>
        <pre tabIndex={0} aria-label="Expected answer">
          <code>
            {status !== "ready" || permission === undefined
              ? statusText || "This policy opens the action to nobody."
              : answerOf(gate.explain(permission, undefined, facts), example)}
          </code>
        </pre>
      </figure>
    </div>
  );
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
