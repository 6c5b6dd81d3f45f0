"""Names for the types of the fixtures that the flows take."""

from collections.abc import Callable

from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownClient

NewBrowser = Callable[..., Browser]
NewRp = Callable[[KnownClient], RelyingParty]
