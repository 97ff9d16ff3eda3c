import { useState, type ReactNode } from "react";
import { useGate } from "@lockstep/react";
import type { Member, Organization } from "../api/organization.js";
import { Dialog } from "../ui/dialog.js";
import { DeleteForm } from "./delete-form.js";
import { LeaveForm } from "./leave-form.js";
import { OperationButton } from "./operation-button.js";
import { RenameForm } from "./rename-form.js";
import { Section } from "../ui/section.js";

type Form = "rename" | "delete" | "leave";

interface SettingsProps {
  readonly organization: Organization;
  /** The person as a member, once that is known: leaving is about them. */
  readonly self: Member | undefined;
}

/** What can be done to the organization itself, and the way out of it. */
export function Settings({ organization, self }: SettingsProps) {
  const [open, setOpen] = useState<Form | null>(null);
  const close = (form: Form) => () => setOpen((open) => (open === form ? null : open));
  const canLeave = useGate().policy?.operations?.["member.leave"] !== undefined;
  return (
    <Section title="Organization">
      <ul className="rows">
        <Setting title="Name" text={organization.name}>
          <OperationButton
            operation="organization.update"
            className="button button-small"
            onClick={() => setOpen("rename")}
          >
            Rename
          </OperationButton>
        </Setting>
        {canLeave && (
          <Setting title="Leave" text="You lose access within seconds. To come back, you must be invited.">
            <OperationButton
              operation="member.leave"
              facts={self?.facts}
              className="button button-small"
              onClick={() => setOpen("leave")}
            >
              Leave organization
            </OperationButton>
          </Setting>
        )}
        <Setting title="Delete" text="Everyone loses access, and every token for it stops working.">
          <OperationButton
            operation="organization.delete"
            className="button button-small button-danger-quiet"
            onClick={() => setOpen("delete")}
          >
            Delete organization
          </OperationButton>
        </Setting>
      </ul>
      <Dialog title="Rename organization" open={open === "rename"} onClose={close("rename")}>
        <RenameForm organization={organization} onClose={close("rename")} />
      </Dialog>
      <Dialog title="Leave organization" open={open === "leave"} onClose={close("leave")}>
        <LeaveForm organization={organization} onClose={close("leave")} />
      </Dialog>
      <Dialog title="Delete organization" open={open === "delete"} onClose={close("delete")}>
        <DeleteForm organization={organization} onClose={close("delete")} />
      </Dialog>
    </Section>
  );
}

function Setting({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <li className="setting">
      <div>
        <h3>{title}</h3>
        <p className="hint wrap">{text}</p>
      </div>
      {children}
    </li>
  );
}
