#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the machine that counts instructions: what many devices with keys cost, beside as many dummy
devices: time to make and key them, memory, packets of one of them, deletion of their namespace.

usage: devices.py COUNT
       devices.py --create dummy|ipvti COUNT    (the devices, in the caller's namespace)
"""
import os
import socket
import struct
import sys
import time

import guest
import plan
sys.path.insert(0, "/src/selftests/helpers")
from ipvti_nl import C, Netlink, attr, string, u8, u32

RTM_NEWLINK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NLM_F_ACK = 16, 0x400, 0x200, 1, 4
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 18, 1
FIRST_INDEX = 1000      # of the interfaces, so that it need not be asked for
FIRST_SPI = 0x10000
TESTS = ("tcp", "udp64")


def used_memory():
    """Octets that the kernel uses for itself."""
    fields = dict(line.split(":") for line in open("/proc/meminfo"))
    value = {name: int(text.split()[0]) for name, text in fields.items()}
    return 1024 * (value["MemTotal"] - value["MemFree"] - value["Cached"] - value["Buffers"] -
                   value["AnonPages"])


def exchange(sock, messages):
    """Send each and receive its acknowledgement; nanoseconds."""
    start = time.monotonic_ns()
    for message in messages:
        sock.send(message)
        code = struct.unpack_from("=i", sock.recv(65536), 16)[0]
        if code:
            sys.exit("devices: %s" % os.strerror(-code))
    return time.monotonic_ns() - start


def link_message(kind, number):
    body = struct.pack("=BxHiII", 0, 0, FIRST_INDEX + number, 0, 0)
    body += string(IFLA_IFNAME, "%s%d" % (kind, number))
    body += attr(IFLA_LINKINFO, [string(IFLA_INFO_KIND, kind)])
    return struct.pack("=IHHII", 16 + len(body), RTM_NEWLINK,
                       NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, number, 0) + body


def request(family, command, number, attrs):
    body = u32(C["IPVTI_A_IFINDEX"], FIRST_INDEX + number) + b"".join(attrs)
    return struct.pack("=IHHII", 20 + len(body), family, NLM_F_REQUEST | NLM_F_ACK, number, 0) + \
        struct.pack("=BBH", command, 1, 0) + body


def key_messages(family, number):
    """The peer's address and an SA each way."""
    remote = bytes((10, 9, number >> 8, number & 255))
    yield request(family, C["IPVTI_CMD_DEVICE_SET"], number, [attr(C["IPVTI_A_DEVICE"], [
        attr(C["IPVTI_A_DEV_LOCAL"], socket.inet_aton(guest.WAN["left"])),
        attr(C["IPVTI_A_DEV_REMOTE"], remote)])])
    for direction in ("IN", "OUT"):
        yield request(family, C["IPVTI_CMD_SA_NEW"], number, [attr(C["IPVTI_A_SA"], [
            u8(C["IPVTI_A_SA_DIR"], C["IPVTI_SA_" + direction]),
            u32(C["IPVTI_A_SA_SPI"], FIRST_SPI + number), string(C["IPVTI_A_SA_ALG"], "aes128gcm16"),
            attr(C["IPVTI_A_SA_KEY"], struct.pack("=5I", *range(number, number + 5)))])])


def create(kind, count):
    """Make them; prints nanoseconds and octets."""
    rtnl = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    rtnl.bind((0, 0))
    messages = [link_message(kind, number) for number in range(count)]
    keys = []
    if kind == "ipvti":
        genl = Netlink()
        keys = [message for number in range(count) for message in key_messages(genl.family, number)]
    before = used_memory()
    spent = exchange(rtnl, messages)
    if keys:
        spent += exchange(genl.sock, keys)
    print(spent, used_memory() - before)


def made(host, kind, count):
    spent, memory = map(int, guest.on(host, __file__, "--create", kind, count).split())
    print("%d %s devices%s: %.2f s of instructions, %.0f k and %.1f KiB each" % (
        count, kind, ", each with two SAs" if kind == "ipvti" else "", spent / 1e9, spent / count / 1e3,
        memory / count / 1024), flush=True)
    return spent, memory


def deleted(host, count, kind):
    """Delete the namespace, and see how long a process waits for the CPU meanwhile."""
    guest.run("ip", "link", "add", "probe", "type", "veth", "peer", "name", "probe", "netns", host)
    start = last = time.monotonic()
    longest = 0
    guest.run("ip", "netns", "del", host)
    while os.path.exists("/sys/class/net/probe"):
        time.sleep(0.01)
        now = time.monotonic()
        longest, last = max(longest, now - last - 0.01), now
    print("deletion of a namespace with %d %s devices: %.2f s, a process waited %.0f ms at most" % (
        count, kind, time.monotonic() - start, 1000 * longest), flush=True)


def instructions(row):
    result = {}
    for name in TESTS:
        result[name] = guest.traffic(row, name)[1]
    return result


def main(count):
    possible = open("/sys/devices/system/cpu/possible").read().strip()
    print("kernel: %s, possible CPUs: %s" % (os.uname().release, possible))
    guest.prepare()
    guest.hosts()
    guest.run("modprobe", "dummy", "numdummies=0")
    guest.run("ip", "netns", "add", "dummies")
    dummy = made("dummies", "dummy", count)
    row = plan.Row("ipvti", "aes128gcm16", "none", "")
    with guest.path(row):
        one = instructions(row)
        ours = made("left", "ipvti", count)
        many = instructions(row)
    print("making and keying: %.2f times the dummies; %.2f KiB each more than a dummy" % (
        ours[0] / dummy[0], (ours[1] - dummy[1]) / count / 1024))
    for name in TESTS:
        print("%s: %.0f instructions per packet with one device, %.0f with %d more: %+.2f %%" % (
            name, one[name], many[name], count, 100 * (many[name] / one[name] - 1)))
    # Not before: what they leave would be used again, and count for less.
    deleted("dummies", count, "dummy")
    deleted("left", count, "ipvti")
    guest.run("ip", "netns", "del", "right")
    guest.run("rmmod", "ipvti")
    print("the module is unloaded")


if __name__ == "__main__":
    if sys.argv[1] == "--create":
        create(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]))
