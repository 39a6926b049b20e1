#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send standard input as one UDP super-packet (UDP_SEGMENT), datagrams of SIZE octets.

usage: udp_super.py ADDRESS PORT SIZE
"""
import socket
import sys

UDP_SEGMENT = 103

address, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sock:
    sock.bind(("", port))
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
    sock.sendto(sys.stdin.buffer.read(), (address, port))
