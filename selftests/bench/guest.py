#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""In the machine that counts instructions: make each path in turn, measure it, and write what was
measured to /out/bench.raw, one JSON object a line. Called by run, which explains the words.

    lan               left                                           right
    192.168.3.2 --- 192.168.1.1 --- plain veth, or a tunnel --- 192.168.2.1
                                    over wan, 10.0.0.1 and 10.0.0.2

Time is a count of instructions here (run -I of selftests/vm): a nanosecond is one of them.
"""
import contextlib
import json
import os
import shutil
import subprocess
import sys

import plan

RAW = "/out/bench.raw"
LOAD = "/src/build/bench/load"
AEAD = "/src/build/bench/bench_aead.ko"
LEFT, RIGHT, LAN = "192.168.1.1", "192.168.2.1", "192.168.3.2"
WAN = {"left": "10.0.0.1", "right": "10.0.0.2"}
INNER = {"left": LEFT, "right": RIGHT}
OTHER = {"left": "right", "right": "left"}
SPI = {"left": 0x1001, "right": 0x2001}     # by sender
WINDOW = 32                                 # of replay protection, everywhere
PORT = {"xfrmi": 4501, "ipvti": 4500, "wireguard": 51820}


def run(*command, **kwargs):
    """Its output; a failure ends the benchmark."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, **kwargs)
    if done.returncode:
        sys.exit("bench: %s: exit status %d\n%s" % (" ".join(map(str, command)), done.returncode,
                                                    done.stdout))
    return done.stdout


def ip(host, *lines):
    run("ip", "-n", host, "-batch", "-", input="\n".join(lines) + "\n")


def on(host, *command, **kwargs):
    return run("ip", "netns", "exec", host, *command, **kwargs)


def pattern(length, seed):
    """A key in hex, the same in every run."""
    return bytes((i * 29 + seed) % 256 for i in range(length)).hex()


def secret_file(secret):
    with open("/run/bench.key", "w") as file:
        file.write(secret)
    return file.name


# --- paths -----------------------------------------------------------------------------------

def link(name, mtu, ends, addresses):
    run("ip", "link", "add", name, "netns", ends[0], "mtu", mtu, "type", "veth", "peer", "name", name,
        "netns", ends[1], "mtu", mtu)
    for host, address in addresses.items():
        ip(host, "addr add %s/24 dev %s" % (address, name), "link set %s up" % name)


def inner(host, dev):
    """Address, MTU and route, the same on every path."""
    peer = OTHER[host]
    ip(host, "link set %s mtu %d" % (dev, plan.MTU), "addr add %s/32 dev %s" % (INNER[host], dev),
       "link set %s up" % dev, "route replace %s/32 dev %s src %s" % (INNER[peer], dev, INNER[host]))
    if host == "right":
        ip(host, "route replace %s/32 dev %s src %s" % (LAN, dev, RIGHT))


@contextlib.contextmanager
def veth(row):
    link("plain", plan.MTU, ("left", "right"), {})
    if row.variant == plan.SOFT:
        for host in WAN:
            on(host, "ethtool", "-K", "plain", "tso", "off", "gso", "on", "gro", "on")
    for host in WAN:
        inner(host, "plain")
    ip("right", "route replace %s/32 via %s dev plain onlink" % (LAN, LEFT))
    yield
    ip("left", "link del plain")


@contextlib.contextmanager
def wireguard(_row):
    run("modprobe", "wireguard")
    public = {}
    for host in WAN:
        secret = run("wg", "genkey").strip()
        public[host] = run("wg", "pubkey", input=secret).strip()
        ip(host, "link add wg0 type wireguard")
        on(host, "wg", "set", "wg0", "listen-port", PORT["wireguard"], "private-key", secret_file(secret))
    for host, peer in OTHER.items():
        on(host, "wg", "set", "wg0", "peer", public[peer], "allowed-ips", "0.0.0.0/0", "endpoint",
           "%s:%d" % (WAN[peer], PORT["wireguard"]))
        inner(host, "wg0")
    yield
    for host in WAN:
        ip(host, "link del wg0")


