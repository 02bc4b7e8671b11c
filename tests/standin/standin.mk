# The gateway stand-in: one static program, so that an image FROM scratch can hold it.

STANDIN         := $(BUILD)/standin/ib-gateway
STANDIN_SOURCES := $(sort $(wildcard tests/standin/*.c))
STANDIN_HEADERS := $(sort $(wildcard tests/standin/*.h))

$(STANDIN): $(STANDIN_SOURCES) $(STANDIN_HEADERS)
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -include src/base/banned.h $(WARNINGS) $(OPTIMIZE) -static \
	    -o $@ $(STANDIN_SOURCES)

.PHONY: standin
standin: $(STANDIN) ## build the gateway stand-in that the end-to-end tests run
