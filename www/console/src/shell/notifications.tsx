import { useRef } from "react";
import type { MyInvitation, Notification } from "../api/me.js";
import { InvitationAnswer } from "./invitation-answer.js";
import { inviterOf, Message } from "./inviter.js";
import { Icon } from "../ui/icon.js";
import { Empty, Failed, Loading } from "../ui/notice.js";
import { distance } from "../ui/time.js";
import { useNotifications } from "./use-notifications.js";

/** The bell: what waits for an answer from the signed-in person, and what they are told. */
export function Notifications() {
  const { status, error, invitations, notifications, unread, reload, answer, markRead } =
    useNotifications();
  const panel = useRef<HTMLDivElement>(null);
  const count = invitations.length + unread;
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
        aria-label={`Notifications, ${countText(invitations.length, unread)}`}
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
        onToggle={(event) => event.newState === "open" && markRead()}
      >
        <h2 className="popover-title" id="notifications-title">
          Notifications
        </h2>
        {status === "loading" && <Loading label="Loading notifications" rows={1} />}
        {status === "failed" && <Failed error={error} onRetry={reload} />}
        {status === "ready" && invitations.length + notifications.length === 0 && (
          <Empty title="Nothing waits for you" />
        )}
        <ul className="notifications">
          {invitations.map((invitation) => (
            <li key={invitation.id}>
              <Invited invitation={invitation} onAnswered={() => answered(invitation.id)} />
            </li>
          ))}
          {notifications.map((notification) => (
            <li key={notification.id}>
              <p className="wrap">{sentence(notification)}</p>
              <p className="hint">{distance(notification.at_ms)}</p>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function Invited({ invitation, onAnswered }: { invitation: MyInvitation; onAnswered: () => void }) {
  const { organization, role_name, message } = invitation;
  return (
    <>
      <p className="wrap">
        {inviterOf(invitation)} invites you to join{" "}
        <strong>{organization.name}</strong> as <bdi>{role_name}</bdi>.
      </p>
      <Message text={message} />
      <InvitationAnswer
        invitation={invitation.id}
        organization={organization}
        onAnswered={onAnswered}
      />
    </>
  );
}

function sentence({ kind, organization, email, role_name }: Notification) {
  const name = <strong>{organization.name}</strong>;
  switch (kind) {
    case "invitation_accepted":
      return <>{email} accepted your invitation to {name}.</>;
    case "invitation_declined":
      return <>{email} declined your invitation to {name}.</>;
    case "removed":
      return <>You are no longer a member of {name}.</>;
    case "role_changed":
      return <>Your role in {name} is now <bdi>{role_name}</bdi>.</>;
    default:
      // A newer edge tells of more than this page knows.
      return <>There is news of {name}.</>;
  }
}

function countText(invitations: number, unread: number): string {
  const parts = [
    invitations > 0 && `${invitations} pending invitation${invitations === 1 ? "" : "s"}`,
    unread > 0 && `${unread} unread`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? "nothing new" : parts.join(", ");
}
