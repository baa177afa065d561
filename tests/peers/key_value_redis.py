#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's key-value server, redis-cli and redis-benchmark: key_value_redis.py PROGRAM [BACKEND]"""
import re
import socket
import subprocess

from peers import check, need, server

need("redis-cli")
need("redis-benchmark")


def cli(port, *words, **more):
    return subprocess.run(["redis-cli", "-p", str(port), *words], stdout=subprocess.PIPE, text=True, timeout=60,
                          check=True, **more).stdout.splitlines()


def commands(port):
    for words, answer in [
        (["PING"], ["PONG"]), (["PING", "hi there"], ["hi there"]), (["ECHO", "a b"], ["a b"]),
        (["SET", "k", ""], ["OK"]), (["GET", "k"], [""]), (["GET", "no"], [""]), (["SET", "n", "41"], ["OK"]),
        (["INCR", "n"], ["42"]), (["INCR", "new"], ["1"]), (["EXISTS", "n", "new", "no"], ["2"]),
        (["DEL", "n", "new", "no"], ["2"]), (["get", "n"], [""]),
        (["SET", "big", "9223372036854775807"], ["OK"]),
        (["INCR", "big"], ["ERR value is not an integer or out of range", ""]),
        (["SET", "word", "x1"], ["OK"]), (["INCR", "word"], ["ERR value is not an integer or out of range", ""]),
        (["GET"], ["ERR wrong number of arguments for 'GET' command", ""]),
        (["FLY", "away"], ["ERR unknown command 'FLY'", ""]), (["CONFIG", "GET", "save"], [""]), (["COMMAND"], [""]),
    ]:
        got = cli(port, *words)
        check(got == answer, words, "gave", got, "instead of", answer)
    text = "x" * 3_000_000
    check(cli(port, "-x", "SET", "long", input=text) == ["OK"], "a long value")
    check(cli(port, "GET", "long") == [text], "a long value back")


def raw(port, sent, answer, pieces=1):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = -(-len(sent) // pieces)
        for at in range(0, len(sent), step):
            connection.sendall(sent[at:at + step])
        connection.shutdown(socket.SHUT_WR)
        got = b""
        while data := connection.recv(65536):
            got += data
        check(got == answer, sent[:60], "gave", got[:80])


def protocol(port):
    echo = b"*2\r\n$4\r\nECHO\r\n$6\r\nab\r\ncd\r\n"
    for pieces in (1, 3, len(echo)):
        raw(port, echo, b"$6\r\nab\r\ncd\r\n", pieces)
    raw(port, b"PING\r\n\r\nPING\n  ECHO  x \r\n*0\r\n*-1\r\nPING\r\n", b"+PONG\r\n+PONG\r\n$1\r\nx\r\n+PONG\r\n")
    raw(port, b"PING\r\nQUIT\r\nPING\r\n", b"+PONG\r\n+OK\r\n")
    raw(port, echo * 20_000, b"$6\r\nab\r\ncd\r\n" * 20_000)
    for sent, why in [
        (b"*x\r\n", b"invalid multibulk length"), (b"*2000000\r\n", b"invalid multibulk length"),
        (b"*1\r\n:4\r\n", b"expected '$', got ':'"), (b"*1\r\n\r\n", b"expected '$', got an empty line"),
        (b"*1\r\n$-1\r\n", b"invalid bulk length"), (b"*1\r\n$99999999999\r\n", b"invalid bulk length"),
        (b"*1\r\n$4\r\nPINGPONG\r\n", b"a string of 4 bytes has no end there"),
        (b"P" * 65_537, b"too big inline request"),
    ]:
        raw(port, b"PING\r\n" + sent, b"+PONG\r\n-ERR Protocol error: " + why + b"\r\n")


def benchmark(port):
    ran = subprocess.run(["redis-benchmark", "-p", str(port), "-q", "-t", "ping,set,get", "-P", "16", "-n", "50000",
                          "-r", "1000"], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    check(ran.returncode == 0, "redis-benchmark exited with", ran.returncode, ran.stdout)
    rates = dict(re.findall(r"(PING_INLINE|PING_MBULK|PING_BULK|SET|GET): ([0-9.]+) requests per second", ran.stdout))
    check(len(rates) == 4 and all(float(rate) > 1000 for rate in rates.values()), rates, ran.stdout)
    print(rates)


with server() as listening:
    commands(listening)
    protocol(listening)
    benchmark(listening)
