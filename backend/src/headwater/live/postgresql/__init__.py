"""Live state of the servers on one database of PostgreSQL: the writer has the log in memory, rows copy it."""
