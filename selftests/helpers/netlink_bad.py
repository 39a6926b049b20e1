#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the netlink family does with bad input. Prints a line "PASS NAME" or "FAIL NAME: WHY" a case.

usage: netlink_bad.py refused DEV        every request is refused, with the right error and a text
       netlink_bad.py fuzz DEV SEED N    N mangled requests to DEV; only that none breaks the kernel
       netlink_bad.py padding            no octet of padding in any reply is set
       netlink_bad.py secret HEX         no reply contains these octets
       netlink_bad.py group              join the multicast group; exit status 1 if refused
"""
import errno
import random
import socket
import sys

from ipvti_nl import (C, NLA_F_NESTED, NLM_F_DUMP, SOL_NETLINK, Netlink, Refused,
                      attr, device, find, parse, string, u8, u16, u32, u64)

CMD = {name[10:]: value for name, value in C.items() if name.startswith("IPVTI_CMD_")}
A = {name[8:]: value for name, value in C.items() if name.startswith("IPVTI_A_")}
V4, V6 = bytes([10, 0, 0, 9]), bytes.fromhex("20010db8000000000000000000000009")
ALG, KEY = "aes128gcm16", bytes(20)


def dev(*attrs):
    return attr(A["DEVICE"], list(attrs))


def sa(*attrs):
    return attr(A["SA"], list(attrs))


def sock(*attrs):
    return attr(A["SOCKET"], list(attrs))


def new(**changes):
    """A sound SA_NEW nest with these parts replaced, or left out when None."""
    parts = {"dir": u8(A["SA_DIR"], C["IPVTI_SA_IN"]), "spi": u32(A["SA_SPI"], 0x4444),
             "alg": string(A["SA_ALG"], ALG), "key": attr(A["SA_KEY"], KEY)}
    parts.update(changes)
    return sa(*(part for part in parts.values() if part is not None))


def ts(**changes):
    parts = {"src": attr(A["TS_SRC"], V4), "src_len": u8(A["TS_SRC_LEN"], 32),
             "dst": attr(A["TS_DST"], V4), "dst_len": u8(A["TS_DST_LEN"], 32)}
    parts.update(changes)
    return attr(A["SA_TS"], [part for part in parts.values() if part is not None])


OUT = u8(A["SA_DIR"], C["IPVTI_SA_OUT"])
IN = u8(A["SA_DIR"], C["IPVTI_SA_IN"])

# name, command, attributes after the device, errors that are right
CASES = [
    ("settings: none", "DEVICE_SET", [], "EINVAL"),
    ("settings: remote of 5 octets", "DEVICE_SET", [dev(attr(A["DEV_REMOTE"], bytes(5)))], "EINVAL ERANGE"),
    ("settings: remote of no octets", "DEVICE_SET", [dev(attr(A["DEV_REMOTE"], b""))], "EINVAL ERANGE"),
    ("settings: two families", "DEVICE_SET",
     [dev(attr(A["DEV_LOCAL"], V4), attr(A["DEV_REMOTE"], V6))], "EINVAL"),
    ("settings: remote is multicast", "DEVICE_SET",
     [dev(attr(A["DEV_REMOTE"], bytes([224, 0, 0, 1])))], "EINVAL"),
    ("settings: encap 2", "DEVICE_SET", [dev(u8(A["DEV_ENCAP"], 2))], "EINVAL ERANGE"),
    ("settings: encap udp without ports", "DEVICE_SET", [dev(u8(A["DEV_ENCAP"], 1))], "EINVAL"),
    ("settings: encap of 4 octets", "DEVICE_SET", [dev(u32(A["DEV_ENCAP"], 0))], "EINVAL ERANGE"),
    ("settings: lower does not exist", "DEVICE_SET", [dev(u32(A["DEV_LOWER"], 99999))], "ENODEV"),
    ("settings: dscp 64", "DEVICE_SET", [dev(u8(A["DEV_DSCP"], 64))], "EINVAL ERANGE"),
    ("settings: df 3", "DEVICE_SET", [dev(u8(A["DEV_DF"], 3))], "EINVAL ERANGE"),
    ("settings: parallel 3", "DEVICE_SET", [dev(u8(A["DEV_PARALLEL"], 3))], "EINVAL ERANGE"),
    ("settings: roam 3", "DEVICE_SET", [dev(u8(A["DEV_ROAM"], 3))], "EINVAL ERANGE"),
    ("settings: secpath 2", "DEVICE_SET", [dev(u8(A["DEV_SECPATH"], 2))], "EINVAL ERANGE"),
    ("settings: mtu 1279", "DEVICE_SET", [dev(u32(A["DEV_MTU_FIXED"], 1279))], "EINVAL ERANGE"),
    ("settings: mtu 70000", "DEVICE_SET", [dev(u32(A["DEV_MTU_FIXED"], 70000))], "EINVAL ERANGE"),
    ("settings: tag too long", "DEVICE_SET", [dev(attr(A["DEV_TAG"], bytes(33)))], "EINVAL ERANGE"),
    ("settings: a state", "DEVICE_SET", [dev(u8(A["DEV_CARRIER"], 1))], "EINVAL"),
    ("settings: unknown attribute", "DEVICE_SET", [dev(u8(200, 1))], "EINVAL"),
    ("unknown attribute at the top", "DEVICE_GET", [u8(99, 1)], "EINVAL"),
    ("nest without its flag", "DEVICE_SET",
     [attr(A["DEVICE"], u8(A["DEV_DF"], 1))], "EINVAL"),
    ("nest with an attribute longer than itself", "DEVICE_SET",
     [attr(A["DEVICE"] | NLA_F_NESTED, bytes([200, 0, A["DEV_DF"], 0, 1, 0, 0, 0]))], "EINVAL"),
    ("nest with half an attribute", "DEVICE_SET",
     [attr(A["DEVICE"] | NLA_F_NESTED, bytes([5, 0]))], "EINVAL ERANGE"),
    ("SA: none", "SA_NEW", [], "EINVAL"),
    ("SA: empty", "SA_NEW", [sa()], "EINVAL"),
    ("SA: no direction", "SA_NEW", [new(dir=None)], "EINVAL"),
    ("SA: direction 3", "SA_NEW", [new(dir=u8(A["SA_DIR"], 3))], "EINVAL ERANGE"),
    ("SA: no SPI", "SA_NEW", [new(spi=None)], "EINVAL"),
    ("SA: SPI 0", "SA_NEW", [new(spi=u32(A["SA_SPI"], 0))], "EINVAL ERANGE"),
    ("SA: SPI 255", "SA_NEW", [new(spi=u32(A["SA_SPI"], 255))], "EINVAL ERANGE"),
    ("SA: SPI of 2 octets", "SA_NEW", [new(spi=u16(A["SA_SPI"], 4444))], "EINVAL ERANGE"),
    ("SA: SPI there already", "SA_NEW", [new(spi=u32(A["SA_SPI"], 0x2001))], "EEXIST"),
    ("SA: no algorithm", "SA_NEW", [new(alg=None)], "EINVAL"),
    ("SA: unknown algorithm", "SA_NEW", [new(alg=string(A["SA_ALG"], "rot13"))], "EINVAL ENOENT EOPNOTSUPP"),
    ("SA: algorithm of 100 letters", "SA_NEW", [new(alg=string(A["SA_ALG"], "a" * 100))], "EINVAL ERANGE"),
    ("SA: algorithm without end", "SA_NEW", [new(alg=attr(A["SA_ALG"], ALG.encode()))], "EINVAL"),
    ("SA: legacy algorithm", "SA_NEW", [new(alg=string(A["SA_ALG"], "3des-md5"), key=attr(A["SA_KEY"], bytes(40)))], "EINVAL"),
    ("SA: no key", "SA_NEW", [new(key=None)], "EINVAL"),
    ("SA: empty key", "SA_NEW", [new(key=attr(A["SA_KEY"], b""))], "EINVAL ERANGE"),
    ("SA: key an octet short", "SA_NEW", [new(key=attr(A["SA_KEY"], bytes(19)))], "EINVAL"),
    ("SA: key an octet long", "SA_NEW", [new(key=attr(A["SA_KEY"], bytes(21)))], "EINVAL"),
    ("SA: key far too long", "SA_NEW", [new(key=attr(A["SA_KEY"], bytes(161)))], "EINVAL ERANGE"),
    ("SA: esn 2", "SA_NEW", [new(esn=u8(A["SA_ESN"], 2))], "EINVAL ERANGE"),
    ("SA: window 8193", "SA_NEW", [new(w=u32(A["SA_REPLAY_WINDOW"], 8193))], "EINVAL ERANGE"),
    ("SA: window 4294967295", "SA_NEW", [new(w=u32(A["SA_REPLAY_WINDOW"], 0xffffffff))], "EINVAL ERANGE"),
    ("SA: 64-bit number without ESN", "SA_NEW", [new(seq=u64(A["SA_SEQ"], 1 << 32))], "EINVAL ERANGE"),
    ("SA: activate 3", "SA_NEW", [new(dir=OUT, a=u8(A["SA_ACTIVATE"], 3))], "EINVAL ERANGE"),
    ("SA: a state", "SA_NEW", [new(s=u8(A["SA_STATE"], 1))], "EINVAL"),
    ("SA: selector without destination", "SA_NEW", [new(ts=ts(dst=None))], "EINVAL"),
    ("SA: selector with two families", "SA_NEW", [new(ts=ts(dst=attr(A["TS_DST"], V6)))], "EINVAL"),
    ("SA: selector with prefix 33", "SA_NEW", [new(ts=ts(l=None, src_len=u8(A["TS_SRC_LEN"], 33)))], "EINVAL ERANGE"),
    ("SA: selector with address of 3 octets", "SA_NEW",
     [new(ts=ts(src=attr(A["TS_SRC"], bytes(3))))], "EINVAL ERANGE"),
    ("SA: selector with ports upside down", "SA_NEW",
     [new(ts=ts(p=u16(A["TS_SPORT_MIN"], 9) + u16(A["TS_SPORT_MAX"], 8), proto=u8(A["TS_PROTO"], 17)))], "EINVAL"),
    ("SA: 65 selectors", "SA_NEW", [new(ts=ts() * 65)], "EINVAL E2BIG ERANGE"),
    ("SA: unknown limit", "SA_NEW", [new(h=attr(A["SA_HARD"], [u64(50, 1)]))], "EINVAL"),
    ("SA: limit of 4 octets", "SA_NEW", [new(h=attr(A["SA_HARD"], [u32(A["LIMIT_PACKETS"], 1)]))], "EINVAL ERANGE"),
    ("SA: deletion of none", "SA_DEL", [sa(IN, u32(A["SA_SPI"], 0x9999))], "ENOENT"),
    ("SA: deletion in the other direction", "SA_DEL", [sa(OUT, u32(A["SA_SPI"], 0x2001))], "ENOENT"),
    ("SA: deletion without SPI", "SA_DEL", [sa(IN)], "EINVAL"),
    ("SA: question for none", "SA_GET", [sa(IN, u32(A["SA_SPI"], 0x9999))], "ENOENT"),
    ("SA: activation of none", "SA_ACTIVATE", [sa(OUT, u32(A["SA_SPI"], 0x9999))], "ENOENT"),
    ("SA: activation of an inbound one", "SA_ACTIVATE", [sa(IN, u32(A["SA_SPI"], 0x2001))],
     "ENOENT EINVAL"),
    ("peer: nothing said", "PEER_SET", [], "EINVAL"),
    ("peer: suspect 2", "PEER_SET", [dev(u8(A["DEV_SUSPECT"], 2))], "EINVAL ERANGE"),
    ("statistics of no SA", "STATS_GET", [sa(IN, u32(A["SA_SPI"], 0x9999))], "ENOENT"),
    ("command: event", "EVENT", [], "EOPNOTSUPP"),
]
# the same without a device, or with one that is none
ANYWHERE = [
    ("no device", "DEVICE_GET", [], "EINVAL"),
    ("device: ifindex 99999", "DEVICE_GET", [u32(A["IFINDEX"], 99999)], "ENODEV"),
    ("device: id 99999", "DEVICE_GET", [u64(A["ID"], 99999)], "ENODEV"),
    ("device: ifindex of 2 octets", "DEVICE_GET", [u16(A["IFINDEX"], 1)], "EINVAL ERANGE"),
    ("device: id of 4 octets", "DEVICE_GET", [u32(A["ID"], 1)], "EINVAL ERANGE"),
    ("device: another kind", "DEVICE_GET", [u32(A["IFINDEX"], 1)], "ENODEV EINVAL EOPNOTSUPP"),
    ("SPI of no device", "SPI_ALLOC", [], "EINVAL"),
    ("socket: none", "SOCKET_ADOPT", [], "EINVAL"),
    ("socket: without descriptor", "SOCKET_ADOPT", [sock()], "EINVAL"),
    ("socket: closed descriptor", "SOCKET_ADOPT", [sock(u32(A["SOCK_FD"], 999))], "EBADF"),
    ("socket: descriptor -1", "SOCKET_ADOPT", [sock(u32(A["SOCK_FD"], 0xffffffff))], "EBADF EINVAL"),
    ("socket: a file", "SOCKET_ADOPT", [sock(u32(A["SOCK_FD"], 0))], "ENOTSOCK"),
    ("socket: not bound, and no port", "SOCKET_ADOPT",
     [sock(u32(A["SOCK_FD"], socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach()))], "EINVAL"),
    ("socket: TCP", "SOCKET_ADOPT",
     [sock(u32(A["SOCK_FD"], socket.socket().detach()))], "EINVAL EPROTONOSUPPORT EPROTOTYPE ESOCKTNOSUPPORT"),
    ("socket: of another kind", "SOCKET_ADOPT",
     [sock(u32(A["SOCK_FD"], socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach()))],
     "EINVAL EPROTONOSUPPORT EPROTOTYPE EAFNOSUPPORT ESOCKTNOSUPPORT"),
    ("unknown command", 200, [], "EOPNOTSUPP"),
]


def refused(name):
    netlink, reference = Netlink(), device(name)
    for title, command, attrs, errors in (
            [(t, c, [reference] + a, e) for t, c, a, e in CASES] + ANYWHERE):
        number = command if isinstance(command, int) else CMD[command]
        try:
            netlink.request(number, attrs)
            print("FAIL %s: it was not refused" % title)
        except Refused as answer:
            # The core answers what is no command of the family, and has no text for it.
            needs_text = errors != "EOPNOTSUPP"
            if answer.number not in [getattr(errno, error) for error in errors.split()]:
                print("FAIL %s: expected %s, saw %s" % (title, errors, answer))
            elif needs_text and not answer.text and answer.offset is None:
                print("FAIL %s: without a text: %s" % (title, answer))
            else:
                print("PASS %s" % title)


def mangle(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        what = rng.randrange(4)
        if what == 0 and data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif what == 1:
            del data[rng.randrange(len(data) + 1):]
        elif what == 2:
            data += bytes(rng.randrange(256) for _ in range(rng.randrange(12)))
        elif data:
            at = rng.randrange(len(data)) & ~3
            data[at:at + 2] = rng.choice([0, 1, 3, 4, 5, 8, 255, 65535]).to_bytes(2, sys.byteorder)
    return bytes(data)


def fuzz(name, seed, count):
    rng = random.Random(int(seed))
    netlink, reference = Netlink(), device(name)
    netlink.sock.settimeout(2)
    sound = [(c, b"".join([reference] + a)) for _, c, a, _ in CASES]
    sound += [("SA_NEW", reference + new(ts=ts() + ts(), esn=u8(A["SA_ESN"], 1))),
              ("SPI_ALLOC", reference), ("DEVICE_GET", reference)]
    for _ in range(int(count)):
        command, attrs = rng.choice(sound)
        netlink.send(CMD[command] if rng.randrange(20) else rng.randrange(256),
                     mangle(rng, attrs), rng.choice([4, 4, 4, NLM_F_DUMP, 0x304]))
        try:
            netlink.receive()
        except (Refused, ValueError):
            pass
        except socket.timeout:
            print("FAIL fuzz: no answer")
            return
    print("PASS %s mangled requests" % count)


def replies():
    """Every kind of reply there is, with its name."""
    netlink = Netlink()
    for command in ("DEVICE_GET", "SA_GET", "SOCKET_GET", "ALG_GET"):
        for reply in netlink.dump(CMD[command]):
            yield command, reply
    for reply in netlink.dump(CMD["DEVICE_GET"]):
        reference = u64(A["ID"], int.from_bytes(find(reply, A["ID"]), sys.byteorder))
        for command in ("DEVICE_GET", "STATS_GET"):
            for answer in netlink.request(CMD[command], [reference]):
                yield command, answer
    for answer in netlink.request(CMD["STATS_GET"], []):
        yield "STATS_GET", answer


NESTS = {A[name] for name in ("DEVICE", "SA", "SOCKET", "STAT", "ALG")}
SA_NESTS = {A["SA_TS"], A["SA_SOFT"], A["SA_HARD"]}


def dirty(data, nests):
    for kind, value, pad in parse(data):
        if any(pad):
            return True
        if kind in nests and dirty(value, SA_NESTS if kind == A["SA"] and nests is NESTS else ()):
            return True
    return False


def padding():
    seen = {}
    for command, reply in replies():
        seen[command] = seen.get(command, False) or dirty(reply, NESTS)
    for command, bad in sorted(seen.items()):
        print("FAIL %s: padding is not zero" % command if bad else "PASS %s" % command)


def secret(text):
    octets = bytes.fromhex(text)
    bad = sorted({command for command, reply in replies() if octets in reply})
    print("FAIL it is in replies of %s" % bad if bad else "PASS no reply has it")


def group():
    netlink = Netlink()
    reply = netlink.request(3, [string(2, "ipvti")], family=16)[0]
    for _, entry, _ in parse(find(reply, 7)):
        number = int.from_bytes(find(entry, 2), sys.byteorder)
        netlink.sock.setsockopt(SOL_NETLINK, 1, number)


if __name__ == "__main__":
    {"refused": refused, "fuzz": fuzz, "padding": padding, "secret": secret,
     "group": group}[sys.argv[1]](*sys.argv[2:])
