import { useState, type FormEvent } from "react";
import { sendCode, signIn } from "../api/me.js";
import { pathTo } from "../router.js";
import { useAnnounce } from "../ui/announcer.js";
import { Field, textOf } from "../ui/field.js";
import { ErrorNotice } from "../ui/notice.js";
import { useAction } from "../ui/use-action.js";
import { useSession } from "./session.js";

/** Sign-in by a code that is sent to an address: first the address, then the code. */
export function SignInForm({ email = "" }: { email?: string }) {
  const [sentTo, setSentTo] = useState<string | null>(null);
  return sentTo === null ? (
    <AddressStep email={email} onSent={setSentTo} />
  ) : (
    <CodeStep email={sentTo} onBack={() => setSentTo(null)} />
  );
}

function AddressStep({ email, onSent }: { email: string; onSent: (email: string) => void }) {
  const send = useAction(async (form: FormData) => {
    const address = textOf(form, "email");
    await sendCode(address);
    onSent(address);
  });
  return (
    <form className="stack" onSubmit={submit(send.run)}>
      <Field
        label="E-mail address"
        name="email"
        type="email"
        autoComplete="username"
        defaultValue={email}
        required
        autoFocus
      />
      <ErrorNotice error={send.error} />
      <button className="button button-primary" aria-disabled={send.busy}>
        {send.busy ? "Sending…" : "Send code"}
      </button>
    </form>
  );
}

function CodeStep({ email, onBack }: { email: string; onBack: () => void }) {
  const { reload } = useSession();
  const announce = useAnnounce();
  const check = useAction(async (form: FormData) => {
    await signIn(email, textOf(form, "code"));
    await reload();
  });
  const resend = useAction(async () => {
    // What was wrong with the old code is no news of the new one.
    check.clear();
    await sendCode(email);
    announce(`A new code is on its way to ${email}.`);
  });
  return (
    <form className="stack" onSubmit={submit(check.run)}>
      <p>
        If <strong className="wrap">{email}</strong> can receive mail, a code is there now. It is
        good for a few minutes and in this browser only.
      </p>
      <Field
        label="Code"
        name="code"
        autoComplete="one-time-code"
        autoCapitalize="characters"
        spellCheck={false}
        className="code-input"
        required
        autoFocus
      />
      <ErrorNotice error={check.error ?? resend.error} />
      <button className="button button-primary" aria-disabled={check.busy}>
        {check.busy ? "Signing in…" : "Sign in"}
      </button>
      <div className="row row-apart">
        <button type="button" className="button-link" onClick={() => void resend.run()}>
          Send a new code
        </button>
        <button type="button" className="button-link" onClick={onBack}>
          Use another address
        </button>
      </div>
      <MailboxHint email={email} />
    </form>
  );
}

/** A development edge refuses to run on https, so there this link would lead nowhere. */
function MailboxHint({ email }: { email: string }) {
  if (location.protocol === "https:") {
    return null;
  }
  return (
    <p className="hint">
      In development no mail is sent:{" "}
      <a href={`${pathTo.mailbox}?to=${encodeURIComponent(email)}`} target="_blank" rel="noopener">
        open the mailbox
      </a>
      .
    </p>
  );
}

function submit(run: (form: FormData) => Promise<void>) {
  return (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void run(new FormData(event.currentTarget));
  };
}
