"""What the audit log keeps of a refusal that nothing the person does would change."""

from idp.accounts.models import User
from idp.audit.events import LoginRefused
from idp.login.core.reasons import machine
from idp.login.core.types import Deny
from idp.login.transaction.transaction import Application


def refused(user: User, denied: Deny, application: Application | None) -> LoginRefused:
    """The event: who was refused, why, and at which application's request."""
    return LoginRefused(
        tenant_id=user.tenant_id,
        user_id=user.id,
        refusal=denied.refusal.value,
        application=application.name if application else None,
        reasons=[machine(reason) for reason in denied.reasons],
    )
