// Decides requests by an evaluator that is none of ours. Each line of standard input is one JSON
// object {sides, requests}; its answer is a line with, for each request, one decision for each side
// (true: allowed), or null: not a request that the evaluator can judge.
import { createInterface } from "node:readline";

import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } from "@cloud-copilot/iam-policy";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const ACCOUNT = "111122223333";
const PRINCIPAL = `arn:aws:iam::${ACCOUNT}:role/task`;
// Without a key policy that leaves the decision to IAM, KMS denies everything.
const KEY_POLICY = createValidatedPolicy(
  {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "kms:*", Resource: "*", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } },
    ],
  },
  validateResourcePolicy,
);

// Comparing single characters by locale would take half of the time.
const { localeCompare } = String.prototype;
const compared = new Map();
String.prototype.localeCompare = function (other, locales, options) {
  if (this.length !== 1 || other.length !== 1 || options?.sensitivity !== "accent") {
    return localeCompare.call(this, other, locales, options);
  }
  const pair = this.charCodeAt(0) * 65536 + other.charCodeAt(0);
  if (!compared.has(pair)) compared.set(pair, localeCompare.call(this, other, locales, options));
  return compared.get(pair);
};

const validated = (policy) => createValidatedPolicy(policy, validateIdentityPolicy);
const named = (policies) => policies.map((policy, index) => ({ name: `policy${index}`, policy: validated(policy) }));

/** A side as the evaluator takes it: its policies are validated once, not for each request. */
function prepared({ policies, boundary, session, context, is_role }) {
  const given = { identityPolicies: named(policies) };
  if (boundary) given.permissionBoundaryPolicies = named([boundary]);
  if (session) given.sessionPolicy = validated(session);
  return { given, context, is_role };
}

async function decide({ given, context, is_role }, request) {
  const { action, resource } = request;
  const simulation = {
    request: {
      principal: PRINCIPAL,
      action,
      resource: { resource, accountId: ACCOUNT },
      contextVariables: { ...request.context, ...(is_role && request.of_role), ...context },
    },
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...given,
  };
  if (action.startsWith("kms:") && resource !== "*") simulation.resourcePolicy = KEY_POLICY;
  try {
    const answer = await runSimulation(simulation, {});
    // Of a pattern as the resource it makes requests by itself, and not from the session policy.
    return answer.resultType === "single" ? answer.overallResult === "Allowed" : null;
  } catch {
    return null;
  }
}

async function decideAll(sides, request) {
  const decisions = [];
  for (const side of sides) {
    const decision = await decide(side, request);
    if (decision === null) return null;
    decisions.push(decision);
  }
  return decisions;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { sides, requests } = JSON.parse(line);
  const ready = sides.map(prepared);
  const answers = [];
  for (const request of requests) answers.push(await decideAll(ready, request));
  console.log(JSON.stringify(answers));
}
