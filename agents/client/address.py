"""Where the service is, and how a caller shows its key."""

from tierwise.data.errors import TierwiseError
from tierwise.data.foreign.http_body import PLAIN


def checked_address(base_url: str) -> str:
    """The address without a slash at its end. Raises ``TierwiseError`` for one that is no address."""
    if not base_url.startswith(("http://", "https://")):
        raise TierwiseError(f"base_url is '{base_url}'; an address such as http://127.0.0.1:8080 is needed")
    return base_url.rstrip("/")


_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def direct_mounts() -> dict[str, None]:
    """For an HTTP client: addresses of this machine are never reached through a proxy, which would be shown the key."""
    return {f"all://{host}": None for host in _LOOPBACK}


def headers_of(api_key: str | None) -> dict[str, str]:
    headers = {"content-type": "application/json", **PLAIN}
    return headers if api_key is None else headers | {"authorization": f"Bearer {api_key}"}
