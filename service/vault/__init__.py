"""The vault: personal data, and how it is destroyed."""
