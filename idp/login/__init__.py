"""Logging in: from a browser that asks to a session that is worth something.

    judge(demand) ──▶ situation.py gathers the facts ──▶ policy.decide (pure)
        │                                                    │
        ├── Complete ── the session at hand is enough        │
        ├── Deny ────── nothing the person can do helps      │
        └── Challenge ─▶ begin(): a transaction on the server, 15 minutes, bound to the browser
                            │
              GET|POST /login/<handle>/<step>     dispatcher.py: is it this step's turn?
                            │                     steps/<name>.py: Proved or Rejected
                            │                     transaction.py: evidence is kept, never a plan
                            ▼
                  decide again … Complete ─▶ completion.py: session, known IP, audit ─▶ return_to

Evidence is what is stored; which step comes next is computed anew from the facts at every request.
A step proves or rejects and never names another step. A known IP is a waiver: it may ask less, it
proves nothing. This room does not know that OAuth exists: `return_to` is an address of our own.

`types` `policy` `assurance` are pure: no Flask, no database, no clock.
"""
