# SPDX-License-Identifier: GPL-2.0
# Fuzzers, and the program that writes the seeds of their corpora.
fuzz-party-srcs := ike-helper/fuzz/crypto.c $(addprefix ike-helper/tests/,world.c party.c kernel.c)

fuzzers += fuzz_init
fuzz_init-srcs := ike-helper/fuzz/exchange.c $(fuzz-party-srcs)
fuzz_init-libs := libike
fuzz_init-cflags := -DSTAGE=STAGE_INIT

fuzzers += fuzz_auth
fuzz_auth-srcs := ike-helper/fuzz/exchange.c $(fuzz-party-srcs)
fuzz_auth-libs := libike
fuzz_auth-cflags := -DSTAGE=STAGE_AUTH

fuzzers += fuzz_body
fuzz_body-srcs := ike-helper/fuzz/exchange.c $(fuzz-party-srcs)
fuzz_body-libs := libike
fuzz_body-cflags := -DSTAGE=STAGE_BODY

fuzzers += fuzz_fragments
fuzz_fragments-srcs := ike-helper/fuzz/exchange.c $(fuzz-party-srcs)
fuzz_fragments-libs := libike
fuzz_fragments-cflags := -DSTAGE=STAGE_FRAGMENTS

fuzzers += fuzz_resume
fuzz_resume-srcs := ike-helper/fuzz/resume.c $(fuzz-party-srcs)
fuzz_resume-libs := libike

fuzzers += fuzz_payload
fuzz_payload-srcs := ike-helper/fuzz/payload.c
fuzz_payload-libs := libike

fuzzers += fuzz_certs
fuzz_certs-srcs := $(addprefix ike-helper/,fuzz/certs.c tests/pki.c)
fuzz_certs-libs := libike

fuzzers += fuzz_config
fuzz_config-srcs := ike-helper/fuzz/config.c
fuzz_config-libs := libipvtid libike

fuzzers += fuzz_control
fuzz_control-srcs := $(addprefix ike-helper/fuzz/,control.c daemon.c)
fuzz_control-libs := libipvtid libike
fuzz_control-cflags := -Itools/lib

fuzzers += fuzz_messages
fuzz_messages-srcs := $(addprefix ike-helper/fuzz/,messages.c daemon.c)
fuzz_messages-libs := libipvtid libike
fuzz_messages-cflags := -Itools/lib
