"""The import file: tenants, people and applications from TOML, all or nothing.

import_file ─▶ people (read, checked, compared with what exists) ─▶ applied in one transaction ─▶ a report
"""
