"""Authlib, and nowhere else: its authorization server on our requests, clients and grants.

Flask's request ─▶ oauth2_requests ─▶ server ─▶ grants/
"""
