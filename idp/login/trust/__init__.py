"""Where a request comes from, and what that may spare or slow down.

network: the client's address ─▶ known_ip (a grant stands in for TOTP, 30 days)
                               ─▶ known_places (own places, told from strangers')
                               ─▶ throttle (failures by person and by network)
"""
