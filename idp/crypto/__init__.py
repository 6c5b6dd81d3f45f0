"""Cryptography: the leaf of the house. No Flask, no SQL, no clock, no settings.

    opaque     256 random bits for a handle, cookie, code or link; only its SHA-256 is ever stored
    passwords  Argon2id (RFC 9106), a bound on how many run at once, the same work for a user who does not exist
    recovery   ten one-time codes a person can type, hashed like passwords
    totp       RFC 6238: which 30-second step does this code belong to, if any
    sealed     AES-256-GCM for what must be read again (TOTP secrets, signing keys); HMAC tags

                          random value            person's secret            secret we must read again
    what is stored        SHA-256 (opaque)        Argon2id (passwords)       AES-256-GCM (sealed)

Everything here takes its inputs as arguments: keys, parameters and the moment come from the caller.
"""
