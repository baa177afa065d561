#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's echo server and OpenBSD's netcat (-N passes the end of standard input on): echo_nc.py PROGRAM [BACKEND]"""
import subprocess
import sys

from peers import check, need, payload, server

need("nc")
if "OpenBSD" not in subprocess.run(["nc", "-h"], stderr=subprocess.PIPE, text=True, check=False).stderr:
    print("skipped: this nc is not the one of OpenBSD")
    sys.exit(77)

with server() as port:
    for size in (0, 5, 100_000, 5_000_000):
        data = payload(size, size)
        ran = subprocess.run(["nc", "-N", "127.0.0.1", str(port)], input=data, stdout=subprocess.PIPE, timeout=60,
                             check=False)
        check(ran.returncode == 0 and ran.stdout == data, size, "bytes; back came", len(ran.stdout), ran.returncode)
