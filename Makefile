# Makefile - the whole build: one file, not recursive, everything under $(B).
#
#	make all        the products         make check      every test
#	make unit       pure code            make daemons    the real binaries
#	make asan|tsan  both, sanitized      make fuzz       FUZZ_SECONDS each
#	make house      the rules            make bench      figures
#	make format|format-check|tidy        make install|uninstall|clean
#
# The naming rule is the build rule: io_*.c and main.c touch the world, the rest
# is pure and goes into libcore.a, whose undefined symbols are checked. Rules
# pick up new files by themselves: a program exists when its main.c does.

B       ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CFLAGS  ?= -O2 -g

VERSION    := 0.1.0
SOVERSION  := 0
PKG_CONFIG ?= pkg-config
LLHTTP_SRC ?= /usr/share/llhttp
LLHTTP_INC ?= /usr/share/include/llhttp

STD    := -std=c11 -D_GNU_SOURCE -pthread
WARN   := -Wall -Wextra -Werror -Wshadow -Wconversion -Wswitch-enum \
	-Wmissing-prototypes -Wstrict-prototypes -Wcast-qual -Wformat=2 -Wvla \
	-Wpointer-arith -Wundef -Wwrite-strings -Wno-missing-field-initializers
# What sanitizers add to the code confuses the warnings; the plain builds decide.
ifneq ($(findstring -fsanitize,$(CFLAGS)),)
WARN   := -w
endif
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong
LDHARDEN  := -Wl,-z,relro,-z,now -Wl,--as-needed
DEPS_PURE := libprotobuf-c json-c
DEPS_EDGE := libevent libevent_pthreads libevent_openssl openssl sqlite3 zlib
INC    := -DPROTOBUF_C__NO_DEPRECATED -I. -Isched/include -isystem $(B)/proto -isystem $(LLHTTP_INC) \
	$(shell $(PKG_CONFIG) --cflags $(DEPS_PURE) $(DEPS_EDGE))
LIBS_PURE := $(shell $(PKG_CONFIG) --libs $(DEPS_PURE)) -lm
LIBS_EDGE := $(shell $(PKG_CONFIG) --libs $(DEPS_EDGE)) -pthread
LIBS   := $(LIBS_PURE) $(LIBS_EDGE) -lcgroup

PROTO  := $(shell cd proto && find . -name '*.proto' | sed 's,^\./,,' | sort)
GEN    := $(PROTO:%.proto=$(B)/proto/%.pb-c.c)
GENH   := $(PROTO:%.proto=$(B)/proto/%.pb-c.h)
# What users of the library see: the v1 API and what it imports.
PUBLIC_PROTO := $(filter mesos/% google/%,$(PROTO))

SRC     := $(sort $(wildcard common/*.c master/*.c agent/*.c agent/executor/*.c \
	sched/*.c sched/demo/*.c cli/*.c))
is_edge = $(filter io_% main.c,$(notdir $1))
EDGE    := $(foreach f,$(SRC),$(if $(call is_edge,$f),$f))
PURE    := $(filter-out $(EDGE),$(SRC))
LIBPURE := $(filter-out cli/% sched/demo/%,$(PURE))
LIBEDGE := $(filter-out %/main.c cli/% sched/demo/%,$(EDGE))
LIBCLI  := $(filter-out %/main.c,$(filter cli/%,$(SRC)))
DEMO    := $(filter sched/demo/%,$(SRC))
SCHED   := $(filter-out sched/demo/%,$(filter sched/%,$(SRC)))
EXECUTOR := $(filter agent/executor/%,$(SRC))
LLHTTP  := $(B)/llhttp/api.o $(B)/llhttp/http.o $(B)/llhttp/llhttp.o

UNIT    := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c)))
DAEMONS := $(sort $(wildcard tests/daemons/[0-9]*.sh))
HOUSE   := $(sort $(wildcard tests/house/*.sh))
FUZZ    := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BENCH   := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/bench/bench_*.c)))
BENCHSH := $(sort $(wildcard tests/bench/[a-z]*.sh))
# Helpers of daemon tests and benches: whatever else has a main there.
AIDS    := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/daemons/*.c)))
FORMATTED = $(sort $(wildcard common/*.[ch] master/*.[ch] agent/*.[ch] \
	agent/executor/*.[ch] sched/*.[ch] sched/demo/*.[ch] \
	sched/include/butte/*.h cli/*.[ch] tests/*.[ch] tests/*/*.[ch]))

