# ibcred - one Makefile for the whole tree. `make help` names the targets.

VERSION   := 0.1.0
SOVERSION := 0

BUILD      ?= build
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec/ibcred
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
DESTDIR    ?=

# The program is linked statically: resolving libc and three more libraries takes longer than
# deciding about a release. Distributions build with DEPS=shared; so do builds with a sanitizer.
DEPS ?= $(if $(SANITIZE),shared,static)

WERROR   ?=
SANITIZE ?=

# V=1 shows the commands.
Q := $(if $(V),,@)

PKG_CONFIG ?= pkg-config
PACKAGES   := libsodium yaml-0.1 jansson
MISSING    := $(strip $(foreach p,$(PACKAGES) libcurl,$(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null || echo $(p))))
ifneq ($(MISSING),)
ifeq ($(filter help clean uninstall,$(MAKECMDGOALS)),)
$(error ibcred needs $(MISSING), which $(PKG_CONFIG) cannot find. On Debian and Ubuntu: \
	apt-get install build-essential pkg-config libsodium-dev libyaml-dev libjansson-dev \
	libcurl4-openssl-dev)
endif
endif

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wvla -Wformat=2 -Wundef $(if $(WERROR),-Werror)
HARDENING := -fstack-protector-strong -fstack-clash-protection -fcf-protection \
             $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
OPTIMIZE  ?= $(if $(SANITIZE),-O1,-O2) -g
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)

ALL_CPPFLAGS := -D_GNU_SOURCE -Iinclude -Isrc -I$(BUILD) \
                -include src/base/banned.h $(shell $(PKG_CONFIG) --cflags $(PACKAGES)) $(CPPFLAGS)
ALL_CFLAGS   := -std=gnu17 -fPIC -fvisibility=hidden $(WARNINGS) $(HARDENING) $(OPTIMIZE) \
                $(SANITIZER) $(CFLAGS)
ALL_LDFLAGS  := -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed $(SANITIZER) $(LDFLAGS)

SHARED_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES))
# ld warns of getaddrinfo() in a static program, which would load libraries for what nsswitch.conf
# names; src/tws/address.c keeps it to /etc/hosts and DNS, which libc itself has.
NO_LINK_WARNINGS := $(shell $(CC) -Wl,--no-warnings -Wl,--version >/dev/null 2>&1 && echo -Wl,--no-warnings)
STATIC_LIBS := -static-pie $(NO_LINK_WARNINGS) $(shell $(PKG_CONFIG) --libs --static $(PACKAGES))
PROGRAM_LIBS := $(if $(filter static,$(DEPS)),$(STATIC_LIBS),-pie $(SHARED_LIBS))

