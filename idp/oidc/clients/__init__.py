"""Applications: what they registered, who they are when they ask, and how their owners keep them.

registration (RFC 7591), the console, the import file ─▶ validation ─▶ metadata ─▶ lifecycle ─▶ models.Client
a request ─▶ repository ─▶ client_auth (secret, assertion, certificate) ─▶ client_keys
"""
