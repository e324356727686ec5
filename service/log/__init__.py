"""The log: how entries are stored, signed, published and cosigned."""
