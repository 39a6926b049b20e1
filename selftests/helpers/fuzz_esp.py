#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Mutated ESP and ESP in UDP for ipvti, with a second opinion on what becomes of each packet.

usage: fuzz_esp.py SEED COUNT DEV MAC NETNS
Runs at the peer and sends COUNT packets through DEV to the link address MAC. NETNS is the network
namespace, by name, of the devices that receive; their counters are looked at every thousand packets.

Most packets are rightly encrypted (null-sha256) and lie inside: padding, next header, inner headers
and lengths. Others lie outside: sequence numbers, ICV, lengths, SPIs, fragments, IP and UDP headers.
What must become of a packet is worked out here from its octets alone, by RFC 4303, 3948 and 6040: it
never reaches ESP, or it is delivered, or it is dropped for one reason. The last line says how often.

In the end some more are sent while inner packets that are ESP again are taken as such; until then the
firewall of NETNS drops them, or they would be counted too. Devices and SAs are those of fuzz-esp.sh.
"""
import ctypes
import hashlib
import hmac
import os
import random
import socket
import struct
import subprocess
import sys
import time

from esp import checksum
from ipvti_nl import C, Netlink, find, parse, string, u32

ICV = 16
LEFT = {4: socket.inet_pton(socket.AF_INET, "10.0.0.1"),
        6: socket.inet_pton(socket.AF_INET6, "2001:db8::1")}
OTHER = {4: socket.inet_pton(socket.AF_INET, "10.0.0.77"),      # of left too, but of no device
         6: socket.inet_pton(socket.AF_INET6, "2001:db8::77")}
RIGHT = {4: socket.inet_pton(socket.AF_INET, "10.0.0.2"),
         6: socket.inet_pton(socket.AF_INET6, "2001:db8::2")}
PORT = 4500
LOOK = 1000             # packets between two looks at the counters
SAY = 100000            # and between two lines that say how far it got
SETTLED = 50000         # packets after which memory is looked at, if so many are sent at all
GROWTH = 8192           # KiB that may be used more at the end: fragments, neighbours, connections
UDP_SEGMENT = 103


class Sa:
    """An inbound SA as the receiver must keep it: RFC 4303 section 3.4.3 and appendix A."""

    def __init__(self, dev, family, udp, spi, window, esn=False, top=0, selector=None):
        self.dev, self.family, self.udp, self.spi = dev, family, udp, spi
        self.window, self.esn, self.top, self.selector = window, esn, top, selector
        self.key = bytes((spi * 7 + i) & 255 for i in range(32))
        self.seen = (1 << window) - 1 if top else 1

    def number(self, low):
        if not self.esn:
            return low
        distance = ((low - self.top + (1 << 31)) & 0xffffffff) - (1 << 31)
        return low if self.top + distance < 0 else self.top + distance

    def replay(self, seq):
        if not self.window:
            return None
        if not seq:
            return "seq-zero"
        if seq > self.top:
            return None
        if self.top - seq >= self.window:
            return "replay-old"
        return "replay-seen" if self.seen >> (self.top - seq) & 1 else None

    def note(self, seq):
        if seq > self.top:
            self.seen = (self.seen << min(seq - self.top, self.window) | 1) & ((1 << self.window) - 1)
            self.top = seq
        elif self.window:
            self.seen |= 1 << (self.top - seq)

    def icv(self, covered, seq):
        if self.esn:
            covered += struct.pack("!I", seq >> 32)
        return hmac.digest(self.key, covered, hashlib.sha256)[:ICV]


def selector_net(inner):
    return inner[0] >> 4 == 4 and inner[12:15] == bytes([192, 168, 2]) and \
        inner[16:19] == bytes([192, 168, 1])


def selector_port(inner):
    """UDP to port 9, any address of IPv4; later fragments have no ports."""
    if inner[0] >> 4 != 4 or inner[9] != 17 or (inner[6] << 8 | inner[7]) & 0x1fff:
        return False
    at = (inner[0] & 15) * 4
    return len(inner) >= at + 4 and inner[at + 2:at + 4] == bytes([0, 9])


EDGE = (1 << 32) - 700          # the upper half of an ESN changes soon
SAS = [
    Sa("fuzz0", 4, False, 0x10000, 64),
    Sa("fuzz0", 4, False, 0x10001, 1024, esn=True, top=EDGE),
    Sa("fuzz0", 4, False, 0x10002, 1024, selector=selector_net),
    Sa("fuzz1", 6, False, 0x10010, 32, esn=True),
    Sa("fuzz1", 6, False, 0x10011, 8192),
    Sa("fuzz2", 4, True, 0x10020, 1024),
    Sa("fuzz2", 4, True, 0x10021, 128, esn=True, top=EDGE),
    Sa("fuzz2", 4, True, 0x10022, 256, selector=selector_port),
    Sa("fuzz3", 6, True, 0x10030, 1024, esn=True, top=EDGE),
    Sa("fuzz3", 6, True, 0x10031, 0),
]
BY_SPI = {sa.spi: sa for sa in SAS}


# --- what must become of a packet ------------------------------------------------------------

def inner_length(plain, next_header):
    """Octets of the inner packet by its own header, 0 if that lies."""
    if next_header == 4:
        if len(plain) < 20 or plain[0] >> 4 != 4 or plain[0] & 15 < 5:
            return 0
        length = plain[2] << 8 | plain[3]
        return length if (plain[0] & 15) * 4 <= length <= len(plain) else 0
    if len(plain) < 40 or plain[0] >> 4 != 6:
        return 0
    length = 40 + (plain[4] << 8 | plain[5])
    return length if length <= len(plain) else 0


def judge_inner(sa, plain, tos):
    pad, next_header = plain[-2], plain[-1]
    if pad + 2 > len(plain) or next_header not in (4, 41, 59):
        return "bad-trailer"
    if next_header == 59:
        return "dummy"
    plain = plain[:len(plain) - pad - 2]
    length = inner_length(plain, next_header)
    if not length:
        return "bad-inner"
    plain = plain[:length]
    if sa.selector and not sa.selector(plain):
        return "selector"
    inner = plain[1] & 3 if next_header == 4 else plain[1] >> 4 & 3
    return "ecn" if tos & 3 == 3 and not inner else "delivered"


def judge(data, family, udp, mine, tos):
    """Where an ESP packet is counted, and as what: (device, reason). None: nowhere."""
    if udp and (not mine or len(data) <= 8 or not any(data[:4])):
        return None         # no socket, a keepalive, or for IKE
    sa = BY_SPI.get(struct.unpack_from("!I", data)[0]) if len(data) >= 8 else None
    if not sa or sa.family != family or not mine:
        return "none", "no-sa"
    if sa.udp and not udp:
        return sa.dev, "wrong-encap"
    if len(data) <= 8 + ICV or len(data) % 4:
        return sa.dev, "malformed"
    seq = sa.number(struct.unpack_from("!I", data, 4)[0])
    late = sa.replay(seq)
    if late:
        return sa.dev, late
    if sa.icv(data[:-ICV], seq) != data[-ICV:]:
        return sa.dev, "auth-failed"
    sa.note(seq)
    return sa.dev, judge_inner(sa, data[8:-ICV], tos)


# --- packets ---------------------------------------------------------------------------------

def pick(rng, *weighted):
    """One of (weight, value)."""
    at = rng.random() * sum(weight for weight, _ in weighted)
    for weight, value in weighted:
        at -= weight
        if at < 0:
            return value
    return weighted[-1][1]


def mangle(rng, data):
    """A few octets changed, cut off, or added."""
    data = bytearray(data)
    for _ in range(1 + rng.getrandbits(1)):
        what = rng.getrandbits(3)
        if what == 0:
            del data[rng.randrange(len(data) + 1):]
        elif what == 1:
            data += rng.randbytes(rng.getrandbits(5))
        elif data:
            at = rng.randrange(min(len(data), 64))
            data[at] = pick(rng, (2, rng.getrandbits(8)), (1, 0), (1, 255), (1, data[at] ^ 1))
    return bytes(data)


ADDRESSES = {
    4: [bytes(a) for a in ((192, 168, 1, 1), (192, 168, 2, 1), (192, 168, 3, 9), (224, 0, 0, 1),
                           (255, 255, 255, 255), (127, 0, 0, 1), (0, 0, 0, 0), (10, 0, 0, 1))],
    6: [socket.inet_pton(socket.AF_INET6, a) for a in (
        "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::9", "ff02::1", "::1", "::",
        "fe80::1", "::ffff:192.168.1.1", "2001:db8::1")],
}


def address(rng, family, usual):
    return ADDRESSES[family][usual] if rng.random() < 0.8 else rng.choice(ADDRESSES[family])


def quoted(rng):
    """An ICMP error of the far side about a packet of ours; sometimes of an SA of ours."""
    quote = struct.pack("!BBHHHBBH", 0x45, 0, 100, 0, 0, 64, rng.choice([50, 17, 6, 1]), 0) + \
        LEFT[4] + RIGHT[4] + struct.pack("!II", 0x20000 + rng.getrandbits(2), rng.getrandbits(4))
    head = struct.pack("!BBHHH", 3, rng.randrange(16), 0, 0, rng.choice([0, 68, 576, 1280, 1400, 65535]))
    return head[:2] + struct.pack("!H", checksum(head + quote)) + head[4:] + quote


def segment(rng):
    return struct.pack("!HHIIBBHHH", 1000, 2000, rng.getrandbits(32), 0, rng.choice([5, 5, 15, 0]) << 4,
                       rng.choice([0x10, 0x18, 2, 4, 0xff, 0]), 1000, 0, 0) + rng.randbytes(rng.getrandbits(7))


PAYLOADS = [
    (17, lambda rng: struct.pack("!HHHH", rng.choice([7, 4500]), rng.choice([9, 9, 9, 4500]),
                                 rng.choice([40, 40, 8, 0, 65535]), 0) + rng.randbytes(32)),
    (6, segment),
    (1, quoted),
    (1, lambda rng: b"\x08\0" + rng.randbytes(rng.getrandbits(6))),
    (58, lambda rng: bytes([rng.choice([128, 1, 2, 3, 133, 134, 135, 136, 137, 143]), 0]) +
     rng.randbytes(rng.getrandbits(7))),
    (50, lambda rng: struct.pack("!II", rng.choice(SAS).spi, rng.getrandbits(32)) + rng.randbytes(40)),
    (4, lambda rng: inner4(rng)),
    (41, lambda rng: inner6(rng)),
    (47, lambda rng: rng.randbytes(rng.getrandbits(6))),
    (132, lambda rng: rng.randbytes(rng.getrandbits(6))),
]


def payload(rng):
    proto, make = PAYLOADS[0] if rng.getrandbits(1) else rng.choice(PAYLOADS)
    return proto, make(rng)


def inner4(rng):
    proto, data = payload(rng)
    options = rng.choice([b"\x01\x01\x01\x00", b"\x83\x07\x04\xc0\xa8\x01\x01\x00", b"\x07\x07\x04\0\0\0\0\0",
                          b"\x44\x04\x05\x00", b"\xff\xff\xff\xff"]) if rng.random() < 0.1 else b""
    fragment = rng.choice([0x2000, 0x2001, 0x1fff, 0x0001, 0x8000, 0x4000]) if rng.random() < 0.1 else 0
    total = 20 + len(options) + len(data)
    if rng.random() < 0.1:
        total = rng.choice([0, 19, 20, 21, total - 1, total + 1, 65535])
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, rng.getrandbits(2), total & 0xffff,
                       rng.getrandbits(3), fragment, rng.choice([64, 64, 1, 0]), proto, 0)
    head += address(rng, 4, 1) + address(rng, 4, 0) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def extensions(rng, proto):
    """A chain of IPv6 extension headers: first type, octets."""
    data = b""
    for _ in range(rng.getrandbits(2)):
        kind = rng.choice([0, 43, 44, 60, 51, 135])
        length = rng.choice([0, 0, 1, 255])
        body = rng.choice([b"\x01\x04\0\0\0\0", b"\xc2\x04\0\1\0\0", rng.randbytes(6),
                           b"\0\1" + rng.randbytes(4)])
        data = bytes([proto, length]) + body + (bytes(8) if length == 1 else b"") + data
        proto = kind
    return proto, data


def inner6(rng):
    proto, data = payload(rng)
    if rng.random() < 0.2:
        proto, chain = extensions(rng, proto)
        data = chain + data
    length = len(data)
    if rng.random() < 0.1:
        length = rng.choice([0, length - 1, length + 1, 65535])
    return struct.pack("!IHBB", 6 << 28 | rng.getrandbits(2) << 20, length & 0xffff, proto,
                       rng.choice([64, 64, 1, 0])) + address(rng, 6, 1) + address(rng, 6, 0) + data


def sequence(rng, sa):
    """A number and what the sender takes for its upper half."""
    seq = pick(rng, (60, sa.top + 1), (6, sa.top + 2 + rng.getrandbits(4)),
               (6, sa.top - rng.getrandbits(4)), (2, sa.top - sa.window), (2, sa.top - sa.window + 1),
               (2, sa.top + sa.window), (1, 0), (1, sa.top ^ 1 << 31),
               (1, sa.top + rng.getrandbits(14)), (0.02, sa.top + (1 << 31) - 1),
               (1, sa.top - (1 << 31)), (1, sa.top + (1 << 32)))
    if not sa.esn:      # they shall last for all packets
        seq = max(0, min(seq, sa.top + 1 + ((1 << 32) - 1 - sa.top >> 16)))
    high = (seq >> 32) + pick(rng, (97, 0), (1, 1), (1, -1), (1, -(seq >> 32)))
    return seq & 0xffffffff, high & 0xffffffff


def esp(rng, sa, inner):
    """An ESP packet of that SA, mostly whole."""
    pad = -(len(inner) + 2) % 4 + 4 * pick(rng, (9, 0), (1, rng.getrandbits(4)))
    claim = pick(rng, (96, pad), (1, 255), (1, rng.getrandbits(8)), (1, len(inner) & 255), (1, pad + 1))
    family = inner[0] >> 4 if inner else 4
    proto = pick(rng, (92, 41 if family == 6 else 4), (2, 59), (1, 4), (1, 41), (4, rng.getrandbits(8)))
    if rng.random() < 0.02:
        pad += 1 + rng.getrandbits(1)
    low, high = sequence(rng, sa)
    data = struct.pack("!II", sa.spi, low) + inner + bytes(i + 1 & 255 for i in range(pad)) + \
        bytes([claim, proto])
    if rng.random() < 0.01:
        data = data[:8 + rng.getrandbits(2)]
    data += sa.icv(data, high << 32)
    return mangle(rng, data) if rng.random() < 0.04 else data


def make_inner(rng):
    inner = inner4(rng) if rng.getrandbits(1) else inner6(rng)
    if rng.random() < 0.15:
        inner = mangle(rng, inner)
    if rng.random() < 0.02:
        inner = rng.randbytes(rng.getrandbits(6))
    if rng.random() < 0.05:
        inner += bytes(rng.getrandbits(rng.choice([3, 7, 9])))          # TFC padding
    return inner


def make_esp(rng):
    """An ESP packet and the SA it was made for."""
    sa = rng.choice(SAS)
    inner = make_inner(rng)
    if rng.random() < 0.003:
        inner += rng.randbytes(rng.choice([1400, 4000, 20000]))
    data = esp(rng, sa, inner)
    if rng.random() < 0.02:
        spi = pick(rng, (3, rng.getrandbits(8)), (1, 0), (1, 256), (1, rng.getrandbits(32)),
                   (1, rng.choice(SAS).spi), (1, 0xffffffff))
        data = struct.pack("!I", spi) + data[4:]
    if rng.random() < 0.01:
        data = data[:rng.randrange(12)]
    return sa, data


# --- outer headers ---------------------------------------------------------------------------

class Link:
    """Sends frames, and says what of them must reach ESP."""

    def __init__(self, rng, dev, mac):
        self.rng = rng
        self.frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.frames.bind((dev, 0))
        own = self.frames.getsockname()[4]
        self.ether = {4: mac + own + b"\x08\0", 6: mac + own + b"\x86\xdd"}
        self.ident = 0
        self.udp = {}
        for family, domain, any_address in ((4, socket.AF_INET, "0.0.0.0"), (6, socket.AF_INET6, "::")):
            self.udp[family] = socket.socket(domain, socket.SOCK_DGRAM)
            if family == 6:
                self.udp[family].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.udp[family].bind((any_address, 4501))

    def put(self, family, packet):
        self.frames.send(self.ether[family] + packet)

    def header4(self, proto, length, tos, dst, fragment=0, options=b"", **lies):
        total = lies.get("total", 20 + len(options) + length)
        head = struct.pack("!BBHHHBBH", lies.get("version", 0x45) + len(options) // 4, tos,
                           total & 0xffff, self.ident & 0xffff, fragment, 64, proto, 0) + \
            RIGHT[4] + dst + options
        return head[:10] + struct.pack("!H", checksum(head) ^ lies.get("sum", 0)) + head[12:]

    @staticmethod
    def header6(proto, length, tos, dst):
        return struct.pack("!IHBB", 6 << 28 | tos << 20, length & 0xffff, proto, 64) + RIGHT[6] + dst

    def fragments(self, family, proto, data, tos, dst):
        """In pieces, in any order. Returns whether they make a packet again."""
        size = max(8, min(1400, len(data) // self.rng.randrange(2, 5)) & ~7)
        pieces = [(at, data[at:at + size]) for at in range(0, len(data), size)]
        if len(pieces) < 2:
            return self.whole(family, proto, data, tos, dst)
        overlap = self.rng.random() < 0.1 and len(pieces) == 2 and size > 8
        if overlap:     # RFC 5722: nothing of such a packet is used
            pieces[1] = (pieces[1][0] - 8, data[pieces[1][0] - 8:])
        else:
            self.rng.shuffle(pieces)
        self.ident += 1
        for at, piece in pieces:
            more = at + len(piece) < len(data)
            if family == 4:
                self.put(4, self.header4(proto, len(piece), tos, dst,
                                         at // 8 | (0x2000 if more else 0)) + piece)
            else:
                self.put(6, self.header6(44, 8 + len(piece), tos, dst) +
                         struct.pack("!BBHI", proto, 0, at | more, self.ident) + piece)
        return not overlap

    def whole(self, family, proto, data, tos, dst):
        rng = self.rng
        if family == 6:
            chain = b""
            if rng.random() < 0.1:
                proto, chain = rng.choice([(60, bytes([proto, 0, 1, 4, 0, 0, 0, 0])),
                                           (0, bytes([proto, 0, 1, 4, 0, 0, 0, 0])),
                                           (44, struct.pack("!BBHI", proto, 0, 0, rng.getrandbits(32)))])
            self.put(6, self.header6(proto, len(chain) + len(data), tos, dst) + chain + data)
            return True
        lie = rng.random()
        if lie < 0.01:
            self.put(4, self.header4(proto, len(data), tos, dst, sum=1) + data)
            return False
        if lie < 0.02:
            self.put(4, self.header4(proto, len(data) + 100, tos, dst) + data)
            return False
        if lie < 0.03:
            self.put(4, self.header4(proto, len(data), tos, dst, version=rng.choice([0x35, 0x55, 0x44])) + data)
            return False
        options = b"\x01\x01\x01\x01" if lie < 0.08 else b""
        trailer = rng.randbytes(rng.getrandbits(4)) if 0.08 < lie < 0.12 else b""      # of the frame
        self.put(4, self.header4(proto, len(data), tos, dst, options=options) + data + trailer)
        return True

    def datagram(self, family, data, dst):
        """UDP around it: octets, and what of the payload is left; None: nothing."""
        rng = self.rng
        length = 8 + len(data)
        lie = rng.random()
        if lie < 0.01:
            length = rng.choice([0, 7, length + 1]) if family == 4 else rng.choice([7, length + 1])
            left = None
        elif lie < 0.02 and len(data) > 1:
            length = 8 + rng.randrange(len(data))
            left = data[:length - 8]
        else:
            left = data
        head = struct.pack("!HHHH", rng.choice([PORT, PORT, rng.randrange(1, 65536)]), PORT,
                           length & 0xffff, 0)
        covered = data if left is None else left
        if family == 6:
            pseudo = RIGHT[6] + dst + struct.pack("!II", length, 17)
        else:
            pseudo = RIGHT[4] + dst + struct.pack("!BBH", 0, 17, length & 0xffff)
        total = checksum(pseudo + head + covered) or 0xffff
        if rng.random() < 0.01:
            total, left = total ^ 0x5555 or 1, None
        elif family == 4 and rng.getrandbits(1):
            total = 0       # RFC 3948 section 2.1
        return head[:6] + struct.pack("!H", total) + data, left

    def one(self, sa, data):
        """Send an ESP packet in some way. Returns what must become of it."""
        rng = self.rng
        family = sa.family if rng.random() < 0.98 else 10 - sa.family
        udp = sa.udp if rng.random() < 0.95 else not sa.udp
        mine = rng.random() < 0.99
        dst = LEFT[family] if mine else OTHER[family]
        tos = pick(rng, (5, 0), (1, rng.getrandbits(8)), (1, 3), (1, 2))
        left, packet, proto = data, data, 50
        if udp:
            packet, left = self.datagram(family, data, dst)
            proto = 17
        if len(packet) > 1300 or rng.random() < 0.05:
            arrives = self.fragments(family, proto, packet, tos, dst)
        else:
            arrives = self.whole(family, proto, packet, tos, dst)
        if not arrives or left is None:
            return [None]
        return [judge(left, family, udp, mine, tos)]

    def many(self):
        """A UDP super-packet: as many packets of one length, of one SA or of several."""
        rng = self.rng
        family = rng.choice([4, 6])
        same = rng.random() < 0.7
        sas = [sa for sa in SAS if sa.family == family and (sa.udp or rng.random() < 0.1)]
        sa = rng.choice(sas)
        size = 24 + 4 * rng.randrange(1, 60)
        parts, fates = [], []
        for _ in range(rng.randrange(2, 12)):
            data = esp(rng, sa if same else rng.choice(sas), make_inner(rng))
            data = data[:size] if len(data) >= size else self.stretch(data, size)
            parts.append(data)
            fates.append(judge(data, family, True, True, 0))
        if rng.random() < 0.3:
            last = esp(rng, sa, make_inner(rng))[:rng.randrange(1, size)]
            parts.append(last)
            fates.append(judge(last, family, True, True, 0))
        self.udp[family].sendmsg([b"".join(parts)], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", size))],
                                 0, (socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6,
                                                      LEFT[family]), PORT))
        return fates

    @staticmethod
    def stretch(data, size):
        """The same packet with TFC padding, so that it is as long as the others."""
        sa = BY_SPI.get(struct.unpack_from("!I", data)[0]) if len(data) > 8 + ICV else None
        if not sa:
            return data + bytes(size - len(data))
        plain = data[:-ICV]
        body = plain[:-2] + bytes(size - len(data)) + bytes([0]) + plain[-1:]
        return body + sa.icv(body, sa.number(struct.unpack_from("!I", body, 4)[0]))


# --- counters --------------------------------------------------------------------------------

class Counters:
    """Of the devices in another namespace, and of packets that belong to none."""

    def __init__(self, namespace):
        libc = ctypes.CDLL(None, use_errno=True)
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        if libc.setns(os.open("/run/netns/" + namespace, os.O_RDONLY), 0):
            raise OSError(ctypes.get_errno(), "setns")
        self.netlink = Netlink()
        self.index = {sa.dev: socket.if_nametoindex(sa.dev) for sa in SAS}
        self.links = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        if libc.setns(own, 0):
            raise OSError(ctypes.get_errno(), "setns")
        self.start = self.look()

    def received(self, index):
        """Packets that were delivered: IFLA_STATS64, the first number."""
        self.links.send(struct.pack("=IHHIIBBHiII", 32, 18, 1, 1, 0, 0, 0, 0, index, 0, 0))
        reply = self.links.recv(65536)
        return struct.unpack_from("=Q", find(reply[32:], 23))[0]

    def drops(self, attrs):
        for reply in self.netlink.request(C["IPVTI_CMD_STATS_GET"], attrs):
            for kind, value, _ in parse(reply):
                if kind == C["IPVTI_A_STAT"]:
                    yield (find(value, C["IPVTI_A_STAT_NAME"]).rstrip(b"\0").decode(),
                           struct.unpack("=Q", find(value, C["IPVTI_A_STAT_VALUE"]))[0])

    def look(self):
        now = {}
        for dev, index in self.index.items():
            now[dev, "delivered"] = self.received(index)
            for reason, count in self.drops([u32(C["IPVTI_A_IFINDEX"], index)]):
                if reason in JUDGED:
                    now[dev, reason] = count
                elif reason in LOST:
                    now["none", reason] = now.get(("none", reason), 0) + count
        for reason, count in self.drops([]):
            if reason == "no-sa":
                now["none", reason] = count
        return now

    def differences(self, wanted):
        now = self.look()
        result = []
        for key, count in now.items():
            seen = count - self.start[key]
            if seen != wanted.get(key, 0):
                result.append("%s %s: expected %d, seen %d" % (*key, wanted.get(key, 0), seen))
        return result


JUDGED = {"wrong-encap", "malformed", "seq-zero", "replay-old", "replay-seen", "auth-failed",
          "bad-trailer", "dummy", "bad-inner", "selector", "ecn"}
LOST = {"no-memory", "crypto", "rx-queue-full", "rx-backlog", "sa-expired", "no-key", "device-down"}


def free_memory():
    """KiB that nothing uses, caches thrown away."""
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemFree:"))


def settled(counters, wanted):
    """Differences that are still there after two seconds."""
    end = time.monotonic() + 2 * int(os.environ.get("SLOWER", 1))
    while True:
        different = counters.differences(wanted)
        if not different or time.monotonic() > end:
            return different
        time.sleep(0.01)


def nested(link, rng, counters, namespace, count):
    """As before, but ESP in ESP is taken out once more: nothing is counted less than it should be."""
    subprocess.run(["ip", "netns", "exec", namespace, "nft", "flush", "chain", "inet", "inner", "again"],
                   check=True)
    start, wanted = counters.look(), {}
    for _ in range(count):
        for fate in link.one(*make_esp(rng)):
            if fate:
                wanted[fate] = wanted.get(fate, 0) + 1
    now = counters.look()
    return ["%s %s, ESP in ESP: expected %d or more, seen %d" % (*key, number, now[key] - start[key])
            for key, number in wanted.items() if now[key] - start[key] < number]


def main(seed, count, dev, mac, namespace):
    rng = random.Random(int(seed))
    link = Link(rng, dev, bytes.fromhex(mac.replace(":", "")))
    counters = Counters(namespace)
    wanted, nowhere, sent, looked, free = {}, 0, 0, 0, None
    while sent < int(count):
        fates = link.many() if rng.random() < 0.02 else link.one(*make_esp(rng))
        for fate in fates:
            if fate:
                wanted[fate] = wanted.get(fate, 0) + 1
            else:
                nowhere += 1
        sent += len(fates)
        if sent - looked >= LOOK or sent >= int(count):
            different = settled(counters, wanted)
            if different:
                sys.exit("seed %s, packets %d to %d: %s" % (seed, looked, sent, "; ".join(different)))
            looked = sent
            # By then KASAN keeps as much freed memory as it ever will.
            if free is None and sent >= max(int(count) // 2, SETTLED):
                free = free_memory()
            if sent % SAY < LOOK:
                print("%d packets" % sent, flush=True)
    grown = free - free_memory() if free is not None and sent > SETTLED else 0
    if grown > GROWTH:
        sys.exit("seed %s: %d KiB of memory are gone" % (seed, grown))
    different = nested(link, rng, counters, namespace, int(count) // 10)
    if different:
        sys.exit("seed %s: %s" % (seed, "; ".join(different)))
    total = {}
    for (_, reason), number in wanted.items():
        total[reason] = total.get(reason, 0) + number
    print("%d sent, %d not for ESP, %s" % (sent, nowhere, ", ".join(
        "%d %s" % (number, reason) for reason, number in sorted(total.items()))))


def setup():
    """Words of `agent install` for each SA, one a line."""
    for sa in SAS:
        print(sa.dev, "0x%x" % sa.spi, sa.key.hex(), int(sa.esn), sa.window, sa.top,
              sa.selector.__name__ if sa.selector else "-")


if __name__ == "__main__":
    if sys.argv[1:] == ["setup"]:
        setup()
    else:
        main(*sys.argv[1:])
