// An SDK v3 program that asks who it is until the time is over; it prints how often it asked.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const client = new STSClient({ endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 });
const end = Date.now() + 1000 * Number(process.argv[2]);
let asked = 0;
while (Date.now() < end) {
  await client.send(new GetCallerIdentityCommand({}));
  asked += 1;
  await new Promise((wake) => setTimeout(wake, Number(process.argv[3])));
}
console.log(asked);
