#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every command of the contract with its first, second, third... memory allocation failing.

In the caller's network namespace, with a device called vti0 that has no SA. For each step the
number of failures tried is printed as "STEP COUNT"; what goes wrong as "FAIL STEP: TEXT".
"""
import errno
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from ipvti_nl import C, Netlink, Refused, attr, device, string, u8, u32, u64  # noqa: E402

RTM_NEWLINK, RTM_DELLINK = 16, 17
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 1, 4, 0x200, 0x400
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 18, 1
MOST = 400      # allocations of one command, more than any has


class Rtnl:
    """Just enough rtnetlink to make and delete a link."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.sock.bind((0, 0))

    def link(self, kind, flags, name):
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + string(IFLA_IFNAME, name)
        if kind == RTM_NEWLINK:
            body += attr(IFLA_LINKINFO, [string(IFLA_INFO_KIND, "ipvti")])
        head = struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0)
        self.sock.send(head + body)
        code = struct.unpack_from("=i", self.sock.recv(65536), 16)[0]
        if code:
            raise Refused(-code, "", None)


FAIL_NTH = os.open("/proc/thread-self/fail-nth", os.O_RDWR)


def arm(n):
    """The n-th allocation of this thread from now on fails; 0: none. Returns what was left."""
    left = int(os.pread(FAIL_NTH, 32, 0).rstrip(b"\n\0") or b"0")
    os.pwrite(FAIL_NTH, b"%d" % n, 0)
    return left


def sas():
    out = subprocess.run(["ipvtictl", "-j", "sa", "show", "vti0"], capture_output=True, check=True)
    return out.stdout


def attempt(do, n):
    """Try with the n-th allocation failing: what was refused, was the answer lost, what is left."""
    arm(n)
    refused, lost = None, False
    try:
        do()
    except Refused as caught:
        refused = caught
    except OSError:     # the kernel had no memory for its answer: done or not, who knows
        lost = True
    return refused, lost, arm(0)


def walk(name, do, undo=None, state=None):
    """Fail one allocation after the other until the command gets by without reaching it."""
    before = state() if state else None
    for n in range(1, MOST):
        refused, lost, left = attempt(do, n)
        if undo and not refused:
            try:
                undo()
            except Refused as caught:
                if not lost:
                    print("FAIL %s: allocation %d: done, but %s" % (name, n, caught))
        if refused and refused.number in (errno.EEXIST, errno.ENOENT):
            print("FAIL %s: allocation %d: %s" % (name, n, refused))
        if state and state() != before:
            print("FAIL %s: allocation %d has changed something" % (name, n))
        if left:
            break
    print(name, n - 1, flush=True)


def main():
    nl, rtnl = Netlink(), Rtnl()
    ref = device("vti0")
    key = bytes(range(20))

    def sa(direction, spi, *more):
        return attr(C["IPVTI_A_SA"], [u8(C["IPVTI_A_SA_DIR"], direction),
                                      u32(C["IPVTI_A_SA_SPI"], spi), *more])

    def new(direction, spi):
        selector = attr(C["IPVTI_A_SA_TS"], [
            attr(C["IPVTI_A_TS_SRC"], bytes(4)), u8(C["IPVTI_A_TS_SRC_LEN"], 0),
            attr(C["IPVTI_A_TS_DST"], bytes(4)), u8(C["IPVTI_A_TS_DST_LEN"], 0)])
        hard = attr(C["IPVTI_A_SA_HARD"], [u64(C["IPVTI_A_LIMIT_SECONDS"], 3600)])
        return [ref, sa(direction, spi, string(C["IPVTI_A_SA_ALG"], "aes128gcm16"),
                        attr(C["IPVTI_A_SA_KEY"], key), selector, hard)]

    def delete(direction, spi):
        nl.request(C["IPVTI_CMD_SA_DEL"], [ref, sa(direction, spi)])

    inbound, outbound = C["IPVTI_SA_IN"], C["IPVTI_SA_OUT"]
    walk("link-add", lambda: rtnl.link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, "fail0"),
         lambda: rtnl.link(RTM_DELLINK, 0, "fail0"))
    walk("sa-new-in", lambda: nl.request(C["IPVTI_CMD_SA_NEW"], new(inbound, 0x2001)),
         lambda: delete(inbound, 0x2001), sas)
    walk("sa-new-out", lambda: nl.request(C["IPVTI_CMD_SA_NEW"], new(outbound, 0x1001)),
         lambda: delete(outbound, 0x1001), sas)
    nl.request(C["IPVTI_CMD_SA_NEW"], new(outbound, 0x1001))
    nl.request(C["IPVTI_CMD_SA_NEW"], new(inbound, 0x2001))
    walk("device-set", lambda: nl.request(C["IPVTI_CMD_DEVICE_SET"], [ref, attr(
        C["IPVTI_A_DEVICE"], [attr(C["IPVTI_A_DEV_REMOTE"], bytes([10, 0, 0, 2]))])]))
    walk("device-get", lambda: nl.request(C["IPVTI_CMD_DEVICE_GET"], [ref]))
    walk("sa-get", lambda: nl.request(C["IPVTI_CMD_SA_GET"], [ref, sa(inbound, 0x2001)]))
    walk("sa-dump", lambda: nl.dump(C["IPVTI_CMD_SA_GET"], [ref]))
    walk("stats-get", lambda: nl.request(C["IPVTI_CMD_STATS_GET"], [ref]))
    walk("activate", lambda: nl.request(C["IPVTI_CMD_SA_ACTIVATE"], [ref, sa(outbound, 0x1001)]))
    walk("spi-alloc", lambda: nl.request(C["IPVTI_CMD_SPI_ALLOC"], [ref]))
    # Refused, it is still there; done, it is gone, whatever memory there was.
    for n in range(1, MOST):
        nl.request(C["IPVTI_CMD_SA_NEW"], new(outbound, 0x1002))
        refused, lost, left = attempt(lambda: delete(outbound, 0x1002), n)
        try:
            delete(outbound, 0x1002)
            there = True
        except Refused:
            there = False
        if not lost and there != bool(refused):
            print("FAIL sa-del: allocation %d: %s" % (n, refused or "not done"))
        if left:
            break
    print("sa-del", n - 1)


main()
