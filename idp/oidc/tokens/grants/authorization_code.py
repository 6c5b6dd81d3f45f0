"""Codes (RFC 6749 section 4.1, RFC 7636): made for an answered authorization request, redeemed once within a minute."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge

from idp.crypto import opaque
from idp.oidc.adapter.oauth2_requests import KeptRequest
from idp.oidc.authorization import response
from idp.oidc.authorization.checks import S256
from idp.oidc.authorization.response import Composed
from idp.oidc.clients import usage
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.models import AuthorizationGrant
from idp.oidc.tokens import actor, authorizations, issuing, resources, sender_constraint
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.tokens.grants import AUTH_METHODS, invalid_grant
from idp.platform import clock
from idp.platform.extensions import db


@dataclass(frozen=True, slots=True)
class Code:
    """A code as Authlib looks at it."""

    authorization: Authorization

    @property
    def code_challenge(self) -> str | None:
        """The challenge it was made with."""
        return self.authorization.grant.code_challenge

    def get_redirect_uri(self) -> str:
        """The address it was sent to."""
        return self.authorization.grant.redirect_uri


def _is_of(code_verifier: str, code_challenge: str) -> bool:
    """RFC 7636 section 4.6, in constant time."""
    return opaque.same(create_s256_code_challenge(code_verifier), code_challenge)


class S256CodeChallenge(CodeChallenge):
    """PKCE with S256 and nothing else (RFC 9700 section 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = (S256,)
    CODE_CHALLENGE_METHODS: ClassVar = {S256: _is_of}

    def validate_code_verifier(self, grant: grants.AuthorizationCodeGrant, result: Any) -> None:
        """RFC 7636 section 4.6: without its verifier a code is worth as little as with a wrong one."""
        if grant.request.authorization_code.code_challenge and not grant.request.form.get("code_verifier"):
            raise invalid_grant("code_verifier is missing")
        super().validate_code_verifier(grant, result)

    def get_authorization_code_challenge_method(self, code: Code) -> str:
        """The only one there is."""
        return S256


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    """Makes codes and redeems them."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def create_authorization_response(self, *_: object) -> Composed:
        """Make a code and send it (RFC 6749 section 4.1.2)."""
        request: KeptRequest = self.request
        code = opaque.new()
        db.session.add(granted(request, code))
        usage.remember(request.asked.client.row, request.login.user.id)
        actor.keep_look(request.login, request.asked.application.name)
        return response.compose(request.asked.to, code=code)

    def query_authorization_code(self, code: str, client: RegisteredClient) -> Code | None:
        """The code, if it was made for this client. One that was used already costs its tokens (section 4.1.2)."""
        found = authorizations.by_code(code)
        if found is None or found.grant.client_id != client.id:
            return None
        if found.grant.code_used_at is not None:
            _punish(found)
            return None
        return Code(found)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Spend the code and give what it is worth."""
        now = clock.now()
        found: Authorization = self.request.authorization_code.authorization
        if now >= found.grant.code_expires_at:
            raise invalid_grant("code expired")
        if because := authorizations.no_first_tokens_because(found, now):
            raise invalid_grant(because)
        sender_constraint.check_code(found.grant, self.request.client)
        resources.check(found.grant, self.request.client)
        if not authorizations.spend_code(found.grant, now):
            _punish(found)
            raise invalid_grant("code used by another request at the same time")
        tokens = issuing.first(found, self.request.client, now)
        db.session.commit()
        return 200, tokens, self.TOKEN_RESPONSE_HEADER


def _punish(found: Authorization) -> None:
    authorizations.punish_code_reuse(found, clock.now())
    db.session.commit()


def granted(request: KeptRequest, code: str) -> AuthorizationGrant:
    """The row of an answered request: whom, for which tenant and scope, worth what, and what its tokens must repeat."""
    now, asked, login, worth = clock.now(), request.asked, request.login, request.worth
    offline = "offline_access" in asked.scope
    return AuthorizationGrant(
        id=uuid.uuid4(),
        client_id=asked.client.id,
        user_id=login.user.id,
        tenant_id=login.tenant.id,
        session_id=login.session.id,
        right_id=actor.right_of(login),
        user_epoch=login.user.epoch,
        scope=" ".join(asked.scope),
        login={
            "acr": asked.acr.told(worth.level),
            "amr": list(worth.amr),
            **actor.act_of(login, asked.client.row),
            "auth_time": int(worth.auth_time.timestamp()),
        },
        request={
            "nonce": asked.parameters.get("nonce"),
            "dpop_jkt": asked.parameters.get("dpop_jkt"),
            "resources": list(asked.brought.parameters.resources),
            "claims": asked.named_claims,
        },
        redirect_uri=asked.to.redirect_uri,
        code_hash=opaque.digest(code),
        code_challenge=asked.parameters.get("code_challenge"),
        code_expires_at=now + authorizations.CODE_LIFETIME,
        created_at=now,
        expires_at=now + (authorizations.FAMILY_LIFETIME if offline else authorizations.ONLINE_LIFETIME),
    )