# One line per file; V=1 shows whole commands, -s nothing.
quiet := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
Q     := $(if $(filter 1,$(V)),,@)
say   = @$(if $(filter 1,$(V))$(quiet),:,printf '  %-5s %s\n' $1 $@)

obj = $(patsubst %.c,$(B)/%.o,$1)
has = $(if $(filter $1,$(SRC)),$2)

PROGRAMS := $(call has,master/main.c,$(B)/butte-master) \
	$(call has,agent/main.c,$(B)/butte-agent) \
	$(call has,agent/executor/main.c,$(B)/butte-executor) \
	$(call has,cli/main.c,$(B)/butte) \
	$(call has,sched/demo/main.c,$(B)/butte-demo)
LIBBUTTE := $(if $(SCHED),$(B)/libbutte.a $(B)/libbutte.so $(B)/butte.pc)

# What the test scripts need to know; B is where the binaries are.
# NPM is where clients from the npm registry are; all builds share them.
NPM     ?= $(CURDIR)/$(B)/npm
TESTENV := B=$(B) CC='$(CC)' NPM=$(NPM)
# scripts/check wants the sum of all stages: COUNTS is a file.
COUNTS  ?=
RUN     = $(TESTENV) tests/run $(if $(COUNTS),-c $(COUNTS)) -l $(or $(LABEL),$@)

# gcc sees NULL formats in instrumented code that aren't there.
SAN_asan := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined -Wno-format-truncation
SAN_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
SAN_fuzz := $(SAN_asan) -fsanitize=fuzzer-no-link
FUZZ_SECONDS ?= 30

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all tests-build check stage-clang unit npm daemons house asan tsan fuzz \
	fuzz-run bench format format-check tidy install uninstall clean

all: $(PROGRAMS) $(LIBBUTTE) $(B)/libcore.a $(B)/libedge.a

# --- generated code -----------------------------------------------------

$(B)/proto/%.pb-c.c $(B)/proto/%.pb-c.h: proto/%.proto
	@mkdir -p $(@D)
	$(call say,PROTO)
	$(Q)protoc-c -Iproto --c_out=$(B)/proto $<

$(B)/proto/%.pb-c.o: $(B)/proto/%.pb-c.c | $(GENH)
	$(call say,CC)
	$(Q)$(CC) $(STD) -fPIC $(HARDEN) $(CFLAGS) -w $(INC) -MD -MP -c -o $@ $<

# Strict: what is lenient in llhttp is how requests are smuggled.
$(B)/llhttp/%.o: $(LLHTTP_SRC)/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu11 -fPIC $(HARDEN) $(CFLAGS) -w -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP_INC) -c -o $@ $<

# Every message, enum and oneof of the v1 API, for the test that compares them
# all with the table.
$(B)/proto/descriptors.h: $(PUBLIC_PROTO:%.proto=$(B)/proto/%.pb-c.c)
	$(Q)cat $(^:.c=.h) $^ | sed -n \
		-e 's/^extern const ProtobufCMessageDescriptor \(.*\);/MESSAGE(\1)/p' \
		-e 's/^extern const ProtobufCEnumDescriptor *\(.*\);/ENUM(\1)/p' \
		-e 's/^ *offsetof(\(.*\), \(.*\)_case),/ONEOF(\1, \2)/p' | \
		sort -u >$@

# --- objects and libraries ------------------------------------------------

