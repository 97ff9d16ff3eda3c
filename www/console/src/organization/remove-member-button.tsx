import { useState, type FormEvent } from "react";
import { nameOf, removeMember, type Member } from "../api/organization.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useOrganizationChanged } from "./changes.js";
import { OperationButton } from "./operation-button.js";

interface RemoveMemberProps {
  readonly organization: string;
  readonly member: Member;
}

/** Removes somebody else. One's own way out is "Leave", at the end of the page. */
export function RemoveMemberButton({ organization, member }: RemoveMemberProps) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  if (member.self) {
    return null;
  }
  return (
    <>
      <OperationButton
        operation="member.remove"
        facts={member.facts}
        className="button button-small"
        onClick={() => setOpen(true)}
      >
        Remove<span className="visually-hidden"> {nameOf(member)}</span>
      </OperationButton>
      <Dialog title="Remove member" open={open} onClose={close}>
        <RemoveForm organization={organization} member={member} onClose={close} />
      </Dialog>
    </>
  );
}

function RemoveForm({ organization, member, onClose }: RemoveMemberProps & { onClose: () => void }) {
  const announce = useAnnounce();
  const changed = useOrganizationChanged();
  const remove = useAction(async () => {
    await removeMember(organization, member.user_id);
    changed();
    onClose();
    announce(<><bdi>{nameOf(member)}</bdi> is no longer a member.</>);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void remove.run();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        <strong>{nameOf(member)}</strong> changes nothing in this organization any more, and sees nothing
        of it a few seconds later. To come back, they must be invited again.
      </p>
      <p>
        Service keys whose secret they have seen stop within a day. An admin rotates them to end that
        now.
      </p>
      <ErrorNotice error={remove.error} />
      <FormActions submit="Remove" danger busy={remove.busy} onCancel={onClose} cancel="Keep" />
    </form>
  );
}
