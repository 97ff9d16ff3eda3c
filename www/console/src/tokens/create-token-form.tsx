import type { FormEvent } from "react";
import { createToken, type NewToken } from "../api/me.js";
import { Field, Select, textOf } from "../ui/field.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";

const DAY_S = 86_400;

const LIFETIMES = [
  { value: String(7 * DAY_S), text: "7 days" },
  { value: String(30 * DAY_S), text: "30 days" },
  { value: String(90 * DAY_S), text: "90 days" },
  { value: "", text: "No expiry" },
];

export function CreateTokenForm({ onCreated }: { onCreated: (token: NewToken) => void }) {
  const create = useAction(async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const lifetime = textOf(data, "lifetime");
    onCreated(await createToken(textOf(data, "name"), lifetime === "" ? null : Number(lifetime)));
    form.reset();
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void create.run(event.currentTarget);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Field label="Name" name="name" required maxLength={100} autoComplete="off" placeholder="Laptop" />
      <Select label="Expires" name="lifetime" options={LIFETIMES} defaultValue={LIFETIMES[1]?.value} />
      <ErrorNotice error={create.error} />
      <div>
        <button className="button button-primary" aria-disabled={create.busy}>
          Create token
        </button>
      </div>
    </form>
  );
}
