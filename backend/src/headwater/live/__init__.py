"""What lives while replies run: logs, controls, readers, news of changes; ports, and their form in memory."""
