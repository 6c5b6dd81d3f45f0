// The npm library openid-client, led through one login by the test that started it:
// a line of JSON with the address for the browser goes out, the address that the browser came back to comes in,
// and at the end one line of JSON tells what the library got.
import readline from "node:readline";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => console.log(JSON.stringify(value));

const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, client.ClientSecretBasic(CLIENT_SECRET), {
  execute: [client.allowInsecureRequests],
});
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
say({
  authorize: client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: "openid profile email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    max_age: "600",
  }).href,
});

const callback = new URL((await lines.next()).value);
const tokens = await client.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  maxAge: 600,
  idTokenExpected: true,
});
const claims = tokens.claims();
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
const again = await client.fetchUserInfo(config, refreshed.access_token, claims.sub);
const replay = await client.refreshTokenGrant(config, tokens.refresh_token).then(
  () => "given",
  (error) => error.error,
);
say({
  claims,
  userinfo,
  again,
  replay,
  rotated: refreshed.refresh_token !== tokens.refresh_token,
  id_token: tokens.id_token,
  logout: client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }).href,
});
process.exit(0);
