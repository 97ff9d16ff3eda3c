import { readJoinable, type Joinable } from "../api/me.js";
import { joinOrganization } from "../api/organization.js";
import { navigate, pathTo } from "../router.js";
import { useMe, useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { ErrorNotice, Failed } from "../ui/notice.js";
import { useMenuAction } from "../ui/use-menu-action.js";
import { useOnce } from "../ui/use-once.js";
import { useRead } from "../ui/use-read.js";

interface JoinableOrganizationsProps {
  readonly onJoined?: () => void;
}

/** The organizations that the domain of the person's address lets them into, if there are any. */
export function JoinableOrganizations({ onJoined }: JoinableOrganizationsProps) {
  const { user, organizations } = useMe();
  const { status, data, error, reload } = useRead(user.id, readJoinable);
  if (status === "failed") {
    return <Failed error={error} onRetry={reload} />;
  }
  const open = data?.organizations.filter(({ organization }) =>
    organizations.every(({ id }) => id !== organization.id),
  );
  return open === undefined || open.length === 0 ? null : (
    <>
      <h2 className="popover-title">Open to you</h2>
      <ul className="rows">
        {open.map((joinable) => (
          <Offer key={joinable.organization.id} joinable={joinable} onJoined={onJoined} />
        ))}
      </ul>
    </>
  );
}

interface OfferProps {
  readonly joinable: Joinable;
  readonly onJoined: (() => void) | undefined;
}

function Offer({ joinable: { organization, domain, role_name }, onJoined }: OfferProps) {
  const { correct } = useSession();
  const announce = useAnnounce();
  const once = useOnce();
  const join = useMenuAction(async (isSeen) => {
    await joinOrganization(once, organization.id);
    correct(organization.id, organization);
    if (isSeen()) {
      onJoined?.();
      navigate(pathTo.organization(organization.id));
    }
    announce(<>You are a member of <bdi>{organization.name}</bdi> now.</>);
  });
  return (
    <li className="pending">
      <div className="pending-name">
        <span className="wrap">{organization.name}</span>
        <span className="hint wrap">
          open to addresses of {domain}, as <bdi>{role_name}</bdi>
        </span>
      </div>
      <button
        ref={join.at}
        type="button"
        className="button button-small"
        aria-disabled={join.busy}
        onClick={() => void join.run()}
      >
        Join<span className="visually-hidden"> {organization.name}</span>
      </button>
      <ErrorNotice error={join.error} />
    </li>
  );
}
