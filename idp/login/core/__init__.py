"""The pure heart: what a login owes, and what evidence is worth. No Flask, no SQL, no clock.

types: Situation (policy, factors, evidence, network, demand, now)
  └─ decide ─▶ Challenge (the next step) | Complete (assurance: acr, amr, auth_time) | Deny, each with its reasons
session_limits: until when a session counts
"""
