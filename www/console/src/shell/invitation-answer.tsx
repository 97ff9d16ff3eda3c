import { acceptInvitation, declineInvitation, joinByLink } from "../api/invitation.js";
import type { OrganizationName } from "../api/me.js";
import { navigate, pathTo } from "../router.js";
import { useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useMenuAction } from "../ui/use-menu-action.js";
import { useOnce } from "../ui/use-once.js";

interface InvitationAnswerProps {
  readonly invitation: string;
  readonly organization: OrganizationName;
  readonly onAnswered: (answer: "accepted" | "declined") => void;
}

/** Accept or decline one's own invitation. Accepting leads into the organization. */
export function InvitationAnswer({ invitation, organization, onAnswered }: InvitationAnswerProps) {
  const { correct } = useSession();
  const announce = useAnnounce();
  const once = useOnce();
  const answer = useMenuAction(async (isSeen, accept: boolean) => {
    if (accept) {
      await acceptInvitation(once, organization.id, invitation);
      correct(organization.id, organization);
      const seen = isSeen();
      onAnswered("accepted");
      if (seen) {
        navigate(pathTo.organization(organization.id));
      }
      announce(<>You are a member of <bdi>{organization.name}</bdi> now.</>);
    } else {
      await declineInvitation(once, organization.id, invitation);
      onAnswered("declined");
      announce(<>You declined the invitation to <bdi>{organization.name}</bdi>.</>);
    }
  });
  const about = <span className="visually-hidden"> the invitation to {organization.name}</span>;
  return (
    <>
      <ErrorNotice error={answer.error} />
      <div className="row">
        <button
          ref={answer.at}
          type="button"
          className="button button-small button-primary"
          aria-disabled={answer.busy}
          onClick={() => void answer.run(true)}
        >
          Accept{about}
        </button>
        <button
          type="button"
          className="button button-small"
          aria-disabled={answer.busy}
          onClick={() => void answer.run(false)}
        >
          Decline{about}
        </button>
      </div>
    </>
  );
}

interface LinkAnswerProps {
  readonly secret: string;
  readonly organization: OrganizationName;
}

/** Joins by a link, which leads into the organization. */
export function LinkAnswer({ secret, organization }: LinkAnswerProps) {
  const { correct } = useSession();
  const announce = useAnnounce();
  const once = useOnce();
  const join = useAction(async () => {
    await joinByLink(once, secret);
    // The secret has no place in the history.
    history.replaceState(null, "", location.pathname);
    correct(organization.id, organization);
    navigate(pathTo.organization(organization.id));
    announce(<>You are a member of <bdi>{organization.name}</bdi> now.</>);
  });
  return (
    <>
      <ErrorNotice error={join.error} />
      <button
        type="button"
        className="button button-primary"
        aria-disabled={join.busy}
        onClick={() => void join.run()}
      >
        Join <bdi>{organization.name}</bdi>
      </button>
    </>
  );
}
