import { useState, type FormEvent } from "react";
import { deleteOrganization, type Organization } from "../api/organization.js";
import { Field } from "../ui/field.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { useLeaving } from "./use-leaving.js";

interface DeleteFormProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

export function DeleteForm({ organization, onClose }: DeleteFormProps) {
  const [typed, setTyped] = useState("");
  const matches = shown(typed) === shown(organization.name);
  const remove = useLeaving(
    organization.id,
    () => deleteOrganization(organization.id, organization.name),
    <>
      <bdi>{organization.name}</bdi> is deleted.
    </>,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (matches) {
      void remove.run();
    }
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        This deletes <strong>{organization.name}</strong> for all its members. For 30 days whoever
        was an admin of it can restore it: it is in their list of organizations.
      </p>
      <Field
        label={
          <>
            Type “<bdi>{organization.name}</bdi>” to confirm
          </>
        }
        name="confirmation"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        autoComplete="off"
        hint={typed !== "" && !matches ? "This is not the name yet." : undefined}
        data-first
      />
      <ErrorNotice error={remove.error} />
      <FormActions
        submit="Delete organization"
        danger
        busy={remove.busy || !matches}
        onCancel={onClose}
        cancel="Keep"
      />
    </form>
  );
}

/**
 * A name as a page shows it and a keyboard types it: white space of any kind and length is one space, or
 * nothing at its ends, what has no width is nothing, and a letter is the same in one part and in several.
 */
function shown(name: string): string {
  const visible = name.normalize("NFC").replace(/\p{Default_Ignorable_Code_Point}/gu, "");
  return visible.replace(/\s+/gu, " ").trim();
}
