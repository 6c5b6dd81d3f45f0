"""What a switch of the settings would change, in numbers and names, before it is saved.

    the switch as it is kept, turned on its own ─▶ policy_impact: who is asked what before and after ─▶ a sentence or two

The page has the effect of every switch beside it, and the stylesheet shows it while the box is not as it is kept: nothing is
loaded, no script is needed. Two sentences depend on a second switch: they are there twice, for both of its positions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.accounts.factors import passkeys
from idp.login.core.types import StepName
from idp.reporting.policy_impact import SECOND, Crowd, Kind, Which, asked
from idp.tenancy.policy import Policy

NAMES_SHOWN: Final = 20
ALWAYS, IF_MANDATORY, IF_VOLUNTARY = "", "if-mandatory", "if-voluntary"
NOTHING: Final = _l("At this moment this changes nothing for anybody.")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence. `when`: always, or by the position of the box of mandatory two-factor."""

    sentence: str
    when: str = ALWAYS


@dataclass(frozen=True, slots=True)
class Effect:
    """What follows. `who`: what the names are of, where there are any; `more`: how many are not named.

    `when`: as of a sentence, for the names.
    """

    said: Sequence[Said]
    who: str = ""
    names: Sequence[str] = ()
    more: int = 0
    when: str = ALWAYS


@dataclass(frozen=True, slots=True)
class Company:
    """Whom it is about: the people, the policy that holds, how many accountants of other offices work for the company."""

    crowd: Crowd
    policy: Policy
    accountants: int

    @property
    def all(self) -> int:
        """How many people there are."""
        return self.crowd.people()

    def asks(self, step: StepName, **changed: bool) -> Which:
        """Whom a login somewhere new asks the step if these switches were so."""
        policy = replace(self.policy, **changed)
        return lambda kind: step in asked(kind, policy, at_a_new_place=True)

    def password_alone(self, **changed: bool) -> Which:
        """Whom a login somewhere new asks no second factor if these switches were so."""
        policy = replace(self.policy, **changed)
        return lambda kind: not SECOND & asked(kind, policy, at_a_new_place=True)

    def spared(self, kind: Kind) -> bool:
        """Whether a known IP address spares people of the kind a step."""
        return asked(kind, self.policy) != asked(replace(kind, known=False), self.policy)


def effect(of: str, company: Company) -> Effect:
    """What turning this switch would do."""
    return _EFFECTS[of, not getattr(company.policy, of)](company)


def without_two_factor(company: Company) -> Which:
    """Who would be led to setting it up."""
    return company.asks(StepName.SET_UP_TOTP, two_factor_mandatory=True)


def named(company: Company, which: Which, who: str, *said: Said) -> Effect:
    """The effect with the names of whom it is about."""
    names = company.crowd.names(which, NAMES_SHOWN)
    return Effect(said, who if names else "", names, company.crowd.people(which) - len(names))


def _mandatory_off(c: Company) -> Effect:
    safe = c.all - c.crowd.people(without_two_factor(c))
    sentence = _(
        "%(some)s of %(all)s people have two-factor authentication and may switch it off then. Nobody is led to it any more.",
        some=format_decimal(safe),
        all=format_decimal(c.all),
    )
    return Effect((Said(sentence),))


def _limited(c: Company) -> Effect:
    return _of_the_30_days(
        c,
        _l(
            "%(some)s of %(all)s people chose 2FA once every 30 days: from now on they are asked at every login. "
            "Known IP addresses that stop counting: %(number)s."
        ),
    )


def _unlimited(c: Company) -> Effect:
    return _of_the_30_days(
        c,
        _l(
            "%(some)s of %(all)s people chose 2FA once every 30 days: they are asked once more, and every 30 days from then on. "
            "Known IP addresses of before do not count again."
        ),
    )


def _of_the_30_days(c: Company, words: Any) -> Effect:
    def chose(kind: Kind) -> bool:
        return kind.every_30_days and c.asks(StepName.TOTP)(kind)

    some = c.crowd.people(chose)
    said = str(words) % {
        "some": format_decimal(some),
        "all": format_decimal(c.all),
        "number": format_decimal(c.crowd.grants(chose)),
    }
    return named(c, chose, _("See who"), Said(said if some else str(NOTHING)))


def _code_on(c: Company) -> Effect:
    said = [
        _(
            "%(some)s of %(all)s people are asked for the code at their next page, and so are accountants of other offices "
            "(%(accountants)s). They learn it from you: you find it below, at Security code.",
            some=format_decimal(c.crowd.people(c.asks(StepName.SECURITY_CODE, security_code=True))),
            all=format_decimal(c.all),
            accountants=format_decimal(c.accountants),
        )
    ]
    if instead := c.crowd.people(_has_a_passkey(c.policy)):
        said.append(
            _(
                "%(some)s of them can log in with a passkey, which stands for the code as well.",
                some=format_decimal(instead),
            )
        )
    return Effect(tuple(Said(sentence) for sentence in said))


def _code_off(c: Company) -> Effect:
    nobody = _("Nobody is asked for the code any more.")
    alone = c.password_alone(security_code=False, two_factor_mandatory=False)
    then = _(
        "%(some)s of %(all)s people have no two-factor authentication: they are asked their password, and nothing else.",
        some=format_decimal(c.crowd.people(alone)),
        all=format_decimal(c.all),
    )
    return replace(named(c, alone, _("See who"), Said(nobody), Said(then, IF_VOLUNTARY)), when=IF_VOLUNTARY)


