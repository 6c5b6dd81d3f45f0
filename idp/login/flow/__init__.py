"""One login from its first page to its answer.

entry.judge / entry.begin ─▶ a login transaction, bound to the browser
  views ─▶ verification (throttle, then the step) ─▶ dispatcher: facts ─▶ core.decide
             ├─ Challenge ─▶ pages: the step whose turn it is
             ├─ Complete ──▶ completion: session, known IP, audit ─▶ way_back: to whoever asked
             └─ Deny ──────▶ refusals
page_guard: the account page and the console ask `entry.judge` too
"""
