// openid-client in a device without a browser: one line of JSON with the address for the person, one with what came of it.
import * as client from "openid-client";

const { ISSUER, CLIENT_ID } = process.env;
const say = (value) => console.log(JSON.stringify(value));
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.None(), {
  execute: [client.allowInsecureRequests],
});
const shown = await client.initiateDeviceAuthorization(config, { scope: "openid email" });
say({ authorize: shown.verification_uri_complete });
const tokens = await client.pollDeviceAuthorizationGrant(config, shown);
const { email } = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
say({ email });
process.exit(0);
