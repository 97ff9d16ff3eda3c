import { useEffect, useState, type ReactNode } from "react";
import { previewInvitation, type InvitationPreview } from "../api/invitation.js";
import { Link, pathTo } from "../router.js";
import { useSession } from "../session/session.js";
import { SignInForm } from "../session/sign-in-form.js";
import { InvitationAnswer, LinkAnswer } from "../shell/invitation-answer.js";
import { inviterOf, Message } from "../shell/inviter.js";
import { CardPage } from "../ui/card-page.js";
import { ErrorNotice, Failed, Loading, Notice } from "../ui/notice.js";
import { day } from "../ui/time.js";
import { useAction } from "../ui/use-action.js";
import { useRead } from "../ui/use-read.js";

/**
 * Where the link of an invitation leads. The secret is the address's fragment, which no server and
 * no referrer sees; looking at the page has no effect, since mail scanners look too.
 */
export function InvitationPage() {
  const secret = useSecret();
  return (
    <CardPage title="Invitation">
      {secret === "" ? (
        <Notice tone="error">This link is not complete. Copy all of it from the mail.</Notice>
      ) : (
        <Preview key={secret} secret={secret} />
      )}
    </CardPage>
  );
}

/** The secret that was in the address last: another link opened in this tab does not load the page anew. */
function useSecret(): string {
  const [secret, setSecret] = useState(() => location.hash.slice(1));

  useEffect(() => {
    const read = () => setSecret(location.hash.slice(1));
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);

  return secret;
}

function Preview({ secret }: { secret: string }) {
  const { status, data, error, reload } = useRead(secret, (signal) =>
    previewInvitation(secret, signal),
  );
  const [declined, setDeclined] = useState(false);
  if (status === "loading") {
    return <Loading label="Loading the invitation" />;
  }
  if (status === "failed") {
    return <Failed error={error} onRetry={reload} />;
  }
  if (declined) {
    return (
      <Over>
        You declined the invitation to <bdi>{data.organization.name}</bdi>.
      </Over>
    );
  }
  if (data.status !== "pending") {
    return <Over>{OVER[data.status]}</Over>;
  }
  return (
    <>
      <p className="wrap">
        You are invited to join <strong>{data.organization.name}</strong> as{" "}
        <strong>{data.role_name}</strong>.
      </p>
      {data.workspaces && (
        <ul className="workspace-roles" aria-label="Roles that come with it">
          {data.workspaces.map(({ workspace, name, role_name }) => (
            <li key={workspace} className="wrap">
              <bdi>{role_name}</bdi> in <bdi>{name}</bdi>
            </li>
          ))}
        </ul>
      )}
      <p className="wrap">Invited by {inviterOf(data)}.</p>
      <Message text={data.message} />
      <p className="muted wrap">
        {data.email === undefined ? "A link for whoever has it" : `Sent to ${data.email}`}, open until{" "}
        {day(data.expires_at_ms)}.
      </p>
      <Answer invitation={data} secret={secret} onDeclined={() => setDeclined(true)} />
    </>
  );
}

const OVER: Record<Exclude<InvitationPreview["status"], "pending">, string> = {
  accepted: "This invitation has been accepted.",
  canceled: "This invitation was canceled. Ask whoever invited you for a new one.",
  declined: "This invitation was declined. Ask whoever invited you for a new one.",
  expired: "This invitation has expired. Ask whoever invited you for a new one.",
};

function Over({ children }: { children: ReactNode }) {
  useEffect(() => {
    // The button that was pressed is gone, and took the focus with it.
    if (document.activeElement === document.body) {
      document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    }
  }, []);

  return (
    <>
      <Notice tone="info">{children}</Notice>
      <p>
        <Link href={pathTo.home}>Go to your organizations</Link>
      </p>
    </>
  );
}

interface AnswerProps {
  readonly invitation: InvitationPreview;
  readonly secret: string;
  readonly onDeclined: () => void;
}

function Answer({ invitation, secret, onDeclined }: AnswerProps) {
  const { session, reload } = useSession();
  switch (session.status) {
    case "loading":
      return <Loading label="Loading" rows={1} />;
    case "failed":
      return <Failed error={session.error} onRetry={() => void reload()} />;
    case "anonymous":
      return (
        <>
          <h2>Sign in to answer</h2>
          <SignInForm email={invitation.email ?? ""} />
        </>
      );
    case "signed-in":
      if (invitation.email === undefined) {
        return <LinkAnswer secret={secret} organization={invitation.organization} />;
      }
      return session.me.user.email === invitation.email ? (
        <InvitationAnswer
          invitation={invitation.id}
          organization={invitation.organization}
          onAnswered={(answer) => {
            // A used secret has no place in the history.
            history.replaceState(null, "", location.pathname);
            if (answer === "declined") onDeclined();
          }}
        />
      ) : (
        <OtherAddress email={session.me.user.email} />
      );
  }
}

/** For who is signed in, and is not who was invited: `null` has no address at all. */
function OtherAddress({ email }: { email: string | null }) {
  const { signOut } = useSession();
  const leave = useAction(signOut);
  return (
    <>
      <Notice tone="info">
        You are signed in {email === null ? "without an address" : `as ${email}`}, and this invitation
        is for another address.
      </Notice>
      <ErrorNotice error={leave.error} />
      <button
        type="button"
        className="button"
        aria-disabled={leave.busy}
        onClick={() => void leave.run()}
      >
        Sign out
      </button>
    </>
  );
}
