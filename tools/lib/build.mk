# SPDX-License-Identifier: GPL-2.0
libs += libipvti
libipvti-srcs := $(addprefix tools/lib/,codec.c commands.c events.c fields.c link.c request.c \
	socket.c)
libipvti-pkgs := libnl-3.0 libnl-genl-3.0
