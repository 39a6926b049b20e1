# SPDX-License-Identifier: GPL-2.0
libs += libipvti
libipvti-srcs := $(addprefix tools/lib/,codec.c commands.c events.c fields.c link.c request.c \
	socket.c)
libipvti-pkgs := libnl-3.0 libnl-genl-3.0

tests += test_codec
test_codec-srcs := tools/lib/tests/test_codec.c
test_codec-libs := libipvti
