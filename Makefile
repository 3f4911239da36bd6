# Makefile - the whole build: one file, not recursive, everything under $(B).
#
#   make all      the products          make check   every test
#   make unit     pure code             make daemons the real binaries
#   make asan|tsan  the tests, sanitized  make fuzz  each target, FUZZ_SECONDS
#   make bench    figures               make format|tidy|install|clean
#
# The naming rule is the build rule: io_*.c and main.c touch the world, the rest
# is pure and goes into libcore.a, whose undefined symbols are checked.

B      ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g

VERSION := 0.1.0
PKG_CONFIG ?= pkg-config
LLHTTP_SRC ?= /usr/share/llhttp
LLHTTP_INC ?= /usr/share/include/llhttp

# protobuf-c's enums end in a hidden value that forces their size; without it
# -Wswitch-enum can check switches over them. int is their size anyway.
STD    := -std=c11 -D_GNU_SOURCE -pthread \
	-D'PROTOBUF_C__FORCE_ENUM_TO_BE_INT_SIZE(x)='
WARN   := -Wall -Wextra -Werror -Wshadow -Wconversion -Wswitch-enum \
	-Wmissing-prototypes -Wstrict-prototypes -Wcast-qual -Wformat=2 -Wvla \
	-Wpointer-arith -Wundef -Wwrite-strings -Wno-missing-field-initializers
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong
LDHARDEN := -Wl,-z,relro,-z,now
DEPS_PURE := libprotobuf-c json-c
DEPS_EDGE := libevent libevent_pthreads openssl sqlite3 zlib
CGROUP_LIBS := -lcgroup
INC    := -I. -isystem $(B)/proto -isystem $(LLHTTP_INC) \
	$(shell $(PKG_CONFIG) --cflags $(DEPS_PURE) $(DEPS_EDGE))
LIBS_PURE := $(shell $(PKG_CONFIG) --libs $(DEPS_PURE))
LIBS_EDGE := $(shell $(PKG_CONFIG) --libs $(DEPS_EDGE)) -pthread

PROTO  := $(shell cd proto && find . -name '*.proto' | sed 's,^\./,,' | sort)
GEN    := $(PROTO:%.proto=$(B)/proto/%.pb-c.c)
GENH   := $(PROTO:%.proto=$(B)/proto/%.pb-c.h)
SRC    := $(sort $(wildcard common/*.c master/*.c agent/*.c agent/executor/*.c \
	sched/*.c sched/demo/*.c cli/*.c))
is_edge = $(filter io_% main.c,$(notdir $1))
EDGE   := $(foreach f,$(SRC),$(if $(call is_edge,$f),$f))
PURE   := $(filter-out $(EDGE),$(SRC))
LIBPURE := $(filter common/% master/% agent/% sched/%,$(PURE))
LLHTTP := $(B)/llhttp/api.o $(B)/llhttp/http.o $(B)/llhttp/llhttp.o
UNIT   := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ   := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BENCH  := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/bench/bench_*.c)))

obj = $(patsubst %.c,$(B)/%.o,$1)

.DEFAULT_GOAL := all
.SECONDARY:
.PHONY: all check unit daemons house asan tsan fuzz bench format \
	format-check tidy install uninstall clean

# --- generated code -----------------------------------------------------

$(B)/proto/%.pb-c.c $(B)/proto/%.pb-c.h: proto/%.proto
	@mkdir -p $(@D)
	protoc-c -Iproto --c_out=$(B)/proto $<

$(B)/proto/%.pb-c.o: $(B)/proto/%.pb-c.c | $(GENH)
	$(CC) $(STD) -fPIC $(HARDEN) $(CFLAGS) -w $(INC) -c -o $@ $<

$(B)/llhttp/%.o: $(LLHTTP_SRC)/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -fPIC $(HARDEN) $(CFLAGS) -w -I$(LLHTTP_INC) -c -o $@ $<

# --- objects and libraries ------------------------------------------------

$(B)/%.o: %.c | $(GENH)
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(HARDEN) -fPIC $(CFLAGS) $(INC) \
		-DBUTTE_VERSION='"$(VERSION)"' -MMD -MP -c -o $@ $<

$(B)/libcore.a: $(call obj,$(LIBPURE)) $(GEN:.c=.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/libcli.a: $(call obj,$(filter cli/%,$(PURE)))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/libedge.a: $(call obj,$(filter common/io_%,$(EDGE))) $(LLHTTP)
	@rm -f $@
	$(AR) rcs $@ $^

# --- products -----------------------------------------------------------

link = $(CC) $(CFLAGS) $(HARDEN) $(LDHARDEN) -pthread -o $@

PRODUCTS :=

ifneq ($(wildcard master/main.c),)
PRODUCTS += $(B)/butte-master
endif
ifneq ($(wildcard agent/main.c),)
PRODUCTS += $(B)/butte-agent
endif
ifneq ($(wildcard cli/main.c),)
PRODUCTS += $(B)/butte
endif
ifneq ($(wildcard sched/demo/main.c),)
PRODUCTS += $(B)/butte-demo
endif
ifneq ($(wildcard sched/scheduler.c sched/io_scheduler.c),)
PRODUCTS += $(B)/libbutte.a $(B)/libbutte.so $(B)/butte.pc
endif
ifneq ($(wildcard agent/executor/main.c),)
PRODUCTS += $(B)/butte-executor
endif

all: $(PRODUCTS) $(B)/libcore.a $(B)/libedge.a

edges = $(call obj,$(filter $1,$(EDGE)))

$(B)/butte-master: $(call obj,$(wildcard master/io_*.c master/main.c)) \
		$(B)/libcore.a $(B)/libedge.a
	$(link) $(filter %.o,$^) $(B)/libcore.a $(B)/libedge.a $(B)/libcore.a \
		$(LIBS_PURE) $(LIBS_EDGE)

$(B)/butte-agent: $(call obj,$(wildcard agent/io_*.c agent/main.c)) \
		$(B)/libcore.a $(B)/libedge.a
	$(link) $(filter %.o,$^) $(B)/libcore.a $(B)/libedge.a $(B)/libcore.a \
		$(LIBS_PURE) $(LIBS_EDGE) $(CGROUP_LIBS)

$(B)/butte: $(call obj,$(wildcard cli/io_*.c cli/main.c)) $(B)/libcli.a \
		$(B)/libcore.a $(B)/libedge.a
	$(link) $(filter %.o,$^) $(B)/libcli.a $(B)/libcore.a $(B)/libedge.a \
		$(B)/libcore.a $(LIBS_PURE) $(LIBS_EDGE)

# --- tests --------------------------------------------------------------

$(B)/tests/unit/%: tests/unit/%.c $(B)/libcore.a $(B)/libedge.a $(B)/libcli.a
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(HARDEN) -Wno-missing-prototypes $(CFLAGS) $(INC) \
		-Itests -MMD -MP -o $@ $< $(B)/libcli.a $(B)/libcore.a \
		$(B)/libedge.a $(B)/libcore.a $(LIBS_PURE) $(LIBS_EDGE) -lcmocka

unit: $(UNIT)
	tests/run $(UNIT)

-include $(patsubst %.c,$(B)/%.d,$(SRC))
-include $(wildcard $(B)/tests/*/*.d)
