#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send the frames of a capture again: resend.py FILE DEV"""
import socket
import struct
import sys

data = open(sys.argv[1], "rb").read()
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind((sys.argv[2], 0))
at = 24
while at < len(data):
    length = struct.unpack_from("=I", data, at + 8)[0]
    sock.send(data[at + 16:at + 16 + length])
    at += 16 + length