@contextlib.contextmanager
def xfrmi(row):
    cipher = plan.CIPHERS[row.cipher]
    port = PORT["xfrmi"]
    words = "encap espinudp %d %d 0.0.0.0" % (port, port) if row.encap == "udp" else ""
    sockets = []
    if row.encap == "udp":
        for host in WAN:
            sockets.append(subprocess.Popen(
                ["ip", "netns", "exec", host, "/src/selftests/helpers/ipvti_nl.py", "foreign", WAN[host],
                 str(port)], stdout=subprocess.PIPE, text=True))
        for opened in sockets:
            opened.stdout.readline()
    for host, peer in OTHER.items():
        lines = ["link add xfrm0 type xfrm dev wan if_id 1"]
        for source in WAN:
            lines.append("xfrm state add src %s dst %s proto esp spi %d reqid 1 mode tunnel if_id 1 "
                         "replay-window %d %s %s" % (
                             WAN[source], WAN[OTHER[source]], SPI[source], WINDOW, words,
                             cipher.xfrm.format(key=pattern(cipher.key, SPI[source]),
                                                integ=pattern(cipher.integ, SPI[source] + 1))))
        for direction in ("out", "in", "fwd"):
            ends = (WAN[host], WAN[peer]) if direction == "out" else (WAN[peer], WAN[host])
            lines.append("xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir %s if_id 1 tmpl src %s dst %s "
                         "proto esp reqid 1 mode tunnel" % (direction, *ends))
        ip(host, *lines)
        inner(host, "xfrm0")
    yield
    for host in WAN:
        ip(host, "link del xfrm0", "xfrm state flush", "xfrm policy flush")
    for opened in sockets:
        opened.kill()
        opened.wait()


@contextlib.contextmanager
def ipvti(row):
    cipher = plan.CIPHERS[row.cipher]
    for host, peer in OTHER.items():
        ip(host, "link add vti0 type ipvti")
        on(host, "ipvtictl", "set", "vti0", "local", WAN[host], "remote", WAN[peer], "mtu", plan.MTU,
           "encap", *(["udp", PORT["ipvti"], PORT["ipvti"]] if row.encap == "udp" else ["none"]))
        if row.encap == "udp":
            on(host, "ipvtictl", "socket", "add", PORT["ipvti"])
        for direction, source in (("out", host), ("in", peer)):
            key = pattern(cipher.key, SPI[source]) + pattern(cipher.integ, SPI[source] + 1)
            on(host, "ipvtictl", "sa", "add", "vti0", direction, "spi", SPI[source], "alg", row.cipher,
               "key-file", "-", *(["replay-window", WINDOW] if direction == "in" else []), input=key)
        inner(host, "vti0")
    yield
    for host in WAN:
        ip(host, "link del vti0")


PATHS = {"veth": veth, "wireguard": wireguard, "xfrmi": xfrmi, "ipvti": ipvti}


@contextlib.contextmanager
def path(row):
    """The tunnel of that row, known to work."""
    uso = "off" if row.variant == plan.NO_USO else "on"
    for host in WAN:
        on(host, "ethtool", "-K", "wan", "tx-udp-segmentation", uso)
    with PATHS[row.path](row):
        on("left", "ping", "-q", "-c", "2", "-i", "0.01", "-W", "5", RIGHT)
        yield


# --- measurements ----------------------------------------------------------------------------

def traffic(row, name):
    """Value, instructions for each packet, and the number of packets."""
    mode, source, amount, count = plan.load(row, name)
    nanoseconds, done = map(int, run(LOAD, mode, source, "right", RIGHT, amount, count).split())
    if mode == "udp":
        return done / nanoseconds * 1e6, nanoseconds / done, done
    if mode == "rr":
        return nanoseconds / done / 1e3, nanoseconds / done / 2, done * 2
    packets = done / plan.MSS
    return done * 8e3 / nanoseconds, nanoseconds / packets, packets


