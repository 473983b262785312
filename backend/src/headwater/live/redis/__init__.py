"""Live state of servers that share a Redis: what carries their bells."""
