"""Conversations: trees of messages."""
