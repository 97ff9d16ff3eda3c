import { useState, type FormEvent } from "react";
import {
  deleteToken,
  rotateToken,
  setTokenActive,
  type NewToken,
  type OrganizationName,
  type Scopes,
  type Token,
} from "../api/me.js";
import { useMe } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { Select, textOf } from "../ui/field.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { day, distance } from "../ui/time.js";
import { useAction } from "../ui/use-action.js";
import { useOnce } from "../ui/use-once.js";

interface TokenRowProps {
  readonly token: Token;
  readonly onChanged: () => void;
  readonly onRotated: (token: NewToken) => void;
  readonly onDeleted: () => void;
}

type Form = "rotate" | "delete";

/** A token: what it may do, when it was used, and what can be done to it. */
export function TokenRow({ token, onChanged, onRotated, onDeleted }: TokenRowProps) {
  const { organizations } = useMe();
  const [open, setOpen] = useState<Form | null>(null);
  const close = (form: Form) => () => setOpen((open) => (open === form ? null : open));
  const announce = useAnnounce();
  const { name, active } = token;
  const toggle = useAction(async () => {
    await setTokenActive(token.id, !active);
    onChanged();
    announce(<><bdi>{name}</bdi> is switched {active ? "off" : "on"}.</>);
  });
  return (
    <li className="setting">
      <div>
        <h3 className="wrap">
          <bdi>{name}</bdi>
          {!active && <span className="hint"> (switched off)</span>}
        </h3>
        <p className="hint">
          Created {day(token.created_at_ms)},{" "}
          {token.expires_at_ms === null ? "no expiry" : `expires ${day(token.expires_at_ms)}`},{" "}
          {token.last_used_at_ms === null ? "never used" : `used ${distance(token.last_used_at_ms)}`}
        </p>
        <p className="hint wrap">{reachOf(token.scopes)}</p>
        {token.subtree && <p className="hint wrap">{placeOf(token.subtree, organizations)}</p>}
        <ErrorNotice error={toggle.error} />
      </div>
      <div className="row">
        <RowButton name={name} onClick={() => void toggle.run()}>
          {active ? "Switch off" : "Switch on"}
        </RowButton>
        <RowButton name={name} onClick={() => setOpen("rotate")}>
          Rotate
        </RowButton>
        <RowButton name={name} onClick={() => setOpen("delete")}>
          Delete
        </RowButton>
      </div>
      <Dialog title="New secret" open={open === "rotate"} onClose={close("rotate")}>
        <RotateForm token={token} onRotated={onRotated} onClose={close("rotate")} />
      </Dialog>
      <Dialog title={`Delete ${name}`} open={open === "delete"} onClose={close("delete")}>
        <DeleteForm token={token} onDeleted={onDeleted} onClose={close("delete")} />
      </Dialog>
    </li>
  );
}

function reachOf(scopes: Scopes): string {
  if (scopes === null) {
    return "All permissions";
  }
  return scopes.length === 0 ? "No permission" : scopes.join(", ");
}

function placeOf(subtree: NonNullable<Token["subtree"]>, known: readonly OrganizationName[]) {
  const name = known.find(({ id }) => id === subtree.organization)?.name ?? subtree.organization;
  return (
    <>
      Only in {subtree.node !== subtree.organization && `${subtree.node} of `}
      <bdi>{name}</bdi>
    </>
  );
}

interface RowButtonProps {
  readonly name: string;
  readonly onClick: () => void;
  readonly children: string;
}

function RowButton({ name, onClick, children }: RowButtonProps) {
  return (
    <button type="button" className="button button-small" onClick={onClick}>
      {children}
      <span className="visually-hidden"> {name}</span>
    </button>
  );
}

const OVERLAPS = [
  { value: "0", text: "at once" },
  { value: "3600", text: "in an hour" },
  { value: "86400", text: "in a day" },
];

interface RotateFormProps {
  readonly token: Token;
  readonly onRotated: (token: NewToken) => void;
  readonly onClose: () => void;
}

function RotateForm({ token, onRotated, onClose }: RotateFormProps) {
  const announce = useAnnounce();
  const once = useOnce();
  const run = useAction(async (overlapS: number) => {
    const rotated = await rotateToken(once, token.id, overlapS);
    onClose();
    onRotated(rotated);
    announce(<><bdi>{token.name}</bdi> has a new secret.</>);
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void run.run(Number(textOf(new FormData(event.currentTarget), "overlap")));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        <strong>{token.name}</strong> gets another secret, which is shown once.
      </p>
      <Select label="The old one ends" name="overlap" options={OVERLAPS} data-first />
      <ErrorNotice error={run.error} />
      <FormActions submit="Make new secret" busy={run.busy} onCancel={onClose} />
    </form>
  );
}

interface DeleteFormProps {
  readonly token: Token;
  readonly onDeleted: () => void;
  readonly onClose: () => void;
}

function DeleteForm({ token, onDeleted, onClose }: DeleteFormProps) {
  const announce = useAnnounce();
  const run = useAction(async () => {
    await deleteToken(token.id);
    onClose();
    onDeleted();
    announce(<><bdi>{token.name}</bdi> is deleted.</>);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run.run();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        Whatever uses <strong>{token.name}</strong> stops working.
      </p>
      <ErrorNotice error={run.error} />
      <FormActions submit="Delete" danger busy={run.busy} onCancel={onClose} cancel="Keep" />
    </form>
  );
}
