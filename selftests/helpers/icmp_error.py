#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send an ICMP error about an ESP packet that may never have been sent.

usage: icmp_error.py TO QUOTED-DST SPI SEQ TYPE CODE MTU [UDP-PORT]
To TO, about an ESP packet from there to QUOTED-DST; in UDP from and to that port if one is given.
"""
import socket
import struct
import sys

from esp import checksum


def main(dst, quoted, spi, seq, kind, code, mtu, port=None):
    family = socket.AF_INET6 if ":" in dst else socket.AF_INET
    addresses = [socket.inet_pton(family, a) for a in (dst, quoted)]
    payload = struct.pack("!II", int(spi, 0), int(seq)) + bytes(32)
    proto = 50
    if port:
        payload = struct.pack("!HHHH", int(port), int(port), 8 + len(payload), 0) + payload
        proto = 17
    if family == socket.AF_INET:
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 60, proto, 0)
        sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    else:
        packet = struct.pack("!IHBB", 6 << 28, len(payload), proto, 60)
        sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    packet += b"".join(addresses) + payload
    if family == socket.AF_INET:
        body = struct.pack("!HH", 0, int(mtu)) + packet
        total = checksum(bytes([int(kind), int(code), 0, 0]) + body)
    else:       # the kernel fills in the checksum
        body, total = struct.pack("!I", int(mtu)) + packet, 0
    sock.sendto(struct.pack("!BBH", int(kind), int(code), total) + body, (dst, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
