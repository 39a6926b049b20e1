#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The parts of stress.sh, each a process of its own that goes on for some seconds. All at once they
do to the devices s0 to s7 of the hosts left and right what may happen to devices.

usage: stress.py ROLE SECONDS
  devices   make and key the devices, and end
  settle    new keys for all devices, and end
  traffic   both hosts send and receive through all devices: UDP, with and without GSO, and TCP
  rekey     new SAs for a device, both directions, then the old ones go
  knobs     settings of s0 to s5 change, carrier and links go and come
  delete    s6 and s7 go, on either host, and come back
  spaces    namespaces that hold a device, or that one was made in, go
  look      dumps of everything, and statistics
At the end each prints how often it did its work.
"""
import ctypes
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import time

from ipvti_nl import C, Netlink, Refused, attr, find, string, u8, u16, u32

DEVICES, MORTAL = 8, (6, 7)
ENCAP_PORT, PORT = 4500, 9000
UDP_SEGMENT = 103
OUTER = {"left": ("10.0.0.1", "2001:db8::1"), "right": ("10.0.0.2", "2001:db8::2")}
PEER = {"left": "right", "right": "left"}
ALGS = [("aes128gcm16", 20), ("chacha20poly1305", 36), ("aes128-sha256", 48)]
libc = ctypes.CDLL(None, use_errno=True)


def enter(host):
    """From now on this process makes sockets and finds names in that namespace."""
    with open("/run/netns/" + host) as space:
        if libc.setns(space.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns " + host)


def ip(*lines, host=None):
    """Commands for ip; those that fail are passed over."""
    subprocess.run(["ip", *(["-n", host] if host else []), "-force", "-batch", "-"],
                   input="\n".join(lines), text=True, check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def inner(host, i):
    number = 1 if host == "left" else 2
    return "10.%d.0.%d" % (100 + i, number), "fd00:%d::%d" % (i, number)


class Host:
    """One end: its netlink socket, and its devices by name."""

    def __init__(self, name):
        self.name = name
        enter(name)
        self.netlink = Netlink()

    def request(self, cmd, dev, *attrs):
        """False: refused, as the device or SA is gone or was never there."""
        enter(self.name)
        try:
            index = u32(C["IPVTI_A_IFINDEX"], socket.if_nametoindex(dev))
            self.netlink.request(C["IPVTI_CMD_" + cmd], [index, *attrs])
        except (OSError, Refused):
            return False
        return True

    def set(self, dev, *attrs):
        return self.request("DEVICE_SET", dev, attr(C["IPVTI_A_DEVICE"], list(attrs)))

    def suspect(self, dev, value):
        return self.request("PEER_SET", dev, attr(C["IPVTI_A_DEVICE"], [
            u8(C["IPVTI_A_DEV_SUSPECT"], value)]))

    def sa(self, cmd, dev, way, spi, *attrs):
        return self.request(cmd, dev, attr(C["IPVTI_A_SA"], [
            u8(C["IPVTI_A_SA_DIR"], C["IPVTI_SA_" + way]), u32(C["IPVTI_A_SA_SPI"], spi), *attrs]))

    def peer(self, dev, i):
        """Outer side of device i: both families, each with and without UDP."""
        family = socket.AF_INET6 if i & 1 else socket.AF_INET
        side = self.name if self.name in PEER else "left"
        near, far = (socket.inet_pton(family, OUTER[host][i & 1]) for host in (side, PEER[side]))
        attrs = [attr(C["IPVTI_A_DEV_LOCAL"], near), attr(C["IPVTI_A_DEV_REMOTE"], far)]
        if i & 2:
            attrs += [u8(C["IPVTI_A_DEV_ENCAP"], C["IPVTI_ENCAP_UDP"]),
                      u16(C["IPVTI_A_DEV_SPORT"], ENCAP_PORT),
                      u16(C["IPVTI_A_DEV_DPORT"], ENCAP_PORT)]
        self.set(dev, *attrs)

    def make(self, i):
        dev = "s%d" % i
        ip("link add %s type ipvti" % dev, host=self.name)
        self.peer(dev, i)
        four, six = inner(self.name, i)
        ip("addr add %s/24 dev %s" % (four, dev), "addr add %s/64 dev %s nodad" % (six, dev),
           "link set %s up" % dev, host=self.name)


class Keys:
    """The SAs of one direction of a device. The SPI says device and direction, and counts."""

    def __init__(self, hosts, i, sender):
        self.to, self.of = hosts[PEER[sender]], hosts[sender]
        self.dev = "s%d" % i
        self.base = (i + 1) << 24 | (sender == "left") << 23
        self.alg, self.length = ALGS[i % len(ALGS)]

    def renew(self):
        """Make before break. A time in microseconds is what sets one generation apart."""
        old, spi = getattr(self, "spi", None), self.base | (time.time_ns() // 1000 & 0x7fffff)
        key = [string(C["IPVTI_A_SA_ALG"], self.alg),
               attr(C["IPVTI_A_SA_KEY"], os.urandom(self.length))]
        done = self.to.sa("SA_NEW", self.dev, "IN", spi, *key,
                          u32(C["IPVTI_A_SA_REPLAY_WINDOW"], 4096))
        done &= self.of.sa("SA_NEW", self.dev, "OUT", spi, *key,
                           u8(C["IPVTI_A_SA_ACTIVATE"], C["IPVTI_ACTIVATE_NOW"]))
        if old:
            self.of.sa("SA_DEL", self.dev, "OUT", old)
            time.sleep(0.01)            # what is on its way may still arrive
            self.to.sa("SA_DEL", self.dev, "IN", old)
        self.spi = spi
        return done


def both():
    return {name: Host(name) for name in PEER}


def devices(_end):
    hosts = both()
    for i in range(DEVICES):
        for host in hosts.values():
            host.make(i)
    settle(0)
    return DEVICES


def settle(_end):
    """Each direction of each device has one SA, and what the others did to the rest is mended."""
    hosts = both()
    for i in range(DEVICES):
        for host in hosts.values():
            dev = "s%d" % i
            flush(host, dev)
            host.set(dev, u32(C["IPVTI_A_DEV_MTU_FIXED"], 0))
            host.suspect(dev, 0)
            ip("addr replace %s/64 dev %s nodad" % (inner(host.name, i)[1], dev), host=host.name)
        for name in PEER:
            Keys(hosts, i, name).renew()
    return DEVICES


def flush(host, dev):
    enter(host.name)
    index = u32(C["IPVTI_A_IFINDEX"], socket.if_nametoindex(dev))
    for reply in host.netlink.dump(C["IPVTI_CMD_SA_GET"], [index]):
        way, spi = (int.from_bytes(find(reply, C["IPVTI_A_SA"], C["IPVTI_A_SA_" + name]),
                                   sys.byteorder) for name in ("DIR", "SPI"))
        host.sa("SA_DEL", dev, "IN" if way == C["IPVTI_SA_IN"] else "OUT", spi)


class Streams:
    """TCP through s0 and s1: the left end sends without end, the right end reads."""

    def __init__(self, host):
        self.host, self.poll = host, selectors.DefaultSelector()
        self.out = {}
        if host == "right":
            for i in (0, 1):
                listener = socket.create_server((inner(host, i)[0], PORT))
                listener.setblocking(False)
                self.poll.register(listener, selectors.EVENT_READ, "listen")

    def turn(self):
        if self.host == "left":
            for i in (0, 1):
                self.write(i)
        for key, _ in self.poll.select(0):
            try:
                if key.data == "listen":
                    self.poll.register(key.fileobj.accept()[0], selectors.EVENT_READ, "read")
                    continue
                data = key.fileobj.recv(1 << 20)
            except OSError:
                data = b""
            if not data:
                self.poll.unregister(key.fileobj)
                key.fileobj.close()

    def write(self, i):
        if i not in self.out:
            self.out[i] = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.out[i].setblocking(False)
            self.out[i].connect_ex((inner("right", i)[0], PORT))
        try:
            self.out[i].send(bytes(65536))
        except BlockingIOError:
            pass
        except OSError:
            self.out.pop(i).close()


def bound(family, where, port):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((where, port))
    sock.setblocking(False)
    return sock


def burst(sock, address, port):
    """A few small datagrams, one in fragments, and one that GSO cuts."""
    for size, segment in ((64, 0), (700, 0), (1200, 0), (4000, 0), (16000, 1200)):
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, segment)
        try:
            sock.sendto(bytes(size), (address, port))
        except OSError:
            pass


def drain(sock):
    count = 0
    try:
        while sock.recv(65536):
            count += 1
    except OSError:
        pass
    return count


def traffic_of(host, port, end):
    enter(host)
    four, six = bound(socket.AF_INET, "0.0.0.0", port), bound(socket.AF_INET6, "::", port)
    streams = Streams(host) if port == PORT else None
    received = 0
    while time.monotonic() < end:
        for i in range(DEVICES):
            burst(four, inner(PEER[host], i)[0], port)
            burst(six, inner(PEER[host], i)[1], port)
            received += drain(four) + drain(six)
            if streams:
                streams.turn()
    return received


def traffic(end):
    """Two senders on each host, so that two CPUs meet on one SA. What the less lucky host received."""
    children = []
    for host in PEER:
        for port in (PORT, PORT + 1):
            reader, writer = os.pipe()
            if not os.fork():
                os.write(writer, struct.pack("=Q", traffic_of(host, port, end)))
                os._exit(0)
            os.close(writer)
            children.append(reader)
    counts = [struct.unpack("=Q", os.read(reader, 8) or bytes(8))[0] for reader in children]
    for _ in children:
        os.wait()
    return min(counts[0] + counts[1], counts[2] + counts[3])


def rekey(end):
    hosts = both()
    keys = [Keys(hosts, i, name) for i in range(DEVICES) for name in PEER]
    count = 0
    while time.monotonic() < end:
        count += random.choice(keys).renew()
    return count


def knob():
    name, size, values = random.choice((
        ("PARALLEL", u8, range(3)), ("DF", u8, range(3)), ("TTL", u8, (0, 1, 64, 255)),
        ("DSCP", u8, (0, 46, 63, C["IPVTI_DSCP_INHERIT"])), ("ROAM", u8, range(3)),
        ("SECPATH", u8, range(2)), ("INNER_CHECKSUM", u8, range(2)),
        ("QUIET", u32, (0, 20, 1000)), ("KEEPALIVE", u32, (0, 1)),
        ("MTU_FIXED", u32, (0, 1280, 1400)), ("FWMARK", u32, (0, 7))))
    return size(C["IPVTI_A_DEV_" + name], random.choice(values))


def knobs(end):
    hosts = both()
    count = 0
    while time.monotonic() < end:
        host, dev = random.choice(list(hosts.values())), "s%d" % random.randrange(MORTAL[0])
        count += host.set(dev, knob())
        if not count % 16:
            host.suspect(dev, 1)
        if not count % 64:
            ip("link set %s down" % dev, "link set %s up" % dev,
               "link set wan mtu %d" % random.choice((1400, 1500)), host=host.name)
    for host in hosts.values():
        for i in range(MORTAL[0]):
            host.set("s%d" % i, u8(C["IPVTI_A_DEV_TTL"], 64), u32(C["IPVTI_A_DEV_FWMARK"], 0))
    return count


def delete(end):
    hosts = both()
    count = 0
    while time.monotonic() < end:
        host, i = random.choice(list(hosts.values())), random.choice(MORTAL)
        ip("link del s%d" % i, host=host.name)
        host.make(i)
        count += 1
    return count


def spaces(end):
    """By turns a namespace goes that a device was moved to, and one that it came from."""
    host = Host("left")
    count = 0
    while time.monotonic() < end:
        born, lives = ("left", "gone") if count & 1 else ("gone", "left")
        ip("netns add gone")
        ip("link add guest type ipvti", host=born)
        maker = host if born == "left" else Host("gone")
        maker.peer("guest", 0)
        for way in ("IN", "OUT"):
            maker.sa("SA_NEW", "guest", way, 0x0f000000 + count,
                     string(C["IPVTI_A_SA_ALG"], ALGS[0][0]),
                     attr(C["IPVTI_A_SA_KEY"], bytes(ALGS[0][1])))
        ip("link set guest netns " + lives, host=born)
        ip("addr add 10.99.0.1/24 dev guest", "link set guest up", host=lives)
        enter(lives)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(20):
            try:
                sock.sendto(bytes(1000), ("10.99.0.2", PORT))
            except OSError:
                break
        sock.close()
        enter("left")                   # or we would keep it
        if maker is not host:
            maker.netlink.sock.close()
        ip("netns del gone")
        ip("link del guest", host="left")
        count += 1
    return count


def look(end):
    hosts = both()
    count = 0
    while time.monotonic() < end:
        for host in hosts.values():
            for i in range(DEVICES):
                host.request("STATS_GET", "s%d" % i)
            try:
                host.netlink.dump(C["IPVTI_CMD_DEVICE_GET"])
                host.netlink.dump(C["IPVTI_CMD_SA_GET"])
            except Refused:
                continue
            count += 1
    return count


ROLES = {role.__name__: role
         for role in (devices, settle, traffic, rekey, knobs, delete, spaces, look)}

if __name__ == "__main__":
    print(ROLES[sys.argv[1]](time.monotonic() + float(sys.argv[2])))
