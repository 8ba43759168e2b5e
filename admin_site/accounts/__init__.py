"""Who is asking, and what they may do: users, sign-in, sessions, roles, the one decision.

This floor writes only its own tables (sessions, throttles); what stands on a user's row goes
through ``records.writes`` like everything else.
"""
