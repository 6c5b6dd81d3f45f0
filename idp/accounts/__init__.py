"""People: who they are and which factors they have.

    User ── password (Argon2id)
      ├──── TotpDevice (sealed secret, the last 30-second step that was used)
      ├──── RecoveryCode (Argon2id, one use each)
      └──── Passkey (public key, the last count of signatures); ceremonies.py makes and checks them

Somebody who is invited is a user without a password, until they choose one by the mailed link (`invitations.py`).

Two counters guard what is remembered about a user elsewhere. ``epoch`` moves on when the person's
proof changes (password, disabling, signing out everywhere): sessions, evidence, refresh tokens
and known-IP grants of an older epoch are worthless. ``grants_epoch`` moves on with every change to
the known-IP grants themselves, so that a cached copy of them can be told from the truth.
"""