$(B)/%.o: %.c | $(GENH)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(STD) $(WARN) $(HARDEN) -fPIC $(CFLAGS) $(INC) \
		-DBUTTE_VERSION='"$(VERSION)"' -MD -MP -c -o $@ $<

$(B)/libcore.a: $(call obj,$(LIBPURE)) $(GEN:.c=.o)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/libedge.a: $(call obj,$(LIBEDGE)) $(LLHTTP)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/libcli.a: $(call obj,$(LIBCLI))
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# --- programs -----------------------------------------------------------

CORE    := $(B)/libedge.a $(B)/libcore.a
GROUP   = -Wl,--start-group $(filter %.a,$^) -Wl,--end-group
program = $(CC) $(CFLAGS) $(HARDEN) $(LDHARDEN) -pthread -o $@ \
	$(filter %.o,$^) $(GROUP) $(LIBS)

$(B)/butte-master: $(B)/master/main.o $(CORE)
	$(call say,LD)
	$(Q)$(program)

$(B)/butte-agent: $(B)/agent/main.o $(CORE)
	$(call say,LD)
	$(Q)$(program)

$(B)/butte: $(B)/cli/main.o $(B)/libcli.a $(CORE)
	$(call say,LD)
	$(Q)$(program)

$(B)/butte-demo: $(call obj,$(DEMO)) $(B)/libbutte.a $(CORE)
	$(call say,LD)
	$(Q)$(program)

# The executor is one process per task: static, small, with only what it calls.
# Sanitizers need the dynamic C library, so asan and tsan say otherwise.
EXEC_CFLAGS  ?= -O2 -g -fno-pie -ffunction-sections -fdata-sections
EXEC_LDFLAGS ?= -static -Wl,--gc-sections
EXEC_COMMON  := $(filter common/%,$(PURE)) \
	$(wildcard common/io_log.c)
static_obj = $(patsubst %.c,$(B)/static/%.o,$1)

$(B)/static/%.pb-c.o: $(B)/proto/%.pb-c.c | $(GENH)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(STD) $(HARDEN) $(EXEC_CFLAGS) -w $(INC) -MD -MP -c -o $@ $<

$(B)/static/%.o: %.c | $(GENH)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(STD) $(WARN) $(HARDEN) $(EXEC_CFLAGS) $(INC) \
		-DBUTTE_VERSION='"$(VERSION)"' -MD -MP -c -o $@ $<

$(B)/static/libcore.a: $(call static_obj,$(EXEC_COMMON)) \
		$(PROTO:%.proto=$(B)/static/%.pb-c.o)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/butte-executor: $(call static_obj,$(EXECUTOR)) $(B)/static/libcore.a
	$(call say,LD)
	$(Q)$(CC) $(EXEC_CFLAGS) $(HARDEN) $(EXEC_LDFLAGS) -Wl,-z,relro,-z,now \
		-o $@ $(filter %.o,$^) $(GROUP) $(LIBS_PURE)

# --- the library --------------------------------------------------------

# One object holds what sched/ needs of the rest, found by the linker; of its
# names only the public ones stay global, so that a program may have a buf_add
# of its own.
PUBLIC_SYMBOLS := butte_* mesos__v1__* google__protobuf__duration__*

$(B)/libbutte.o: $(call obj,$(SCHED)) $(PUBLIC_PROTO:%.proto=$(B)/proto/%.pb-c.o) \
		$(CORE)
	$(call say,LD)
	$(Q)$(CC) -r -nostdlib -o $@ $(filter %.o,$^) $(GROUP)
	$(Q)objcopy -w $(PUBLIC_SYMBOLS:%=--keep-global-symbol='%') $@

$(B)/libbutte.a: $(B)/libbutte.o
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(B)/libbutte.map: Makefile
	@mkdir -p $(@D)
	$(Q)printf '{ global: %s local: *; };\n' '$(PUBLIC_SYMBOLS:%=%;)' >$@

