import type { FormEvent } from "react";
import { removeMember, type Organization } from "../api/organization.js";
import { useMe } from "../session/session.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { useLeaving } from "./use-leaving.js";

interface LeaveFormProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

export function LeaveForm({ organization, onClose }: LeaveFormProps) {
  const me = useMe();
  const leave = useLeaving(
    organization.id,
    () => removeMember(organization.id, me.user.id),
    <>
      You left <bdi>{organization.name}</bdi>.
    </>,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void leave.run();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="wrap">
        You change nothing in <strong>{organization.name}</strong> any more, and see nothing of it a few
        seconds later. Service keys whose secret you have seen stop within a day.
      </p>
      <ErrorNotice error={leave.error} />
      <FormActions submit="Leave" danger busy={leave.busy} onCancel={onClose} cancel="Stay" />
    </form>
  );
}
