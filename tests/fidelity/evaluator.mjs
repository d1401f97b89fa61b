// Decides requests by an evaluator that is none of ours. Each line of standard input is one JSON
// object {policies, session, requests}; its answer is a line with a list of true (allowed), false
// (denied) and null (not a request that the evaluator can judge).
import { createInterface } from "node:readline";

import { runSimulation } from "@cloud-copilot/iam-simulate";

const ACCOUNT = "111122223333";
const PRINCIPAL = `arn:aws:iam::${ACCOUNT}:role/task`;
// Without a key policy that leaves the decision to IAM, KMS denies everything.
const KEY_POLICY = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: "kms:*", Resource: "*", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } },
  ],
};

async function decide(policies, session, { action, resource, context }) {
  const simulation = {
    request: {
      principal: PRINCIPAL,
      action,
      resource: { resource, accountId: ACCOUNT },
      contextVariables: context,
    },
    identityPolicies: policies.map((policy, index) => ({ name: `policy${index}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  if (session) simulation.sessionPolicy = session;
  if (action.startsWith("kms:") && resource !== "*") simulation.resourcePolicy = KEY_POLICY;
  try {
    const answer = await runSimulation(simulation, {});
    // Of a pattern as the resource it makes requests by itself, and not from the session policy.
    return answer.resultType === "single" ? answer.overallResult === "Allowed" : null;
  } catch {
    return null;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { policies, session, requests } = JSON.parse(line);
  const decisions = [];
  for (const request of requests) decisions.push(await decide(policies, session, request));
  console.log(JSON.stringify(decisions));
}
