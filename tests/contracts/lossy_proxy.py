"""A TCP proxy that loses answers: what a broken network does to a client whose request arrived."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

BUSY = (
    b"HTTP/1.1 503 Server Busy\r\nx-ms-error-code: ServerBusy\r\nRetry-After: 1\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Fault(Enum):
    """What happens to one exchange."""

    NONE = "passed on"
    ANSWER_LOST = "done, then the connection is reset in place of the answer"
    ANSWER_BUSY = "done, then answered 503"
    REQUEST_LOST = "never passed on; the connection is reset"


@dataclass
class LossyProxy:
    """`async with LossyProxy(port) as proxy:`; `proxy.faults` are used up in order, one for each request.

    `requests` are the first lines of what arrived.
    """

    upstream_port: int
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        _, upstream = streams = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        try:
            while await self._exchange(reader, writer, *streams):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # either side went away
        finally:
            upstream.close()
            writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> bool:
        """One request and its answer; whether the connection goes on."""
        request = await _message(reader)
        self.requests.append(request.split(b"\r\n", 1)[0].decode())
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        if fault is not Fault.REQUEST_LOST:
            up_writer.write(request)
            answer = await _message(up_reader)
        if fault in (Fault.REQUEST_LOST, Fault.ANSWER_LOST):
            writer.transport.abort()
            return False
        writer.write(BUSY if fault is Fault.ANSWER_BUSY else answer)
        await writer.drain()
        return fault is Fault.NONE


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One HTTP/1.1 message, head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    headers = dict(line.split(b":", 1) for line in head.lower().split(b"\r\n")[1:] if line)
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        return head + await _chunks(reader)
    return head + await reader.readexactly(int(headers.get(b"content-length", b"0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        body += size + await reader.readexactly(int(size, 16) + 2)
        if int(size, 16) == 0:
            return body
