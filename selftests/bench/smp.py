#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In a machine with two CPUs that run at the same time: how the paths scale. Time is real here, so
that only ratios mean something: every variant runs once in each of ROUNDS rounds, and the medians are
compared. One CPU is the same machine with the other one offline.

usage: smp.py [CIPHER]
"""
import collections
import json
import os
import statistics
import sys

import guest
import plan

ROUNDS = 5
TESTS = ("tcp", "tcp8")
OUT = "/out/bench.json"

# RPS is that of the receiving link: what right receives is processed by the second CPU.
Variant = collections.namedtuple("Variant", "path cpus rps parallel")


def variants():
    for cpus in (1, 2):
        yield Variant("veth", cpus, False, None)
        for rps in (False, True)[:cpus]:
            yield Variant("wireguard", cpus, rps, None)
            yield Variant("xfrmi", cpus, rps, None)
            for parallel in ("off", "auto", "on")[:1 if cpus == 1 else 3]:
                yield Variant("ipvti", cpus, rps, parallel)


def label(variant):
    return " ".join(filter(None, (
        variant.path, "parallel " + variant.parallel if variant.parallel else "",
        "1 CPU" if variant.cpus == 1 else "", "RPS" if variant.rps else "")))


def suffix(variant):
    return ("-rps" if variant.rps else "") + ("-parallel-" + variant.parallel if variant.parallel else "")


def write(path, value):
    with open(path, "w") as file:
        file.write(str(value))


def apply(variant):
    write("/sys/devices/system/cpu/cpu1/online", variant.cpus - 1)
    guest.on("right", "sh", "-c", "echo %x >/sys/class/net/wan/queues/rx-0/rps_cpus" % (2 * variant.rps))
    if variant.parallel:
        for host in guest.WAN:
            guest.on(host, "ipvtictl", "set", "vti0", "parallel", variant.parallel)


def row_of(path, cipher):
    return {"veth": plan.VETH, "wireguard": plan.WIREGUARD}.get(path, plan.Row(path, cipher, "none", ""))


def measure(cipher):
    """Mbit/s of each variant and test, in the order of the rounds."""
    values = collections.defaultdict(list)
    for number in range(ROUNDS):
        for path in plan.PATHS:
            row = row_of(path, cipher)
            with guest.path(row):
                for variant in variants():
                    if variant.path != path:
                        continue
                    apply(variant)
                    for test in TESTS:
                        value = guest.traffic(row, test)[0]
                        values[variant, test].append(value)
                        print("round %d of %d: %-32s%-6s%8.1f Mbit/s" % (
                            number + 1, ROUNDS, label(variant), test, value), flush=True)
    return values


def report(cipher, values):
    medians = {key: statistics.median(runs) for key, runs in values.items()}

    def best(path, cpus, test):
        return max(value for (variant, name), value in medians.items()
                   if (variant.path, variant.cpus, name) == (path, cpus, test))

    results = []
    print("\n%-34s%-6s%10s%18s%14s%14s" % ("", "", "Mbit/s", "lowest, highest", "times 1 CPU",
                                            "times xfrmi"))
    for (variant, test), value in medians.items():
        scaling = xfrmi = wireguard = None
        if variant.cpus == 2:
            scaling = value / best(variant.path, 1, test)
        if variant.path == "ipvti":
            xfrmi = value / best("xfrmi", variant.cpus, test)
        if variant.path in ("xfrmi", "ipvti"):
            wireguard = value / best("wireguard", variant.cpus, test)
        runs = values[variant, test]
        print(("%-34s%-6s%10.1f%18s%14s%14s" % (
            label(variant), test, value, "%.1f, %.1f" % (min(runs), max(runs)),
            "%.2f" % scaling if scaling else "", "%.2f" % xfrmi if xfrmi else "")).rstrip())
        row = row_of(variant.path, cipher)
        results.append({
            "path": row.path, "cipher": row.cipher, "encap": row.encap, "test": test + suffix(variant),
            "vcpus": variant.cpus, "value": value, "unit": "Mbit/s", "instructions-per-packet": None,
            "ratio-to-xfrmi": xfrmi, "ratio-to-wireguard": wireguard})
    with open(OUT, "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def main(cipher="aes128gcm16"):
    print("kernel: %s, CPUs: %d, %s; times xfrmi: the better of without and with RPS" % (
        os.uname().release, os.cpu_count(), cipher))
    guest.prepare()
    guest.hosts()
    report(cipher, measure(cipher))


if __name__ == "__main__":
    main(*sys.argv[1:])
