#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Print where the instructions of each measurement went, by function: what profile.c counted,
resolved with the kernel's symbols.

usage: profile.py FOLDER    (with bench.raw, bench.kallsyms and bench.profile.N)
"""
import bisect
import collections
import json
import sys

FUNCTIONS = 45      # lines of each profile


def symbols(path):
    """Addresses and names of the functions, sorted."""
    table = {}
    for line in open(path):
        address, kind, name, *module = line.split()
        if kind in "tTwW":
            table.setdefault(int(address, 16), (name, module[0].strip("[]") if module else "kernel"))
    addresses = sorted(table)
    return addresses, [table[address] for address in addresses]


def attribute(path, addresses, names):
    """Instructions of each (function, module)."""
    functions = collections.Counter()
    for line in open(path):
        address, count = line.split()
        index = bisect.bisect_right(addresses, int(address, 16)) - 1
        functions[names[index] if index >= 0 else ("user space", "user")] += int(count)
    return functions


def report(cell, functions):
    total = sum(functions.values())
    modules = collections.Counter()
    for (_, module), count in functions.items():
        modules[module] += count
    print("\n%s: %.0f packets, %.0f instructions each" % (
        " ".join(filter(None, (cell["path"], cell["cipher"], cell["encap"],
                               cell["test"] + cell["variant"]))), cell["packets"], total / cell["packets"]))
    for module, count in modules.most_common():
        if count > total / 1000:
            print("  %9.0f %5.1f %%  in %s" % (count / cell["packets"], 100 * count / total, module))
    print()
    for (name, module), count in functions.most_common(FUNCTIONS):
        print("  %9.0f %5.1f %%  %s%s" % (count / cell["packets"], 100 * count / total, name,
                                         "" if module in ("kernel", "user") else " [%s]" % module))


def main(folder):
    addresses, names = symbols(folder + "/bench.kallsyms")
    cells = [line for line in map(json.loads, open(folder + "/bench.raw")) if "path" in line]
    for index, cell in enumerate(cells):
        report(cell, attribute("%s/bench.profile.%d" % (folder, index), addresses, names))


if __name__ == "__main__":
    main(*sys.argv[1:])
