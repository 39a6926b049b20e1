# SPDX-License-Identifier: GPL-2.0
# ipvti: the kernel module, the command line, the daemon, and the machines that test them.
#
#   make              user space, and the module for KDIR (default: the running kernel)
#   make install      both, below DESTDIR
#   make check        everything that is tested, in booted kernels; see selftests/check;
#                     TESTS='replay esn' [KERNEL=stock]: only these selftests
#   make check-matrix [PEERS='libreswan charon'] [SEED=N | MATRIX=pairs]
#                     every cell of the interoperability matrix, docs/interoperability.md; takes days.
#                     With MATRIX=pairs a set that covers each pair, as make check does
#   make check-debug  all selftests on an SMP, preemptible kernel with its own checkers
#   make check-races  the same on one that looks for data races (KCSAN)
#   make fuzz SECONDS=N [FUZZ='config body ...']
#                     every fuzzer of ike-helper/fuzz for N seconds each (libFuzzer, sanitizers);
#                     what reaches new code goes into its corpus
#   make simulate [STEPS=3000000] [SHARE=40] [SEED=1]   random lives of two IKE ends, so many steps
#                     in all, and one of SHARE runs of all crossings; make check runs less of both
#   make stress       everything at once for five minutes on that kernel; KERNEL=uml: on that one
#   make fuzz-packets [PACKETS=1000000] [SEED=1]      mutated ESP, native and in UDP: what becomes of
#                     each is known beforehand (selftests/fuzz-esp.sh); make check sends fewer
#   make fuzz-netlink [REQUESTS=200000] [SEED=1]      the same for requests (selftests/fuzz-netlink.sh)
#   make bench        all paths compared on one CPU that counts instructions: docs/performance.md;
#                     BENCH='aes128gcm16 tcp': only these rows; BENCH_JSON=FILE: also as JSON
#   make bench-profile     the same words; where the instructions go, by function
#   make bench-smp         two CPUs at the same time: how the paths scale
#   make bench-devices     what ten thousand devices cost, COUNT=N: another number
#   make demo         a tunnel to a strongSwan gateway, shown step by step
#   make shell        an interactive shell in a test machine, KERNEL=uml|stock|debug|kcsan
#
# User space is described by fragments (build.mk) that append to these lists and, for each
# NAME in progs, libs, tests and fuzzers, set NAME-srcs, and where needed NAME-libs (of the project),
# NAME-pkgs (of pkg-config) and NAME-cflags. All paths start at the checkout:
#
#   libs += libipvti            archive linked into those that name it in NAME-libs;
#                               its -pkgs come along
#   progs += ipvtictl           program: build/user/ipvtictl, with sanitizers build/asan/ipvtictl
#   tests += test_replay        cmocka program, with sanitizers only: build/asan/test_replay,
#                               run from the checkout; exit status and cmocka's output count
#   fuzzers += fuzz_config      libFuzzer program, clang only: build/fuzz/fuzz_config; its corpus
#                               is corpus/config beside its first source
#   mans += tools/x/x.8.scd     man page (scdoc)
#   completions, units, tmpfiles, confs += FILE    installed as they are
#
# Sources see uapi/ first on the include path: #include <linux/ipvti.h>.

version := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= uml
TESTS ?=
STRESS_SECONDS ?= 300
SECONDS ?= 60
FUZZ ?=
STEPS ?= 3000000
SHARE ?= 40
SEED ?= 1
BENCH ?=
COUNT ?=
PACKETS ?= 1000000
REQUESTS ?= 200000
export BENCH_JSON

PREFIX ?= /usr
SYSCONFDIR ?= /etc
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= /lib/systemd/system

.PHONY: all user user-asan check-user print-tests print-fuzzers fuzz simulate man kmod kmod-uml \
	kmod-stock kmod-debug kmod-kcsan check check-debug check-races check-matrix stress \
	fuzz-packets fuzz-netlink bench bench-profile bench-smp bench-devices demo shell \
	deps install install-user install-kmod clean
