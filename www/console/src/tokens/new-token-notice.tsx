import { useEffect, useRef } from "react";
import type { NewSecret } from "../api/me.js";
import { CopyButton } from "../ui/copy-button.js";

/** The secret of a token just made: shown now and never again. Whose was lost says how to get another. */
export function NewTokenNotice({ token, onDone }: { token: NewSecret; onDone: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const name = <strong className="wrap">{token.name}</strong>;

  useEffect(() => box.current?.focus(), [token]);

  return (
    <div ref={box} className="notice notice-info stack" tabIndex={-1} role="group" aria-label="New token">
      {token.token === undefined ? (
        <p>
          {name} is there, but its secret was in an answer that did not arrive, and is not shown again.
          Rotate it for another secret, or delete it.
        </p>
      ) : (
        <>
          <p>Copy {name} now. It is not shown again.</p>
          <output className="secret" aria-label="Token">
            {token.token}
          </output>
        </>
      )}
      <div className="row">
        {token.token !== undefined && <CopyButton text={token.token} what="the token" />}
        <button type="button" className="button button-small" onClick={onDone}>
          Done
        </button>
      </div>
    </div>
  );
}
