import type { ReactNode } from "react";

interface Inviting {
  readonly invited_by: string;
  readonly invited_by_program?: string;
}

/** Who invites. A program's name is what somebody wrote, and no address whatever it looks like. */
export function inviterOf({ invited_by, invited_by_program }: Inviting): ReactNode {
  return invited_by_program === undefined ? (
    <bdi>{invited_by}</bdi>
  ) : (
    <>
      A program (<bdi>{invited_by_program}</bdi>) of the organization
    </>
  );
}

/** What the inviter wrote, in their words and as text. */
export function Message({ text }: { text: string | null | undefined }) {
  return text ? <blockquote className="letter">{text}</blockquote> : null;
}
