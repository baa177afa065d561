#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Clients of rondo's key-value server that ask for much more than they read: key_value_pipeline.py PROGRAM [BACKEND]"""
import socket

from peers import check, watched_server

VALUE = bytes(range(256)) * 256  # 64 KiB
GET = b"*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n"
ANSWER = b"$%d\r\n%s\r\n" % (len(VALUE), VALUE)
MOST = 32 * 1024 * 1024  # more memory than at the start


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def expect(connection, wanted):
    got = bytearray(len(wanted))  # read in place: a bytes object for each piece takes much longer than the answers
    rest = memoryview(got)
    while rest:
        count = connection.recv_into(rest)
        check(count, "the server has closed with", len(rest), "of", len(wanted), "bytes to come")
        rest = rest[count:]
    check(got == wanted, "an answer is not as it should be:", bytes(got[:40]))


def served(port):
    """The server still has time for others."""
    with connect(port) as other:
        other.sendall(b"PING\r\n")
        expect(other, b"+PONG\r\n")


def many_answers(port, watch, ask, answer):
    """63 KB of commands whose answers are 150 MB, or as many small ones, and nobody who reads."""
    count = 63_000 // len(ask)
    with connect(port) as client:
        before = watch.resident()
        client.sendall(ask * count)
        served(port)
        served(port)
        check(watch.resident() < before + MOST, watch.resident() - before, "bytes more for", count, "answers")
        for _ in range(count):
            expect(client, answer)
        check(watch.resident() < before + MOST, watch.resident() - before, "bytes more when they were read")


def and_then_nothing(port):
    """One that goes without reading."""
    with connect(port) as client:
        client.sendall(GET * 2000)
        served(port)
    served(port)


with watched_server() as (listening, watching):
    with connect(listening) as first:
        first.sendall(b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n%s\r\n" % (len(VALUE), VALUE))
        expect(first, b"+OK\r\n")
    many_answers(listening, watching, GET, ANSWER)
    many_answers(listening, watching, b"GET big\r\n", ANSWER)
    many_answers(listening, watching, b"PING\r\n", b"+PONG\r\n")
    and_then_nothing(listening)
