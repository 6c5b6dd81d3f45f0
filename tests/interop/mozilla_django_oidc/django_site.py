"""A Django site in one file, whose people log in by mozilla-django-oidc. Started by the test as a program of its own."""

import json
import os
from urllib.parse import urlencode
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

WITH = json.loads(os.environ["SITE"])
ISSUER, ADDRESS = WITH["issuer"], WITH["address"]


def front(request: HttpRequest) -> JsonResponse:
    """Who is logged in here."""
    user = request.user
    return JsonResponse({"email": user.email if user.is_authenticated else None})


def log_out_there(request: HttpRequest) -> str:
    """Where the provider logs out."""
    hint = {"id_token_hint": request.session["oidc_id_token"], "post_logout_redirect_uri": f"{ADDRESS}/"}
    return f"{ISSUER}/logout?{urlencode(hint)}"


settings.configure(
    SECRET_KEY="of a test that ends soon",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": WITH["database"]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    AUTHENTICATION_BACKENDS=["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
    LOGIN_REDIRECT_URL_FAILURE="/?failed",
    OIDC_RP_CLIENT_ID=WITH["client_id"],
    OIDC_RP_CLIENT_SECRET=WITH["client_secret"],
    OIDC_RP_SIGN_ALGO="ES256",
    OIDC_RP_SCOPES="openid profile email",
    OIDC_USE_PKCE=True,
    OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS=WITH["renew_after"],
    OIDC_STORE_ID_TOKEN=True,
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ISSUER}/authorize",
    OIDC_OP_TOKEN_ENDPOINT=f"{ISSUER}/token",
    OIDC_OP_USER_ENDPOINT=f"{ISSUER}/userinfo",
    OIDC_OP_JWKS_ENDPOINT=f"{ISSUER}/jwks",
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.log_out_there",
    ALLOW_LOGOUT_GET_METHOD=True,
)
django.setup()

urlpatterns = [path("", front), path("oidc/", include("mozilla_django_oidc.urls"))]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    make_server("127.0.0.1", WITH["port"], get_wsgi_application()).serve_forever()
