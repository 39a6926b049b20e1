# SPDX-License-Identifier: GPL-2.0
progs += ipvtictl
ipvtictl-srcs := $(addprefix tools/ipvtictl/,algs.c args.c check.c control.c json.c keyfile.c \
	main.c monitor.c sa.c set.c show.c socket.c stats.c text.c tunnel.c units.c)
ipvtictl-libs := libipvti
ipvtictl-pkgs := jansson
