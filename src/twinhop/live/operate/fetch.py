"""A backup of a running `twinhop serve`, through its door."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.live.client.connection import address as address_of
from twinhop.live.client.connection import token_of
from twinhop.live.operate.archive import verify
from twinhop.live.operate.backup import new_file

PATH = "/v1/backup"
#: The server copies its files before the first byte comes [s].
PATIENCE_S = 600.0
_HERE = ("localhost", "127.0.0.1", "::1")


def fetch_backup(url: str, out: Path, insecure: bool = False) -> None:
    """Write the backup of a running server into a new file, once every checksum in it was compared.

    Args:
        url: of the server.
        out: the file.
        insecure: whether the token may go over a network as it is.

    Raises:
        InputError: no token is given, the server cannot be reached or refuses, or what it sent is not whole.
    """
    require_extra("serve", "backup")
    import httpx

    token, server, parts = token_of(None), address_of(url), urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in _HERE and not insecure:
        raise InputError(
            f"{url}: the token would go over the network as it is; give https://, or --insecure where nobody listens"
        )
    address = server + PATH
    with new_file(out) as path:
        try:
            timeout = httpx.Timeout(30.0, read=PATIENCE_S)
            with (
                # a proxy of the environment could read the token where TLS does not hide it
                httpx.Client(timeout=timeout, trust_env=parts.scheme == "https") as client,
                client.stream("GET", address, headers={"Authorization": f"Bearer {token}"}) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    response.read()
                    raise InputError(f"{address}: {_refusal(response)}")
                with path.open("wb") as stream:
                    for piece in response.iter_bytes():
                        stream.write(piece)
                    stream.flush()
                    os.fsync(stream.fileno())
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise InputError(f"{address}: {type(error).__name__}: {error}") from None
        with path.open("rb") as stream:
            verify(stream, address)


def _refusal(response) -> str:
    """What a server says that gives no backup, in one line."""
    try:
        words = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        words = response.reason_phrase
    return f"{response.status_code}: {' '.join(str(words).split())[:300]}"
