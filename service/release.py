"""The release that runs."""

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """Its version, `unknown` where it runs without being installed."""
    try:
        return version("curule")
    except PackageNotFoundError:
        return "unknown"
