"""For gunicorn: `gunicorn -c config/gunicorn.conf.py wsgi:application`. `idp serve` does not need it.

Another WSGI server may load it where no proxy is trusted.
"""

from idp.app import create_app
from idp.oidc.signing_keys import keyring
from idp.platform.errors import Misconfigured
from idp.platform.settings import Settings
from idp.web import other_servers

_settings = Settings.load()
if _faults := other_servers.faults(_settings):
    raise Misconfigured(*_faults)

application = create_app(_settings)
keyring.warm(application)
