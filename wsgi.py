"""For gunicorn: `gunicorn -c config/gunicorn.conf.py wsgi:application`. `idp serve` does not need it.

Another WSGI server may load it where no proxy is trusted.
"""

from idp.app import create_app
from idp.errors import Misconfigured
from idp.oidc import keys
from idp.settings import Settings
from idp.web import other_servers

_settings = Settings.load()
if _faults := other_servers.faults(_settings):
    raise Misconfigured(*_faults)

application = create_app(_settings)
keys.warm(application)
