"""The tenant console: where an administrator sets the policy of their own company.

    /console/          leads to the settings
    /console/settings  settings.py: the switches of the policy, one Save

`access.py` is the gate: administrators only, for their home tenant only, with a fresh proof. `routes.py` is the table.
"""
