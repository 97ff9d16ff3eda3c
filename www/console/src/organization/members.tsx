import { nameOf, type Member } from "../api/organization.js";
import { Loading } from "../ui/notice.js";
import { day } from "../ui/time.js";
import type { Reading } from "../ui/use-read.js";
import { ChangeRoleButton } from "./change-role-button.js";
import { RemoveMemberButton } from "./remove-member-button.js";
import { Section } from "../ui/section.js";
import { Unread } from "./unread.js";

interface MembersProps {
  readonly organization: string;
  readonly members: Reading<{ readonly members: readonly Member[] }>;
}

/** Everyone who is in the organization now. */
export function Members({ organization, members }: MembersProps) {
  const list = members.data?.members;
  return (
    <Section title="Members" count={list?.length}>
      {members.status === "loading" && <Loading label="Loading members" />}
      {members.status === "failed" && (
        <Unread operation="member.read" error={members.error} onRetry={members.reload} />
      )}
      {list && (
        <ul className="rows people-rows">
          {list.map((member) => (
            <li key={member.user_id} className="person">
              <Person member={member} />
              <div className="person-actions">
                <ChangeRoleButton organization={organization} member={member} />
                <RemoveMemberButton organization={organization} member={member} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Person({ member }: { member: Member }) {
  return (
    <>
      <span className="avatar" aria-hidden="true">
        {nameOf(member).slice(0, 1)}
      </span>
      <div className="person-name">
        <span className="wrap">{nameOf(member)}</span>
        {member.self && <span className="badge">You</span>}
        {member.suspended_at_ms !== null && <span className="badge">Suspended</span>}
        <span className="person-since">
          {member.creator ? "Creator, joined" : "Joined"} {day(member.joined_at_ms)}
        </span>
      </div>
      <span className="badge badge-role">{member.role_name}</span>
    </>
  );
}
