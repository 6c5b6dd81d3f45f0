"""The user page: what a person has set up, and how they change it.

    /account/                              overview.py         everything on one screen, the most urgent first
    /account/companies                     companies.py        for whom the person works, and for whom now
    /account/security                      security.py         the cards
    /account/security/password             password.py         another password
    /account/security/two-factor           two_factor.py       set up; again, for a new phone; switch off
    /account/security/authenticators/…     authenticators.py   one more, another name, one less
    /account/security/recovery-codes       recovery_codes.py   renew
    /account/security/passkeys/…           passkeys.py         add, rename, remove
    /account/security/known-addresses/…    known_addresses.py  the 30-day choice, revoke one or all
    /account/security/familiar-addresses/… familiar_addresses.py  make one strange again
    /account/security/applications/…       allowed_applications.py  take back what one was allowed
    /account/security/history              history.py          logins and refused tries, with their reasons
    /account/security/sessions/…           sessions.py         end one, all others, or everything

    /forgot-password                       forgot_password.py  for whoever is not logged in
    /invitation/<token>                    invitation.py       for whoever is not a user yet

`routes.py` is the table of the pages. Whatever changes a factor asks password and second factor anew when the last
proof is older than 15 minutes; it ends the person's other sessions and all known-IP grants.
"""
