"""The steps of the pipeline, in the order in which they are owed. A new step is a file here and a line below."""

from collections.abc import Mapping
from types import MappingProxyType

from idp.login.core.types import StepName
from idp.login.steps.base import Step
from idp.login.steps.choose_tenant import ChooseTenant
from idp.login.steps.new_ip import NewIp
from idp.login.steps.passkey import Passkey
from idp.login.steps.password import Password
from idp.login.steps.recovery_code import RecoveryCode
from idp.login.steps.security_code import SecurityCode
from idp.login.steps.set_up_totp import SetUpTotp
from idp.login.steps.totp import Totp

_ORDER: tuple[Step, ...] = (
    Password(),
    SecurityCode(),
    NewIp(),
    Totp(),
    Passkey(),
    RecoveryCode(),
    SetUpTotp(),
    ChooseTenant(),
)

STEPS: Mapping[StepName, Step] = MappingProxyType({step.name: step for step in _ORDER})
