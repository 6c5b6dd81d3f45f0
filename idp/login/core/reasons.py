"""Why a step was asked or not, in words. The history, the audit log, `idp explain` and the pages all say it from here.

machine():   {"code": "known_ip", "step": "totp", "asked": false, "network": …}
sentence():  "TOTP not asked: known-IP grant of 3 Nov 2026 from 203.0.113.7, ends 3 Dec 2026"
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.login.core.types import Reason, ReasonCode, StepName

STEP_TITLES: Mapping[StepName, Any] = {
    StepName.PASSWORD: _l("Password"),
    StepName.SECURITY_CODE: _l("Security code"),
    StepName.NEW_IP: _l("Validation of the IP address"),
    StepName.TOTP: _l("TOTP"),
    StepName.PASSKEY: _l("Passkey"),
    StepName.RECOVERY_CODE: _l("Recovery code"),
    StepName.SET_UP_TOTP: _l("Setting up two-factor authentication"),
    StepName.CHOOSE_TENANT: _l("Choice of company"),
}

_WHY: Mapping[ReasonCode, Any] = {
    ReasonCode.ALWAYS: _l("every login begins with it"),
    ReasonCode.POLICY: _l("the company's policy asks for it"),
    ReasonCode.POLICY_OFF: _l("the company's policy does not ask for it"),
    ReasonCode.DEMAND: _l("the application asks for it"),
    ReasonCode.ENROLLED: _l("the user has set it up"),
    ReasonCode.NOT_ENROLLED: _l("the user has not set it up"),
    ReasonCode.ALREADY_SET_UP: _l("the user has a second factor"),
    ReasonCode.KNOWN_IP: _l("known-IP grant of %(earned_at)s from %(network)s, ends %(expires_at)s"),
    ReasonCode.KNOWN_IP_NOT_ENOUGH: _l("the application asks for a second factor, a known-IP grant is none"),
    ReasonCode.VALIDITY_LIMITED: _l("the company's policy asks for it at every login"),
    ReasonCode.ALTERNATIVE: _l("only when the user chooses it instead of TOTP"),
    ReasonCode.PASSKEY_ASKED: _l("the passkey that is asked stands for it"),
    ReasonCode.FAMILIAR_NETWORK: _l("the user has logged in from this IP address before"),
    ReasonCode.ONE_TENANT: _l("the user works for one company"),
    ReasonCode.TENANT_NAMED: _l("the request names the company"),
    ReasonCode.SESSION_TENANT: _l("the user works for a company in this browser already"),
    ReasonCode.SEVERAL_TENANTS: _l("the user works for several companies"),
    ReasonCode.NOT_A_MEMBER: _l("the user does not work for the company that the request names"),
    ReasonCode.LEVEL_OUT_OF_REACH: _l("the application insists on a proof that the user has no means for"),
    ReasonCode.OTHER_USER: _l("the application asks for another user"),
}


def sentence(reason: Reason, *, iso: bool = False) -> str:
    """The reason as a sentence in the language of the moment; dates as ISO 8601 when `iso`."""
    facts = {name: _said(value, iso=iso) for name, value in reason.facts.items()}
    why = str(_WHY[reason.code]) % facts
    if reason.step is None:
        return str(_("Refused: %(why)s", why=why))
    title = str(STEP_TITLES[reason.step])
    if reason.asked:
        return str(_("%(step)s asked: %(why)s", step=title, why=why))
    return str(_("%(step)s not asked: %(why)s", step=title, why=why))


def machine(reason: Reason) -> dict[str, Any]:
    """The reason as plain JSON values, moments as ISO 8601."""
    facts = {name: _said(value, iso=True) for name, value in reason.facts.items()}
    step = reason.step.value if reason.step else None
    return {"code": reason.code.value, "step": step, "asked": reason.asked, **facts}


def from_machine(record: Mapping[str, Any]) -> Reason:
    """The reason that `machine` wrote, to say it again in another language."""
    facts = {name: _moment(value) for name, value in record.items() if name not in {"code", "step", "asked"}}
    step = StepName(record["step"]) if record["step"] else None
    return Reason(ReasonCode(record["code"]), step, record["asked"], facts)


def _said(value: str | datetime, *, iso: bool) -> str:
    if isinstance(value, str):
        return value
    return value.isoformat() if iso else str(format_date(value))


def _moment(value: str) -> str | datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value
