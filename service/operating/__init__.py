"""Operating: whether the service is well, what it has done and how long it took, its log lines."""
