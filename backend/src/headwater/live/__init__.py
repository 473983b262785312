"""Live state: logs, stop requests, readers and changes. Ports, and their implementation in memory."""
