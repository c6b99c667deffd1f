// Drives one published client: a workflow that is accepted, and one that is refused.
//
//   node drive.js PACKAGE PORT APPLICATION_ID KEY_FILE
//
// PACKAGE is the folder of an installed `nexmo` or `@vonage/server-sdk`, which is used as its
// documentation says, with nothing changed but the host. Prints one line of JSON.
"use strict";

const [, , folder, port, applicationId, privateKey] = process.argv;

const Client = require(folder);
const { name } = require(`${folder}/package.json`);

const client = new Client(
  { apiKey: "abcd1234", apiSecret: "api-secret-of-the-client-test", applicationId, privateKey },
  {
    // The older package takes a bare name, under `host` before its 2.7, the newer one a URL; both
    // take a port beside it.
    ...(name === "nexmo" ? { host: "127.0.0.1" } : {}),
    apiHost: name === "nexmo" ? "127.0.0.1" : "http://127.0.0.1",
    port: Number(port),
  }
);

// The example of the package's README, with test numbers.
const workflow = [
  {
    from: { type: "messenger", id: "9876543210987654" },
    to: { type: "messenger", id: "1234567890123403" },
    message: { content: { type: "text", text: "This is a Facebook Messenger message" } },
    failover: { expiry_time: 600, condition_status: "read" },
  },
  {
    from: { type: "sms", number: "447700900001" },
    to: { type: "sms", number: "447700900000" },
    message: { content: { type: "text", text: "This is an SMS sent via the Dispatch API" } },
  },
];

function create(steps) {
  return new Promise((resolve) =>
    client.dispatch.create("failover", steps, (error, data) => resolve({ error, data }))
  );
}

(async () => {
  const accepted = await create(workflow);
  const refused = await create([{ ...workflow[1], to: { type: "sms" } }]);
  console.log(
    JSON.stringify({
      dispatch_uuid: accepted.data ? accepted.data.dispatch_uuid : null,
      error: accepted.error ? String(accepted.error.message || accepted.error.statusCode) : null,
      refused: refused.error ? refused.error.statusCode : null,
      // What published programs read of a refusal.
      invalid: refused.error && refused.error.body ? refused.error.body.invalid_parameters : null,
    })
  );
})();
