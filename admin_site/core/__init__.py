"""The words everyone uses: declaration, rules, errors, time, the database.

This floor knows no user, no request and no section.
"""
