"""One WebSocket on the server side: requests, frames, idle close, and the ways it can end."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from .errors import ApiError, error_body
from .faults import forever
from .wire import Format, StreamRequest, Subscription, encode_subscriptions

if TYPE_CHECKING:
    from .stream import Stream


class _EndedError(Exception):
    """Ends the task group, which then cancels its remaining tasks."""


type Step = Callable[[], Awaitable[object]]


class Connection[Event](ABC):
    """A connection from its handshake to its end; everything it sends goes through one queue, in order.

    `streams` is what it has subscribed to. `owner` is what the record counts it under.
    """

    def __init__(
        self, stream: Stream[Any, Event], request: web.Request, socket: web.WebSocketResponse, owner: str
    ) -> None:
        self.owner = owner
        self.streams: Sequence[Subscription] = ()
        self.format = Format.DEFAULT
        self.half_open = False
        self.withhold_frames = False
        self.end_reason = "client"
        self._stream = stream
        self._transport = request.transport
        self._socket = socket
        self._steps: asyncio.Queue[Step] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._last_traffic = self._loop.time()
        self._limits = stream.limits.message_limits()
        self._closing = False
        self._tasks = asyncio.TaskGroup()
        self._reader: asyncio.Task[None] | None = None
        self._sends_status = False

    @abstractmethod
    def _parse(self, text: str | bytes) -> StreamRequest:
        """Check a request; raises `ApiError`."""

    @abstractmethod
    def _encode(self, event: Event) -> Sequence[str]:
        """Return the frames of an event."""

    @property
    def subscribed(self) -> bool:
        """Say whether the client has subscribed."""
        return bool(self.streams)

    @property
    def compressed(self) -> bool:
        """Say whether frames are compressed, because the client has offered it."""
        return bool(self._socket.compress)

    async def serve(self) -> None:
        """Run the connection until it ends on either side."""
        with suppress(_EndedError):
            async with self._tasks:
                self._reader = self._tasks.create_task(self._read())
                writer = self._tasks.create_task(self._write())
                self._tasks.create_task(self._watch_idle())
                await asyncio.wait([self._reader])
                if self._closing:
                    # The writer has ended the reader and is closing the socket.
                    await asyncio.wait([writer])
                raise _EndedError

    # What the client sends

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY if not self.half_open:
                    self._touch()
                    self._handle(message.data)
                case WSMsgType.PING if not self.half_open:
                    self._touch()
                    with suppress(ConnectionError):
                        await self._socket.pong(message.data)
                case WSMsgType.PONG if not self.half_open:
                    self._touch()
                case WSMsgType.CLOSE:
                    if self.half_open:
                        await forever()
                    await self._socket.close()
                    # The client may connect again as soon as it has its answer, so this one no longer counts as open.
                    self._stream.ended(self)
                    return
                case WSMsgType.CLOSING | WSMsgType.CLOSED | WSMsgType.ERROR:
                    return

    def _handle(self, text: str | bytes) -> None:
        if self._closing:
            return
        self._stream.record.messages.append(text)
        per_second, per_minute = self._limits
        if not (per_second.admit() and per_minute.admit()):
            self.close_with_error("Too Many Requests")
        elif text in ("PING", b"PING"):
            if not self._sends_status:
                self._sends_status = True
                self._run(self._send_status())
        else:
            try:
                self._handle_request(text)
            except ApiError as api_error:
                self.close_with_error(str(api_error.name))
        self._stream.changed()

    def _handle_request(self, text: str | bytes) -> None:
        request = self._parse(text)
        if request.subscribe:
            self._subscribe(request)
            self._stream.subscribed(self)
            return
        # A format in this request switches that of the running stream.
        self.format = request.format or self.format
        self.send(encode_subscriptions(request.ticket, self.streams, self.format))

    def _subscribe(self, request: StreamRequest) -> None:
        self.format = request.format or Format.DEFAULT
        self.streams = request.streams

    # What the exchange sends

    def send(self, payload: str | bytes, *, text: bool | None = None) -> None:
        """Send a payload as a text or a binary frame; by default as the stream is set."""
        self._steps.put_nowait(partial(self._send, payload, text))

    def send_frame(self, event: Event) -> None:
        """Send an event's frames in the connection's format, if it is subscribed and frames are not withheld."""
        if self.subscribed and not self.withhold_frames and not self._stream.withhold_frames:
            for frame in self._encode(event):
                self._stream.record.frames_sent += 1
                self.send(frame)

    async def send_now(self, payload: bytes) -> None:
        """Send a payload as a binary frame ahead of the queue; waits while the client does not keep up."""
        await self._socket.send_bytes(payload)
        self._touch()

    def later(self, seconds: float, event: Event) -> None:
        """Send an event's frames after a while; they are lost if the connection ends before."""

        async def send_when_due() -> None:
            await asyncio.sleep(seconds)
            self.send_frame(event)

        self._run(send_when_due())

    def _run(self, steps: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something until it ends or the connection does."""
        return self._tasks.create_task(steps)

    def close_with_error(self, name: str) -> None:
        """Send an error frame, and close with code 1000 after a short delay as the real exchange does."""
        self.send(error_body(name, korean=self._stream.korean))
        self._steps.put_nowait(partial(asyncio.sleep, self._stream.error_close_seconds))
        self.close(WSCloseCode.OK, reason=name)

    def close(self, code: int, message: bytes = b"", *, reason: str = "closed") -> None:
        """Close the connection properly, after everything that is queued already."""
        self._closing = True
        self._steps.put_nowait(partial(self._close, code, message, reason))

    def cut(self, reason: str = "cut") -> None:
        """Break the connection without a close frame; the client sees 1006."""
        self.end_reason = reason
        if self._transport is not None:
            self._transport.abort()

    async def flushed(self) -> None:
        """Wait until everything queued so far is written, or the connection has ended."""
        done = asyncio.Event()

        async def mark() -> None:
            done.set()
            self._stream.changed()

        self._steps.put_nowait(mark)
        await self._stream.until(lambda: done.is_set() or self not in self._stream.connections)

    async def _write(self) -> None:
        while True:
            step = await self._steps.get()
            try:
                await step()
            except ConnectionError:
                return
            if self._socket.closed:
                return

    async def _send(self, payload: str | bytes, text: bool | None) -> None:
        if self.half_open:
            return
        if self._stream.text if text is None else text:
            payload = payload.encode() if isinstance(payload, str) else payload
            # Unlike send_str(), send_frame() accepts bytes that are not UTF-8 in a text frame.
            await self._socket.send_frame(payload, WSMsgType.TEXT)
        else:
            await self._socket.send_bytes(payload.encode() if isinstance(payload, str) else payload)
        self._touch()

    async def _close(self, code: int, message: bytes, reason: str) -> None:
        if self.half_open:
            return
        self.end_reason = reason
        # aiohttp waits for the close frame of the client only if nobody else is reading.
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        await self._socket.close(code=code, message=message)

    async def _send_status(self) -> None:
        await asyncio.sleep(self._stream.status_first_seconds)
        while True:
            self.send('{"status":"UP"}')
            await asyncio.sleep(self._stream.status_seconds)

    # Idle close

    def _touch(self) -> None:
        self._last_traffic = self._loop.time()

    async def _watch_idle(self) -> None:
        while (left := self._last_traffic + self._stream.idle_seconds - self._loop.time()) > 0:
            await asyncio.sleep(left)
        if self.half_open:
            await forever()
        self.cut("idle")
