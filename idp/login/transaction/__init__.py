"""What is known of a login under way: what the browser has proved so far, and the facts that a decision rests on.

cookie, handle ─▶ transaction (15 minutes, bound to the browser) ─▶ facts: rows become a `Situation`
address_validation: a code and a link in one mail      passkey_evidence: what a passkey proves
"""
