"""Second factors: set up, used once, counted, taken away.

enrolment (pending until one right code) ─▶ authenticators · second_factors (TOTP, recovery codes)
webauthn_ceremonies ─▶ passkeys      coverage: who of a tenant has one ─▶ reminders · coming_mandate
"""
