//! What each command's help shows by example.

pub(super) const LOCKSTEP: &str = "\
Examples:
  lockstep matrix policies/openlit.toml
  lockstep matrix policies/openlit.toml --format json
  lockstep check policies/*.toml
  lockstep diff policies/old.toml policies/new.toml
  lockstep test tests/*.toml

Exit codes: 0 done; 1 a file is wrong or cannot be read; 2 wrong call. `lockstep test` and `lockstep diff`
say in their help what else they mean.";

pub(super) const EVALUATE: &str = r#"Examples:
  lockstep evaluate --policy policies/opik.toml --world world.toml requests.ndjson
  echo '{"subject":{"type":"user","id":"ben"},"action":{"name":"trace_delete"},"resource":{"type":"workspace","id":"lab"}}' |
    lockstep evaluate --policy policies/opik.toml --world world.toml

Each line is the body of an AuthZEN evaluation, at most 65536 bytes; each gets one line of JSON, in order:
  {"decision":true,"reasons":[{"code":"granted","text":"…"}]}
  {"error":{"code":"unknown-permission","message":"…"}}
Codes of errors: invalid-json, invalid-request, too-long, unknown-permission. A line that is wrong is
answered so, and the next one read. docs/formats.md says how a request is understood.

Exit codes: 0 every line has its answer; 1 a file is wrong or cannot be read; 2 wrong call."#;

pub(super) const TEST: &str = "\
Examples:
  lockstep test tests/*.toml
  lockstep test tests/*.toml --policy policies/mine.toml --junit results.xml

A test is a world and questions about it, each with the answer it must get: `allow`, `deny`, or the code of
the reason. docs/formats.md has the format.

Exit codes: 0 all passed; 1 some failed, or a file is wrong; 2 wrong call.";

pub(super) const CHECK: &str = "\
Examples:
  lockstep check policies/*.toml
  lockstep check policies/mine.toml --deny-warnings

An error is a policy that cannot be used. A warning is what in it has no effect or can hardly be meant:
rules that others cover or that give nothing new, conditions that never hold or that are not needed, roles
that hold nothing or that nobody asked about has, caps of who holds everything, permissions of nobody, rules
that pass or deny where a fact is absent or unknown. Of deny rules numbers and lists are compared, and patterns
by how they begin and end; what gives is covered by what has fewer of the same conditions, since who hands it on
needs these. Both are said as `PATH:LINE:COLUMN: what is wrong`.

Exit codes: 0 no errors (and no warnings, with --deny-warnings); 1 some; 2 wrong call.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  lockstep completions bash > ~/.local/share/bash-completion/completions/lockstep
  lockstep completions zsh > ~/.zfunc/_lockstep
  lockstep completions fish > ~/.config/fish/completions/lockstep.fish";

pub(super) const DIFF: &str = "\
Examples:
  lockstep diff policies/old.toml policies/new.toml
  lockstep diff policies/old.toml policies/new.toml --world world.toml --format json
  lockstep diff policies/mine.toml policies/mine.toml --world before.toml --new-world after.toml

Without a world: what each role gives, on an organization, a workspace and a project under a plan that has
everything. With one: who gains (+), loses (-) or has under other conditions (~) what, and where. Then the
operations of the directory that ask for another permission than before, and what is defined in another way
that no role shows by itself: caps, rules, ownership, own roles of organizations, plans, how tokens begin.
At last (!) what organizations have stored that counts for nothing any more, or in another way: what names
roles, permissions and plans that are gone, admins whose role is no admin's, tokens that begin otherwise, deny
rules for what rules are managed by from now on.

Exit codes, as those of diff(1): 0 no difference; 1 some; 2 a file is wrong or cannot be read, or a wrong
call.";

pub(super) const AUDIT: &str = "\
Examples:
  curl -H \"Authorization: Bearer $TOKEN\" \"https://…/v1/organizations/org_…/audit?format=ndjson\" > audit.ndjson
  lockstep audit verify audit.ndjson
  lockstep audit verify audit.ndjson --head 9c1f…

A chain tells that nothing was changed inside it. That nothing was cut off its end, and that it was not
written anew as a whole, tells a hash that was kept elsewhere: `--head`.

Exit codes: 0 it is a chain; 1 it is not, and the line and row are named; 2 a wrong call.";

pub(super) const SCHEMA: &str = "\
Examples:
  lockstep schema world > world.schema.json

A TOML file whose first line is `#:schema PATH-OR-URL` is completed and checked by editors that know Taplo
or Tombi. The schemas are committed in docs/schema.";

pub(super) const SEARCH: &str = "\
Examples:
  lockstep search subjects --policy P.toml --world W.toml --permission data.read --node lab
  lockstep search resources --policy P.toml --world W.toml --principal ben --permission data.read --level workspace
  lockstep search actions --policy P.toml --world W.toml --principal ben --node lab --fact resource.own=true
  lockstep search actions --policy P.toml --world W.toml --principal ben --fact 'resource.tags={\"env\":\"prod\"}'

What is found is exactly what a check would allow. A page is `--page-size` long; the next one begins after
the last line of the one before: `--after LAST`. As JSON, `page.next_token` is empty at the end.";

pub(super) const COMPILE: &str = "\
Examples:
  lockstep compile policies/openlit.toml > openlit.json

It is what the Worker serves at /v1/policy, byte for byte: the document, and in its member `gate` the
compiled form with the digest by which snapshots name the policy.";

pub(super) const MATRIX: &str = "\
Examples:
  lockstep matrix policies/openlit.toml
  lockstep matrix policies/opik.toml --format markdown > opik.md
  lockstep matrix policies/langsmith.toml --format json

A cell is `allow`, `deny`, or `conditional` where it depends on facts such as whose resource it is.
A row shows the roles of its own level only. The table of operations says which permission each operation of
the directory asks for; one that is not there is open to nobody. The last one says what no cell shows: caps,
rules, ownership, own roles of organizations, plans. What is wrong with a policy is said as
`PATH:LINE:COLUMN: what is wrong; what would be right`, with exit code 1.";

pub(super) const EXPORT: &str = "\
Examples:
  LOCKSTEP_TOKEN=… lockstep export --url https://access.example --organization org_… --output acme.json
  lockstep export --url https://access.example --organization org_… --token-file token > acme.json

The same organization is the same bytes, so two files can be compared. No id, token, key, session, invitation or
secret is in one; docs/formats.md says what is. It takes who holds what the policy binds to organization.export.

Exit codes: 0 the file is written; 1 it is not, and why is said; 2 wrong call.";

pub(super) const IMPORT: &str = "\
Examples:
  LOCKSTEP_TOKEN=… lockstep import --url https://access.example acme.json
  lockstep import --url http://localhost:8787 --token-file token acme.json

Makes an organization of its own each time and prints its id. Who imports is its only admin; everybody else in
the file is invited, and told when their invitation is sent. What cannot come along is said on standard error.

Exit codes: 0 it is made; 1 it is not: the file or the deployment refuses, and nothing is half done; 2 wrong call.";
