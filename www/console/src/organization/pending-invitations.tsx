import { useGate } from "@lockstep/react";
import { cancelInvitation, readInvitations, sendAgain, type Invitation } from "../api/invitation.js";
import { useAnnounce } from "../ui/announcer.js";
import { Empty, ErrorNotice, Loading } from "../ui/notice.js";
import { distance } from "../ui/time.js";
import { useAction } from "../ui/use-action.js";
import { useOnce } from "../ui/use-once.js";
import { useRead } from "../ui/use-read.js";
import { useOrganizationChanged } from "./changes.js";
import { useFacts } from "./facts.js";
import { OperationButton } from "./operation-button.js";
import { Section } from "../ui/section.js";
import { Unread } from "./unread.js";

const TITLE = "Pending invitations";

interface PendingInvitationsProps {
  readonly organization: string;
  readonly version: string;
}

/** Everyone who has been invited and has not answered, for who may see them: a read that is refused may be a row of the audit log. */
export function PendingInvitations(props: PendingInvitationsProps) {
  const { policy, gate, status } = useGate();
  const facts = useFacts();
  const permission = policy?.operations?.["invitation.read"];
  if (status === "loading") {
    return (
      <Section title={TITLE}>
        <Loading label="Loading invitations" rows={2} />
      </Section>
    );
  }
  if (status === "ready" && permission !== undefined && !gate.can(permission, undefined, facts)) {
    return (
      <Section title={TITLE}>
        <Empty title={gate.explain(permission, undefined, facts).reasons[0]?.text ?? ""} />
      </Section>
    );
  }
  return <Listed {...props} />;
}

function Listed({ organization, version }: PendingInvitationsProps) {
  const { status, data, error, reload } = useRead(
    organization,
    (signal) => readInvitations(organization, signal),
    version,
  );
  const list = data?.invitations;
  return (
    <Section title={TITLE} count={list?.length}>
      {status === "loading" && <Loading label="Loading invitations" rows={2} />}
      {status === "failed" && (
        <Unread operation="invitation.read" error={error} onRetry={reload} />
      )}
      {list?.length === 0 && <Empty title="Nobody is waiting to join" />}
      {list && list.length > 0 && (
        <ul className="rows">
          {list.map((invitation) => (
            <Pending key={invitation.id} organization={organization} invitation={invitation} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Pending({ organization, invitation }: { organization: string; invitation: Invitation }) {
  const announce = useAnnounce();
  const changed = useOrganizationChanged();
  // What one of the two said last is no news once the other is tried.
  const cancel = useAction(async () => {
    again.clear();
    await cancelInvitation(organization, invitation.id);
    changed();
    announce(<>The invitation to <bdi>{invitation.email}</bdi> is canceled.</>);
  });
  const once = useOnce();
  const again = useAction(async () => {
    cancel.clear();
    await sendAgain(once, organization, invitation.id);
    changed();
    announce(<>The invitation to <bdi>{invitation.email}</bdi> is sent again.</>);
  });
  return (
    <li className="pending">
      <div className="pending-name">
        <span className="wrap">{invitation.email}</span>
        <span className="hint">
          <bdi>{invitation.role_name}</bdi>, expires {distance(invitation.expires_at_ms)}
        </span>
      </div>
      <OperationButton
        operation="invitation.create"
        facts={{ "grant.role": invitation.role }}
        className="button button-small"
        onClick={() => void again.run()}
      >
        Send again<span className="visually-hidden"> the invitation to {invitation.email}</span>
      </OperationButton>
      <OperationButton
        operation="invitation.cancel"
        facts={{ "target.role": invitation.role }}
        className="button button-small"
        onClick={() => void cancel.run()}
      >
        Cancel<span className="visually-hidden"> the invitation to {invitation.email}</span>
      </OperationButton>
      <ErrorNotice error={again.error ?? cancel.error} />
    </li>
  );
}
