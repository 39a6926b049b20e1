#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Print what guest.py measured as one table, and write it as JSON.

usage: table.py RAW [JSON]
"""
import json
import sys
import textwrap

import plan


class Results:
    def __init__(self, path):
        lines = [json.loads(line) for line in open(path)]
        self.machine = next(line for line in lines if "kernel" in line)
        self.aead = {(line["aead"], line["packet"]): line for line in lines if "aead" in line}
        self.cells = {(plan.Row(line["path"], line["cipher"], line["encap"], line["variant"]),
                       line["test"]): line for line in lines if "path" in line}

    def rows(self):
        return list(dict.fromkeys(row for row, _ in self.cells))

    def tests(self):
        return [name for name in plan.TESTS if any(test == name for _, test in self.cells)]

    def instructions(self, row, test):
        cell = self.cells.get((row, test))
        return cell and cell["instructions"]

    def ratio(self, row, test, other):
        """How many times as good as another row; None when there is nothing to compare."""
        mine, theirs = self.cells[row, test], self.cells.get((other, test))
        if not theirs or row.path in ("veth", other.path):
            return None
        if plan.TESTS[test].lower:
            return theirs["value"] / mine["value"]
        return mine["value"] / theirs["value"]

    def to_xfrmi(self, row, test):
        if row.path != "ipvti":
            return None
        return self.ratio(row, test, row._replace(path="xfrmi"))

    def to_wireguard(self, row, test):
        return self.ratio(row, test, plan.WIREGUARD)

    def tax(self, row, test):
        """Instructions for each packet, less the plain path and less the AEAD alone."""
        plain = self.instructions(plan.VETH, test)
        aead = self.aead.get(("wireguard" if row.path == "wireguard" else row.cipher,
                              plan.TESTS[test].packet))
        if not plain or not aead:
            return None
        return self.instructions(row, test) - plain - aead["cost"]


def number(value, form="%.0f"):
    return "" if value is None else form % value


def share(mine, theirs):
    return "" if mine is None or not theirs else "%.0f %%" % (100 * mine / theirs)


LABEL = {"": "", plan.NO_USO: " no USO", plan.SOFT: " software GSO, GRO"}
FORMAT = {"Mbit/s": "%.1f", "kpps": "%.2f", "us": "%.1f"}


def table(results):
    tests = results.tests()

    def line(title, cells):
        print(("%-44s" % title + "".join("%12s" % cell for cell in cells)).rstrip())

    line("", tests)
    line("", [plan.TESTS[test].unit for test in tests])
    for row in results.rows():
        def each(function):
            return [function(test) if (row, test) in results.cells else "" for test in tests]
        peer = row._replace(path="xfrmi")
        line(" ".join(filter(None, (row.path, row.cipher, row.encap))) + LABEL[row.variant], each(
            lambda test: number(results.cells[row, test]["value"], FORMAT[plan.TESTS[test].unit])))
        line("    instructions per packet", each(lambda test: number(results.instructions(row, test))))
        if row.path == "veth":
            continue
        line("    tunnel tax", each(lambda test: number(results.tax(row, test))))
        if row.path == "ipvti" and peer in results.rows():
            line("    of the tunnel tax of xfrmi", each(
                lambda test: share(results.tax(row, test), results.tax(peer, test))))
            line("    times xfrmi", each(lambda test: number(results.to_xfrmi(row, test), "%.2f")))
        if row.path != "wireguard":
            line("    times WireGuard", each(
                lambda test: number(results.to_wireguard(row, test), "%.2f")))


def heading(results):
    print("kernel: %(kernel)s, CPUs: %(vcpus)d" % results.machine)
    print(textwrap.fill("CPU flags: " + " ".join(results.machine["flags"]), 100, subsequent_indent="    "))
    print("AEAD alone, instructions of one encryption and one decryption in this boot:")
    for (name, packet), cost in results.aead.items():
        print("    %-18s%5d octets %8d  %s" % (name, packet, cost["cost"], cost["driver"]))
    print()


def objects(results):
    vcpus = results.machine["vcpus"]
    for (row, test), cell in results.cells.items():
        yield {"path": row.path, "cipher": row.cipher, "encap": row.encap, "test": test + row.variant,
               "vcpus": vcpus, "value": cell["value"], "unit": cell["unit"],
               "instructions-per-packet": cell["instructions"],
               "ratio-to-xfrmi": results.to_xfrmi(row, test),
               "ratio-to-wireguard": results.to_wireguard(row, test)}


def main(raw, out=None):
    results = Results(raw)
    print()
    heading(results)
    table(results)
    if out:
        with open(out, "w") as file:
            json.dump(list(objects(results)), file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
