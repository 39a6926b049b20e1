#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A process that stays in a host's network namespace and does what a script asks it to.

It saves starting two or three programs for each look, which is most of what a test would cost on a
slow machine. Requests are lines of shell words on standard input; each answer is a line "STATUS
LENGTH" and LENGTH octets of output on standard output.

  run COMMAND...                  standard output and error of a program
  drops DEV|none REASON|all       drop counter of a device, or of packets of no device
  device DEV NAME                 a number of IPVTI_A_DEV_*
  link DEV FILE                   what /sys/class/net/DEV/FILE says
  sa DEV in|out SPI state|packets|bytes|seq     "none" if there is no such SA
  install DEV in|out SPI ALG KEY [NAME=NUMBER...]
  ping ADDRESS [count=N] [interval=S] [wait=S] [size=N] [grow=N] [tos=N] [df=1] [from=ADDRESS]
       [need=N]                   each GROW octets longer than the one before;
                                  "SENT sent, RECEIVED received" and errors; succeeds when NEED
                                  (default: all) are answered
  echo-start ADDRESS [interval=S] [size=N] [from=ADDRESS]     the same without end, one at a time
  echo-stop                       as ping, when answers to all have come or a second is over
  tcp-listen ADDRESS              prints the port; what one connection brings is for tcp-received
  tcp-received                    the checksum of that, when the connection has ended
  tcp-send ADDRESS PORT MEGABYTES [SECONDS]          send so much random data; prints its checksum
  told ADDRESS [SECONDS]          whether the sender of a datagram gets an error, and which one
  tap DEV                         see what passes through DEV from now on
  tapped DEV in|out PROTO         TOS or traffic class of each packet of that protocol since then
  esp SRC DST SPI KEY SEQ FAULT [OPTION=VALUE...]    see esp.py
  sas DEV                         a line "in|out SPI STATE" for each SA
  spis                            SPIs of all SAs in XFRM, sorted, one a line
  status CONTROL TUNNEL PATH...   of the status that ipvtid shows, what is at each path (keys and
                                  numbers with dots between), one a line; empty if it is not there
  vici SOCKET COMMAND [NAME=VALUE...]                see vici.py
