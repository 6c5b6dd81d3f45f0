"""Gunicorn instead of `idp serve`: gunicorn -c config/gunicorn.conf.py wsgi:application (gunicorn is not a dependency).

Only behind a proxy that takes a request whole before it passes it on (nginx does: `proxy_request_buffering on`, its default,
with `client_header_timeout` and `client_body_timeout`). A thread of gunicorn waits for a silent client without a limit:
`timeout` is for a worker that hangs, not for a request.
"""

import multiprocessing
import os
import tempfile

bind = os.environ.get("IDP_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", multiprocessing.cpu_count()))
worker_class = "gthread"
threads = 16
preload_app = False
timeout = 30
graceful_timeout = 30
keepalive = 75
limit_request_line = 8190
limit_request_field_size = 16384
accesslog = None
# Headers by their exact names only: `Client_Cert` is never `Client-Cert`. `wsgi.py` does not start with other values.
header_map = "drop"
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
strip_header_spaces = False
permit_obsolete_folding = False
# Workers add up their numbers for /metrics here.
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={tempfile.mkdtemp(prefix='idp-metrics-')}"]
