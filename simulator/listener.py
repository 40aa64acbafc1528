"""A loopback port that serves an application, and can stop and resume accepting connections."""

import asyncio
import errno
import socket

from aiohttp import web
from aiohttp.typedefs import Handler


class Listener:
    """An aiohttp server on 127.0.0.1 whose port stays its own from start to stop.

    While closed the port stays bound but does not listen, so connections are refused and nobody else gets it.
    """

    def __init__(self, handler: Handler, port: int = 0) -> None:
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/{path:.*}", handler)
        # A handler ends when its client is gone; a hanging answer would outlive the server otherwise.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        self._server: asyncio.Server | None = None
        self._socket: socket.socket | None = None
        self.port = port

    async def start(self) -> None:
        """Bind the port and listen; raises OSError when the port is taken."""
        self._socket = self._bind()
        await self._runner.setup()
        await self.open()

    async def open(self) -> None:
        """Accept connections (again)."""
        if self._socket is None or self._runner.server is None:
            return
        bound, self._socket = self._socket, None
        self._server = await asyncio.get_running_loop().create_server(self._runner.server, sock=bound)

    def close(self) -> None:
        """Refuse new connections; those that exist stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = self._bind()

    def abort_connections(self) -> None:
        """Break every connection without another byte."""
        if self._runner.server is not None:
            for protocol in self._runner.server.connections:
                if protocol.transport is not None:
                    protocol.transport.abort()

    async def stop(self) -> None:
        """Break every connection and free the port."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.abort_connections()
        await self._runner.cleanup()

    def _bind(self) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(("127.0.0.1", self.port))
        except OSError as error:
            bound.close()
            if error.errno == errno.EADDRINUSE:
                raise OSError(error.errno, f"port {self.port} is taken") from error
            raise
        bound.setblocking(False)
        self.port = bound.getsockname()[1]
        return bound
