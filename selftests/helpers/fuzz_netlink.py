#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Requests made from the grammar in uapi/ipvti.yaml, sound and less so, to ipvti.

usage: fuzz_netlink.py SEED COUNT [NETNS]
In the caller's network namespace, which must be of no other use: devices called fuzz* are made,
moved to NETNS (by name) and back, and deleted. Requests have attributes of every type with edges of
their range, too many or too few of them, wrong lengths and nesting, several messages in one send,
dumps that are left half read, and come from the namespace of creation, the other one, and somebody
without privileges. Between them are rtnetlink requests for links of the kind ipvti, and packets
through the devices.

With FAIL in the environment memory allocations of the requests fail, as failslab is set up.

Each refusal must have a text (extack) unless the core refused before ipvti was asked. The last line
says how many were accepted and refused, by command. Exit status 1 and a text when something is wrong.
"""
import ctypes
import dataclasses
import errno
import os
import random
import socket
import struct
import sys

from ipvti_nl import (C, NLA_F_NESTED, NLM_F_ACK, NLM_F_DUMP,
                      NLM_F_ACK_TLVS, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSGERR_ATTR_MSG,
                      Netlink, attr, find, parse, string, u32)

SPEC = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../uapi/ipvti.yaml")
RTM_NEWLINK, RTM_DELLINK, IFF_UP = 16, 17, 1
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
IFLA = {"address": 1, "broadcast": 2, "ifname": 3, "mtu": 4, "link": 5, "master": 10, "txqlen": 13,
        "operstate": 16, "linkmode": 17, "linkinfo": 18, "net_ns_pid": 19, "ifalias": 20, "group": 27,
        "net_ns_fd": 28, "num_tx_queues": 31, "num_rx_queues": 32, "carrier": 33, "link_netnsid": 37,
        "gso_max_segs": 40, "gso_max_size": 41, "target_netnsid": 46}
SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
KEYS = {"aes128gcm16": 20, "null-sha256": 32, "chacha20poly1305": 36, "aes128-sha256": 48, "3des-md5": 40}
ADDRESSES = [socket.inet_pton(socket.AF_INET, a) for a in (
    "10.0.0.1", "10.0.0.2", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.9.0.1")] + [
    socket.inet_pton(socket.AF_INET6, a) for a in (
        "2001:db8::1", "2001:db8::2", "::", "::1", "fe80::1", "ff02::1", "::ffff:10.0.0.1")]
DEVICES = 4


# --- the grammar -----------------------------------------------------------------------------

def tree(lines, indent):
    """The part of YAML that the specification uses: what stands at that indentation, or deeper."""
    result = None
    while lines and lines[0][0] >= indent:
        depth, text = lines.pop(0)
        if text == "-" or text.startswith("- "):
            result = result or []
            if text != "-":
                lines.insert(0, (depth + 2, text[2:]))
            result.append(tree(lines, depth + 1))
            continue
        key, _, value = text.partition(":")
        value = value.strip()
        result = result or {}
        if value == "|":
            while lines and lines[0][0] > depth:
                lines.pop(0)
        elif not value:
            result[key] = tree(lines, depth + 1)
        elif value.startswith("["):
            result[key] = value[1:-1].split(", ")
        else:
            result[key] = value.strip("'")
    return result


def specification():
    lines = []
    for line in open(SPEC, encoding="ascii"):
        text = line.split("#")[0].rstrip()
        if text and text != "---":
            lines.append((len(text) - len(text.lstrip()), text.strip()))
    return tree(lines, 0)


class Grammar:
    """Attribute sets, {set: {name: (number, type, nested set, largest enumerator)}}, and commands."""

    def __init__(self):
        spec = specification()
        enums = {entry["name"]: len(entry["entries"]) - 1 for entry in spec["definitions"]
                 if entry["type"] == "enum"}
        self.sets = {}
        for entry in spec["attribute-sets"]:
            self.sets[entry["name"]] = {
                a["name"]: (int(a.get("value", number)), a["type"], a.get("nested-attributes"),
                            enums.get(a.get("enum")))
                for number, a in enumerate(entry["attributes"])}
        self.commands = []
        for number, entry in enumerate(spec["operations"]["list"], 1):
            for mode in ("do", "dump"):
                if mode in entry:
                    words = (entry[mode].get("request") or {}).get("attributes", [])
                    self.commands.append((entry["name"], number, mode, words))
        if [name for name, *_ in self.commands][:2] != ["device-get", "device-get"]:
            sys.exit("the specification was not understood")


# --- requests --------------------------------------------------------------------------------

class Maker:
    """Attributes at random."""

    def __init__(self, rng, grammar):
        self.rng, self.grammar = rng, grammar
        self.devices, self.ids = [1], [1]
        self.last, self.sas = {}, []            # values last used; requests that name an SA
        self.sockets = []

    def sockets_new(self):
        for sock in self.sockets:
            sock.close()
        udp = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6) * 2]
        udp[0].bind(("127.0.0.1", 0))
        try:
            udp[1].bind(("::1", 4500))
        except OSError:         # a stand-in has it, for one that was adopted
            pass
        self.sockets = udp + [socket.socket(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)]

    def number(self, size, most):
        rng, full = self.rng, (1 << 8 * size) - 1
        if most is not None and rng.random() < 0.8:
            return rng.randrange(most + 1)
        return rng.choice([0, 1, 2, 64, 255, 256, 1279, 1280, 1400, 4500, 8192, 65535, 65536, full, full - 1,
                           full >> 1, rng.getrandbits(8 * size)]) & full

    def known(self, group, name):
        """Values that lead further than chance does."""
        rng = self.rng
        pools = {
            ("message", "ifindex"): lambda: struct.pack("=I", rng.choice(self.devices)),
            ("message", "id"): lambda: struct.pack("=Q", rng.choice(self.ids)),
            ("device", "encap"): lambda: bytes([rng.getrandbits(1)]),
            ("device", "sport"): lambda: struct.pack("=H", 4500),
            ("device", "dport"): lambda: struct.pack("=H", 4500),
            ("device", "dscp"): lambda: bytes([rng.choice([0, 46, 63, 255])]),
            ("device", "secpath"): lambda: bytes([rng.getrandbits(1)]),
            ("device", "quiet"): lambda: struct.pack("=I", rng.getrandbits(8)),
            ("device", "keepalive"): lambda: struct.pack("=I", rng.getrandbits(2)),
            ("sa", "esn"): lambda: bytes([rng.getrandbits(1)]),
            ("sa", "replay-window"): lambda: struct.pack("=I", rng.choice([0, 1, 32, 1024, 8192])),
            ("sa", "seq"): lambda: struct.pack("=Q", rng.choice([0, 1, 0xfffffff0])),
            ("ts", "sport-min"): lambda: bytes(2),
            ("ts", "sport-max"): lambda: b"\xff\xff",
            ("ts", "dport-min"): lambda: bytes(2),
            ("ts", "dport-max"): lambda: b"\xff\xff",
            ("device", "lower"): lambda: struct.pack("=I", rng.choice([0, 0, 1, *self.devices])),
            ("device", "fwmark"): lambda: struct.pack("=I", rng.getrandbits(2)),
            ("device", "suspect"): lambda: bytes([rng.getrandbits(1)]),
            ("device", "mtu-fixed"): lambda: struct.pack("=I", rng.choice([0, 1280, 1500, 9000, 65000])),
            ("sa", "spi"): lambda: struct.pack("=I", 0x1000 + rng.getrandbits(3)),
            ("sa", "pair"): lambda: struct.pack("=I", 0x1000 + rng.getrandbits(3)),
            ("sa", "replaces"): lambda: struct.pack("=I", 0x1000 + rng.getrandbits(3)),
            ("sa", "dir"): lambda: bytes([1 + rng.getrandbits(1)]),
            ("sa", "alg"): lambda: self.alg.encode() + b"\0",
            ("sa", "key"): lambda: rng.randbytes(KEYS[self.alg]),
            ("ts", "src-len"): lambda: bytes([rng.choice([0, 0, 32, 128])]),
            ("ts", "dst-len"): lambda: bytes([rng.choice([0, 0, 32, 128])]),
            ("limit", "seconds"): lambda: struct.pack("=Q", 1 + rng.getrandbits(2)),
            ("limit", "idle"): lambda: struct.pack("=Q", 1 + rng.getrandbits(2)),
            ("limit", "packets"): lambda: struct.pack("=Q", 1 + rng.getrandbits(3)),
            ("socket", "fd"): lambda: struct.pack("=I", rng.choice(self.sockets).fileno()),
        }
        make = pools.get((group, name))
        data = make() if make and rng.random() < 0.9 else None
        self.last[group, name] = data or b""
        return data

    def value(self, group, name):
        rng = self.rng
        number, kind, nested, most = self.grammar.sets[group][name]
        data = self.known(group, name)
        if data is not None:
            return data
        if kind in SIZES:
            return self.number(SIZES[kind], most).to_bytes(SIZES[kind], sys.byteorder)
        if kind == "nest":
            return self.nest(nested)
        if kind == "flag":
            return b""
        if name in ("local", "remote", "src", "dst"):
            return rng.choice(ADDRESSES)
        if name == "tag":
            return rng.randbytes(32)
        return rng.randbytes(rng.choice([0, 1, 4, 16, 20, 32, 33, 64, 160, 161, 1000]))

    def attribute(self, group, name):
        """One attribute; sometimes it is not what it should be."""
        rng = self.rng
        number, kind, _, _ = self.grammar.sets[group][name]
        data = self.value(group, name)
        lie = rng.random()
        if lie < 0.01:
            data = data[:rng.randrange(len(data) + 1)]
        elif lie < 0.02:
            data += rng.randbytes(1 + rng.getrandbits(2))
        elif lie < 0.025:
            number = rng.choice([0, 1, 99, 255, 0x3fff])
        elif lie < 0.03:
            data = rng.randbytes(len(data))
        if (kind == "nest") != (rng.random() < 0.005):
            number |= NLA_F_NESTED
        if rng.random() < 0.003:
            number |= 0x4000
        octets = attr(number, data)
        if rng.random() < 0.005:
            octets = struct.pack("=H", rng.choice([0, 3, 4, 5, 65535, len(data) + 8])) + octets[2:]
        return octets

    NEEDED = {"sa": ["dir", "spi"], "ts": ["src", "dst"], "socket": ["fd"]}

    def nest(self, group, words=()):
        rng = self.rng
        names = [name for name in self.grammar.sets[group] if name not in ("unspec", "pad")]
        chosen = list(words) or rng.sample(names, min(len(names), rng.getrandbits(2)))
        chosen += [name for name in self.NEEDED.get(group, []) if rng.random() < 0.95]
        if rng.random() < 0.03:
            chosen += rng.sample(chosen, 1) * rng.choice([1, 3, 70]) if chosen else []
        if rng.random() < 0.1:
            rng.shuffle(chosen)
        return b"".join(self.attribute(group, name) for name in dict.fromkeys(chosen)) \
            if rng.random() < 0.9 else b"".join(self.attribute(group, name) for name in chosen)

    INSIDE = {
        "device-set": lambda rng: rng.sample([
            "local", "remote", "encap", "sport", "dport", "lower", "fwmark", "ttl", "dscp", "df",
            "mtu-fixed", "parallel", "roam", "secpath", "inner-checksum", "tfc", "quiet", "keepalive",
            "tag"], rng.randrange(1, 6)),
        "sa-new": lambda rng: ["alg", "key"] + rng.sample([
            "esn", "replay-window", "seq", "pair", "replaces", "flow", "activate", "tag", "ts", "soft",
            "hard", "legacy"], rng.getrandbits(2)),
        "sa-del": lambda rng: ["dir", "spi"],
        "sa-get": lambda rng: ["dir", "spi"],
        "sa-activate": lambda rng: ["dir", "spi"],
        "peer-set": lambda rng: ["suspect"],
    }

    def remember(self, reference):
        """How to name the SA that was just asked for; it may well have been refused."""
        members = self.grammar.sets["sa"]
        name = [attr(members[word][0], self.last.get(("sa", word), b"")) for word in ("dir", "spi")]
        number = self.grammar.sets["message"]["sa"][0]
        self.sas = self.sas[-3:] + [reference + attr(number, name)]

    def body(self, name, words):
        """Attributes of a request."""
        rng = self.rng
        self.alg = rng.choice(list(KEYS))
        if name in ("sa-del", "sa-get", "sa-activate") and self.sas and rng.getrandbits(1):
            return rng.choice(self.sas)
        parts = []
        reference = rng.choice(["id", "ifindex"]) if "id" in words else None
        for word in words:
            if word in ("id", "ifindex"):
                if (word == reference) == (rng.random() < 0.98):
                    parts.append(self.attribute("message", word))
                continue
            if name == "stats-get" and rng.getrandbits(1):
                continue        # of the device
            number, _, nested, _ = self.grammar.sets["message"][word]
            inside = self.INSIDE[name](rng) if name in self.INSIDE and rng.random() < 0.95 else ()
            parts.append(attr(number | NLA_F_NESTED, self.nest(nested, inside)))
        if name == "sa-new":
            self.remember(parts[0])
        if rng.random() < 0.02:
            parts.append(self.attribute("message", rng.choice(list(self.grammar.sets["message"]))))
        if rng.random() < 0.02 and parts:
            parts.append(rng.choice(parts))
        data = b"".join(parts)
        if rng.random() < 0.01:
            data = data[:rng.randrange(len(data) + 1)]
        return data


@dataclasses.dataclass
class Asked:
    """A request: whether the core takes it for sound so far, and answers with a dump."""
    name: str
    sound: bool
    dump: bool


class Caller:
    """A socket, and whether it has to do with privileges."""

    def __init__(self, netlink, privileged):
        self.netlink, self.privileged = netlink, privileged
        try:
            netlink.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)     # SO_RCVBUFFORCE
        except PermissionError:         # in a user namespace
            pass
        netlink.sock.settimeout(10)
        self.seq = 1 << 20


class Fuzzer:
    """Sends requests and reads the answers."""

    def __init__(self, seed, namespace):
        self.rng = random.Random(seed)
        self.grammar = Grammar()
        self.maker = Maker(self.rng, self.grammar)
        self.namespace = os.open("/run/netns/" + namespace, os.O_RDONLY) if namespace else None
        self.own = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.callers = []
        self.open_callers()
        self.route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.route.settimeout(0.1 if "FAIL" in os.environ else 10)
        self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sender.setblocking(False)
        self.done, self.refused = {}, {}
        self.fail = os.open("/proc/self/make-it-fail", os.O_WRONLY) if "FAIL" in os.environ else None

    def send(self, sock, octets, privileged=True):
        """The request is served in here; then memory is there again. Only root may take it away."""
        fail = self.fail if privileged else None
        if not privileged:
            os.seteuid(65534)
        if fail:
            os.write(fail, b"1")
        try:
            sock.send(octets)
        except OSError as error:
            if not fail or error.errno not in (errno.ENOBUFS, errno.ENOMEM):
                raise
        finally:
            if fail:
                os.write(fail, b"0")
            if not privileged:
                os.seteuid(0)

    def inside(self, namespace):
        if self.libc.setns(namespace, 0):
            raise OSError(ctypes.get_errno(), "setns")

    def open_callers(self):
        for caller in self.callers:
            caller.netlink.sock.close()         # whatever it was in the middle of
        self.callers = [Caller(Netlink(), True), Caller(Netlink(), True)]
        if self.namespace:
            self.callers.append(Caller(Netlink(), False))
            self.inside(self.namespace)
            self.callers.append(Caller(Netlink(), True))
            self.inside(self.own)

    # rtnetlink

    def rtnl(self, kind, flags, index, attrs, change=0):
        """A link request; its error is not ours to judge. @change: IFF_UP, to set it."""
        body = struct.pack("=BxHiII", 0, 0, index, change, change) + b"".join(attrs)
        self.send(self.route, struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags,
                                          7, 0) + body)
        try:
            return -struct.unpack_from("=i", self.route.recv(65536), 16)[0]
        except OSError as error:        # no memory for the answer, or for the question
            if not self.fail:
                raise
            return error.errno

    def link(self, name):
        self.rtnl(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, [
            string(IFLA["ifname"], name), attr(IFLA["linkinfo"], [string(1, "ipvti")])])

    def link_random(self):
        rng = self.rng
        attrs = []
        for key in rng.sample(list(IFLA), rng.getrandbits(2)):
            if key in ("linkinfo", "net_ns_pid", "net_ns_fd", "ifname"):
                continue
            size = rng.choice([0, 1, 2, 4, 4, 4, 6, 8, 32])
            attrs.append(attr(IFLA[key], self.maker.number(size, 2).to_bytes(size, sys.byteorder)
                              if size else b""))
        if rng.random() < 0.1 and self.namespace:
            attrs.append(u32(IFLA["net_ns_fd"], self.namespace))
        info = [string(1, rng.choice(["ipvti", "ipvti", "ipvti", "dummy", ""]))]
        if rng.random() < 0.3:
            info.append(attr(2, rng.choice([b"", rng.randbytes(8), u32(1, 5)])))
        if rng.random() < 0.8:
            attrs.append(attr(IFLA["linkinfo"], info))
        attrs.append(string(IFLA["ifname"], "fuzz%d" % rng.randrange(DEVICES)))
        flags = rng.choice([0, NLM_F_CREATE, NLM_F_CREATE | NLM_F_EXCL, NLM_F_REPLACE])
        index = rng.choice([0, 0, rng.choice(self.maker.devices)])
        # Not lo, which the answers come through.
        if index != 1:
            self.rtnl(rng.choice([RTM_NEWLINK] * 4 + [RTM_DELLINK]), flags, index, attrs,
                      rng.getrandbits(1))

    def devices(self):
        """
        Make those that are missing, up and with an address; learn what there is. Memory does not fail
        here: a device takes so many allocations that there would often be none to ask about.
        """
        fail, self.fail = self.fail, None
        self.rtnl(RTM_NEWLINK, 0, 1, [], IFF_UP)
        for number in range(DEVICES):
            self.link("fuzz%d" % number)
        if self.namespace:      # one that lives elsewhere
            self.rtnl(RTM_NEWLINK, 0, 0, [string(IFLA["ifname"], "fuzz3"),
                                          u32(IFLA["net_ns_fd"], self.namespace)])
        self.maker.devices, self.maker.ids = [], []
        for reply in Netlink().dump(C["IPVTI_CMD_DEVICE_GET"]):
            self.maker.devices.append(struct.unpack("=I", find(reply, C["IPVTI_A_IFINDEX"]))[0])
            self.maker.ids.append(struct.unpack("=Q", find(reply, C["IPVTI_A_ID"]))[0])
        for index in self.maker.devices:
            self.rtnl(RTM_NEWLINK, 0, index, [], IFF_UP)
        if self.rng.random() < 0.1 or not self.maker.devices:
            self.maker.devices.append(99999)
            self.maker.ids.append(99999)
        self.maker.sockets_new()
        self.fail = fail

    def delete_devices(self):
        for number in range(DEVICES):
            self.rtnl(RTM_DELLINK, 0, 0, [string(IFLA["ifname"], "fuzz%d" % number)])
        if not self.namespace:
            return
        self.inside(self.namespace)
        route, self.route = self.route, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        for reply in Netlink().dump(C["IPVTI_CMD_DEVICE_GET"]):
            self.rtnl(RTM_DELLINK, 0, struct.unpack("=I", find(reply, C["IPVTI_A_IFINDEX"]))[0], [])
        self.route = route
        self.inside(self.own)

    def packets(self):
        """Something for the settings to work on."""
        for number in range(DEVICES):
            try:
                self.sender.setsockopt(socket.SOL_SOCKET, 25, b"fuzz%d" % number)      # SO_BINDTODEVICE
                self.sender.sendto(bytes(self.rng.choice([0, 100, 1300, 9000, 60000])), ("192.0.2.1", 9))
            except OSError:
                pass

    # the family

    def message(self, caller):
        """A request: its number, what is known of it, and its octets."""
        rng = self.rng
        name, number, mode, words = rng.choice(self.grammar.commands)
        flags = NLM_F_DUMP if mode == "dump" else NLM_F_ACK
        sound = True
        if rng.random() < 0.02:
            number, sound = rng.getrandbits(8), False
        if rng.random() < 0.02:
            flags, sound = rng.choice([0, NLM_F_DUMP, NLM_F_ACK | 0x100, 0xffff]), False
        body = self.maker.body(name, words)
        head = struct.pack("=BBH", number, rng.choice([1, 1, 1, 0, 9]), 0)
        if rng.random() < 0.005:
            head, body, sound = head[:rng.getrandbits(2)], b"", False
        caller.seq += 1
        length = 16 + len(head) + len(body)
        message = struct.pack("=IHHII", length, caller.netlink.family, NLM_F_REQUEST | flags, caller.seq, 0)
        message += head + body
        asked = Asked(name, sound, sound and bool(flags & NLM_F_DUMP == NLM_F_DUMP))
        return caller.seq, asked, message + bytes(-len(message) % 4)

    def answer(self, caller, asked, last):
        """
        Read until the answer to number last, and mostly until all dumps are at their end; judge the
        refusals.
        """
        dumps = {seq for seq, request in asked.items() if request.dump}
        if self.fail or self.rng.random() < 0.3:
            dumps.clear()
        waiting = {last, *dumps}
        while waiting:
            data = caller.netlink.sock.recv(1 << 20)
            while len(data) >= 16:
                length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
                message, data = data[:length], data[(length + 3) & ~3:]
                if kind not in (NLMSG_ERROR, NLMSG_DONE):
                    list(parse(message[20:]))           # they must be well-formed
                    continue
                if kind == NLMSG_ERROR and seq in asked:
                    self.judge(caller, asked[seq], message, flags)
                elif kind == NLMSG_DONE and seq in asked:
                    name = asked[seq].name
                    self.done[name] = self.done.get(name, 0) + 1
                waiting.discard(seq)

    def judge(self, caller, asked, message, flags):
        name = asked.name
        code = -struct.unpack_from("=i", message, 16)[0]
        counter = self.refused if code else self.done
        counter[name] = counter.get(name, 0) + 1
        if not code or code in (errno.ENOMEM, errno.EOPNOTSUPP, errno.EBUSY) or not asked.sound:
            return
        if code == errno.EPERM and not caller.privileged:
            return              # the core has no text for it
        if self.fail:
            return
        text = find(message[36:], NLMSGERR_ATTR_MSG) if flags & NLM_F_ACK_TLVS else None
        if not text:
            raise ValueError("%s: %s without a text" % (name, errno.errorcode.get(code, code)))

    def round(self):
        """One send, of one message or of several, and what comes of it."""
        rng = self.rng
        caller = rng.choice(self.callers + self.callers[:2] * 2)
        asked, octets = {}, b""
        for _ in range(rng.choice([1, 1, 1, 2, 8])):
            seq, request, message = self.message(caller)
            asked[seq] = request
            octets += message
        if rng.random() < 0.01:         # the length of the message itself lies
            octets = struct.pack("=I", rng.choice([0, 15, 16, 19, 20, len(octets) + 4, 1 << 31])) + octets[4:]
            asked = dict.fromkeys(asked, Asked("?", False, False))
        caller.seq += 1
        probe = struct.pack("=IHHII", 20, caller.netlink.family, NLM_F_REQUEST | NLM_F_ACK, caller.seq, 0) + \
            struct.pack("=BBH", 200, 1, 0)
        self.send(caller.netlink.sock, octets, caller.privileged)
        caller.netlink.sock.send(probe)
        if rng.random() < 0.02:         # go away without listening
            self.open_callers()
        else:
            try:
                self.answer(caller, asked, caller.seq)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.open_callers()
        return len(asked)

    def run(self, count):
        requests = 0
        self.devices()
        while requests < count:
            before = requests
            requests += self.round()
            if self.rng.random() < 0.05:
                self.link_random()
            if self.rng.random() < 0.05:
                self.packets()
            if before // 300 != requests // 300:
                if self.rng.getrandbits(1):
                    self.delete_devices()
                self.devices()
        self.delete_devices()
        return requests


def main(seed, count, namespace=None):
    fuzzer = Fuzzer(int(seed), namespace)
    try:
        requests = fuzzer.run(int(count))
    except (OSError, ValueError) as error:
        if os.environ.get("TRACE"):
            raise
        sys.exit("seed %s: %s" % (seed, error or repr(error)))
    print("%d requests; accepted and refused: %s" % (requests, ", ".join(
        "%s %d %d" % (name, fuzzer.done.get(name, 0), fuzzer.refused.get(name, 0))
        for name in sorted({*fuzzer.done, *fuzzer.refused}))))
    if len(fuzzer.done) < 8 or len(fuzzer.refused) < 8:
        sys.exit("too few commands were accepted, or refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
