#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's proxy between two programs of CPython's asyncio: proxy_asyncio.py PROGRAM [BACKEND]"""
import asyncio
import hashlib
import socket
import struct
import time

from peers import check, payload, watched_server


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
    elif order == b"listen\n":
        while await reader.read(70_000):
            pass
        await GONE.wait()  # and keeps its side open: only the proxy can end this
    elif order == b"ignore\n":
        await GONE.wait()
    elif order == b"talk\n":
        while not reader.at_eof():
            writer.write(bytes(10_000))
            await asyncio.sleep(0.01)
        await GONE.wait()
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


def leave(connection, how):
    if how.startswith("half-close"):
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.02)
    if how.endswith("reset"):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def send_until_blocked(connection):
    connection.settimeout(0.2)
    try:
        while True:
            connection.sendall(bytes(1_000_000))
    except TimeoutError:
        pass


async def leaving(port, watch):
    """Thirty clients that go in every way, from servers that neither notice nor care: nothing of them stays."""
    before = watch.descriptors()
    connections = []
    for how in ("reset", "half-close, then reset", "close", "half-close, then close", "blocked reset", "blocked close"):
        for order in (b"listen\n", b"ignore\n", b"talk\n", b"listen\n", b"ignore\n"):
            connection = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port))
            await asyncio.to_thread(connection.sendall, order)
            connections.append((connection, how, order))
    for connection, how, order in connections:
        if how.startswith("blocked") and order == b"ignore\n":
            await asyncio.to_thread(send_until_blocked, connection)
    await asyncio.to_thread(watch.descriptors_rise_to, before + 60, 8)  # clients and servers
    for connection, how, _ in connections:
        await asyncio.to_thread(leave, connection, how)
    await asyncio.to_thread(watch.descriptors_fall_to, before, 8)
    GONE.set()


async def main():
    global GONE
    GONE = asyncio.Event()
    target = await asyncio.start_server(handle, "127.0.0.1", 0)
    target_port = target.sockets[0].getsockname()[1]
    with watched_server("--to", f"localhost:{target_port}", "--patience", "1") as (port, watch):
        await asyncio.wait_for(asyncio.gather(*(echo(port, 1 + 20_011 * n) for n in range(60)), digest(port),
                                              end_first(port), hang_up(port)), 12)
        await leaving(port, watch)
        target.close()  # from now on there is nobody to talk to
        await target.wait_closed()
        reader, _ = await asyncio.open_connection("127.0.0.1", port)
        try:
            check(await asyncio.wait_for(reader.read(), 5) == b"", "a proxy to nobody")
        except ConnectionResetError:
            pass


asyncio.run(main())
