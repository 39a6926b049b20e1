#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""IKE_SA_INIT requests in others' names, as fast as they can be sent.

usage: flood.py TO COUNT ONE
To TO, with correct checksums and new SPIs each. All that the core looks at before there is any state
is met: of twenty requests
   9 are good ones, from anywhere          4 carry a cookie that is not ours, from anywhere
   3 are good ones, from the address ONE   2 are good ones to port 4500, from anywhere
   1 is cut short                          1 is of an IKE SA that nobody knows
Prints how many were sent.
"""
import random
import socket
import struct
import sys

from esp import checksum

NONE, SA, KE, NONCE, NOTIFY = 0, 33, 34, 40, 41
IKE_SA_INIT, IKE_AUTH = 34, 35
INITIATOR = 8
COOKIE = 16390
FROM_PORT = 500


def payload(following, body):
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def transform(last, kind, number, attributes=b""):
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attributes), kind, 0, number) + attributes


def request(cookie=None):
    """All behind the SPIs: AES-256-GCM, PRF-HMAC-SHA2-256 and curve 25519."""
    transforms = transform(0, 1, 20, struct.pack("!HH", 0x800e, 256)) + transform(0, 2, 5) + \
        transform(1, 4, 31)
    chain = payload(KE, struct.pack("!BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 3) + transforms)
    chain += payload(NONCE, struct.pack("!HH", 31, 0) + random.randbytes(32))
    chain += payload(NONE, random.randbytes(32))
    first = SA
    if cookie:
        chain = payload(SA, struct.pack("!BBH", 0, 0, COOKIE) + cookie) + chain
        first = NOTIFY
    return struct.pack("!BBBBII", first, 0x20, IKE_SA_INIT, INITIATOR, 0, 28 + len(chain)) + chain


class Kind:
    """One kind of datagram; what differs from one to the next is put in, with its checksum."""

    def __init__(self, to, behind, port=500, spi_r=0, source=None):
        marker = bytes(4) if port == 4500 else b""
        self.length = 8 + len(marker) + 16 + len(behind)
        self.udp = struct.pack("!HHH", FROM_PORT, port, self.length)
        self.ip = struct.pack("!BBHHHBB", 0x45, 0, 20 + self.length, 0, 0x4000, 64, 17)
        self.to = to
        self.marker = marker
        self.behind = struct.pack("!Q", spi_r) + behind
        self.source = source
        pseudo = to + struct.pack("!HH", 17, self.length)
        # One's complement: the sum of the rest is added to that of what changes.
        self.rest = ~checksum(pseudo + self.udp + marker + self.behind) & 0xffff

    def packet(self):
        source = self.source or struct.pack("!I", random.randrange(0x14000000, 0x64000000))
        spi = random.randbytes(8)
        total = checksum(source + spi + struct.pack("!H", self.rest)) or 0xffff
        return b"".join((self.ip, bytes(2), source, self.to, self.udp, struct.pack("!H", total),
                         self.marker, spi, self.behind))


def main(address, count, one):
    to = socket.inet_aton(address)
    good = request()
    unknown = good[:2] + struct.pack("!BB", IKE_AUTH, INITIATOR) + good[4:]
    cut = good[:-20]
    good_ones = [Kind(to, request()) for _ in range(9)]
    wrong = [Kind(to, request(bytes([i % 2]) + random.randbytes(32))) for i in range(4)]
    single = [Kind(to, request(), source=socket.inet_aton(one)) for _ in range(3)]
    natt = [Kind(to, request(), port=4500) for _ in range(2)]
    bad = [Kind(to, cut[:8] + struct.pack("!I", 16 + len(cut)) + cut[12:]),
           Kind(to, unknown, spi_r=0x1122334455667788)]
    kinds = good_ones + wrong + single + natt + bad
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for _ in range(count):
        sock.sendto(random.choice(kinds).packet(), (address, 0))
    print(count)


if __name__ == "__main__":
    random.seed(1)
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
