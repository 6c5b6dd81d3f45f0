"""Tenants: the customers of Informer, each with a policy of its own.

    Tenant ── Policy (a frozen value of the switches)
       │ └─── security code (sealed; one for all of its people)
       └───── Membership ── a user of another tenant who works for this one as well

A tenant's ``epoch`` counts its security changes: whatever was remembered under an older epoch
(a known-IP grant, a cached copy of one) is worthless once the epoch has moved on.
"""
