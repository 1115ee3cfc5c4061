"""Whether the hub of weights can be reached, found out before it is waited for."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants

SECONDS = 3


@contextmanager
def hub_or_cache() -> Iterator[None]:
    """Let huggingface_hub look into its cache alone where there is no network.

    By itself it asks six times for each file, for a minute, also for files that it has.
    """
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _reachable()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _reachable() -> bool:
    if getproxies().keys() - {'no'}:  # who asks for us may reach more
        return True
    address = urlsplit(constants.ENDPOINT)
    port = address.port or {'http': 80}.get(address.scheme, 443)
    try:
        socket.create_connection((address.hostname, port), SECONDS).close()
    except OSError:
        return False
    return True
