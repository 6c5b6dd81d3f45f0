// An Express application whose people log in by express-openid-connect: pushed requests, refresh, logout, logout tokens.
import express from "express";
import oidc from "express-openid-connect";

const { ISSUER, ADDRESS, PORT, CLIENT_ID, CLIENT_SECRET } = process.env;
const known = new Map();
const store = {
  get: (key, done) => done(null, known.get(key)),
  set: (key, value, done) => done(null, void known.set(key, value)),
  destroy: (key, done) => done(null, void known.delete(key)),
};
const application = express();
application.use(
  oidc.auth({
    issuerBaseURL: ISSUER,
    baseURL: ADDRESS,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: "of a test that ends soon, and long enough",
    authRequired: false,
    idpLogout: true,
    pushedAuthorizationRequests: true,
    backchannelLogout: { store },
    authorizationParams: { response_type: "code", scope: "openid profile email offline_access" },
  }),
);
application.get("/", (request, response) => response.json({ sub: request.oidc.user?.sub ?? null }));
application.get("/mine", oidc.requiresAuth(), async (request, response) => {
  const before = request.oidc.accessToken.access_token;
  const { access_token: after } = await request.oidc.accessToken.refresh();
  const { email } = await request.oidc.fetchUserInfo();
  response.json({ email, renewed: before !== after });
});
application.listen(Number(PORT), "127.0.0.1");
