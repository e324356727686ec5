"""The stores: the databases and files that are not to be lost, and how they are reached."""
