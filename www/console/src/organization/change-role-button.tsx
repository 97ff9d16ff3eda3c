import { useState, type FormEvent } from "react";
import { useGate } from "@lockstep/react";
import { changeRole, nameOf, type Member } from "../api/organization.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useOrganizationChanged } from "./changes.js";
import { useFacts } from "./facts.js";
import { OperationButton } from "./operation-button.js";
import { useFactsOfAnyRole, useRoles } from "./use-roles.js";

interface ChangeRoleProps {
  readonly organization: string;
  readonly member: Member;
}

export function ChangeRoleButton({ organization, member }: ChangeRoleProps) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const facts = useFactsOfAnyRole("member.update-role", member.facts);
  return (
    <>
      <OperationButton
        operation="member.update-role"
        facts={facts}
        className="button button-small"
        onClick={() => setOpen(true)}
      >
        Change role<span className="visually-hidden"> of {nameOf(member)}</span>
      </OperationButton>
      <Dialog title="Change role" open={open} onClose={close}>
        <ChangeRoleForm organization={organization} member={member} onClose={close} />
      </Dialog>
    </>
  );
}

function ChangeRoleForm({ organization, member, onClose }: ChangeRoleProps & { onClose: () => void }) {
  const announce = useAnnounce();
  const changed = useOrganizationChanged();
  // A radio that is disabled while nothing can be read would be left out of the form's own data.
  const [chosen, setChosen] = useState<string | null>(null);
  const role = chosen ?? member.role;
  const listed = useRoles().some(({ id }) => id === role);
  const change = useAction(async () => {
    if (role !== member.role) {
      const changedMember = await changeRole(organization, member.user_id, role);
      changed();
      announce(<><bdi>{nameOf(changedMember)}</bdi> is <bdi>{changedMember.role_name}</bdi> now.</>);
    }
    onClose();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (listed) {
      void change.run();
    }
  };
  return (
    <form className="stack" onSubmit={submit}>
      <RoleChoice member={member} role={role} onChoose={setChosen} />
      <ErrorNotice error={change.error} />
      <FormActions submit="Change role" busy={change.busy || !listed} onCancel={onClose} />
    </form>
  );
}

interface RoleChoiceProps {
  readonly member: Member;
  readonly role: string;
  readonly onChoose: (role: string) => void;
}

/**
 * The roles to choose from; one for which the permission to change this member's is not open says why.
 * That one gives more than the person holds is said by the edge.
 */
function RoleChoice({ member, role, onChoose }: RoleChoiceProps) {
  const { gate, policy } = useGate();
  const known = useFacts(member.facts);
  const permission = policy?.operations?.["member.update-role"] ?? "";
  return (
    <fieldset className="choices">
      <legend className="wrap">{nameOf(member)}</legend>
      {useRoles().map(({ id, name, description }) => {
        const facts = { ...known, "grant.role": id };
        const allowed = id === member.role || gate.can(permission, undefined, facts);
        return (
          <label key={id} className="choice">
            <input
              type="radio"
              name="role"
              value={id}
              checked={id === role}
              onChange={() => onChoose(id)}
              disabled={!allowed}
              data-first={id === member.role ? "" : undefined}
            />
            <span>
              <bdi>{name}</bdi>
              {id === member.role && <span className="hint"> (now)</span>}
              <span className="hint choice-text">
                {allowed ? description : gate.explain(permission, undefined, facts).reasons[0]?.text}
              </span>
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
