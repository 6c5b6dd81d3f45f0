"""The tenant console: where an administrator sets the policy of their own company.

    /console/          leads to the settings
    /console/settings  platform/settings.py: the switches of the policy, one Save
    /console/security-code  security_code.py: the company's number, read and changed
    /console/security-center  security_center.py: who is safe and who is not yet, also as a CSV file
    /console/applications  applications.py: the company's own applications · connecting.py: what to write in their code
    /console/sessions  sessions.py: who is at work, in which browser, from where
    /console/audit     audit.py: what happened, in words (audit_words.py), also as CSV and JSON Lines
    /console/users     people.py: who there is, page by page · person.py: one of them, and what can be done
    /console/users/<id>/simulator  simulator.py: what one of them would be asked, and why
    /console/users/invite  invite.py: somebody new, by mail
    /console/users/import  import_people.py: many, from a CSV file
    /console/accountants  accountants.py: who works for the company from another office
    /console/helpdesk  helpdesk.py: whether the helpdesk may look, until when, and who looked

`access.py` is the gate: administrators, for their home tenant only, with a fresh proof; the helpdesk may look.
`authority.py` looks once more when something is done to a user. `routes.py` is the table.
"""