$(B)/libbutte.so: $(B)/libbutte.o $(B)/libbutte.map
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) -shared $(LDHARDEN) -Wl,-soname,libbutte.so.$(SOVERSION) \
		-Wl,--version-script=$(B)/libbutte.map -o $@ $< $(LIBS_PURE) \
		$(LIBS_EDGE)
	@ln -sf libbutte.so $@.$(SOVERSION)

$(B)/butte.pc: sched/butte.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@VERSION@,$(VERSION),' \
		-e 's,@DEPS@,$(filter-out sqlite3 %pthreads,$(DEPS_EDGE)),' $< >$@

# --- tests --------------------------------------------------------------

test_program = $(CC) $(STD) $(WARN) -Wno-missing-prototypes $(HARDEN) $(CFLAGS) \
	$(INC) -Itests -DBUTTE_VERSION='"$(VERSION)"' -MD -MP -MF $@.d -MT $@ \
	-Wl,--as-needed -o $@ $(filter %.c,$^) $(GROUP) $(LIBS)

$(B)/tests/unit/%: tests/unit/%.c $(B)/libcli.a $(CORE)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(test_program) -lcmocka

$(B)/tests/unit/test_proto: $(B)/proto/descriptors.h

$(B)/libdemo.a: $(call obj,$(filter-out %/main.c,$(DEMO)))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/tests/unit/test_words: $(B)/libdemo.a

$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libcli.a $(CORE)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(test_program) -fsanitize=fuzzer

$(B)/tests/bench/%: tests/bench/%.c $(B)/libcli.a $(CORE)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(test_program)

$(B)/tests/daemons/%: tests/daemons/%.c $(B)/libcli.a $(CORE)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(test_program)

unit: $(UNIT)
	@$(RUN) $(UNIT)

$(NPM)/.done: tests/daemons/package.json tests/daemons/package-lock.json
	@mkdir -p $(@D)
	cp $^ $(@D)/
	cd $(@D) && NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
		npm ci --silent --no-audit --no-fund --ignore-scripts
	touch $@

npm: $(NPM)/.done

daemons: all $(AIDS) $(NPM)/.done
	@$(RUN) $(DAEMONS)

# The rules of the house, and a seeded violation of each.
house: all
	@$(RUN) $(HOUSE)

sanitized = @+$(MAKE) --no-print-directory B=$(B)/$1 NPM=$(NPM) HARDEN= CFLAGS='$(SAN_$1)' \
	EXEC_CFLAGS='$(SAN_$1)' EXEC_LDFLAGS=

# A small quarantine, so that tests of memory growth measure us, not ASan.
asan: export ASAN_OPTIONS = detect_stack_use_after_return=1:quarantine_size_mb=16
asan: export UBSAN_OPTIONS = print_stacktrace=1
asan tsan: export TEST_TIMEOUT_FACTOR = 3
asan tsan:
	$(call sanitized,$@) LABEL=$@-unit unit; status=$$?; \
	$(subst @+,,$(call sanitized,$@)) LABEL=$@-daemons daemons && \
		exit $$status

# clang's libFuzzer under ASan and UBSan; first the corpus, then new inputs.
fuzz:
	$(call sanitized,fuzz) CC=clang LABEL=$@ FUZZ_SECONDS=$(FUZZ_SECONDS) \
		fuzz-run

fuzz-run: $(FUZZ)
	@for f in $(FUZZ); do \
		printf '#!/bin/sh\nexec scripts/fuzz-tap %s %s\n' \
			$$f $(FUZZ_SECONDS) >$$f.sh && chmod +x $$f.sh; \
	done
	@$(RUN) $(FUZZ:%=%.sh)

bench: all $(BENCH) $(AIDS)
	@for b in $(BENCH) $(BENCHSH); do \
		echo "# $$b"; $(TESTENV) $$b || exit; \
	done

# Both compilers must be content with everything, tests too.
stage-clang:
	@$(MAKE) --no-print-directory B=$(B)/clang CC=clang tests-build

tests-build: all $(UNIT) $(BENCH) $(AIDS)

