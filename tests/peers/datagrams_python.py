#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's datagram server and sockets in Python: datagrams_python.py PROGRAM [BACKEND]"""
import signal
import socket
import subprocess

from peers import check, command

process = subprocess.Popen(command("--listen", "0"), stdout=subprocess.PIPE, text=True)
try:
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    people = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
    for turn in range(20):
        for number, person in enumerate(people):
            person.settimeout(5)
            person.sendto(f"{number} asks {turn}".encode(), ("127.0.0.1", port))
        for number, person in enumerate(people):
            check(person.recv(100).decode() == f"{number} asks {turn} you say", "datagram", number, turn)
    people[0].sendto(b"", ("127.0.0.1", port))
    check(people[0].recv(100) == b" you say", "an empty one")
    people[0].sendto(b"x" * 60_000, ("127.0.0.1", port))
    check(people[0].recv(65536) == b"x" * 60_000 + b" you say", "a big one")
    people[1].sendto(b"y" * 65_507, ("127.0.0.1", port))  # its answer is too long to be sent
    people[2].sendto(b"still there?", ("127.0.0.1", port))
    check(people[2].recv(100) == b"still there? you say", "after one that has no answer")
    process.send_signal(signal.SIGTERM)
    check(process.wait(60) == -signal.SIGTERM, "ended with", process.returncode)
finally:
    process.kill()
    process.wait()
