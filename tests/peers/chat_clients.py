#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""rondo's chat and three people in Python: chat_clients.py PROGRAM [BACKEND]"""
import socket

from peers import check, server


class Person:
    def __init__(self, port, name, end="\n"):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.lines = self.connection.makefile("r", encoding="utf-8", newline="\n")
        self.end = end
        self.say(name)

    def say(self, text):
        self.connection.sendall((text + self.end).encode())

    def hears(self, *lines):
        for line in lines:
            heard = self.lines.readline()
            check(heard == line + "\n", "heard", repr(heard), "instead of", repr(line))

    def leave(self):
        self.lines.close()
        self.connection.close()


with server() as port:
    ann = Person(port, "Ann")
    ann.hears("* welcome, Ann; you are the first")
    bob = Person(port, "Bob", end="\r\n")  # as telnet does
    bob.hears("* welcome, Bob; here are Ann")
    ann.hears("* Bob has joined")
    eve = Person(port, "Zoë")
    eve.hears("* welcome, Zoë; here are Ann, Bob")
    ann.hears("* Zoë has joined")
    bob.hears("* Zoë has joined")

    bob.say("one\r\ntwo\r\nthree")
    for other in (ann, eve):
        other.hears("Bob: one", "Bob: two", "Bob: three")
    again = Person(port, "Bob")
    again.hears("* this name is taken")
    check(again.lines.readline() == "", "sent away")

    long = "x" * 60_000
    ann.say(long)
    for other in (bob, eve):
        other.hears("Ann: " + long)
    for number in range(500):
        eve.say(str(number))
    for other in (ann, bob):
        other.hears(*(f"Zoë: {number}" for number in range(500)))

    bob.say("y" * 200_000)  # longer than a line may be: that is the end for Bob
    for other in (ann, eve):
        other.hears("* Bob has left")
    eve.connection.shutdown(socket.SHUT_WR)
    ann.hears("* Zoë has left")
    check(eve.lines.readline() == "", "after the own end")
    ann.say("alone")
    ann.leave()
