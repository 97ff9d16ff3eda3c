import { useState } from "react";
import { readPolicy } from "../api/policy.js";
import { Failed, Loading } from "../ui/notice.js";
import { useRead } from "../ui/use-read.js";

/** What a form's `ScopeFields` say: permission ids, or `null` for all. */
export function scopesOf(form: FormData): string[] | null {
  return form.get("reach") === "chosen" ? form.getAll("scope").map(String) : null;
}

/** All permissions, or chosen ones. */
export function ScopeFields({ all }: { all: string }) {
  const [chosen, setChosen] = useState(false);
  return (
    <fieldset className="choices">
      <legend>Permissions</legend>
      <label className="choice">
        <input type="radio" name="reach" value="all" checked={!chosen} onChange={() => setChosen(false)} />
        {all}
      </label>
      <label className="choice">
        <input type="radio" name="reach" value="chosen" checked={chosen} onChange={() => setChosen(true)} />
        Only these
      </label>
      {chosen && <Permissions />}
    </fieldset>
  );
}

function Permissions() {
  const { status, data, error, reload } = useRead("policy", readPolicy);
  if (data === undefined) {
    return status === "failed" ? (
      <Failed error={error} onRetry={reload} />
    ) : (
      <Loading label="Loading permissions" />
    );
  }
  return (
    <ul className="scopes" aria-label="Chosen permissions">
      {data.permissions.map(({ id, label }) => (
        <li key={id}>
          <label className="choice">
            <input type="checkbox" name="scope" value={id} />
            <span className="wrap">{label ?? id}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}
