// A page that keeps its login in the browser with oidc-client-ts; the test tells it what to do.
const settings = Object.fromEntries(new URLSearchParams(localStorage.getItem("settings")));
const here = location.origin;
const manager = new oidc.UserManager({
  ...settings,
  redirect_uri: `${here}/callback`,
  silent_redirect_uri: `${here}/silent`,
  post_logout_redirect_uri: `${here}/`,
  loadUserInfo: true,
  automaticSilentRenew: false,
  silentRequestTimeoutInSeconds: 8,
});
const said = (action) =>
  action.then(
    (user) => ({ profile: user?.profile, access: user?.access_token, refresh: user?.refresh_token, idToken: user?.id_token }),
    (error) => ({ error: error.error ?? error.message }),
  );
if (location.pathname === "/silent") manager.signinSilentCallback();
