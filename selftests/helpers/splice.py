#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send a file with sendfile(), so that packets carry pages of the page cache.

usage: splice.py send tcp|udp|udp-from-4500 ADDRESS PORT FILE
       splice.py receive tcp|udp PORT FILE     FILE exists from the moment it listens
UDP goes in datagrams of 1200 octets and is received until a second of silence follows.
"""
import os
import socket
import sys

KIND = {"tcp": socket.SOCK_STREAM}


def send(proto, address, port, path):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, KIND.get(proto, socket.SOCK_DGRAM))
    if proto == "udp-from-4500":
        sock.bind(("", 4500))
    sock.connect((address, int(port)))
    with open(path, "rb") as source:
        size = os.fstat(source.fileno()).st_size
        at = 0
        while at < size:
            part = size - at if proto == "tcp" else min(1200, size - at)
            at += os.sendfile(sock.fileno(), source.fileno(), at, part)
    sock.close()


def receive(proto, port, path):
    sock = socket.socket(socket.AF_INET6, KIND.get(proto, socket.SOCK_DGRAM))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", int(port)))
    if proto == "tcp":
        sock.listen(1)
        open(path, "w").close()
        sock, _ = sock.accept()
    else:
        open(path, "w").close()
        sock.settimeout(30)
    with open(path, "wb") as out:
        while True:
            try:
                data = sock.recv(65536)
            except socket.timeout:
                break
            if not data:
                break
            out.write(data)
            if proto != "tcp":
                sock.settimeout(1)


if sys.argv[1] == "send":
    send(*sys.argv[2:])
else:
    receive(*sys.argv[2:])
