import type { FormEvent } from "react";
import { createOrganization } from "../api/organization.js";
import { navigate, pathTo } from "../router.js";
import { useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { Field, textOf } from "../ui/field.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useOnce } from "../ui/use-once.js";

export function CreateOrganizationDialog(props: { open: boolean; onClose: () => void }) {
  return (
    <Dialog title="Create organization" {...props}>
      <CreateForm onClose={props.onClose} />
    </Dialog>
  );
}

function CreateForm({ onClose }: { onClose: () => void }) {
  const { correct } = useSession();
  const announce = useAnnounce();
  const once = useOnce();
  const create = useAction(async (name: string) => {
    const created = await createOrganization(once, name);
    correct(created.id, created);
    onClose();
    navigate(pathTo.organization(created.id));
    announce(<><bdi>{name}</bdi> is ready.</>);
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void create.run(textOf(new FormData(event.currentTarget), "name"));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Field label="Name" name="name" required maxLength={100} autoComplete="organization" data-first />
      <ErrorNotice error={create.error} />
      <FormActions submit="Create organization" busy={create.busy} onCancel={onClose} />
    </form>
  );
}
