"""What the servers on one database of PostgreSQL know together of their clients: counts and signing keys."""
