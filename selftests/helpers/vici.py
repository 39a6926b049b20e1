#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The control protocol of strongSwan's charon (vici), without the cost of starting swanctl."""
import json
import socket
import struct

REQUEST, RESPONSE, REGISTER, CONFIRM, EVENT = 0, 1, 3, 5, 7
SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)
LISTS = ("local_addrs", "remote_addrs", "proposals", "esp_proposals", "local_ts", "remote_ts", "pools",
         "vips", "dns", "subnet")
STREAMED = {"list-sas": "list-sa", "list-conns": "list-conn"}


def name(text):
    return struct.pack("!B", len(text)) + text.encode()


def text(value):
    return struct.pack("!H", len(value)) + value.encode()


def encode(values):
    """A section: values are strings, lists of strings, or sections."""
    result = b""
    for key, value in values.items():
        if isinstance(value, dict):
            result += bytes([SECTION_START]) + name(key) + encode(value) + bytes([SECTION_END])
        elif isinstance(value, list):
            result += bytes([LIST_START]) + name(key) + b"".join(
                bytes([LIST_ITEM]) + text(item) for item in value) + bytes([LIST_END])
        else:
            result += bytes([KEY_VALUE]) + name(key) + text(value)
    return result


def configuration(lines):
    """Sections of swanctl.conf, one "NAME {", "}" or "KEY = VALUE" on each line."""
    result = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith("{"):
            result[line[:-1].strip()] = configuration(lines)
        elif line:
            key, value = (part.strip() for part in line.split("=", 1))
            value = value.strip('"')
            if key == "certs":
                result[key] = [open(file).read() for file in value.split(",")]
                continue
            result[key] = value.split(",") if key in LISTS else value
    return result


def load(path, config):
    """What swanctl --load-all does with pools, connections and pre-shared keys (ike..., ppk...)."""
    vici = Vici(path)
    sections = configuration(iter(open(config)))
    answers = [vici.request("load-pool", **{key: value})[1]
               for key, value in sections.get("pools", {}).items()]
    answers += [vici.request("load-conn", **{key: value})[1]
                for key, value in sections["connections"].items()]
    for key, value in sections.get("secrets", {}).items():
        answers.append(vici.request("load-shared", id=key, type=key[:3], data=value["secret"], owners=[
            value[owner] for owner in value if owner.startswith("id")])[1])
    errors = [answer["errmsg"] for answer in answers if answer["success"] != "yes"]
    return len(errors) > 0, "\n".join(errors)


def credentials(path, key, *authorities):
    """In place of all it has: a private key, and certificates of authorities, all in PEM."""
    vici = Vici(path)
    answers = [vici.request("clear-creds")[1],
               vici.request("load-key", type="any", data=open(key).read())[1]]
    for file in authorities:
        answers.append(vici.request("load-cert", type="X509", flag="CA", data=open(file).read())[1])
    errors = [answer["errmsg"] for answer in answers if answer["success"] != "yes"]
    return len(errors) > 0, "\n".join(errors)


class Reader:
    """Takes a message apart."""

    def __init__(self, data):
        self.data = data
        self.pos = 0

    def take(self, count):
        self.pos += count
        return self.data[self.pos - count:self.pos]

    def text(self, form):
        size = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return self.take(size).decode("utf-8", "replace")

    def strings(self):
        result = []
        while self.take(1)[0] == LIST_ITEM:
            result.append(self.text("!H"))
        return result

    def section(self):
        result = {}
        while self.pos < len(self.data):
            kind = self.take(1)[0]
            if kind == SECTION_END:
                break
            key = self.text("!B")
            if kind == SECTION_START:
                result[key] = self.section()
            elif kind == LIST_START:
                result[key] = self.strings()
            else:
                result[key] = self.text("!H")
        return result


class Vici:
    """A connection to one charon."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(path)

    def send(self, kind, what, body=b""):
        data = struct.pack("!B", kind) + name(what) + body
        self.sock.sendall(struct.pack("!I", len(data)) + data)

    def receive(self):
        size = struct.unpack("!I", self.exactly(4))[0]
        return Reader(self.exactly(size))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise ConnectionError("charon closed the connection")
            data += more
        return data

    def request(self, command, **values):
        """The streamed events and the answer."""
        events = []
        if command in STREAMED:
            self.send(REGISTER, STREAMED[command])
            if self.receive().take(1)[0] != CONFIRM:
                raise ValueError("no event " + STREAMED[command])
        self.send(REQUEST, command, encode(values))
        while True:
            reader = self.receive()
            kind = reader.take(1)[0]
            if kind == EVENT:
                reader.text("!B")
                events.append(reader.section())
            elif kind == RESPONSE:
                return events, reader.section()
            else:
                raise ValueError("charon does not know " + command)


def ike_sas(path):
    """Name and values of each IKE SA."""
    events, _ = Vici(path).request("list-sas")
    return [pair for event in events for pair in event.items()]


def algorithms(sa, *kinds):
    return "/".join(sa[kind] + ("-" + sa[size] if size in sa else "")
                    for kind in kinds if kind in sa for size in [kind.replace("-alg", "") + "-keysize"])


def main(path, command, *words):
    """load FILE: take this swanctl.conf; credentials KEY CA...: take these, and forget all others;
    counts: IKE SAs and installed Child SAs; negotiated: the algorithms of the first of each;
    ike-spi: the initiator's SPI of the first; sas: JSON of all; spis: of all Child SAs; others are sent as they are."""
    if command == "load":
        return load(path, *words)
    if command == "credentials":
        return credentials(path, *words)
    if command not in ("counts", "negotiated", "ike-spi", "sas", "spis"):
        _, answer = Vici(path).request(command, **dict(word.split("=", 1) for word in words))
        return 0 if answer.get("success", "yes") == "yes" else 1, answer.get("errmsg", "")
    sas = [sa for _, sa in ike_sas(path)]
    children = [child for sa in sas for child in sa.get("child-sas", {}).values()
                if child["state"] == "INSTALLED"]
    if command == "spis":
        return 0, "\n".join(sorted("0x" + sa[key] for ike in sas for sa in ike.get("child-sas", {}).values()
                                   for key in ("spi-in", "spi-out")))
    if command == "counts":
        return 0, "%d %d" % (len(sas), len(children))
    if command == "sas":
        return 0, json.dumps(sas)
    if not sas or command == "negotiated" and not children:
        return 1, "charon has no SA"
    if command == "ike-spi":
        return 0, sas[0]["initiator-spi"]
    child = algorithms(children[0], "encr-alg", "integ-alg", "dh-group")
    return 0, "%s %s" % (algorithms(sas[0], "encr-alg", "integ-alg", "prf-alg", "dh-group"),
                         child + ("/ESN" if children[0].get("esn") == "1" else ""))
