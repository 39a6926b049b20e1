# SPDX-License-Identifier: GPL-2.0
# The IKE core and its OpenSSL backend: pure, no I/O.
libs += libike
libike-srcs := $(sort $(wildcard ike-helper/core/*.c)) \
	$(addprefix ike-helper/crypto/,openssl.c pubkey.c x509.c)
libike-pkgs := libcrypto

# The daemon around it; all but main() is an archive, so that tests link what the program does.
libs += libipvtid
libipvtid-srcs := $(addprefix ike-helper/io/,actions.c assigned.c child.c command.c config.c \
	config_keys.c config_values.c control.c daemon.c explain.c hook.c keys.c kernel.c log.c lookup.c msg.c network.c \
	pool.c prefix.c processes.c resolver.c route.c sandbox.c secret.c sockets.c state.c status.c template.c \
	tunnels.c)
libipvtid-pkgs := libconfig libevent jansson libnl-3.0 libnl-route-3.0 libcap-ng libseccomp
libipvtid-cflags := -Itools/lib

progs += ipvtid
ipvtid-srcs := ike-helper/main.c
ipvtid-cflags := -Itools/lib
ipvtid-libs := libipvtid libike libipvti

include ike-helper/tests/build.mk
include ike-helper/fuzz/build.mk

tests += test_clients test_config test_key_process test_pool test_prefix test_state
test_clients-srcs := ike-helper/io/tests/test_clients.c
test_clients-libs := libipvtid libipvti libike
test_clients-cflags := -Itools/lib
test_pool-srcs := ike-helper/io/tests/test_pool.c
test_pool-libs := libipvtid libipvti libike
test_pool-cflags := -Itools/lib
test_config-srcs := ike-helper/io/tests/test_config.c
test_config-libs := libipvtid libike
test_key_process-srcs := ike-helper/io/tests/test_verdict.c
test_key_process-libs := libipvtid libike
test_state-srcs := ike-helper/io/tests/test_state.c
test_state-libs := libipvtid libipvti libike
test_state-cflags := -Itools/lib
test_prefix-srcs := ike-helper/io/tests/test_prefix.c
test_prefix-libs := libipvtid libike

mans += ike-helper/man/ipvtid.8.scd ike-helper/man/ipvti.conf.5.scd
units += ike-helper/systemd/ipvtid.service ike-helper/systemd/ipvti-prepare.service
confs += ike-helper/systemd/ipvti.conf.example