# Every room of src/ is in the library but the program's own and the
# build's. ROOMS= narrows a build to some.
ROOMS        ?= $(filter-out src/cli src/embed,$(wildcard src/*))
LIB_SOURCES  := $(sort $(foreach room,$(ROOMS),$(wildcard $(room)/*.c)))
LIB_OBJECTS  := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
CLI_SOURCES  := $(sort $(wildcard src/cli/*.c))
CLI_OBJECTS  := $(CLI_SOURCES:%.c=$(BUILD)/%.o)
HTTP_SOURCES := $(sort $(wildcard src/http/helper/*.c))
HTTP_OBJECTS := $(HTTP_SOURCES:%.c=$(BUILD)/%.o)
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
UNIT_TESTS   := $(UNIT_SOURCES:%.c=$(BUILD)/%)
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TARGETS := $(FUZZ_SOURCES:%.c=$(BUILD)/%)
TOOL_SOURCES := $(sort $(wildcard tests/tools/*.c))
TOOLS        := $(TOOL_SOURCES:%.c=$(BUILD)/%)
SHIMS        := $(patsubst %.c,$(BUILD)/%.so,$(sort $(wildcard tests/shims/*.c)))

.PHONY: all
all: $(BUILD)/ibcred $(BUILD)/ibcred-http $(BUILD)/libibcred.a $(BUILD)/libibcred.so $(BUILD)/ibcred.pc ## build the program and the library

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# policy/default.yaml as the bytes of a struct, made by a program that is run while building.
EMBED := $(BUILD)/embed_policy
EMBED_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,src/embed/embed_policy.c $(wildcard src/base/*.c src/yaml/*.c) \
                 $(filter-out src/policy/default.c src/policy/policy.c,$(wildcard src/policy/*.c)))

$(EMBED): $(EMBED_OBJECTS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS)

$(BUILD)/default_policy.inc: policy/default.yaml $(EMBED)
	$(Q)$(EMBED) <$< >$@.new && mv $@.new $@

$(BUILD)/src/policy/default.o: $(BUILD)/default_policy.inc

# policy/log-rules.yaml as text, once it was seen to parse.
EMBED_RULES := $(BUILD)/embed_log_rules
EMBED_RULES_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,src/embed/embed_log_rules.c $(wildcard src/base/*.c) \
                       $(wildcard src/yaml/*.c) \
                       $(filter-out src/gateway_log/default.c,$(wildcard src/gateway_log/*.c)))

$(EMBED_RULES): $(EMBED_RULES_OBJECTS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS)

$(BUILD)/default_log_rules.inc: policy/log-rules.yaml $(EMBED_RULES)
	$(Q)$(EMBED_RULES) <$< >$@.new && mv $@.new $@

$(BUILD)/src/gateway_log/default.o: $(BUILD)/default_log_rules.inc

$(BUILD)/version.inc: Makefile
	@mkdir -p $(@D)
	$(Q)echo '"$(VERSION)"' >$@

$(BUILD)/src/cli/main.o $(BUILD)/src/http/helper/main.o: $(BUILD)/version.inc

# Where the installed helper lies; made anew only when that changes.
$(BUILD)/libexecdir.inc: FORCE
	@mkdir -p $(@D)
	$(Q)echo '"$(LIBEXECDIR)"' | cmp -s - $@ || echo '"$(LIBEXECDIR)"' >$@

$(BUILD)/src/http/client.o: $(BUILD)/libexecdir.inc

$(BUILD)/libibcred.a: $(LIB_OBJECTS)
	@rm -f $@
	$(if $(V),,@echo "  AR    $@")
	$(Q)$(AR) rcs $@ $^

$(BUILD)/libibcred.so: $(LIB_OBJECTS)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -shared -Wl,-soname,libibcred.so.$(SOVERSION) $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS)

$(BUILD)/ibcred: $(CLI_OBJECTS) $(BUILD)/libibcred.a
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROGRAM_LIBS)

# The one program that holds libcurl, which cannot be linked statically to any use.
$(BUILD)/ibcred-http: $(HTTP_OBJECTS) $(BUILD)/libibcred.a
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs libcurl) $(SHARED_LIBS)

# Made anew each time: PREFIX may be another at install.
$(BUILD)/ibcred.pc: scripts/ibcred.pc.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' $< >$@

# --- tests ---------------------------------------------------------------------------------------

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libibcred.a
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(SHARED_LIBS)

$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(BUILD)/libibcred.a
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS)

# Libraries to preload into an unchanged program.
$(BUILD)/tests/shims/%.so: tests/shims/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 $(WARNINGS) -fPIC -shared -o $@ $<

.PRECIOUS: $(BUILD)/%.o

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS) ## build the unit tests

.PHONY: unit
unit: unit-tests ## build and run the unit tests
	@set -e; for t in $(UNIT_TESTS); do echo "== $$t"; $$t; done

.PHONY: tools
tools: $(TOOLS) $(SHIMS) $(if $(SANITIZE),,$(BUILD)/preloadable/ibcred) ## build the programs that only tests use

# The program with shared libraries: its libc can be preloaded over, by tests that bend the clock. A
# sanitizer does not let others be preloaded before it.
$(BUILD)/preloadable/ibcred: $(CLI_OBJECTS) $(BUILD)/libibcred.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS)

# Fuzz targets are built with clang's libFuzzer over objects of their own.
.PHONY: fuzz
fuzz: ## build the fuzz targets (clang) under $(BUILD)/fuzz
	$(MAKE) BUILD=$(BUILD)/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzz-targets

.PHONY: fuzz-targets
fuzz-targets: $(FUZZ_TARGETS)

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libibcred.a
	$(if $(V),,@echo "  LINK  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(SHARED_LIBS)

# The gateway stand-in of the end-to-end tests.
include tests/standin/standin.mk
include tests/e2e/e2e.mk

.PHONY: cli-tests
cli-tests: $(BUILD)/ibcred $(BUILD)/ibcred-http tools ## run the tests of the command line (bats)
	IBCRED=$(abspath $(BUILD)/ibcred) bats tests/cli

.PHONY: test
test: ## install what the tests need and run them all
	./scripts/test

.PHONY: bench
bench: $(BUILD)/ibcred $(BUILD)/ibcred-http $(addprefix $(BUILD)/bench/,api_bare api_server bare empty pair talker) ## measure speed and memory against baselines of the same run
	BUILD=$(BUILD) tests/bench/run

$(BUILD)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra $(BENCH_FLAGS) -o $@ $<

# It is all that is in its image.
$(BUILD)/bench/talker: BENCH_FLAGS := -static

.PHONY: soak
soak: $(BUILD)/ibcred tools ## the long versions of the tests: 60 s a fuzz target
	SOAK=1 ./scripts/test

# The man page, where scdoc is there to make it.
$(BUILD)/ibcred.1: docs/ibcred.1.scd
	@mkdir -p $(@D)
	scdoc <$< >$@

.PHONY: man
man: $(BUILD)/ibcred.1 ## make the man page (scdoc)

# --- install -------------------------------------------------------------------------------------

.PHONY: install
install: all $(if $(shell command -v scdoc),man) ## install below $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/ibcred \
	    $(DESTDIR)$(DATADIR)/ibcred/policy/examples $(DESTDIR)$(DATADIR)/doc/ibcred
	install -m 755 $(BUILD)/ibcred $(DESTDIR)$(BINDIR)/ibcred
	install -D -m 755 $(BUILD)/ibcred-http $(DESTDIR)$(LIBEXECDIR)/ibcred-http
	install -m 644 $(BUILD)/libibcred.a $(DESTDIR)$(LIBDIR)/libibcred.a
	install -m 755 $(BUILD)/libibcred.so $(DESTDIR)$(LIBDIR)/libibcred.so.$(VERSION)
	ln -sf libibcred.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libibcred.so.$(SOVERSION)
	ln -sf libibcred.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libibcred.so
	install -m 644 $(BUILD)/ibcred.pc $(DESTDIR)$(LIBDIR)/pkgconfig/ibcred.pc
	install -m 644 include/ibcred/*.h $(DESTDIR)$(INCLUDEDIR)/ibcred
	install -m 644 policy/default.yaml policy/log-rules.yaml $(DESTDIR)$(DATADIR)/ibcred/policy
	install -m 644 policy/examples/*.yaml $(DESTDIR)$(DATADIR)/ibcred/policy/examples
	install -m 755 scripts/ibcred-rotate $(DESTDIR)$(BINDIR)/ibcred-rotate
	install -m 644 scripts/*.service scripts/*.timer docker-compose.override.yml docker-compose.env-file.yml $(DESTDIR)$(DATADIR)/ibcred
	$(if $(shell command -v scdoc),install -D -m 644 $(BUILD)/ibcred.1 $(DESTDIR)$(DATADIR)/man/man1/ibcred.1)
	install -m 644 README.md SECURITY.md LICENSE docs/*.md $(DESTDIR)$(DATADIR)/doc/ibcred
	install -D -m 644 -t $(DESTDIR)$(DATADIR)/doc/ibcred/ci docs/ci/*

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/ibcred $(DESTDIR)$(BINDIR)/ibcred-rotate $(DESTDIR)$(LIBDIR)/libibcred.* \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/ibcred.pc $(DESTDIR)$(DATADIR)/man/man1/ibcred.1
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(INCLUDEDIR)/ibcred $(DESTDIR)$(DATADIR)/ibcred $(DESTDIR)$(DATADIR)/doc/ibcred

# --- upkeep --------------------------------------------------------------------------------------

ALL_C := $(sort $(wildcard include/ibcred/*.h src/*/*.[ch] src/*/*/*.[ch] tests/*/*.[ch]))

GENERATED := $(addprefix $(BUILD)/,default_policy.inc default_log_rules.inc version.inc libexecdir.inc)

.PHONY: lint
lint: lint-format lint-cppcheck lint-tidy lint-shell ## every static check

.PHONY: lint-format
lint-format: ## the code is laid out as .clang-format says
	@clang-format --dry-run -Werror $(ALL_C)

.PHONY: lint-cppcheck
lint-cppcheck: $(GENERATED) ## cppcheck over src (it does not know the cleanup attribute)
	@cppcheck --std=c11 --enable=warning,performance,portability --error-exitcode=1 --quiet \
	    --inline-suppr --suppress=missingIncludeSystem --suppress=memleak -Iinclude -Isrc -I$(BUILD) src

.PHONY: lint-tidy
lint-tidy: $(GENERATED) ## clang-tidy over src (see .clang-tidy)
	@printf '%s\n' $(LIB_SOURCES) $(CLI_SOURCES) $(HTTP_SOURCES) | xargs -P 2 -n 8 sh -c \
	    'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- -std=gnu17 $(ALL_CPPFLAGS) 2>&1 | grep -vE "warnings? generated" | (! grep .)' tidy

.PHONY: lint-shell
lint-shell: ## shellcheck over every script
	@scripts/lib/check-shell

.PHONY: format
format: ## lay the code out
	clang-format -i $(ALL_C)

.PHONY: FORCE
FORCE:

.PHONY: help
help: ## name the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(filter %Makefile %.mk,$(MAKEFILE_LIST)) | expand -t 18

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
