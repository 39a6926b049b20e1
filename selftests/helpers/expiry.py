#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""SAs that reach a hard limit while they are deleted.

usage: expiry.py DEV ADDRESS SECONDS
Generations of SAs of DEV with hard limits of a second, or of a few packets, which are sent to ADDRESS
meanwhile. Each is deleted at about the moment it expires, and must be there to be deleted, once.
Prints how many there were, and how many had expired when they were deleted.
"""
import random
import socket
import sys
import time

from ipvti_nl import C, Netlink, Refused, attr, device, find, string, u8, u32, u64

IN, OUT = C["IPVTI_SA_IN"], C["IPVTI_SA_OUT"]
EXPIRED = C["IPVTI_SA_STATE_EXPIRED"]


class Sas:
    def __init__(self, name):
        self.netlink, self.dev = Netlink(), device(name)
        self.count, self.expired = 0, 0

    def sa(self, direction, spi, *more):
        return [self.dev, attr(C["IPVTI_A_SA"], [u8(C["IPVTI_A_SA_DIR"], direction),
                                                 u32(C["IPVTI_A_SA_SPI"], spi), *more])]

    def new(self, direction, spi, limit, value):
        self.netlink.request(C["IPVTI_CMD_SA_NEW"], self.sa(
            direction, spi, string(C["IPVTI_A_SA_ALG"], "null-sha256"), attr(C["IPVTI_A_SA_KEY"], bytes(32)),
            attr(C["IPVTI_A_SA_HARD"], [u64(C["IPVTI_A_LIMIT_" + limit], value)])))

    def delete(self, direction, spi):
        reply = self.netlink.request(C["IPVTI_CMD_SA_GET"], self.sa(direction, spi))[0]
        self.expired += find(reply, C["IPVTI_A_SA"], C["IPVTI_A_SA_STATE"])[0] == EXPIRED
        self.count += 1
        self.netlink.request(C["IPVTI_CMD_SA_DEL"], self.sa(direction, spi))
        try:
            self.netlink.request(C["IPVTI_CMD_SA_DEL"], self.sa(direction, spi))
        except Refused:
            return
        sys.exit("SA 0x%x was deleted twice" % spi)


def main(name, address, seconds):
    sas = Sas(name)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    rng = random.Random(1)
    end = time.monotonic() + float(seconds)
    spi = 0x100000
    while time.monotonic() < end:
        # Timers: some go off while the first ones are deleted.
        first, start = spi, time.monotonic()
        while spi < first + 100 and time.monotonic() < start + 0.5:
            sas.new(IN if spi & 1 else OUT, spi, "SECONDS", 1)
            spi += 1
        last = spi
        while time.monotonic() < start + 0.99:
            # Packets: the last one that the SA may send expires it, and then it is deleted at once.
            packets = rng.randrange(1, 5)
            sas.new(OUT, spi, "PACKETS", packets)
            for _ in range(packets + rng.randrange(-1, 2)):
                try:
                    sock.sendto(b"expire", (address, 9))
                except OSError:         # without an SA the sender is told so
                    pass
            sas.delete(OUT, spi)
            spi += 1
        for old in range(first, last):
            sas.delete(IN if old & 1 else OUT, old)
    print(sas.count, sas.expired)


main(*sys.argv[1:])
