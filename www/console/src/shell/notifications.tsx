import { useRef } from "react";
import type { MyInvitation } from "../api/me.js";
import { InvitationAnswer } from "./invitation-answer.js";
import { Icon } from "../ui/icon.js";
import { Empty, Failed, Loading } from "../ui/notice.js";
import { useMyInvitations } from "./use-my-invitations.js";

/** The bell: what waits for an answer from the signed-in person. */
export function Notifications() {
  const { status, error, invitations, reload, answer } = useMyInvitations();
  const panel = useRef<HTMLDivElement>(null);
  const count = invitations.length;
  const answered = (id: string) => {
    panel.current?.hidePopover();
    answer(id);
  };
  return (
    <>
      <button
        type="button"
        className="icon-button bell"
        popoverTarget="notifications"
        aria-label={`Notifications, ${countText(count)}`}
      >
        <Icon name="bell" />
        {count > 0 && (
          <span className="count" aria-hidden="true">
            {count > 9 ? "9+" : count}
          </span>
        )}
      </button>
      <div
        ref={panel}
        id="notifications"
        popover="auto"
        className="popover popover-end popover-wide"
        role="dialog"
        aria-labelledby="notifications-title"
      >
        <h2 className="popover-title" id="notifications-title">
          Notifications
        </h2>
        {status === "loading" && <Loading label="Loading notifications" rows={1} />}
        {status === "failed" && <Failed error={error} onRetry={reload} />}
        {status === "ready" && count === 0 && <Empty title="Nothing waits for you" />}
        <ul className="notifications">
          {invitations.map((invitation) => (
            <li key={invitation.id}>
              <Invited invitation={invitation} onAnswered={() => answered(invitation.id)} />
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function Invited({ invitation, onAnswered }: { invitation: MyInvitation; onAnswered: () => void }) {
  const { organization, role_name, invited_by } = invitation;
  return (
    <>
      <p className="wrap">
        {invited_by} invites you to join{" "}
        <strong>{organization.name}</strong> as {role_name}.
      </p>
      <InvitationAnswer
        invitation={invitation.id}
        organization={organization}
        onAnswered={onAnswered}
      />
    </>
  );
}

function countText(count: number): string {
  if (count === 0) return "nothing new";
  return count === 1 ? "1 pending invitation" : `${count} pending invitations`;
}
