# SPDX-License-Identifier: GPL-2.0
tests += test_crypto
test_crypto-srcs := $(addprefix ike-helper/tests/,test_crypto.c hex.c)
test_crypto-libs := libike

tests += test_wycheproof
test_wycheproof-srcs := $(addprefix ike-helper/tests/,test_wycheproof.c hex.c)
test_wycheproof-libs := libike
test_wycheproof-pkgs := jansson

tests += test_keys
test_keys-srcs := $(addprefix ike-helper/tests/,test_keys.c hex.c)
test_keys-libs := libike

ike-party-srcs := $(addprefix ike-helper/tests/,world.c party.c kernel.c tap.c)

tests += test_exchange
test_exchange-srcs := ike-helper/tests/test_exchange.c $(ike-party-srcs)
test_exchange-libs := libike

tests += test_profile
test_profile-srcs := ike-helper/tests/test_profile.c $(ike-party-srcs)
test_profile-libs := libike

tests += test_vip
test_vip-srcs := $(addprefix ike-helper/tests/,test_vip.c hex.c) $(ike-party-srcs)
test_vip-libs := libike

tests += test_ppk
test_ppk-srcs := ike-helper/tests/test_ppk.c $(ike-party-srcs)
test_ppk-libs := libike

tests += test_template
test_template-srcs := ike-helper/tests/test_template.c $(ike-party-srcs)
test_template-libs := libike

tests += test_simulation
test_simulation-srcs := ike-helper/tests/test_simulation.c $(ike-party-srcs)
test_simulation-libs := libike

tests += test_resume
test_resume-srcs := ike-helper/tests/test_resume.c $(ike-party-srcs)
test_resume-libs := libike

tests += test_hostile
test_hostile-srcs := ike-helper/tests/test_hostile.c $(ike-party-srcs)
test_hostile-libs := libike

tests += test_parse
test_parse-srcs := $(addprefix ike-helper/tests/,test_parse.c hex.c) $(ike-party-srcs)
test_parse-libs := libike

tests += test_explain
test_explain-srcs := ike-helper/tests/test_explain.c $(ike-party-srcs)
test_explain-libs := libike

tests += test_pubkey
test_pubkey-srcs := $(addprefix ike-helper/tests/,test_pubkey.c pki.c)
test_pubkey-libs := libike

tests += test_certs
test_certs-srcs := $(addprefix ike-helper/tests/,test_certs.c pki.c) $(ike-party-srcs)
test_certs-libs := libike

tests += test_crossings
test_crossings-srcs := ike-helper/tests/test_crossings.c $(ike-party-srcs)
test_crossings-libs := libike
