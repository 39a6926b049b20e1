#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# kernels: uml
# peers: libreswan
# ipvtid with Libreswan of Debian 12: its part of the interoperability matrix.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"
. "${0%/*}/pki.sh"
. "${0%/*}/interop/cells.sh"
PEER_FILES=/peers/libreswan
. "${0%/*}/interop/libreswan.sh"
interop libreswan
