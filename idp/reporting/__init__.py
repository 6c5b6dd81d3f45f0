"""What administrators and people are told about logins: figures, histories and the effect of a change, never a decision.

audit log ─▶ login_counts ─▶ daily_counts (kept by day)      login_history: one person's
policy ─▶ policy_impact: the decision asked about everybody before a switch is saved
"""