DEV is a name or an id.
"""
import hashlib
import json
import os
import re
import select
import shlex
import socket
import struct
import subprocess
import sys
import threading
import time

import esp
import vici
from ipvti_nl import C, Netlink, Refused, attr, device, find, parse, string, u8, u32, u64

STATES = ["reserved", "live", "waiting", "current", "superseded", "expired"]
NUMBER = {1: "=B", 2: "=H", 4: "=I", 8: "=Q"}
MSG_ERRQUEUE = 0x2000
SLOWER = int(os.environ.get("SLOWER", 1))       # see wait.sh
netlinks = []


def netlink():
    """The socket is opened late, as the module may be loaded later; and again if it was reloaded."""
    if not netlinks:
        netlinks.append(Netlink())
    return netlinks[0]


def number(data):
    return struct.unpack(NUMBER[len(data)], data)[0]


def reference(name):
    return u64(C["IPVTI_A_ID"], int(name)) if name.isdigit() else device(name)


def stats(name):
    result = {}
    attrs = [] if name == "none" else [reference(name)]
    for reply in netlink().request(C["IPVTI_CMD_STATS_GET"], attrs):
        for kind, value, _ in parse(reply):
            if kind == C["IPVTI_A_STAT"]:
                key = find(value, C["IPVTI_A_STAT_NAME"]).rstrip(b"\0").decode()
                result[key] = number(find(value, C["IPVTI_A_STAT_VALUE"]))
    return result


def drops(name, reason):
    counters = stats(name)
    return 0, str(sum(counters.values()) if reason == "all" else counters[reason])


def device_value(name, key):
    reply = netlink().request(C["IPVTI_CMD_DEVICE_GET"], [reference(name)])[0]
    value = find(reply, C["IPVTI_A_DEVICE"],
                 C["IPVTI_A_DEV_" + key.upper().replace("-", "_")])
    return 0, "none" if value is None else str(number(value))


def link(name, file):
    with open("/sys/class/net/%s/%s" % (name, file), encoding="ascii") as values:
        return 0, values.read()


def sa_value(name, direction, spi, key):
    try:
        reply = netlink().request(C["IPVTI_CMD_SA_GET"], [
            reference(name), attr(C["IPVTI_A_SA"], [
                u8(C["IPVTI_A_SA_DIR"], C["IPVTI_SA_" + direction.upper()]),
                u32(C["IPVTI_A_SA_SPI"], int(spi, 0))])])[0]
    except Refused as refused:
        if refused.number != 2:
            raise
        return 0, "none"
    value = number(find(reply, C["IPVTI_A_SA"], C["IPVTI_A_SA_" + key.upper()]))
    return 0, STATES[value] if key == "state" else str(value)


def sas(name):
    lines = []
    for reply in netlink().dump(C["IPVTI_CMD_SA_GET"], [reference(name)]):
        values = {kind: value for kind, value, _ in parse(find(reply, C["IPVTI_A_SA"]))}
        inbound = number(values[C["IPVTI_A_SA_DIR"]]) == C["IPVTI_SA_IN"]
        lines.append("%s 0x%08x %s" % ("in" if inbound else "out",
                                       number(values[C["IPVTI_A_SA_SPI"]]),
                                       STATES[number(values[C["IPVTI_A_SA_STATE"]])]))
    return 0, "\n".join(sorted(lines))


SIZES = {"pair": u32, "replaces": u32, "seq": u64, "replay_window": u32, "esn": u8,
         "legacy": lambda kind, _: attr(kind, b"")}


def install(name, direction, spi, alg, key, *words):
    attrs = [u8(C["IPVTI_A_SA_DIR"], C["IPVTI_SA_" + direction.upper()]),
             u32(C["IPVTI_A_SA_SPI"], int(spi, 0)), string(C["IPVTI_A_SA_ALG"], alg),
             attr(C["IPVTI_A_SA_KEY"], bytes.fromhex(key))]
    for word in words:
        option, _, value = word.partition("=")
        attrs.append(SIZES[option](C["IPVTI_A_SA_" + option.upper()], int(value, 0)))
    netlink().request(C["IPVTI_CMD_SA_NEW"], [reference(name), attr(C["IPVTI_A_SA"], attrs)])
    return 0, ""


def run(*command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False)
    status = result.returncode
    return status if status >= 0 else 128 - status, result.stdout.decode("ascii", "replace")


def spis():
    status, text = run("ip", "xfrm", "state", "list")
    return status, "\n".join(sorted(re.findall(r"\bspi (0x[0-9a-f]+)", text)))


def at(value, path):
    for key in path.split("."):
        try:
            value = value[int(key) if isinstance(value, list) else key]
        except (KeyError, IndexError):
            return ""
    return value


def tunnel_status(control, name, *paths):
    status, text = run("ipvtictl", "--socket", control, "-j", "status", name)
    if status:
        return status, text
    return 0, "\n".join(str(at(json.loads(text)[0], path)) for path in paths)


def send_esp(*words):
    esp.main(*words)
    return 0, ""


def echo_socket(address, options):
    """Socket, type of request, type of reply."""
    if ":" in address:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        level, tos, discover, err = socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 23, 25
        types = 128, 129
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        level, tos, discover, err = socket.IPPROTO_IP, socket.IP_TOS, 10, 11
        types = 8, 0
    sock.setsockopt(level, tos, int(options.get("tos", "0"), 0))
    sock.setsockopt(level, discover, 2 if "df" in options else 0)
    sock.setsockopt(level, err, 1)
    if "from" in options:
        sock.bind((options["from"], 0))
    sock.connect((address, 0))
    sock.setblocking(False)
    return sock, types


class Echo:
    """Echo requests to one address and the count of answers."""

    def __init__(self, address, options):
        self.sock, self.types = echo_socket(address, options)
        self.six = ":" in address
        self.ident = struct.unpack("=H", os.urandom(2))[0]
        self.size = int(options.get("size", 56))
        self.grow = int(options.get("grow", 0))
        self.answered = set()
        self.errors = []

    def send(self, seq):
        head = struct.pack("!BBHHH", self.types[0], 0, 0, self.ident, seq)
        payload = bytes(self.size + self.grow * seq)
        total = 0 if self.six else esp.checksum(head + payload)
        try:
            self.sock.send(head[:2] + struct.pack("!H", total) + head[4:] + payload)
        except OSError as error:
            self.errors.append(error.strerror)

    def drain_errors(self):
        """An ICMP error, or our own refusal, waits in the error queue and makes us readable."""
        try:
            while True:
                self.sock.recvmsg(65536, 1024, MSG_ERRQUEUE)
        except OSError:
            pass

    def receive(self, until, enough):
        while len(self.answered) < enough:
            left = max(0, until - time.monotonic())
            if not select.select([self.sock], [], [], left)[0]:
                return
            try:
                data = self.sock.recv(65536)
            except BlockingIOError:
                self.drain_errors()
                continue
            except OSError as error:
                self.errors.append(error.strerror)
                continue
            kind, _, _, ident, seq = struct.unpack_from("!BBHHH", data, 0 if self.six else 20)
            if kind == self.types[1] and ident == self.ident:
                self.answered.add(seq)

    def summary(self, count):
        text = "%d sent, %d received" % (count, len(self.answered))
        return text + ("; " + ", ".join(sorted(set(self.errors))) if self.errors else "")


def ping(address, *words):
    options = dict(word.split("=", 1) for word in words)
    count = int(options.get("count", 1))
    echo = Echo(address, options)
    interval = float(options.get("interval", 0.01))
    start = time.monotonic()
    for seq in range(count):
        echo.send(seq)
        if seq + 1 < count:
            echo.receive(start + (seq + 1) * interval, count)
    echo.receive(time.monotonic() + float(options.get("wait", 1)) * SLOWER, count)
    return 0 if len(echo.answered) >= int(options.get("need", count)) else 1, echo.summary(count)


class Echoes(threading.Thread):
    """Echo requests in the background."""

    def __init__(self, address, options):
        super().__init__(daemon=True)
        self.echo = Echo(address, options)
        self.interval = float(options.get("interval", 0.01))
        self.done = threading.Event()
        self.sent = 0

    def run(self):
        due = time.monotonic()
        while not self.done.is_set() and self.sent < 65536:
            self.echo.send(self.sent)
            self.sent += 1
            due = max(due + self.interval, time.monotonic())    # never several at once
            self.echo.receive(due, 65536)
        self.echo.receive(time.monotonic() + SLOWER, self.sent)


echoes = []


def echo_start(address, *words):
    echoes.append(Echoes(address, dict(word.split("=", 1) for word in words)))
    echoes[0].start()
    return 0, ""


def echo_stop():
    thread = echoes.pop()
    thread.done.set()
    thread.join()
    return 0 if len(thread.echo.answered) == thread.sent > 0 else 1, thread.echo.summary(thread.sent)


TCP_WAIT = 60 * SLOWER     # for the other end to do something
TCP_CHUNK = 1 << 16
receivers = []


class Receiver(threading.Thread):
    """The receiving end of a TCP connection."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.listener = socket.create_server(
            (address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.listener.settimeout(TCP_WAIT)
        self.port = self.listener.getsockname()[1]
        self.digest = hashlib.sha256()
        self.error = ""

    def run(self):
        try:
            with self.listener, self.listener.accept()[0] as connection:
                connection.settimeout(TCP_WAIT)
                for data in iter(lambda: connection.recv(TCP_CHUNK), b""):
                    self.digest.update(data)
        except OSError as error:
            self.error = str(error)


def tcp_listen(address):
    receivers.append(Receiver(address))
    receivers[-1].start()
    return 0, str(receivers[-1].port)


def tcp_received():
    receiver = receivers.pop()
    receiver.join()
    return 1 if receiver.error else 0, receiver.error or receiver.digest.hexdigest()


def tcp_send(address, port, megabytes, wait="60"):
    digest = hashlib.sha256()
    wait = float(wait) * SLOWER
    deadline = time.monotonic() + wait
    try:
        with socket.create_connection((address, int(port)), wait) as connection:
            for _ in range((int(megabytes) << 20) // TCP_CHUNK):
                data = os.urandom(TCP_CHUNK)
                digest.update(data)
                connection.settimeout(max(0.1, deadline - time.monotonic()))
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            # The peer closes when it has all: until then nothing is known to have arrived.
            connection.recv(1)
    except OSError as error:
        return 1, str(error)
    return 0, digest.hexdigest()


taps = {}


def tap(dev):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    sock.bind((dev, 3))
    sock.setblocking(False)
    taps[dev] = sock
    return 0, ""


def traffic_class(data):
    if data[0] >> 4 == 4:
        return data[1], data[9]
    return struct.unpack_from("!I", data)[0] >> 20 & 255, data[6]


def tapped(dev, direction, proto):
    seen = []
    try:
        while True:
            data, address = taps[dev].recvfrom(65536)
            if (address[2] == socket.PACKET_OUTGOING) != (direction == "out"):
                continue
            if address[1] in (0x0800, 0x86dd) and traffic_class(data)[1] == int(proto):
                seen.append("0x%02x" % traffic_class(data)[0])
    except BlockingIOError:
        return 0, " ".join(seen)


def told(address, wait="1"):
    six = ":" in address
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP, 25 if six else 11, 1)
    try:
        sock.connect((address, 9))
        sock.send(b"anyone there?")
        if not select.select([sock], [], [], float(wait) * SLOWER)[0]:
            return 1, "silence for %s s" % wait
        sock.recv(1)
    except OSError as error:
        return 0, error.strerror
    return 1, "an answer"


COMMANDS = {"run": run, "drops": drops, "device": device_value, "link": link, "sa": sa_value, "sas": sas,
            "install": install, "ping": ping, "echo-start": echo_start, "echo-stop": echo_stop,
            "told": told, "tcp-listen": tcp_listen, "tcp-received": tcp_received,
            "tcp-send": tcp_send, "tap": tap, "tapped": tapped, "spis": spis,
            "status": tunnel_status, "esp": send_esp, "vici": vici.main}


def main():
    for line in sys.stdin:
        words = shlex.split(line)
        try:
            status, text = COMMANDS[words[0]](*words[1:])
        except Refused as refused:
            netlinks.clear()
            status, text = 1, str(refused)
        except Exception as error:      # the script shall see it, and the next request be served
            netlinks.clear()
            status, text = 125, "%s: %s" % (line.strip(), repr(error))
        text = text.rstrip("\n").encode("ascii", "replace").decode()
        sys.stdout.write("%d %d\n%s" % (status, len(text), text))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
