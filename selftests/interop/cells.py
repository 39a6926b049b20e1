#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The cells of the interoperability matrix.

usage: cells.py all|pairs PEER [SEED]

all: every cell of that peer that can be. pairs: its share of a set in which any two values of two
different dimensions, the peers being one of them, meet in at least one cell; the same for the same
seed. Before the cells come lines "# cannot CONDITIONS: REASON". A cell is a line of one value of
each dimension, in the order of DIMENSIONS without the peer.
"""
import itertools
import os
import random
import sys

TABLE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "cannot")
DIMENSIONS = {
    "peer": ("libreswan", "charon", "libipsec", "ipvtid"),
    "role": ("initiator", "responder"),                     # of ipvtid
    "auth": ("psk", "rsa", "p256", "p384", "ed25519"),
    "path": ("native", "nat"),
    "event": ("child-left", "child-right", "ike-left", "ike-right", "delete-left", "delete-right",
              "restart"),                                   # left is ipvtid
    "proposal": ("default", "cbc", "gcm", "chacha"),
    "outer": ("4", "6"),
}
MOST = 200


def exclusions():
    """Lines "PEER[,PEER...] NAME=VALUE...: REASON" of the table."""
    for line in open(TABLE):
        if line.strip() and not line.startswith("#"):
            head, reason = line.strip().split(": ", 1)
            peers, *conditions = head.split()
            yield peers.split(","), dict(word.split("=") for word in conditions), reason


EXCLUSIONS = list(exclusions())


def possible(cell):
    return not any(cell["peer"] in peers and all(cell[name] == conditions[name] for name in conditions)
                   for peers, conditions, _ in EXCLUSIONS)


def cells():
    for values in itertools.product(*DIMENSIONS.values()):
        cell = dict(zip(DIMENSIONS, values))
        if possible(cell):
            yield cell


def pairwise(seed):
    """Greedy: always one of those cells that have most pairs which no cell had before."""
    chance = random.Random(seed)
    left = list(cells())
    numbers = {}

    def bits(cell):
        mask = 0
        for pair in itertools.combinations(cell.items(), 2):
            mask |= 1 << numbers.setdefault(pair, len(numbers))
        return mask

    left = [(bits(cell), cell) for cell in left]
    chance.shuffle(left)
    missing = (1 << len(numbers)) - 1
    chosen = []
    while missing:
        mask, cell = max(left, key=lambda entry: bin(entry[0] & missing).count("1"))
        missing &= ~mask
        chosen.append(cell)
    if len(chosen) > MOST:
        sys.exit("cells.py: %d cells, more than %d" % (len(chosen), MOST))
    return chosen


def main(which, peer, seed="1"):
    chosen = list(cells()) if which == "all" else pairwise(int(seed))
    for peers, conditions, reason in EXCLUSIONS:
        if peer in peers:
            print("# cannot %s: %s" % (" ".join("%s=%s" % item for item in conditions.items()), reason))
    for cell in chosen:
        if cell["peer"] == peer:
            print(*[cell[name] for name in DIMENSIONS if name != "peer"])


if __name__ == "__main__":
    main(*sys.argv[1:])
