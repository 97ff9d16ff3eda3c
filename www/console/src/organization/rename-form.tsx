import type { FormEvent } from "react";
import { renameOrganization, type Organization } from "../api/organization.js";
import { useAnnounce } from "../ui/announcer.js";
import { Field, textOf } from "../ui/field.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useOrganizationChanged } from "./changes.js";

interface RenameFormProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

export function RenameForm({ organization, onClose }: RenameFormProps) {
  const announce = useAnnounce();
  const changed = useOrganizationChanged();
  const rename = useAction(async (name: string) => {
    await renameOrganization(organization.id, name);
    changed();
    onClose();
    announce(<>The organization is called <bdi>{name}</bdi> now.</>);
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void rename.run(textOf(new FormData(event.currentTarget), "name"));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Field label="Name" name="name" defaultValue={organization.name} required maxLength={100} data-first />
      <ErrorNotice error={rename.error} />
      <FormActions submit="Rename" busy={rename.busy} onCancel={onClose} />
    </form>
  );
}
