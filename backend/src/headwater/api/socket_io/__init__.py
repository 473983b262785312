"""Socket.IO: the application, and what its packets may be."""
