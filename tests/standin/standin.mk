# The gateway stand-in and the broker it logs in to: static programs, so that an image FROM scratch
# can hold them.

STANDIN        := $(BUILD)/standin/ib-gateway
STANDIN_BROKER := $(BUILD)/standin/ib-broker

STANDIN_HEADERS        := $(sort $(wildcard tests/standin/*.h))
STANDIN_BROKER_SOURCES := $(sort $(wildcard tests/standin/broker_*.c)) tests/standin/wire.c
STANDIN_SOURCES        := $(filter-out tests/standin/broker_%,$(sort $(wildcard tests/standin/*.c)))

$(STANDIN): $(STANDIN_SOURCES) $(STANDIN_HEADERS) | $(STANDIN_BROKER)
$(STANDIN_BROKER): $(STANDIN_BROKER_SOURCES) $(STANDIN_HEADERS)

$(STANDIN) $(STANDIN_BROKER):
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -include src/base/banned.h $(WARNINGS) $(OPTIMIZE) $(SANITIZER) \
	    $(if $(SANITIZE),,-static) -o $@ $(filter %.c,$^)

.PHONY: standin
standin: $(STANDIN) $(STANDIN_BROKER) ## build the gateway stand-in that the end-to-end tests run
