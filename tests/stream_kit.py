"""Server-sent events of an app, read as they come: a client of tests answers only when a response has ended."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

PATIENCE = 60
"""Seconds after which a test that waits for an event has failed."""


class Stream:
    """An open response."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._messages: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._text = ""
        self.status = 0
        self.headers: dict[str, str] = {}

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._messages.put(message)

    async def event(self) -> dict[str, str]:
        """The next event, by field; comments and heartbeats are left out.

        Raises:
            EOFError: The response has ended.
            TimeoutError: None came.
        """
        async with asyncio.timeout(PATIENCE):
            return await self._event()

    async def _event(self) -> dict[str, str]:
        while True:
            block, found, rest = self._text.replace("\r\n", "\n").partition("\n\n")
            if not found:
                await self._read()
                continue
            self._text = rest
            pairs = (line.partition(":") for line in block.split("\n") if not line.startswith(":"))
            if event := {name: value.removeprefix(" ") for name, _, value in pairs if name}:
                return event

    async def body(self) -> str:
        """What is left of the response, which ends.

        Raises:
            TimeoutError: It goes on.
        """
        with suppress(EOFError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self._read()
        return self._text

    async def _read(self) -> None:
        message = await self._messages.get()
        self._text += message["body"].decode()
        if not message.get("more_body", False):
            raise EOFError

    async def start(self) -> None:
        """Wait for the status and the headers."""
        message = await asyncio.wait_for(self._messages.get(), PATIENCE)
        self.status = message["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}


@asynccontextmanager
async def opened_stream(app: FastAPI, path: str, headers: Mapping[str, str]) -> AsyncIterator[Stream]:
    """The response to GET for as long as the block runs; the app looks for changes meanwhile."""
    path, _, query = path.partition("?")
    gone = asyncio.Event()
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await gone.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    stream = Stream()
    looking = asyncio.create_task(app.state.watch.run())
    answering = asyncio.create_task(app(scope, receive, stream._send))
    try:
        await stream.start()
        yield stream
    finally:
        gone.set()
        looking.cancel()
        await asyncio.wait([answering], timeout=PATIENCE)
        for task in (answering, looking):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
