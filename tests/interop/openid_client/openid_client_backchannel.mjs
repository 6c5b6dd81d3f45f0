// The npm library openid-client, which reads ID tokens, and jose, which it stands on, for a logout token: the library itself
// has no call for one. A line with the address for the browser goes out, the address that it came back to comes in, a line
// with the ID token's claims goes out, then one with what the logout token said, once it was posted here.
import { createServer } from "node:http";
import readline from "node:readline";
import * as jose from "jose";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, PORT, PRIVATE_JWK } = process.env;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => console.log(JSON.stringify(value));

const config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, client.ClientSecretBasic(CLIENT_SECRET), {
  execute: [client.allowInsecureRequests],
});
const key = PRIVATE_JWK && (await jose.importJWK(JSON.parse(PRIVATE_JWK), "ECDH-ES"));
if (key) client.enableDecryptingResponses(config, ["A128CBC-HS256"], { key, alg: "ECDH-ES", kid: JSON.parse(PRIVATE_JWK).kid });
const keys = jose.createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));

// Back-Channel Logout section 2.6
async function believed(token) {
  const signed = key ? new TextDecoder().decode((await jose.compactDecrypt(token, key)).plaintext) : token;
  const { payload } = await jose.jwtVerify(signed, keys, {
    issuer: ISSUER,
    audience: CLIENT_ID,
    typ: "logout+jwt",
    requiredClaims: ["iat", "exp", "jti", "events", "sid"],
  });
  if (!payload.events["http://schemas.openid.net/event/backchannel-logout"] || "nonce" in payload) throw new Error("not one");
  return payload;
}

createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  const told = await believed(new URLSearchParams(body).get("logout_token")).catch((error) => ({ error: String(error) }));
  response.writeHead(told.error ? 400 : 200, { "Cache-Control": "no-store" }).end();
  say(told);
}).listen(Number(PORT), "127.0.0.1");

const verifier = client.randomPKCECodeVerifier();
say({
  authorize: client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).href,
});
const callback = new URL((await lines.next()).value);
const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier, idTokenExpected: true });
say(tokens.claims());
