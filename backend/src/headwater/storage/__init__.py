"""Conversations and replies in a database: SQLite or PostgreSQL."""
