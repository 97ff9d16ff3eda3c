import { useEffect, useRef } from "react";
import type { NewSecret } from "../api/me.js";
import { CopyButton } from "../ui/copy-button.js";

/** The secret of a token just made: shown now and never again. */
export function NewTokenNotice({ token, onDone }: { token: NewSecret; onDone: () => void }) {
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => box.current?.focus(), [token.token]);

  return (
    <div ref={box} className="notice notice-info stack" tabIndex={-1} role="group" aria-label="New token">
      <p>
        Copy <strong className="wrap">{token.name}</strong> now. It is not shown again.
      </p>
      <output className="secret" aria-label="Token">
        {token.token}
      </output>
      <div className="row">
        <CopyButton text={token.token} what="the token" />
        <button type="button" className="button button-small" onClick={onDone}>
          Done
        </button>
      </div>
    </div>
  );
}
