#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""SAs by the hundred, and dumps of them.

usage: dump.py fill DEV N          install N pairs of SAs, from SPI 0x10000
       dump.py churn DEV           install and delete pairs from SPI 0x0f000000 until killed
       dump.py watch DEV SECONDS   dump devices and SAs without end; fail if a device or SA that is
                                   there all the time is missing from one, or is in it twice
"""
import sys
import time

from ipvti_nl import C, Netlink, attr, device, find, string, u8, u32

IN, OUT = C["IPVTI_SA_IN"], C["IPVTI_SA_OUT"]


def new(netlink, dev, direction, spi):
    netlink.request(C["IPVTI_CMD_SA_NEW"], [dev, attr(C["IPVTI_A_SA"], [
        u8(C["IPVTI_A_SA_DIR"], direction), u32(C["IPVTI_A_SA_SPI"], spi),
        string(C["IPVTI_A_SA_ALG"], "aes128gcm16"), attr(C["IPVTI_A_SA_KEY"], bytes(20)),
        u8(C["IPVTI_A_SA_ACTIVATE"], C["IPVTI_ACTIVATE_MANUAL"])]
        if direction == OUT else [
        u8(C["IPVTI_A_SA_DIR"], direction), u32(C["IPVTI_A_SA_SPI"], spi),
        string(C["IPVTI_A_SA_ALG"], "aes128gcm16"), attr(C["IPVTI_A_SA_KEY"], bytes(20))])])


def delete(netlink, dev, direction, spi):
    netlink.request(C["IPVTI_CMD_SA_DEL"], [dev, attr(C["IPVTI_A_SA"], [
        u8(C["IPVTI_A_SA_DIR"], direction), u32(C["IPVTI_A_SA_SPI"], spi)])])


def fill(name, count):
    netlink, dev = Netlink(), device(name)
    for i in range(int(count)):
        new(netlink, dev, IN, 0x10000 + i)
        new(netlink, dev, OUT, 0x10000 + i)


def churn(name):
    netlink, dev = Netlink(), device(name)
    while True:
        for what in (new, delete):
            for i in range(20):
                what(netlink, dev, IN, 0x0f000000 + i)
                what(netlink, dev, OUT, 0x0f000000 + i)


def numbers(replies, nest, kinds):
    result = []
    for reply in replies:
        inner = find(reply, *nest)
        result.append(tuple(find(inner if nest else reply, kind) for kind in kinds))
    return result


def watch(name, seconds):
    netlink, dev = Netlink(), device(name)
    wanted = set(numbers(netlink.dump(C["IPVTI_CMD_SA_GET"], [dev]), [C["IPVTI_A_SA"]],
                         [C["IPVTI_A_SA_DIR"], C["IPVTI_A_SA_SPI"]]))
    wanted = {sa for sa in wanted if int.from_bytes(sa[1], sys.byteorder) < 0x0f000000}
    end = time.monotonic() + float(seconds)
    rounds = 0
    while time.monotonic() < end:
        rounds += 1
        seen = numbers(netlink.dump(C["IPVTI_CMD_SA_GET"], [dev]), [C["IPVTI_A_SA"]],
                       [C["IPVTI_A_SA_DIR"], C["IPVTI_A_SA_SPI"]])
        if wanted - set(seen):
            sys.exit("round %d: %d SAs are missing" % (rounds, len(wanted - set(seen))))
        if len(seen) != len(set(seen)):
            sys.exit("round %d: an SA is there twice" % rounds)
        devices = [reply for reply in netlink.dump(C["IPVTI_CMD_DEVICE_GET"])]
        names = [find(reply, C["IPVTI_A_IFNAME"]) for reply in devices]
        if name.encode() + b"\0" not in names:
            sys.exit("round %d: %s is missing" % (rounds, name))
        ids = [find(reply, C["IPVTI_A_ID"]) for reply in devices]
        if len(ids) != len(set(ids)):
            sys.exit("round %d: a device is there twice" % rounds)
    if rounds < 3:
        sys.exit("only %d rounds" % rounds)


{"fill": fill, "churn": churn, "watch": watch}[sys.argv[1]](*sys.argv[2:])
