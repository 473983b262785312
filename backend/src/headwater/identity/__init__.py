"""Who sends a request, and how much they may ask for."""
