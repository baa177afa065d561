#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's echo server and CPython's asyncio: echo_asyncio.py PROGRAM [BACKEND]"""
import asyncio
import socket
import struct

from peers import check, payload, server


async def converse(port, seed):
    """Question, answer, question, answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for turn in range(20):
        data = payload(1 + (seed * 7919 + turn * 104729) % 3000, seed + turn)
        writer.write(data)
        await writer.drain()
        check(await reader.readexactly(len(data)) == data, "conversation", seed, turn)
    writer.close()
    await writer.wait_closed()


async def pour(port, size):
    """All at once, then the end of the stream; all comes back, then the end of the stream."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = payload(size, size)

    async def send():
        for at in range(0, size, 100_000):
            writer.write(data[at:at + 100_000])
            await writer.drain()
        writer.write_eof()

    _, back = await asyncio.gather(send(), reader.read())
    check(back == data, "poured", size, "and got", len(back))
    writer.close()
    await writer.wait_closed()


async def stop_reading(port):
    """Sends without reading until nothing goes out any more, then reads it all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    data = payload(32_000_000, 3)
    writer.write(data)
    writer.write_eof()
    await asyncio.sleep(0.3)
    back = bytearray()
    while piece := await reader.read(1 << 20):
        back += piece
    check(back == data, "after a pause", len(back))
    writer.close()


def reset(port):
    """Goes away without a word."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(payload(50_000, 4))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def main(port):
    await asyncio.gather(*(converse(port, seed) for seed in range(200)))
    await asyncio.gather(*(pour(port, size) for size in (0, 1, 65_536, 1_000_000, 8_000_000)))
    for _ in range(20):
        reset(port)
    await asyncio.gather(stop_reading(port), *(converse(port, seed) for seed in range(20)))
    await asyncio.open_connection("127.0.0.1", port)  # still open when the server is told to end


with server() as listening:
    asyncio.run(main(listening))
