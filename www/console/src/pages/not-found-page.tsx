import { Link, pathTo } from "../router.js";
import { PageTitle } from "../ui/page-title.js";

export function NotFoundPage() {
  return (
    <div className="stack">
      <PageTitle title="There is no such page" />
      <p>
        <Link href={pathTo.home}>Go to your organizations</Link>
      </p>
    </div>
  );
}
