"""What an application is told about a person: which claims, under which subject, readable by whom.

scopes and claims that are registered and allowed ─▶ claims ─▶ subjects (public or pairwise) ─▶ userinfo, encryption
"""
