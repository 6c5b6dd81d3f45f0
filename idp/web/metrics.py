"""Counts and times for Prometheus, on /metrics, to whoever shows the token.

`idp serve` runs several processes; each writes its numbers to a file in PROMETHEUS_MULTIPROC_DIR, and whichever process is
asked adds them up. Labels are names of endpoints and steps, methods and statuses only: bounded, and never about a person.
"""

import hmac
import os
import time
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from idp.platform import settings
from idp.platform.errors import NotFound
from idp.web.error_pages import for_programs

MULTIPROCESS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

REQUESTS = Counter("idp_requests_total", "Answered requests.", ("endpoint", "method", "status"))
WRONG_ANSWERS_OF_NOBODY = Counter(
    "idp_wrong_answers_of_nobody",
    "Wrong answers at a step where nobody was named, or nobody of that name exists.",
    ("step",),
)
SECONDS = Histogram("idp_request_seconds", "Time to answer a request.", ("endpoint",), buckets=BUCKETS)

blueprint = Blueprint("metrics", __name__)


def set_up(app: Flask) -> None:
    """Count every request."""
    app.after_request(_count)
    app.register_blueprint(blueprint)


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    method = request.method if request.url_rule else "any"
    REQUESTS.labels(endpoint, method, response.status_code).inc()
    SECONDS.labels(endpoint).observe(time.perf_counter() - g.request_began)
    return response


@blueprint.get("/metrics")
@for_programs
def metrics() -> Response:
    """Return the numbers (RFC 6750 section 2.1); without a token set the address does not exist."""
    secret = settings.current().metrics_token
    if secret is None:
        raise NotFound("IDP_METRICS_TOKEN is not set")
    if not _is_bearer(secret.get_secret_value()):
        return Response(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
    return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _is_bearer(secret: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), secret.encode())


def _registry() -> CollectorRegistry:
    if MULTIPROCESS_VARIABLE not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
