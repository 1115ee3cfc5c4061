"""The server of the page: this machine alone, unless told otherwise; no network."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ..extras import require
from .layout import build_page
from .tagger import PageTagger

BYTES = 4  # of a file, for each pixel that is allowed
# what is not of this server is not loaded, whatever Gradio's version would fetch
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'self'; base-uri 'self'; form-action 'self'"
)
_HEADERS = (
    (b'content-security-policy', POLICY.encode()),
    (b'referrer-policy', b'no-referrer'),
)
# of [::1]:7860 starlette's versions read one of the last three; no site is called so
_LOOPBACK = ('127.0.0.1', 'localhost', '::1', '[::1]', '[')


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: Address or name of this machine.
        port: 0 is any that is free.

    Raises:
        OSError: The port is taken, or the address is not of this machine.
        ValueError: There is no port of that number.
    """
    if not 0 <= port < 2**16:  # the system would take another one
        raise ValueError(f'--port {port} must be at most {2**16 - 1}.')
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host.strip('[]'), port, type=socket.SOCK_STREAM
        )[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as error:
        raise OSError(
            f'--host {host} --port {port} cannot be used: {error.strerror}; name '
            'another port, or 0 for any that is free.'
        ) from error
    return listening


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give Gradio a folder of its own for uploads, which goes when the block ends."""
    before = os.environ.get('GRADIO_TEMP_DIR')
    with tempfile.TemporaryDirectory(prefix='mvlr_demo_') as folder:
        os.environ['GRADIO_TEMP_DIR'] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop('GRADIO_TEMP_DIR')
            if before is not None:
                os.environ['GRADIO_TEMP_DIR'] = before


def build_app(
    tagger: PageTagger, title: str, folder: Path, host: str, queue: int
) -> Any:
    """Return the page as an ASGI app.

    Args:
        tagger: The model.
        title: What the page is called.
        folder: Of :func:`private_folder`.
        host: Where it is to listen. On the loopback it answers to no other name, so
            that no page of another site can pretend to be this one.
        queue: How many requests may wait.

    Raises:
        ImportError: gradio is missing.
    """
    os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
    os.environ['HF_HUB_DISABLE_TELEMETRY'] = '1'
    gr = require('gradio', extra='demo')
    from fastapi import FastAPI
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    guards = [
        Middleware(TrustedHostMiddleware, allowed_hosts=_names_of(host)),
        Middleware(_OwnPage),
        Middleware(_Headers),
    ]
    page = build_page(tagger, title, folder)
    page.queue(max_size=queue, api_open=False)
    return gr.mount_gradio_app(
        FastAPI(middleware=guards, docs_url=None, redoc_url=None, openapi_url=None),
        page,
        path='/',
        footer_links=[],
        show_error=False,
        max_file_size=BYTES * tagger.max_pixels,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        theme=gr.themes.Default(primary_hue='blue', font=['system-ui', 'sans-serif']),
        css_paths=[Path(__file__).with_name('style.css')],
    )


def _names_of(host: str) -> list[str]:
    """Return the names that a page is asked for by, if it listens at a host."""
    host = host.strip('[]')
    try:
        own = ip_address(host).is_loopback
    except ValueError:
        own = host.lower() == 'localhost'
    return [*_LOOPBACK, host.lower()] if own else ['*']


def serve(app: Any, listening: socket.socket) -> None:
    """Answer until the process is interrupted.

    Args:
        app: Of :func:`build_app`.
        listening: Of :func:`listen`.
    """
    uvicorn = require('uvicorn', extra='demo')
    config = uvicorn.Config(
        app, log_level='warning', server_header=False, timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listening])


_OTHER = (b'cross-site', b'same-site')


class _OwnPage:
    """Refuse what other pages send, such as files; links to this one work.

    A browser tells where a request comes from, and no script can change that. Another
    port of this machine is the same site, and another page.
    """

    def __init__(self, app: Callable) -> None:
        self.app = app

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        sends = scope.get('method') not in ('GET', 'HEAD')
        answer = self.app
        other = dict(scope.get('headers', ())).get(b'sec-fetch-site') in _OTHER
        if sends and other:
            from starlette.responses import PlainTextResponse

            answer = PlainTextResponse('another page sent this', 403)
        await answer(scope, receive, send)


class _Headers:
    """Send the headers above with every answer."""

    def __init__(self, app: Callable) -> None:
        self.app = app

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        async def send_more(message: dict) -> None:
            if message['type'] == 'http.response.start':
                message['headers'] = [*message.get('headers', ()), *_HEADERS]
            await send(message)

        await self.app(scope, receive, send_more)
