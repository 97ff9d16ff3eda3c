// @cedar-policy/cedar-wasm at its best: the policies parsed once, action groups, and for each question
// only the entities that it needs, made before the clock runs.

import { preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";

const policySetId = "world";

export function open(bench) {
  parse(bench.cedar);
  const { world } = bench;
  return {
    "cedar-wasm, stateful": {
      ask: (asked) => {
        const calls = asked.map(({ permission, project }) => call(world, permission, project));
        return () => {
          let yes = 0;
          for (const call of calls) {
            if (decide(call)) yes += 1;
          }
          return yes;
        };
      },
      first: () => first(bench),
    },
  };
}

export function first({ cedar, world }) {
  parse(cedar);
  return decide(call(world, world.permissions[0], world.projects[0]));
}

function parse(staticPolicies) {
  const answer = preparsePolicySet(policySetId, { staticPolicies });
  if (answer.type !== "success") throw new Error(JSON.stringify(answer));
}

function decide(call) {
  const answer = statefulIsAuthorized(call);
  if (answer.type !== "success") throw new Error(JSON.stringify(answer));
  return answer.response.decision === "allow";
}

function call({ principal, roles, grants }, permission, { id, workspace, owner }) {
  const group = (role) => uid("Group", `${workspace}#${role}`);
  const held = Object.keys(roles).filter((role) => roles[role].includes(permission));
  const granted = grants.filter((grant) => grant.workspace === workspace);
  const groups = Object.keys(roles).map((role) => [role, { __entity: group(role) }]);
  return {
    principal: uid("User", principal),
    action: uid("Action", permission),
    resource: uid("Project", id),
    context: {},
    validateRequest: false,
    preparsedPolicySetId: policySetId,
    entities: [
      entity(uid("User", principal), {}, granted.map(({ role }) => group(role))),
      entity(uid("Action", permission), {}, held.map((role) => uid("Action", role))),
      entity(uid("Workspace", workspace), Object.fromEntries(groups)),
      entity(uid("Project", id), {
        workspace: { __entity: uid("Workspace", workspace) },
        owner: { __entity: uid("User", owner) },
      }),
    ],
  };
}

function entity(uid, attrs = {}, parents = []) {
  return { uid, attrs, parents };
}

function uid(type, id) {
  return { type, id };
}
