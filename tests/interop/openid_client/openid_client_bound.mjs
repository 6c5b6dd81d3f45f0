// openid-client at its strictest: requests that are pushed or signed, answers that are signed, tokens bound to a key.
// Two lines of JSON go out with an address for a browser; after the first, the address that it came back to comes in.
import readline from "node:readline";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, REDIRECT_URI, PRIVATE_JWK, REQUEST } = process.env;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => console.log(JSON.stringify(value));

const jwk = JSON.parse(PRIVATE_JWK);
const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const config = await client.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  undefined,
  client.PrivateKeyJwt({ key, kid: jwk.kid }),
  { execute: [client.allowInsecureRequests, client.useJwtResponseMode] },
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const asked = {
  redirect_uri: REDIRECT_URI,
  scope: "openid email offline_access",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
};
const authorize =
  REQUEST === "pushed"
    ? await client.buildAuthorizationUrlWithPAR(config, asked, { DPoP })
    : await client.buildAuthorizationUrlWithJAR(config, asked, { key, kid: jwk.kid });
say({ authorize: authorize.href });

const callback = new URL((await lines.next()).value);
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
const tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });
const { sub } = tokens.claims();
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
const userinfo = await client.fetchUserInfo(config, fresh.access_token, sub, { DPoP });
const without = await client.fetchUserInfo(config, fresh.access_token, sub).then(
  () => "given",
  (error) => error.cause?.[0]?.parameters?.error ?? error.error ?? error.code,
);
const before = await client.tokenIntrospection(config, fresh.access_token);
await client.tokenRevocation(config, fresh.refresh_token);
const after = await client.tokenIntrospection(config, fresh.access_token);
say({
  parameters: [...authorize.searchParams.keys()].sort(),
  answer: [...callback.searchParams.keys()],
  type: tokens.token_type,
  email: userinfo.email,
  without,
  bound: Boolean(before.cnf?.jkt),
  active: [before.active, after.active],
});
process.exit(0);
