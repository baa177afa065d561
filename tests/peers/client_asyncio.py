#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's echo client and a server of CPython's asyncio: client_asyncio.py PROGRAM [BACKEND]"""
import asyncio

from peers import check, command

heard = []


async def handle_echo(reader, writer):
    while data := await reader.read(100):
        heard.append(data.decode())
        writer.write(data)
        await writer.drain()
    writer.close()


async def run(*arguments):
    process = await asyncio.create_subprocess_exec(*command(*arguments), stdout=asyncio.subprocess.PIPE,
                                                   stderr=asyncio.subprocess.PIPE)
    output, errors = await asyncio.wait_for(process.communicate(), 5)
    return process.returncode, output.decode().splitlines(), errors.decode()


async def main():
    server = await asyncio.start_server(handle_echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        heard.clear()
        status, output, errors = await run("--connect", f"{host}:{port}")
        check(status == 0 and not errors, status, errors)
        check(heard == ["Hello World!", "How do you do?"], heard)
        check(output[1] == 'client received "Hello World!"' and output[-1] == "client closes the connection", output)
    server.close()
    status, output, errors = await run("--connect", f"127.0.0.1:{port}")
    check(status == 1 and not output and "Connection refused" in errors and f"127.0.0.1:{port}" in errors,
          "nobody listens:", status, output, errors)


asyncio.run(main())
