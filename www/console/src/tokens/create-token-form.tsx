import { useState, type FormEvent } from "react";
import { createToken, type NewToken } from "../api/me.js";
import { Field, Select, textOf } from "../ui/field.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useOnce } from "../ui/use-once.js";
import { lifetimeOf, lifetimes } from "./lifetime.js";
import { ScopeFields, scopesOf } from "./scope-fields.js";

const PLACES = [
  { value: "", text: "Everywhere" },
  { value: "here", text: "In this organization only" },
];

interface CreateTokenFormProps {
  readonly organization: string | null;
  /** How long a token may live to be taken there, in seconds; `null`: as long as it likes, or it is not known. */
  readonly lifetimeMaxS: number | null;
  readonly onCreated: (token: NewToken) => void;
}

export function CreateTokenForm({ organization, lifetimeMaxS, onCreated }: CreateTokenFormProps) {
  const once = useOnce();
  const { options, first } = lifetimes(lifetimeMaxS);
  const [lifetime, setLifetime] = useState<string | null>(null);
  const create = useAction(async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const isHere = textOf(data, "place") === "here" && organization !== null;
    onCreated(
      await createToken(once, {
        name: textOf(data, "name"),
        scopes: scopesOf(data),
        subtree: isHere ? { organization } : null,
        expires_in_s: lifetimeOf(textOf(data, "lifetime")),
      }),
    );
    form.reset();
    setLifetime(null);
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void create.run(event.currentTarget);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Field label="Name" name="name" required maxLength={100} autoComplete="off" placeholder="Laptop" />
      <Select
        label="Expires"
        name="lifetime"
        options={options}
        value={lifetime ?? first}
        onChange={(event) => setLifetime(event.target.value)}
      />
      {organization !== null && <Select label="Works" name="place" options={PLACES} />}
      <ScopeFields all="All of mine" />
      <ErrorNotice error={create.error} />
      <div>
        <button className="button button-primary" aria-disabled={create.busy}>
          Create token
        </button>
      </div>
    </form>
  );
}
