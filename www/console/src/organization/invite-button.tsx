import { useState, type FormEvent } from "react";
import { invite } from "../api/invitation.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { Field, Select, textOf } from "../ui/field.js";
import { FormActions } from "../ui/form-actions.js";
import { Icon } from "../ui/icon.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useOnce } from "../ui/use-once.js";
import { useOrganizationChanged } from "./changes.js";
import { OperationButton } from "./operation-button.js";
import { plainestRole, useFactsOfAnyRole, useInvitableRoles } from "./use-roles.js";

export function InviteButton({ organization }: { organization: string }) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const facts = useFactsOfAnyRole("invitation.create");
  return (
    <>
      <OperationButton
        operation="invitation.create"
        facts={facts}
        className="button button-primary"
        onClick={() => setOpen(true)}
      >
        <Icon name="plus" />
        Invite
      </OperationButton>
      <Dialog title="Invite" open={open} onClose={close}>
        <InviteForm organization={organization} onClose={close} />
      </Dialog>
    </>
  );
}

function InviteForm({ organization, onClose }: { organization: string; onClose: () => void }) {
  const roles = useInvitableRoles();
  // Roles may go away and come back while the form is open: what was chosen is not for the browser to keep.
  const [role, setRole] = useState(() => plainestRole(roles));
  const announce = useAnnounce();
  const changed = useOrganizationChanged();
  const once = useOnce();
  const send = useAction(async (email: string, role: string) => {
    const invitation = await invite(once, organization, email, role);
    changed();
    onClose();
    announce(<><bdi>{invitation.email}</bdi> is invited as <bdi>{invitation.role_name}</bdi>.</>);
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    void send.run(textOf(form, "email"), textOf(form, "role"));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Field label="E-mail address" name="email" type="email" autoComplete="off" required data-first />
      <Select
        label="Role"
        name="role"
        required
        value={role}
        onChange={(event) => setRole(event.target.value)}
        options={roles.map(({ id, name }) => ({ value: id, text: name }))}
      />
      <ErrorNotice error={send.error} />
      <FormActions submit="Send invitation" busy={send.busy} onCancel={onClose} />
    </form>
  );
}
