# SPDX-License-Identifier: GPL-2.0
# The pure layers of the module, compiled for the host with sanitizers.
tests += test_replay test_esp
test_replay-srcs := selftests/host/test_replay.c kmod/replay.c
test_replay-cflags := -Iselftests/host/shim -Ikmod
test_esp-srcs := selftests/host/test_esp.c kmod/esp.c
test_esp-cflags := -Iselftests/host/shim -Ikmod
