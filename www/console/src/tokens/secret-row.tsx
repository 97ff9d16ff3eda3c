import { useState, type FormEvent, type ReactNode } from "react";
import type { NewSecret, Scopes } from "../api/me.js";
import type { Once } from "../api/request.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { Select, textOf } from "../ui/field.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { day, distance } from "../ui/time.js";
import { useAction } from "../ui/use-action.js";
import { useOnce } from "../ui/use-once.js";

/** What tokens and keys have in common. */
export interface ListedSecret {
  readonly id: string;
  readonly name: string;
  readonly scopes: Scopes;
  readonly active: boolean;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly last_used_at_ms: number | null;
}

/** What can be done to one; `New` is what a rotation answers. */
export interface SecretActions<New extends NewSecret> {
  readonly setActive: (active: boolean) => Promise<unknown>;
  readonly rotate: (once: Once, overlapS: number) => Promise<New>;
  readonly remove: () => Promise<unknown>;
}

interface SecretRowProps<New extends NewSecret> {
  readonly secret: ListedSecret;
  readonly actions: SecretActions<New>;
  readonly onChanged: () => void;
  readonly onRotated: (secret: New) => void;
  readonly children?: ReactNode;
}

type Form = "rotate" | "delete";

/** A token or a key: what it may do, when it was used, and what can be done to it. */
export function SecretRow<New extends NewSecret>(props: SecretRowProps<New>) {
  const { secret, actions, onChanged, onRotated, children } = props;
  const [open, setOpen] = useState<Form | null>(null);
  const close = (form: Form) => () => setOpen((open) => (open === form ? null : open));
  const announce = useAnnounce();
  const { name, active } = secret;
  const toggle = useAction(async () => {
    await actions.setActive(!active);
    onChanged();
    announce(`${name} is switched ${active ? "off" : "on"}.`);
  });
  return (
    <li className="setting">
      <div>
        <h3 className="wrap">
          {name}
          {!active && <span className="hint"> (switched off)</span>}
        </h3>
        <p className="hint">
          Created {day(secret.created_at_ms)},{" "}
          {secret.expires_at_ms === null ? "no expiry" : `expires ${day(secret.expires_at_ms)}`},{" "}
          {secret.last_used_at_ms === null ? "never used" : `used ${distance(secret.last_used_at_ms)}`}
        </p>
        <p className="hint wrap">{reachOf(secret.scopes)}</p>
        {children}
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
        <RotateForm secret={secret} rotate={actions.rotate} onRotated={onRotated} onClose={close("rotate")} />
      </Dialog>
      <Dialog title={`Delete ${name}`} open={open === "delete"} onClose={close("delete")}>
        <DeleteForm secret={secret} remove={actions.remove} onDeleted={onChanged} onClose={close("delete")} />
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

interface RotateFormProps<New extends NewSecret> {
  readonly secret: ListedSecret;
  readonly rotate: SecretActions<New>["rotate"];
  readonly onRotated: (secret: New) => void;
  readonly onClose: () => void;
}

function RotateForm<New extends NewSecret>({ secret, rotate, onRotated, onClose }: RotateFormProps<New>) {
  const announce = useAnnounce();
  const once = useOnce();
  const run = useAction(async (overlapS: number) => {
    const rotated = await rotate(once, overlapS);
    onClose();
    onRotated(rotated);
    announce(`${secret.name} has a new secret.`);
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void run.run(Number(textOf(new FormData(event.currentTarget), "overlap")));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        <strong>{secret.name}</strong> gets another secret, which is shown once.
      </p>
      <Select label="The old one ends" name="overlap" options={OVERLAPS} data-first />
      <ErrorNotice error={run.error} />
      <FormActions submit="Make new secret" busy={run.busy} onCancel={onClose} />
    </form>
  );
}

interface DeleteFormProps {
  readonly secret: ListedSecret;
  readonly remove: SecretActions<NewSecret>["remove"];
  readonly onDeleted: () => void;
  readonly onClose: () => void;
}

function DeleteForm({ secret, remove, onDeleted, onClose }: DeleteFormProps) {
  const announce = useAnnounce();
  const run = useAction(async () => {
    await remove();
    onClose();
    onDeleted();
    announce(`${secret.name} is deleted.`);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run.run();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        Whatever uses <strong>{secret.name}</strong> stops working.
      </p>
      <ErrorNotice error={run.error} />
      <FormActions submit="Delete" danger busy={run.busy} onCancel={onClose} cancel="Keep" />
    </form>
  );
}
