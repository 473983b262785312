"""What the servers that share a Redis count in it."""
