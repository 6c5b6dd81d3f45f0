"""What every request meets, whatever room it is for. The order is the order of `idp.app`.

    known_as          every URL is built from IDP_ISSUER, whatever Host says          (wraps the whole application)
    logs              a request id, one JSON line for each request
    metrics           counts and times, /metrics behind its token
    input_limits      too large, NUL bytes, no UTF-8: refused before anything reads it
    browser           the cookie that knows a browser again; CSRF tokens derive from it
    languages         Dutch or English
    static_files      addresses with the hash of their content
    security_headers  on every answer
    error_pages       a page for people, RFC 6749 JSON for programs, 503 when a store is gone
    health            /healthz and /readyz

Each has one `set_up(app)`. None knows a room above it; a room that answers programs says so with
`error_pages.for_programs`, a page that sends a form's redirect elsewhere with `security_headers.allow_form_action`.
"""
