"""Apache's `mod_auth_openidc` as Debian ships it: a site that knows nothing of OpenID Connect, behind an Apache that does.

The module keeps the login in Apache, gives the site the claims, logs out at the provider, and hears logout tokens.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop import installed
from tests.interop.conftest import Somebody, running
from tests.support.postgres import free_port
from tests.support.server import surroundings
from tests.support.world import KnownClient

pytestmark = pytest.mark.foreign

MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ["mpm_event", "authn_core", "authz_core", "authz_user", "headers", "alias", "dir", "auth_openidc"]
SITE = """
ServerRoot {place}
PidFile {place}/pid
ErrorLog {place}/application.log
LogLevel warn
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
{modules}
{user}
DocumentRoot {place}/site
<Directory {place}/site>
  Require all granted
</Directory>
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRedirectURI {address}/mine/redirect
OIDCCryptoPassphrase of-a-test-that-ends-soon
OIDCPKCEMethod S256
OIDCScope "openid profile email"
OIDCRemoteUserClaim sub
OIDCCookieSameSite On
<Location /mine>
  AuthType openid-connect
  Require valid-user
  Header set X-Remote-User "expr=%{{REMOTE_USER}}"
  Header set X-Name "expr=%{{reqenv:OIDC_CLAIM_name}}"
  Header set X-Email "expr=%{{reqenv:OIDC_CLAIM_email}}"
  Header set X-Tenant "expr=%{{reqenv:OIDC_CLAIM_tenant}}"
</Location>
"""


@dataclass(frozen=True, slots=True)
class Apache:
    """The running site."""

    address: str
    client: KnownClient


@pytest.fixture
def apache(somebody: Somebody) -> Iterator[Apache]:
    """An Apache of the test's own, with a free page at / and one for known people at /mine/."""
    installed.debian(str(MODULES / "mod_auth_openidc.so"), "apache2-bin", "libapache2-mod-auth-openidc")
    port, place = free_port(), Path(tempfile.mkdtemp(prefix="apache-"))
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client(
        "apache",
        redirect_uris=[f"{address}/mine/redirect"],
        post_logout_redirect_uris=[f"{address}/"],
        backchannel_logout_uri=f"{address}/mine/redirect?logout=backchannel",
        backchannel_logout_session_required=True,
    )
    place.chmod(0o755)  # as root, Apache serves as another user
    (place / "site" / "mine").mkdir(parents=True)
    (place / "site" / "index.html").write_text("everybody")
    (place / "site" / "mine" / "index.html").write_text("only who is known")
    configuration = SITE.format(
        place=place,
        port=port,
        address=address,
        issuer=somebody.live.issuer,
        client_id=client.client_id,
        client_secret=client.client_secret,
        modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED),
        user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
    )
    (place / "apache.conf").write_text(configuration)
    command = ["/usr/sbin/apache2", "-f", str(place / "apache.conf"), "-DFOREGROUND"]
    try:
        with running(command, surroundings(), address, place):
            yield Apache(address, client)
    finally:
        shutil.rmtree(place)


def test_the_way_of_a_site_behind_apache(apache: Apache, somebody: Somebody) -> None:
    """Login by code, state, nonce and PKCE; the claims of the ID token and of userinfo; logout there and back."""
    tab, anna = somebody.tab, somebody.anna
    seen = tab.go(f"{apache.address}/mine/")
    assert (seen.status_code, seen.text) == (200, "only who is known")
    assert seen.headers["X-Remote-User"].startswith(str(anna.id))
    assert (seen.headers["X-Name"], seen.headers["X-Email"]) == (anna.name, anna.email)
    assert seen.headers["X-Tenant"] == anna.tenant.slug

    out = tab.go(f"{apache.address}/mine/redirect?logout={apache.address}/")
    assert (str(out.url), out.text) == (f"{apache.address}/", "everybody")
    assert tab.browser.get("/account/").path != "/account/"
    assert tab.browser.http.get(f"{apache.address}/mine/").is_redirect


def test_a_logout_elsewhere_ends_the_login_in_apache(apache: Apache, somebody: Somebody) -> None:
    """Back-Channel Logout section 2.6: the module believes the logout token, and the site knows nobody any more."""
    tab = somebody.tab
    assert tab.go(f"{apache.address}/mine/").status_code == 200
    somebody.log_out_elsewhere()
    assert tab.browser.http.get(f"{apache.address}/mine/").is_redirect
