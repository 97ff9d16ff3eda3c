interface Inviting {
  readonly invited_by: string;
  readonly invited_by_program?: string;
}

/** Who invites. A program's name is what somebody wrote, and no address whatever it looks like. */
export function inviterOf({ invited_by, invited_by_program }: Inviting): string {
  return invited_by_program === undefined
    ? invited_by
    : `A program (${invited_by_program}) of the organization`;
}

/** What the inviter wrote, in their words and as text. */
export function Message({ text }: { text: string | null | undefined }) {
  return text ? <blockquote className="letter">{text}</blockquote> : null;
}
