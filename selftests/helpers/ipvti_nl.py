#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The generic netlink contract by hand, for what no tool can send, and sockets in UDP.

As a program, in the caller's network namespace:
  adopt ADDRESS PORT      give ipvti an ESP-in-UDP socket, print "ready" and then
                          what is received, until killed
  foreign ADDRESS PORT    the same for XFRM, as another daemon would (UDP_ENCAP)
  claim ADDRESS PORT      like adopt, but with a socket that is not bound yet
  recant ADDRESS PORT     like adopt, but then take the socket back with UDP_ENCAP 0
ADDRESS%DEV is of a socket that is bound to that device.
An error of the kernel is printed as "ERRNO: TEXT"; exit status 1.
"""
import errno
import os
import re
import socket
import struct
import sys

HEADER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../uapi/linux/ipvti.h")

NETLINK_GENERIC = 16
SOL_NETLINK, NETLINK_EXT_ACK, NETLINK_CAP_ACK = 270, 11, 10
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP = 1, 2, 4, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLA_F_NESTED = 0x8000
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2


def constants(path=HEADER):
    """Name and value of every enumerator and number in the header."""
    text = re.sub(r"/\*.*?\*/", "", open(path).read(), flags=re.S)
    values = {m[1]: int(m[2], 0) for m in re.finditer(r"#define\s+(\w+)\s+(\d+|0x\w+)\s*$", text, re.M)}
    for body in re.findall(r"enum\s+\w+\s*{(.*?)}", text, re.S):
        number = 0
        for line in filter(None, (part.strip() for part in body.split(","))):
            name, _, value = (part.strip() for part in line.partition("="))
            if value:
                number = eval(value, {}, values)
            values[name] = number
            number += 1
    return values


C = constants()


def attr(kind, data):
    """One attribute; data is bytes, or a list of attributes for a nest."""
    if isinstance(data, list):
        kind |= NLA_F_NESTED
        data = b"".join(data)
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def u8(kind, value):
    return attr(kind, struct.pack("=B", value))


def u16(kind, value):
    return attr(kind, struct.pack("=H", value))


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def u64(kind, value):
    return attr(kind, struct.pack("=Q", value))


def string(kind, value):
    return attr(kind, value.encode() + b"\0")


def parse(data):
    """Attributes as a list of (type, bytes, padding)."""
    result = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            raise ValueError("attribute shorter than its header")
        padded = (length + 3) & ~3
        result.append((kind & 0x3fff, data[4:length], data[length:padded]))
        data = data[padded:]
    return result


def find(data, *path):
    """Payload of the attribute at path, or None."""
    for kind in path:
        data = next((value for k, value, _ in parse(data) if k == kind), None)
        if data is None:
            return None
    return data


class Refused(Exception):
    """The kernel's answer to a request: errno, text, offset of the attribute."""

    def __init__(self, number, text, offset):
        super().__init__("%s: %s" % (errno.errorcode.get(number, number), text))
        self.number, self.text, self.offset = number, text, offset


class Netlink:
    """A generic netlink socket that knows the family."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.settimeout(10)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.seq = 0
        reply = self.request(CTRL_CMD_GETFAMILY,
                             [string(CTRL_ATTR_FAMILY_NAME, C_NAME)], family=GENL_ID_CTRL)
        self.family = struct.unpack("=H", find(reply[0], CTRL_ATTR_FAMILY_ID))[0]

    def send(self, cmd, attrs, flags=NLM_F_ACK, family=None, version=1):
        """Send a request; attrs is bytes or a list of attributes."""
        body = attrs if isinstance(attrs, bytes) else b"".join(attrs)
        self.seq += 1
        head = struct.pack("=IHHII", 20 + len(body), family or self.family,
                           NLM_F_REQUEST | flags, self.seq, 0)
        self.sock.send(head + struct.pack("=BBH", cmd, version, 0) + body)

    def receive(self):
        """Attributes of each message until the last; raises Refused."""
        result = []
        while True:
            data = self.sock.recv(1 << 20)
            while data:
                length, kind, flags, _, _ = struct.unpack_from("=IHHII", data)
                message, data = data[:length], data[(length + 3) & ~3:]
                if kind == NLMSG_ERROR:
                    self.check(message, flags)
                    return result
                if kind == NLMSG_DONE:
                    return result
                result.append(message[20:])

    @staticmethod
    def check(message, flags):
        code = struct.unpack_from("=i", message, 16)[0]
        if not code:
            return
        tlvs = message[36:] if flags & NLM_F_ACK_TLVS else b""
        text = find(tlvs, NLMSGERR_ATTR_MSG) if tlvs else None
        offset = find(tlvs, NLMSGERR_ATTR_OFFS) if tlvs else None
        raise Refused(-code, text.rstrip(b"\0").decode() if text else "",
                      struct.unpack("=I", offset)[0] if offset else None)

    def request(self, cmd, attrs, flags=NLM_F_ACK, family=None):
        self.send(cmd, attrs, flags, family)
        return self.receive()

    def dump(self, cmd, attrs=()):
        return self.request(cmd, list(attrs), NLM_F_DUMP)


C_NAME = "ipvti"


def device(name):
    return u32(C["IPVTI_A_IFINDEX"], socket.if_nametoindex(name))


def keep(address, port, adopt, bound=True, back=False):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    address, _, dev = address.partition("%")
    if dev:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, dev.encode())
    if bound:
        sock.bind((address, port))
    if adopt:
        attrs = [u32(C["IPVTI_A_SOCK_FD"], sock.fileno())]
        if not bound:
            attrs += [attr(C["IPVTI_A_SOCK_LOCAL"], socket.inet_pton(family, address)),
                      u16(C["IPVTI_A_SOCK_PORT"], port)]
        Netlink().request(C["IPVTI_CMD_SOCKET_ADOPT"], [attr(C["IPVTI_A_SOCKET"], attrs)])
    else:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    if back:
        sock.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, 0)
    print("ready", flush=True)
    while True:
        print(sock.recv(65536), flush=True)


COMMANDS = {
    "adopt": lambda address, port: keep(address, int(port), True),
    "claim": lambda address, port: keep(address, int(port), True, bound=False),
    "recant": lambda address, port: keep(address, int(port), True, back=True),
    "foreign": lambda address, port: keep(address, int(port), False),
}

if __name__ == "__main__":
    try:
        COMMANDS[sys.argv[1]](*sys.argv[2:])
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(1)