check:
	+$(TESTENV) FUZZ_SECONDS=$(or $(CHECK_FUZZ_SECONDS),5) scripts/stages

format:
	clang-format -i $(FORMATTED)

format-check:
	clang-format --dry-run -Werror $(FORMATTED)

TIDY := clang-analyzer-*,bugprone-*,-bugprone-easily-swappable-parameters, \
	-bugprone-reserved-identifier,misc-redundant-expression
space := $(subst ,, )
tidy: $(GENH)
	clang-tidy --quiet --checks='$(subst $(space),,$(TIDY))' $(SRC) -- \
		$(STD) $(INC) -DBUTTE_VERSION='"$(VERSION)"'

# --- install ------------------------------------------------------------

TO      = $(DESTDIR)$(PREFIX)
MAN     := $(sort $(wildcard man/*.[1-9]))
HEADERS := $(wildcard sched/include/butte/*.h)
COMPLETIONS := $(wildcard cli/completion/butte.bash cli/completion/_butte)
BASHDIR := share/bash-completion/completions
ZSHDIR  := share/zsh/site-functions
SO      := libbutte.so.$(VERSION)

install: all
	install -d $(TO)/bin $(TO)/sbin $(TO)/libexec/butte $(TO)/lib/pkgconfig \
		$(TO)/include/butte/proto
	for p in $(filter %/butte %/butte-demo,$(PROGRAMS)); do \
		install $$p $(TO)/bin/ || exit; done
	for p in $(filter %/butte-master %/butte-agent,$(PROGRAMS)); do \
		install $$p $(TO)/sbin/ || exit; done
	for p in $(filter %/butte-executor,$(PROGRAMS)); do \
		install $$p $(TO)/libexec/butte/ || exit; done
ifneq ($(LIBBUTTE),)
	install -m 644 $(B)/libbutte.a $(TO)/lib/
	install -m 755 $(B)/libbutte.so $(TO)/lib/$(SO)
	ln -sf $(SO) $(TO)/lib/libbutte.so.$(SOVERSION)
	ln -sf $(SO) $(TO)/lib/libbutte.so
	sed 's,^prefix=.*,prefix=$(PREFIX),' $(B)/butte.pc \
		>$(TO)/lib/pkgconfig/butte.pc
	for h in $(HEADERS); do \
		install -m 644 $$h $(TO)/include/butte/ || exit; done
	for h in $(PUBLIC_PROTO:%.proto=%.pb-c.h); do \
		install -D -m 644 $(B)/proto/$$h \
			$(TO)/include/butte/proto/$$h || exit; done
endif
	for m in $(MAN); do \
		install -D -m 644 $$m \
			$(TO)/share/man/man$${m##*.}/$${m##*/} || exit; done
	for c in $(filter %.bash,$(COMPLETIONS)); do \
		install -D -m 644 $$c $(TO)/$(BASHDIR)/butte || exit; done
	for c in $(filter %/_butte,$(COMPLETIONS)); do \
		install -D -m 644 $$c $(TO)/$(ZSHDIR)/_butte || exit; done

uninstall:
	rm -f $(TO)/bin/butte $(TO)/bin/butte-demo $(TO)/sbin/butte-master \
		$(TO)/sbin/butte-agent $(TO)/libexec/butte/butte-executor \
		$(TO)/lib/libbutte.a $(TO)/lib/libbutte.so* \
		$(TO)/lib/pkgconfig/butte.pc $(TO)/$(BASHDIR)/butte \
		$(TO)/$(ZSHDIR)/_butte
	rm -rf $(TO)/include/butte
	for m in $(MAN); do \
		rm -f $(TO)/share/man/man$${m##*.}/$${m##*/}; done
	-rmdir $(TO)/libexec/butte 2>/dev/null

clean:
	rm -rf $(B)

-include $(GEN:.c=.d)
-include $(patsubst %.c,$(B)/%.d,$(SRC))
-include $(wildcard $(B)/static/*/*.d $(B)/static/*/*/*.d $(B)/tests/*/*.d)
