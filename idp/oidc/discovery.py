"""What everybody may know: metadata at both addresses, and the public keys.

    /.well-known/openid-configuration          OpenID Connect Discovery section 4
    /.well-known/oauth-authorization-server    RFC 8414 section 3: the same document
    /jwks                                      RFC 7517 section 5

Ready bytes: the metadata is built once a process, the key set once per change of the keys. With an ETag, so that a
copy that has become old is confirmed without being sent again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

from flask import Flask, Response, current_app, request

from idp.login.core.types import LEVEL_OF_ACR
from idp.oidc.authorization.checks import S256, Prompt
from idp.oidc.authorization.response import ResponseMode
from idp.oidc.clients import client_certificate
from idp.oidc.clients import metadata as registration
from idp.oidc.signing_keys import keyring
from idp.oidc.tokens import dpop
from idp.oidc.userinfo import claims
from idp.platform import settings
from idp.platform.settings import Settings
from idp.web.error_pages import for_programs

METADATA_MAX_AGE: Final = timedelta(hours=1)
_METADATA: Final = "idp.oidc.clients.validation"
_KEY_SET: Final = "idp.oidc.key_set"


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document as it is sent."""

    body: bytes
    etag: str
    max_age: int

    @classmethod
    def of(cls, content: Mapping[str, Any], max_age: timedelta) -> Document:
        """The document with this content."""
        body = json.dumps(content, separators=(",", ":")).encode("ascii")
        return cls(body, hashlib.sha256(body).hexdigest()[:32], int(max_age.total_seconds()))

    def response(self) -> Response:
        """The document, or that the copy at hand is still right (RFC 9110 section 13.1.2)."""
        response = Response(self.body, mimetype="application/json")
        response.headers["Cache-Control"] = f"public, max-age={self.max_age}"
        response.set_etag(self.etag)
        response.make_conditional(request)
        return response


def set_up(app: Flask) -> None:
    """Build the metadata."""
    app.extensions[_METADATA] = Document.of(metadata(settings.of(app)), METADATA_MAX_AGE)


@for_programs
def configuration() -> Response:
    """The metadata."""
    return cast("Document", current_app.extensions[_METADATA]).response()


@for_programs
def jwks() -> Response:
    """The public keys: those that sign, those that will, and those that did lately."""
    ring = keyring.ring()
    built: tuple[object, Document] | None = current_app.extensions.get(_KEY_SET)
    if built is None or built[0] != ring.published:
        built = ring.published, Document.of({"keys": ring.published}, keyring.JWKS_MAX_AGE)
        current_app.extensions[_KEY_SET] = built
    return built[1].response()


def metadata(ours: Settings) -> dict[str, Any]:
    """What this provider is and can (OpenID Connect Discovery section 3, RFC 8414 section 2, RFC 9207 section 3)."""
    issuer, methods = ours.issuer, client_certificate.offered(ours)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": False,
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "registration_endpoint": f"{issuer}/register",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "end_session_endpoint": f"{issuer}/logout",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "scopes_supported": list(registration.USER_SCOPES),
        "response_types_supported": list(registration.RESPONSE_TYPES),
        "response_modes_supported": list(ResponseMode),
        "authorization_signing_alg_values_supported": list(registration.SIGNING_ALGORITHMS),
        "grant_types_supported": list(registration.GRANT_TYPES),
        "subject_types_supported": list(registration.SUBJECT_TYPES),
        "acr_values_supported": list(LEVEL_OF_ACR),
        "id_token_signing_alg_values_supported": list(registration.SIGNING_ALGORITHMS),
        "id_token_encryption_alg_values_supported": list(registration.ENCRYPTION_ALGORITHMS),
        "id_token_encryption_enc_values_supported": list(registration.ENCRYPTION_METHODS),
        "userinfo_signing_alg_values_supported": list(registration.SIGNING_ALGORITHMS),
        "userinfo_encryption_alg_values_supported": list(registration.ENCRYPTION_ALGORITHMS),
        "userinfo_encryption_enc_values_supported": list(registration.ENCRYPTION_METHODS),
        "token_endpoint_auth_methods_supported": list(methods),
        "token_endpoint_auth_signing_alg_values_supported": list(registration.ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(methods),
        "revocation_endpoint_auth_signing_alg_values_supported": list(registration.ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [method for method in methods if method != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(registration.ASSERTION_ALGORITHMS),
        "introspection_signing_alg_values_supported": list(registration.SIGNING_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": ours.client_certificate_header is not None,
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "code_challenge_methods_supported": [S256],
        "prompt_values_supported": list(Prompt),
        "claim_types_supported": ["normal"],
        "claims_supported": ["iss", "aud", "exp", "iat", "nonce", "at_hash", "sid", *claims.SUPPORTED],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(registration.ASSERTION_ALGORITHMS),
        "require_signed_request_object": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "ui_locales_supported": ["nl", "en"],
    }
