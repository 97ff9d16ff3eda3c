import { useState, type FormEvent } from "react";
import { revokeToken, type Token } from "../api/me.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { day } from "../ui/time.js";
import { useAction } from "../ui/use-action.js";

interface TokenProps {
  readonly token: Token;
  readonly onRevoked: () => void;
}

export function TokenRow({ token, onRevoked }: TokenProps) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <li className="setting">
      <div>
        <h3 className="wrap">{token.name}</h3>
        <p className="hint">
          Created {day(token.created_at_ms)},{" "}
          {token.expires_at_ms === null ? "no expiry" : `expires ${day(token.expires_at_ms)}`}
        </p>
      </div>
      <button type="button" className="button button-small" onClick={() => setOpen(true)}>
        Revoke<span className="visually-hidden"> {token.name}</span>
      </button>
      <Dialog title="Revoke token" open={open} onClose={close}>
        <RevokeForm token={token} onRevoked={onRevoked} onClose={close} />
      </Dialog>
    </li>
  );
}

function RevokeForm({ token, onRevoked, onClose }: TokenProps & { onClose: () => void }) {
  const announce = useAnnounce();
  const revoke = useAction(async () => {
    await revokeToken(token.id);
    onClose();
    onRevoked();
    announce(`${token.name} is revoked.`);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void revoke.run();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        Whatever uses <strong>{token.name}</strong> stops working at once.
      </p>
      <ErrorNotice error={revoke.error} />
      <FormActions submit="Revoke" danger busy={revoke.busy} onCancel={onClose} cancel="Keep" />
    </form>
  );
}
