import { useState } from "react";
import { readMailbox, type Mail } from "../api/mailbox.js";
import { Problem } from "../api/request.js";
import { Link, pathTo } from "../router.js";
import { CopyButton } from "../ui/copy-button.js";
import { Field } from "../ui/field.js";
import { Mark } from "../ui/icon.js";
import { Empty, Failed, Loading, Notice } from "../ui/notice.js";
import { PageTitle } from "../ui/page-title.js";
import { moment } from "../ui/time.js";
import { useInterval } from "../ui/use-interval.js";
import { useRead } from "../ui/use-read.js";

/** How often to look for new mail, in milliseconds. */
const POLL_MS = 2_000;

/** What a development edge would have mailed. */
export function MailboxPage() {
  const [to, setTo] = useState(() => new URLSearchParams(location.search).get("to") ?? "");
  const version = useInterval(POLL_MS);
  const { status, data, error, reload } = useRead(
    `mailbox ${to}`,
    (signal) => readMailbox(to, signal),
    version,
  );
  const absent = error instanceof Problem && error.status === 404;
  return (
    <main className="page page-reading stack-wide mailbox">
      <Link href={pathTo.home} className="brand">
        <Mark />
        <span>Lockstep</span>
      </Link>
      <PageTitle title="Mailbox" />
      <p className="muted">
        In development no mail leaves this machine. Everything that would have been sent is here,
        newest first.
      </p>
      <Field label="Only mail to" type="email" value={to} onChange={(e) => setTo(e.target.value)} />
      {status === "loading" && <Loading label="Loading mail" />}
      {absent && <Notice tone="info">This edge sends its mail, so there is no mailbox here.</Notice>}
      {status === "failed" && !absent && <Failed error={error} onRetry={reload} />}
      {data && data.messages.length === 0 && (
        <Empty title="No mail yet">
          <p>It appears here by itself.</p>
        </Empty>
      )}
      <ol className="mails">
        {data?.messages.map((mail) => (
          <li key={mail.id} className="card">
            <Letter mail={mail} />
          </li>
        ))}
      </ol>
    </main>
  );
}

function Letter({ mail }: { mail: Mail }) {
  const code = /^[0-9A-Z]{4}-[0-9A-Z]{4}$/m.exec(mail.text)?.[0];
  return (
    <article className="stack">
      <header>
        <h2 className="wrap">{mail.subject}</h2>
        <p className="muted wrap">
          To {mail.to}, {moment(mail.sent_at_ms)}
        </p>
      </header>
      {code !== undefined && (
        <div className="row">
          <output className="code">{code}</output>
          <CopyButton text={code} what="the code" />
        </div>
      )}
      <p className="letter">{linked(mail.text)}</p>
    </article>
  );
}

/** The text with its links to this very origin made live; any other stays text. */
function linked(text: string) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, at) =>
    part.startsWith(`${location.origin}/`) ? (
      <a key={at} href={part}>
        {part}
      </a>
    ) : (
      part
    ),
  );
}
