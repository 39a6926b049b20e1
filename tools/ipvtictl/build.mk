# SPDX-License-Identifier: GPL-2.0
# All but main() is an archive, so that the tests link what the program does.
libs += libipvtictl
libipvtictl-srcs := $(addprefix tools/ipvtictl/,algs.c args.c check.c control.c json.c keyfile.c \
	monitor.c sa.c set.c show.c socket.c stats.c text.c tunnel.c units.c)
libipvtictl-pkgs := jansson

progs += ipvtictl
ipvtictl-srcs := tools/ipvtictl/main.c
ipvtictl-libs := libipvtictl libipvti

ipvtictl-tests := test_args test_control test_json test_units
tests += $(ipvtictl-tests)
$(foreach t,$(ipvtictl-tests),$(eval $t-srcs := tools/ipvtictl/tests/$t.c))
$(foreach t,$(ipvtictl-tests),$(eval $t-libs := libipvtictl libipvti))

mans += tools/ipvtictl/ipvtictl.8.scd
completions += tools/ipvtictl/ipvtictl.bash
