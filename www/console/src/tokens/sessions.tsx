import { useState, type FormEvent } from "react";
import { endSession, readSessions, signOutEverywhere, type Session } from "../api/me.js";
import { navigate, pathTo } from "../router.js";
import { useMe, useSession } from "../session/session.js";
import { useAnnounce } from "../ui/announcer.js";
import { Dialog } from "../ui/dialog.js";
import { FormActions } from "../ui/form-actions.js";
import { ErrorNotice, Failed, Loading } from "../ui/notice.js";
import { Section } from "../ui/section.js";
import { day, distance } from "../ui/time.js";
import { useAction } from "../ui/use-action.js";
import { useRead } from "../ui/use-read.js";

/** Where one is signed in, and the way out of all of it. */
export function Sessions() {
  const { status, data, error, reload } = useRead(useMe().user.id, readSessions);
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const sessions = data?.sessions;
  return (
    <Section title="Signed in" count={sessions?.length}>
      {status === "loading" && <Loading label="Loading sessions" rows={2} />}
      {status === "failed" && <Failed error={error} onRetry={reload} />}
      {sessions && (
        <ul className="rows">
          {sessions.map((session) => (
            <SessionRow key={session.id} session={session} onEnded={reload} />
          ))}
          <li className="setting">
            <div>
              <h3>Sign out everywhere</h3>
              <p className="hint">Ends every session, this one included.</p>
            </div>
            <button
              type="button"
              className="button button-small button-danger-quiet"
              onClick={() => setOpen(true)}
            >
              Sign out everywhere
            </button>
          </li>
        </ul>
      )}
      <Dialog title="Sign out everywhere" open={open} onClose={close}>
        <SignOutForm onClose={close} />
      </Dialog>
    </Section>
  );
}

function SessionRow({ session, onEnded }: { session: Session; onEnded: () => void }) {
  const announce = useAnnounce();
  const end = useAction(async () => {
    await endSession(session.id);
    onEnded();
    announce("The session is ended.");
  });
  const since = `since ${day(session.created_at_ms)}`;
  return (
    <li className="setting">
      <div>
        <h3>{session.current ? "This session" : `Session ${since}`}</h3>
        <p className="hint">
          Signed in {since}, used {distance(session.seen_at_ms)}
        </p>
        <ErrorNotice error={end.error} />
      </div>
      {!session.current && (
        <button type="button" className="button button-small" onClick={() => void end.run()}>
          End<span className="visually-hidden"> the session {since}</span>
        </button>
      )}
    </li>
  );
}

function SignOutForm({ onClose }: { onClose: () => void }) {
  const { left } = useSession();
  const leave = useAction(async (tokens: boolean) => {
    await signOutEverywhere(tokens);
    navigate(pathTo.home);
    left();
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void leave.run(new FormData(event.currentTarget).has("tokens"));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p>Do this when somebody else may have got in. You sign in again afterwards.</p>
      <label className="choice">
        <input type="checkbox" name="tokens" data-first />
        Delete all my tokens, too
      </label>
      <ErrorNotice error={leave.error} />
      <FormActions submit="Sign out everywhere" danger busy={leave.busy} onCancel={onClose} />
    </form>
  );
}
