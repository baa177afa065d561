#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's proxy between two programs of CPython's asyncio: proxy_asyncio.py PROGRAM [BACKEND]"""
import asyncio
import hashlib

from peers import check, payload, server


async def handle(reader, writer):
    """The first line says what to do."""
    order = await reader.readline()
    if order == b"echo\n":
        while data := await reader.read(70_000):
            writer.write(data)
            await writer.drain()
    elif order == b"digest at the end\n":
        writer.write(hashlib.sha256(await reader.read()).digest())
    elif order == b"end first\n":
        writer.write(b"that was all")
        writer.write_eof()
        check(await reader.read() == b"I still talk", "what came after our end")
    elif order == b"hang up\n":
        writer.transport.abort()
        return
    writer.close()


async def echo(port, size):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = payload(size, size)
    writer.write(b"echo\n" + data)
    writer.write_eof()
    check(await reader.read() == data, "echo of", size)
    writer.close()


async def digest(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = payload(3_000_000, 1)
    writer.write(b"digest at the end\n" + data)
    writer.write_eof()
    check(await reader.read() == hashlib.sha256(data).digest(), "digest")
    writer.close()


async def end_first(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"end first\n")
    check(await reader.read() == b"that was all", "the server's end")
    writer.write(b"I still talk")
    writer.close()


async def hang_up(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hang up\n")
    try:
        check(await reader.read() == b"", "after hanging up")
    except ConnectionResetError:
        pass
    writer.close()


async def main():
    target = await asyncio.start_server(handle, "127.0.0.1", 0)
    target_port = target.sockets[0].getsockname()[1]
    with server("--to", f"localhost:{target_port}") as port:
        await asyncio.wait_for(asyncio.gather(*(echo(port, 1 + 20_011 * n) for n in range(60)), digest(port),
                                              end_first(port), hang_up(port)), 12)
        target.close()  # from now on there is nobody to talk to
        await target.wait_closed()
        reader, _ = await asyncio.open_connection("127.0.0.1", port)
        try:
            check(await asyncio.wait_for(reader.read(), 5) == b"", "a proxy to nobody")
        except ConnectionResetError:
            pass


asyncio.run(main())