def aead_cost(alg, key, integ, icv, iv, size):
    """Instructions of one encryption and one decryption, and who did it."""
    for dependency in run("modinfo", "-F", "depends", AEAD).strip().split(","):
        run("modprobe", dependency)
    run("insmod", AEAD, "alg=" + alg, "key=%d" % key, "integ=%d" % integ,
        "icv=%d" % icv, "iv=%d" % iv, "size=%d" % size)
    values = [open("/sys/module/bench_aead/parameters/" + name).read().strip()
              for name in ("cost", "driver")]
    run("rmmod", "bench_aead")
    return int(values[0]), values[1]


# --- the whole -------------------------------------------------------------------------------

def record(raw, **members):
    print(json.dumps(members), file=raw, flush=True)


def cpu_flags():
    return next(line.split(":")[1].split() for line in open("/proc/cpuinfo") if line.startswith("flags"))


def measure_aeads(raw, selection):
    """The AEAD alone, for each size of packet that the tests have."""
    packets = sorted({plan.TESTS[name].packet for name in selection.tests})
    for name in selection.ciphers:
        cipher = plan.CIPHERS[name]
        for packet in packets:
            cost, driver = aead_cost(cipher.aead, cipher.key, cipher.integ, cipher.icv, cipher.iv,
                                     plan.payload_size(name, packet))
            record(raw, aead=name, packet=packet, cost=cost, driver=driver)
            print("%-18s %4d octets: %6d instructions for both ends (%s)" % (name, packet, cost, driver))
    for packet in packets:
        cost, driver = aead_cost("library", 32, 0, 16, 0, plan.wireguard_size(packet))
        record(raw, aead="wireguard", packet=packet, cost=cost, driver=driver)


# What udev loads on a machine with such a CPU.
CPU_MODULES = ("aesni-intel", "ghash-clmulni-intel", "chacha-x86_64", "poly1305-x86_64", "sha256-ssse3")


def prepare():
    run("modprobe", "-a", *CPU_MODULES)
    run("bash", "-c", ". /src/selftests/module.sh && load_ipvti")


def hosts():
    for host in ("lan", *WAN):
        run("ip", "netns", "add", host)
        ip(host, "link set lo up")
        on(host, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
           "net.ipv6.conf.default.disable_ipv6=1")
    link("wan", 1500, ("left", "right"), WAN)
    link("lan", plan.MTU, ("lan", "left"), {"lan": LAN, "left": "192.168.3.1"})
    ip("lan", "route add default via 192.168.3.1")
    on("left", "sysctl", "-qw", "net.ipv4.ip_forward=1")


def measure(raw, row, name):
    test = plan.TESTS[name]
    value, instructions, packets = traffic(row, name)
    record(raw, path=row.path, cipher=row.cipher, encap=row.encap, variant=row.variant, test=name,
           value=value, unit=test.unit, instructions=instructions, packets=packets)
    print("%-10s%-18s%-5s%-20s %10.1f %s %9.0f instructions per packet" % (
        row.path, row.cipher or "", row.encap or "", name + row.variant, value, test.unit,
        instructions), flush=True)


def main(words, profile):
    selection = plan.Selection(words)
    prepare()
    with open(RAW, "w") as raw:
        record(raw, kernel=os.uname().release + " " + os.uname().version, flags=cpu_flags(),
               vcpus=os.cpu_count())
        measure_aeads(raw, selection)
        hosts()
        for row in selection.rows():
            with path(row):
                for name in selection.row_tests(row):
                    measure(raw, row, name)
    if profile:
        shutil.copyfile("/proc/kallsyms", "/out/bench.kallsyms")


if __name__ == "__main__":
    try:
        if "--check" in sys.argv:
            plan.Selection([word for word in sys.argv[1:] if not word.startswith("--")])
        else:
            main([word for word in sys.argv[1:] if word != "--profile"], "--profile" in sys.argv)
    except ValueError as error:
        sys.exit("bench: %s" % error)
