"""Where the demo listens: loopback only, on ports that are free."""

import errno
import socket
from dataclasses import dataclass

from idp.platform.errors import Unavailable

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
"""What this machine is called in the addresses; a passkey belongs to a name, never to an IP address."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The two ports that a person's browser uses, and the name of this machine in front of them."""

    port: int
    sample_app_port: int
    host: str = HOST

    @property
    def issuer(self) -> str:
        """The provider."""
        return f"http://{self.host}:{self.port}"

    @property
    def sample_app(self) -> str:
        """The sample application."""
        return f"http://{self.host}:{self.sample_app_port}"

    def check(self) -> None:
        """Raise `Unavailable` for a port that cannot be had."""
        if self.port == self.sample_app_port:
            raise Unavailable(f"IDP_PORT and IDP_SAMPLE_APP_PORT are both {self.port}; give them different values.")
        _check("IDP_PORT", self.port)
        _check("IDP_SAMPLE_APP_PORT", self.sample_app_port)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


def _check(setting: str, port: int) -> None:
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((HOST, port))
            trial.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(f"Port {port} is in use; set {setting} to another one.") from None
        raise Unavailable(f"Port {port} cannot be used ({error.strerror}); set {setting} to another one.") from None