all: user kmod

libs :=
progs :=
tests :=
fuzzers :=
mans :=
completions :=
units :=
tmpfiles :=
confs :=
include $(wildcard tools/lib/build.mk tools/ipvtictl/build.mk ike-helper/build.mk \
	selftests/host/build.mk)

twice := $(strip $(foreach n,$(sort $(libs) $(progs) $(tests) $(fuzzers)), \
	$(if $(word 2,$(filter $n,$(libs) $(progs) $(tests) $(fuzzers))),$n)))
$(if $(twice),$(error two fragments have a target named $(twice)))

# --- user space -----------------------------------------------------------------------

CC ?= gcc
CLANG ?= clang
PKG_CONFIG ?= pkg-config
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DIPVTI_VERSION='"$(version)"' -g -fPIE $(WARN) -Iuapi
user-cflags := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection
user-ldflags := -pie -Wl,-z,relro,-z,now,--as-needed
asan-cflags := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
asan-ldflags := -pie -fsanitize=address,undefined
fuzz-cflags := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
fuzz-ldflags := -pie -fsanitize=fuzzer,address,undefined
user-cc = $(CC)
asan-cc = $(CC)
fuzz-cc = $(CLANG)

$(foreach t,$(tests) $(fuzzers),$(eval $t-pkgs += cmocka))

# all-pkgs NAME: its pkg-config packages and those of the project's libraries that it links.
all-pkgs = $(sort $($1-pkgs) $(foreach l,$($1-libs),$($l-pkgs)))
pkg-cflags = $(if $(call all-pkgs,$1),$(shell $(PKG_CONFIG) --cflags $(call all-pkgs,$1)))
pkg-libs = $(if $(call all-pkgs,$1),$(shell $(PKG_CONFIG) --libs $(call all-pkgs,$1)))
# objs VARIANT,NAME
objs = $(patsubst %.c,build/$1/obj/$2/%.o,$($2-srcs))

# compile VARIANT,NAME: how the objects of NAME are made.
define compile
build/$1/obj/$2/%.o: %.c
	@mkdir -p $$(@D)
	@echo '  CC      $$@'
	@$$($1-cc) -MMD -MP $$(BASE_CFLAGS) $$($1-cflags) $$($2-cflags) $$(call pkg-cflags,$2) \
		$$(CFLAGS) -c -o $$@ $$<
-include $$(patsubst %.o,%.d,$$(call objs,$1,$2))
endef

define archive
$(call compile,$1,$2)
build/$1/$2.a: $$(call objs,$1,$2)
	@echo '  AR      $$@'
	@rm -f $$@ && $$(AR) rcs $$@ $$^
endef

define link
$(call compile,$1,$2)
build/$1/$2: $$(call objs,$1,$2) $$(patsubst %,build/$1/%.a,$$($2-libs))
	@echo '  LD      $$@'
	@$$($1-cc) $$($1-ldflags) $$(LDFLAGS) -o $$@ $$^ $$(call pkg-libs,$2)
endef

$(foreach v,user asan fuzz,$(foreach l,$(libs),$(eval $(call archive,$v,$l))))
$(foreach v,user asan,$(foreach p,$(progs),$(eval $(call link,$v,$p))))
$(foreach t,$(tests),$(eval $(call link,asan,$t)))
$(foreach f,$(fuzzers),$(eval $(call link,fuzz,$f)))

man-pages := $(foreach m,$(mans),build/user/man/$(notdir $(m:.scd=)))
define man-page
build/user/man/$(notdir $(1:.scd=)): $1
	@mkdir -p $$(@D)
	@echo '  SCDOC   $$@'
	@scdoc <$$< >$$@
endef
$(foreach m,$(mans),$(eval $(call man-page,$m)))

user: $(progs:%=build/user/%) man
man: $(man-pages)
user-asan: $(progs:%=build/asan/%) $(tests:%=build/asan/%)
check-user: user-asan
	@selftests/stage/unit $(tests:%=build/asan/%)
