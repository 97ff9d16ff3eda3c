import { Link, pathTo } from "../router.js";
import { PageTitle } from "../ui/page-title.js";

/** What remains of a page whose organization the signed-in person is not in, or no longer. */
export function Gone({ name }: { name: string | null }) {
  return (
    <div className="card welcome stack">
      {name === null ? (
        <>
          <PageTitle title="There is no such organization" />
          <p>It does not exist, or you are not a member of it.</p>
        </>
      ) : (
        <>
          <PageTitle title={`You are no longer in ${name}`}>
            You are no longer in <bdi>{name}</bdi>
          </PageTitle>
          <p>
            You were removed from the organization or suspended, or it was deleted. Nothing in it can
            be seen or changed from here any more.
          </p>
        </>
      )}
      <p>
        <Link href={pathTo.home}>Go to your organizations</Link>
      </p>
    </div>
  );
}
