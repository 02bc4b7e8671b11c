# The gateway stand-in, the broker it logs in to, and a look at its model of config.ini: static
# programs, so that an image FROM scratch can hold them.

STANDIN        := $(BUILD)/standin/ib-gateway
STANDIN_BROKER := $(BUILD)/standin/ib-broker
STANDIN_PROPERTIES := $(BUILD)/standin/properties

STANDIN_HEADERS        := $(sort $(wildcard tests/standin/*.h))
STANDIN_BROKER_SOURCES := $(sort $(wildcard tests/standin/broker_*.c)) tests/standin/wire.c
STANDIN_SOURCES        := $(filter-out tests/standin/broker_% %/properties_main.c,$(sort $(wildcard tests/standin/*.c)))
STANDIN_PROPERTIES_SOURCES := $(addprefix tests/standin/,properties_main.c config_ini.c properties.c wire.c)

$(STANDIN): $(STANDIN_SOURCES) $(STANDIN_HEADERS) | $(STANDIN_BROKER) $(STANDIN_PROPERTIES)
$(STANDIN_BROKER): $(STANDIN_BROKER_SOURCES) $(STANDIN_HEADERS)
$(STANDIN_PROPERTIES): $(STANDIN_PROPERTIES_SOURCES) $(STANDIN_HEADERS)

$(STANDIN) $(STANDIN_BROKER) $(STANDIN_PROPERTIES):
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -include src/base/banned.h $(WARNINGS) $(OPTIMIZE) $(SANITIZER) \
	    $(if $(SANITIZE),,-static) -o $@ $(filter %.c,$^)

.PHONY: standin
standin: $(STANDIN) $(STANDIN_BROKER) $(STANDIN_PROPERTIES) ## build the gateway stand-in that the end-to-end tests run