def _new_ip_on(c: Company) -> Effect:
    mailed = c.asks(StepName.NEW_IP, block_new_ip=True)

    def newly(kind: Kind) -> bool:
        return mailed(kind) and not c.asks(StepName.NEW_IP)(kind)

    said = [
        _(
            "%(some)s of %(all)s people get a mail with a link and a code whenever they log in from an IP address that is "
            "new for them.",
            some=format_decimal(c.crowd.people(newly)),
            all=format_decimal(c.all),
        )
    ]
    if strangers := c.crowd.people(lambda kind: newly(kind) and not kind.familiar):
        said.append(
            _(
                "%(some)s of them have no IP address that we know yet, and get it at their next login.",
                some=format_decimal(strangers),
            )
        )
    if unsure := c.crowd.people(lambda kind: newly(kind) and not kind.confirmed):
        said.append(
            _(
                "%(some)s of them have an e-mail address that is not confirmed yet: whoever cannot read that mail cannot log in.",
                some=unsure,
            )
        )
    return _with_own_settings(c, said)


def _new_ip_off(c: Company) -> Effect:
    still = c.asks(StepName.NEW_IP, block_new_ip=False)
    freed = c.crowd.people(lambda kind: c.asks(StepName.NEW_IP)(kind) and not still(kind))
    words = _(
        "%(some)s of %(all)s people get no mail any more at a new IP address.",
        some=format_decimal(freed),
        all=format_decimal(c.all),
    )
    return _with_own_settings(c, [words])


def _with_own_settings(c: Company, said: list[str]) -> Effect:
    def has_own(kind: Kind) -> bool:
        return kind.block_new_ip is not None

    if own := c.crowd.people(has_own):
        said.append(
            _(
                "%(some)s of %(all)s people have a setting of their own, which stays as it is.",
                some=format_decimal(own),
                all=format_decimal(c.all),
            )
        )
    return named(c, has_own, _("See for whom"), *(Said(sentence) for sentence in said))


def _one_browser(c: Company) -> Effect:
    said = _of_known_addresses(
        c,
        _l(
            "%(some)s of %(all)s people have a known IP address that counts (%(number)s in all). From now on each counts in one "
            "browser only: in another one 2FA is asked again."
        ),
    )
    if loose := c.crowd.loose(c.spared):
        said.append(
            _(
                "%(number)s of them were earned in no browser that we can tell, and stop counting.",
                number=format_decimal(loose),
            )
        )
    return named(c, c.spared, _("See who"), *(Said(sentence) for sentence in said))


def _every_browser(c: Company) -> Effect:
    said = _of_known_addresses(
        c,
        _l(
            "%(some)s of %(all)s people have a known IP address that counts (%(number)s in all). From now on each counts in "
            "every browser there."
        ),
    )
    return named(c, c.spared, _("See who"), *(Said(sentence) for sentence in said))


def _of_known_addresses(c: Company, words: Any) -> list[str]:
    some = c.crowd.people(c.spared)
    return [
        str(words)
        % {
            "some": format_decimal(some),
            "all": format_decimal(c.all),
            "number": format_decimal(c.crowd.grants(c.spared)),
        }
        if some
        else str(NOTHING)
    ]


def _passkeys_off(c: Company) -> Effect:
    some = c.crowd.people(_has_a_passkey(c.policy))
    if not some:
        return Effect((Said(str(NOTHING)),))
    alone = c.password_alone(passkeys=False)

    def loses(kind: Kind) -> bool:
        return alone(kind) and not c.password_alone()(kind)

    said = [
        Said(
            _(
                "%(some)s of %(all)s people have a passkey, which opens nothing any more: they log in with their password.",
                some=format_decimal(some),
                all=format_decimal(c.all),
            )
        )
    ]
    if only := c.crowd.people(loses):
        words = {
            IF_VOLUNTARY: _(
                "%(some)s of them have no authenticator app: no second factor protects them then.",
                some=format_decimal(only),
            ),
            IF_MANDATORY: _(
                "%(some)s of them have no authenticator app: nobody is locked out, they are led to setting it up as soon as "
                "two-factor authentication is mandatory.",
                some=format_decimal(only),
            ),
        }
        said += [Said(sentence, when) for when, sentence in words.items()]
    return named(c, loses, _("See who"), *said)


def _passkeys_on(c: Company) -> Effect:
    some = c.crowd.people(_has_a_passkey(replace(c.policy, passkeys=True)))
    words = _(
        "%(some)s of %(all)s people have a passkey from before, which counts again.",
        some=format_decimal(some),
        all=format_decimal(c.all),
    )
    return Effect((Said(words if some else str(NOTHING)),))


def _has_a_passkey(policy: Policy) -> Which:
    return lambda kind: kind.passkey and passkeys.taken(policy)


_EFFECTS: Final[Mapping[tuple[str, bool], Callable[[Company], Effect]]] = {
    ("two_factor_mandatory", True): lambda _c: Effect(()),  # the page has it beside the button that mails
    ("two_factor_mandatory", False): _mandatory_off,
    ("limit_two_factor_validity", True): _limited,
    ("limit_two_factor_validity", False): _unlimited,
    ("security_code", True): _code_on,
    ("security_code", False): _code_off,
    ("block_new_ip", True): _new_ip_on,
    ("block_new_ip", False): _new_ip_off,
    ("known_ip_same_browser", True): _one_browser,
    ("known_ip_same_browser", False): _every_browser,
    ("passkeys", True): _passkeys_on,
    ("passkeys", False): _passkeys_off,
}