print-tests:
	@echo $(tests:%=build/asan/%)
print-fuzzers:
	@echo $(fuzzers:%=build/fuzz/%)
fuzz: deps $(patsubst fuzz_%,build/fuzz/fuzz_%,$(or $(FUZZ:%=fuzz_%),$(fuzzers)))
	@selftests/stage/fuzz --keep $(SECONDS) $(filter build/fuzz/%,$^)
simulate: build/asan/test_simulation build/asan/test_crossings
	IKE_SIM_STEPS=$(STEPS) IKE_SIM_SEED=$(SEED) build/asan/test_simulation
	IKE_CROSS_SHARE=$(SHARE) IKE_CROSS_SEED=$(SEED) build/asan/test_crossings

# --- kernel module --------------------------------------------------------------------

kmod:
	@kmod/build build/host $(KDIR)
kmod-uml kmod-stock kmod-debug kmod-kcsan: kmod-%:
	@selftests/vm/module $*

# --- tests ----------------------------------------------------------------------------

deps:
	@selftests/vm/deps
check: deps
	@selftests/check $(if $(TESTS),-k $(KERNEL) $(TESTS))
check-debug: deps
	@selftests/check --only debug
check-races: deps
	@selftests/check --only kcsan
PEERS ?= libreswan charon libipsec ipvtid
check-matrix: deps
	@MATRIX=$(or $(MATRIX),all) SEED=$(SEED) selftests/run -b -k uml -j 2 -t 604800 \
		$(PEERS:%=interop-%)
stress: KERNEL = debug
stress: deps
	@$(MAKE) --no-print-directory user kmod-$(KERNEL)
	@selftests/vm/run -k $(KERNEL) $(if $(filter-out uml,$(KERNEL)),-c 2) -m 2G -t 3600 -- \
		env STRESS_SECONDS=$(STRESS_SECONDS) selftests/stress.sh
fuzz-packets: deps user kmod-uml
	@selftests/vm/run -k uml -m 2G -t 36000 -- \
		env FUZZ_PACKETS=$(PACKETS) FUZZ_SEED=$(SEED) selftests/fuzz-esp.sh
fuzz-netlink: deps user kmod-uml
	@selftests/vm/run -k uml -m 2G -t 36000 -- \
		env FUZZ_REQUESTS=$(REQUESTS) FUZZ_SEED=$(SEED) selftests/fuzz-netlink.sh
bench: deps user kmod-stock
	@selftests/bench/run $(BENCH)
bench-profile: deps user kmod-stock
	@selftests/bench/run --profile $(BENCH)
bench-smp: deps user kmod-stock
	@selftests/bench/run --smp $(BENCH)
bench-devices: deps user kmod-stock
	@selftests/bench/run --devices $(COUNT)
demo: deps
	@selftests/demo/run
shell: deps user kmod-$(KERNEL)
	@selftests/vm/run -i -k $(KERNEL)

# --- installation ---------------------------------------------------------------------

install: install-user install-kmod
install-user: user
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(SYSCONFDIR)/ipvti/conf.d
	install -m 755 $(progs:%=build/user/%) $(DESTDIR)$(SBINDIR)
	$(foreach m,$(man-pages),install -D -m 644 $m \
		$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $m))/$(notdir $m);)
	$(foreach c,$(completions),install -D -m 644 $c \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(basename $(notdir $c));)
	$(foreach u,$(units),install -D -m 644 $u $(DESTDIR)$(UNITDIR)/$(notdir $u);)
	$(foreach f,$(tmpfiles),install -D -m 644 $f \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/$(notdir $f);)
	$(foreach f,$(confs),install -D -m 600 $f \
		$(DESTDIR)$(SYSCONFDIR)/ipvti/$(notdir $f);)
install-kmod: kmod
	$(MAKE) -C $(KDIR) M=$(CURDIR)/build/host/kmod INSTALL_MOD_DIR=extra modules_install

clean:
	rm -rf build
