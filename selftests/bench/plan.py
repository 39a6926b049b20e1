# SPDX-License-Identifier: GPL-2.0
"""What the benchmark measures: paths, ciphers, encapsulations, tests; shared by the machine, which
measures, and the host, which prints."""
import collections

MTU = 1400          # of every inner device, and of the plain link
MSS = MTU - 52      # IPv4, TCP, timestamps
UDP = 28            # IPv4, UDP
PATHS = ("veth", "xfrmi", "wireguard", "ipvti")
ENCAPS = ("none", "udp")

# cipher key and salt, integrity key, ICV, IV and padding in octets; the AEAD in the crypto API;
# the words of ip xfrm state
Cipher = collections.namedtuple("Cipher", "key integ icv iv align aead xfrm")
CIPHERS = {
    "aes128gcm16": Cipher(20, 0, 16, 8, 4, "rfc4106(gcm(aes))", "aead rfc4106(gcm(aes)) 0x{key} 128"),
    "chacha20poly1305": Cipher(36, 0, 16, 8, 4, "rfc7539esp(chacha20,poly1305)",
                               "aead rfc7539esp(chacha20,poly1305) 0x{key} 128"),
    "aes256gcm16": Cipher(36, 0, 16, 8, 4, "rfc4106(gcm(aes))", "aead rfc4106(gcm(aes)) 0x{key} 128"),
    "aes128-sha256": Cipher(16, 32, 16, 16, 16, "authenc(hmac(sha256),cbc(aes))",
                            "enc cbc(aes) 0x{key} auth-trunc hmac(sha256) 0x{integ} 128"),
}

# unit; octets of an inner packet; how load is run: mode, from which host, flows or octets of a
# datagram; whether UDP encapsulation is also measured on a link without UDP segmentation offload;
# whether less is better
Test = collections.namedtuple("Test", "unit packet mode source amount no_uso lower")
TESTS = {
    "tcp": Test("Mbit/s", MTU, "tcp", "left", 1, True, False),
    "tcp8": Test("Mbit/s", MTU, "tcp", "left", 8, False, False),
    "reverse": Test("Mbit/s", MTU, "reverse", "left", 1, False, False),
    "udp64": Test("kpps", UDP + 64, "udp", "left", 64, False, False),
    "udp1400": Test("kpps", MTU, "udp", "left", MTU - UDP, False, False),
    "forward": Test("Mbit/s", MTU, "tcp", "lan", 1, True, False),
    "latency": Test("us", UDP + 64, "rr", "left", 64, False, True),
}
NO_USO = "-no-uso"          # appended to the name of a test
SOFT = "-soft"              # the same for plain veth with GSO and GRO in software

Row = collections.namedtuple("Row", "path cipher encap variant")
VETH = Row("veth", None, None, "")
WIREGUARD = Row("wireguard", "chacha20poly1305", None, "")

TCP_MEGABYTES = {"veth": 32, "aes128-sha256": 2}    # carried for a measurement
TCP_MEGABYTES_ELSE = 4
COUNT = {"udp": 2048, "rr": 500}


def load(row, name):
    """Arguments of load for a measurement, without the address."""
    test = TESTS[name]
    count = COUNT.get(test.mode)
    if not count:
        megabytes = TCP_MEGABYTES.get(row.path) or TCP_MEGABYTES.get(row.cipher, TCP_MEGABYTES_ELSE)
        count = megabytes << 20
    return test.mode, test.source, test.amount, count


def payload_size(cipher, packet):
    """Octets that the AEAD encrypts for an inner packet: padding and trailer of ESP are added."""
    align = CIPHERS[cipher].align
    return -(-(packet + 2) // align) * align


def wireguard_size(packet):
    return -(-packet // 16) * 16


class Selection:
    """Rows and tests that the words choose; what is compared with comes along."""

    def __init__(self, words):
        known = {"paths": PATHS, "ciphers": CIPHERS, "encaps": ENCAPS, "tests": TESTS}
        chosen = {kind: [w for w in words if w in names] for kind, names in known.items()}
        for word in words:
            if not any(word in names for names in known.values()):
                raise ValueError("unknown word %s; there are %s" % (
                    word, " ".join(" ".join(names) for names in known.values())))
        for kind, names in known.items():
            setattr(self, kind, chosen[kind] or list(names))

    def rows(self):
        """In the order of measuring."""
        if "veth" in self.paths:
            yield VETH
            yield VETH._replace(variant=SOFT)
        if "wireguard" in self.paths:
            yield WIREGUARD
        for cipher in self.ciphers:
            for encap in self.encaps:
                for path in ("xfrmi", "ipvti"):
                    if path in self.paths:
                        yield Row(path, cipher, encap, "")
                        if encap == "udp":
                            yield Row(path, cipher, encap, NO_USO)

    def row_tests(self, row):
        """Names of the tests of that row."""
        return [name for name in self.tests if not row.variant or TESTS[name].no_uso]
