"""Recording: how decisions come in, and what becomes of them."""
