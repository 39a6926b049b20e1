#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# kernels: uml
# ipvtid with strongSwan of Debian 12: its part of the interoperability matrix.
. "${0%/*}/lib.sh"
. "${0%/*}/ike.sh"
. "${0%/*}/pki.sh"
. "${0%/*}/interop/cells.sh"
. "${0%/*}/interop/charon.sh"
interop charon
