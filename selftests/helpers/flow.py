#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Numbered UDP datagrams, to count what is lost.

usage: flow.py send ADDRESS PORT RATE FILE     until SIGTERM; then FILE says how many were sent
       flow.py receive PORT FILE               until SIGTERM and half a second of silence; then FILE
                                            says how many different ones came, the longest
                                            silence between two of them in milliseconds, and how
                                            many came after one with a higher number
FILE exists, empty, from the moment it starts. A datagram that the kernel refuses to send counts
as sent, and so as lost.
"""
import os
import signal
import socket
import struct
import sys
import time

stopped = False


def stop(_signal, _frame):
    global stopped
    stopped = True


def send(address, port, rate, path):
    info = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(info[0], socket.SOCK_DGRAM)
    sock.setblocking(True)
    count = 0
    start = time.monotonic()
    open(path, "w").close()
    while not stopped:
        try:
            sock.sendto(struct.pack("!Q", count) + bytes(92), info[4])
        except OSError:
            pass
        count += 1
        time.sleep(max(0, start + count / rate - time.monotonic()))
    with open(path, "w") as out:
        print(count, file=out)


def receive(port, path):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUFFORCE, 1 << 24)
    sock.bind(("::", port))
    sock.settimeout(0.5 * int(os.environ.get("SLOWER", 1)))     # see wait.sh
    seen = set()
    last = gap = late = 0
    highest = -1
    open(path, "w").close()
    while True:
        try:
            data = sock.recv(2048)
        except socket.timeout:
            if stopped:
                break
            continue
        now = time.monotonic()
        gap = max(gap, now - last) if last else 0
        last = now
        number = struct.unpack_from("!Q", data)[0]
        late += number < highest
        highest = max(highest, number)
        seen.add(number)
    with open(path, "w") as out:
        print(len(seen), int(gap * 1000), late, file=out)


socket.SO_RCVBUFFORCE = 33
signal.signal(signal.SIGTERM, stop)
if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
else:
    receive(int(sys.argv[2]), sys.argv[3])
