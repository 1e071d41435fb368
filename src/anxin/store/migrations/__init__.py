"""Alembic's revisions: named, append-only, each with the reason it was made."""
