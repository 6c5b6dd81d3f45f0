// An Express application whose people log in by passport-openidconnect: the secret in the form, no PKCE; a nonce when it is asked for.
import express from "express";
import session from "express-session";
import passport from "passport";
import Strategy from "passport-openidconnect";

const { issuer, address, port, client_id, client_secret } = JSON.parse(process.env.SITE);
const told = (provider, profile, done) => done(null, { email: profile.emails?.[0]?.value ?? null, name: profile.displayName });
passport.use(
  new Strategy(
    {
      issuer,
      authorizationURL: `${issuer}/authorize`,
      tokenURL: `${issuer}/token`,
      userInfoURL: `${issuer}/userinfo`,
      clientID: client_id,
      clientSecret: client_secret,
      callbackURL: `${address}/callback`,
      scope: ["openid", "profile", "email"],
      nonce: true,
      skipUserProfile: process.env.FROM_ID_TOKEN === "yes",
    },
    told,
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const application = express();
application.use(session({ secret: "of a test that ends soon", resave: false, saveUninitialized: false }));
application.use(passport.session());
application.get("/", (request, response) => response.json({ email: request.user?.email ?? null }));
application.get("/mine", passport.authenticate("openidconnect"));
application.get("/callback", passport.authenticate("openidconnect", { failureRedirect: "/?cancelled" }), (request, response) =>
  response.redirect("/"),
);
application.listen(Number(port), "127.0.0.1");
