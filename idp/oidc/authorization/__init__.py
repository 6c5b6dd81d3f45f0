"""From a browser that an application sent to the answer that it takes back.

authorize, par ─▶ parameters, request_object ─▶ checks ─▶ requests (kept) ─▶ login ─▶ consent ─▶ response
prompt_none: which error says what is missing      simulate: the same demand, asked for an explanation
"""
