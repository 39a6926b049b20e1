#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""ESP by hand (RFC 4303, null-sha256: RFC 2410 with 4868), with every fault that can be had.

usage: esp.py SRC DST SPI KEY SEQ FAULT [OPTION=VALUE...]
Send one packet from SRC to DST (outer), the key in hex. Inside is a UDP datagram, by default from
192.168.2.1 port 7 to 192.168.1.1 port 9. FAULT is `none` or one of FAULTS below. Options:
  inner=4|6                 family of the inner packet
  src=A dst=A sport=N dport=N proto=N
  tos=N outer-tos=N         TOS or traffic class inside and outside
  size=N                    octets of payload
  encap=PORT                in UDP from 4500 to PORT
  high=N                    high half of an extended sequence number
  count=N                   send N packets with rising sequence numbers, all at once
"""
import hashlib
import hmac
import socket
import struct
import sys

ICV = 16


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp(src, dst, sport, dport, payload, family):
    length = 8 + len(payload)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    if family == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, 17, length)
    else:
        pseudo = src + dst + struct.pack("!IHBB", length, 0, 0, 17)
    return struct.pack("!HHHH", sport, dport, length,
                       checksum(pseudo + head + payload) or 0xffff) + payload


def ipv4(src, dst, proto, tos, payload, total=None, version=4, ihl=5):
    head = struct.pack("!BBHHHBBH4s4s", version << 4 | ihl, tos,
                       20 + len(payload) if total is None else total,
                       0x1234, 0x4000, 64, proto, 0, src, dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(src, dst, proto, tos, payload, length=None, version=6):
    return struct.pack("!IHBB16s16s", version << 28 | tos << 20,
                       len(payload) if length is None else length, proto, 64, src, dst) + payload


class Packet:
    """What one ESP packet is made of; the faults change it before or after protection."""

    def __init__(self, spi, seq, key, inner, next_header, high=None):
        self.spi, self.seq, self.high, self.key = spi, seq, high, key
        self.inner, self.next_header = inner, next_header
        self.pad_length = None

    def build(self):
        pad = -(len(self.inner) + 2) % 4
        trailer = bytes(range(1, pad + 1)) + struct.pack(
            "BB", pad if self.pad_length is None else self.pad_length, self.next_header)
        body = struct.pack("!II", self.spi, self.seq) + self.inner + trailer
        covered = body if self.high is None else body + struct.pack("!I", self.high)
        return body + hmac.new(self.key, covered, hashlib.sha256).digest()[:ICV]


def flip(index):
    def change(data):
        data = bytearray(data)
        data[index] ^= 1
        return bytes(data)
    return change


def rewrite(**fields):
    """Build the inner packet again with fields that lie."""
    def change(packet, options):
        packet.inner = inner_packet(options, **fields)
    return change


def assign(**fields):
    def change(packet, _options):
        for name, value in fields.items():
            setattr(packet, name, value)
    return change


def next_header_of(value):
    return assign(next_header=value)


# Faults of the packet before it is protected: they arrive with a valid ICV.
BEFORE = {
    "wrong-key": assign(key=bytes(32)),
    "pad-too-long": assign(pad_length=255),
    "next-header-udp": next_header_of(17),
    "next-header-esp": next_header_of(50),
    "dummy": next_header_of(59),
    "version-6-in-4": next_header_of(41),
    "empty": assign(inner=b""),
    "short-inner": lambda packet, _: assign(inner=packet.inner[:12])(packet, _),
    "header-only-part": lambda packet, _: assign(inner=packet.inner[:19])(packet, _),
    "total-length-more": rewrite(total=400),
    "total-length-less": rewrite(total=12),
    "header-length-less": rewrite(ihl=4),
    "header-length-more": rewrite(ihl=15),
    "payload-length-more": rewrite(length=400),
    "version-0": rewrite(version=0),
    "version-15": rewrite(version=15),
    "tfc": lambda packet, _: assign(inner=packet.inner + bytes(100))(packet, _),
}
# Faults of what is sent.
AFTER = {
    "no-payload": lambda data: data[:8],
    "cut-in-icv": lambda data: data[:20],
    "cut-one": lambda data: data[:-1],
    "cut-four": lambda data: data[:-4],
    "cut-spi": lambda data: data[:4],
    "one-octet": lambda data: data[:1],
    "odd": lambda data: data + b"\0",
    "flip-icv": flip(-1),
    "flip-payload": flip(30),
    "flip-seq": flip(7),
    "longer": lambda data: data + bytes(4),
}
FAULTS = sorted(BEFORE) + sorted(AFTER)


def inner_packet(options, **lies):
    family = int(options.get("inner", 4))
    pack = socket.AF_INET if family == 4 else socket.AF_INET6
    src = socket.inet_pton(pack, options.get("src", "192.168.2.1" if family == 4 else "2001:db8:2::1"))
    dst = socket.inet_pton(pack, options.get("dst", "192.168.1.1" if family == 4 else "2001:db8:1::1"))
    proto = int(options.get("proto", 17))
    payload = udp(src, dst, int(options.get("sport", 7)), int(options.get("dport", 9)),
                  bytes(int(options.get("size", 32))), family)
    return (ipv4 if family == 4 else ipv6)(src, dst, proto, int(options.get("tos", "0"), 0),
                                           payload, **lies)


def sender(options, src, dst):
    family = socket.AF_INET6 if ":" in dst else socket.AF_INET
    if "encap" in options:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((src, int(options.get("from", 4500))))
        peer = (dst, int(options["encap"]))
    else:
        sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ESP)
        sock.bind(socket.getaddrinfo(src, 0)[0][4])     # with the scope of a link-local address
        peer = (dst, 0)
    if "outer-tos" in options:
        tos = int(options["outer-tos"], 0)
        if family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
    return lambda data: sock.sendto(data, peer)


def main(src, dst, spi, key, seq, fault, *words):
    options = dict(word.split("=", 1) for word in words)
    send = sender(options, src, dst)
    high = int(options["high"]) if "high" in options else None
    ready = []
    for number in range(int(options.get("count", 1))):
        packet = Packet(int(spi, 0), (int(seq) + number) & 0xffffffff, bytes.fromhex(key),
                        inner_packet(options), 4 if options.get("inner", "4") == "4" else 41, high)
        if fault in BEFORE:
            BEFORE[fault](packet, options)
        data = packet.build()
        if fault in AFTER:
            data = AFTER[fault](data)
        elif fault not in BEFORE and fault != "none":
            sys.exit("esp.py: unknown fault " + fault)
        ready.append(data)
    for data in ready:
        send(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
