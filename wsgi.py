"""For any WSGI server: `gunicorn -c config/gunicorn.conf.py wsgi:application`. `idp serve` does not need it."""

from idp import create_app
from idp.oidc import keys
from idp.settings import Settings

application = create_app(Settings.load())
keys.warm(application)
