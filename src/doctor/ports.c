/* ports.c - the gateway's ports: which of them answer, for which mode, and for whom. */
#include "doctor/examine.h"

enum { VNC_PORT = 5900, TEXT_MAX = 256 };

/* What the API listens on in the container, and what socat forwards to it there. */
static const struct {
    unsigned api, forwarded;
    enum ibc_mode mode;
} ports[] = {{4001, 4003, IBC_MODE_LIVE},
             {4002, 4004, IBC_MODE_PAPER},
             {7496, 7498, IBC_MODE_LIVE},
             {7497, 7499, IBC_MODE_PAPER}};

static bool covers(const struct ibc_compose_port *port, unsigned number) {
    return port->target != 0 && port->target <= number && number <= port->target_last;
}

/* The modes whose API the port leads to, as bits of enum ibc_mode. */
static unsigned modes_of(const struct ibc_compose_port *port) {
    unsigned modes = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(ports); i++) {
        if (covers(port, ports[i].api) || covers(port, ports[i].forwarded)) {
            modes |= (unsigned)ports[i].mode;
        }
    }
    return port->udp ? 0 : modes;
}

static bool is_wrong(const struct gateway *gateway, const struct ibc_compose_port *port) {
    bool wrong = false;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(ports); i++) {
        wrong |= covers(port, ports[i].api);
    }
    return wrong && !port->udp && gateway->consumer == IBC_CONSUMER_GNZSNZ;
}

static bool is_open(const struct gateway *gateway, const struct ibc_compose_port *port) {
    const bool sensitive = modes_of(port) != 0 || (covers(port, VNC_PORT) && !port->udp);
    const char *host = port->host ? port->host : "";
    return sensitive && !is_loopback(host) && !(host[0] == '\0' && gateway->bound_by_network);
}

/* The parts of a short form: [[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL], cut at the outer colons. */
struct short_form {
    size_t count;
    struct ibc_view parts[3];
};

static bool split(const char *text, struct short_form *out) {
    *out = (struct short_form){.count = 1, .parts[0] = {(const unsigned char *)text, 0}};
    int depth = 0;
    for (const char *at = text; *at != '\0'; at++) {
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        if (*at != ':' || depth > 0) {
            out->parts[out->count - 1].size++;
            continue;
        }
        if (out->count == IBC_ARRAY_SIZE(out->parts)) {
            return false;
        }
        out->parts[out->count++] = (struct ibc_view){(const unsigned char *)at + 1, 0};
    }
    return true;
}

/* The target's text with its ports moved to the forwarded ones, which are two higher. */
static bool move_target(const struct ibc_compose_port *port, struct ibc_view target,
                        char out[static TEXT_MAX]) {
    const unsigned by = ports[0].forwarded - ports[0].api;
    char before[TEXT_MAX];
    int size;
    if (port->target == port->target_last) {
        size = snprintf(before, sizeof before, "%u", port->target);
        snprintf(out, TEXT_MAX, "%u", port->target + by);
    } else {
        size = snprintf(before, sizeof before, "%u-%u", port->target, port->target_last);
        snprintf(out, TEXT_MAX, "%u-%u", port->target + by, port->target_last + by);
    }
    const size_t digits = (size_t)size;
    const bool all_wrong = port->target_last - port->target <= 1 && !covers(port, 4003) &&
                           !covers(port, 7498) && !covers(port, 4000) && !covers(port, 7495);
    if (!all_wrong || target.size < digits || memcmp(target.bytes, before, digits) != 0 ||
        (target.size > digits && target.bytes[digits] != '/')) {
        return false;
    }
    const size_t used = strlen(out);
    snprintf(out + used, TEXT_MAX - used, "%.*s", (int)(target.size - digits),
             (const char *)target.bytes + digits);
    return true;
}

static bool has_variable(struct ibc_view view) {
    return view.size > 0 && memchr(view.bytes, '$', view.size) != NULL;
}

/*
 * The short form as it should be, both for its target and its address: two rules on one scalar
 * make one edit. False where the text does not say plainly what to change.
 */
static bool mend_port(const struct gateway *gateway, const struct ibc_compose_port *port,
                      char out[static EDIT_TEXT_MAX]) {
    struct short_form form;
    if (port->long_form || !port->text.written || !split(port->text.written, &form)) {
        return false;
    }
    const struct ibc_view none = {(const unsigned char *)"", 0};
    const struct ibc_view address = form.count == 3 ? form.parts[0] : none;
    const struct ibc_view published = form.count >= 2 ? form.parts[form.count - 2] : none;
    const struct ibc_view target = form.parts[form.count - 1];
    char moved[TEXT_MAX];
    const bool move = is_wrong(gateway, port), bind = is_open(gateway, port);
    if ((move && !move_target(port, target, moved)) || (bind && has_variable(address))) {
        return false;
    }
    /* "${ADDRESS}4002:4004", and the like: a variable that brings more than a port. */
    if (bind && form.count < 3 && port->host && port->host[0] != '\0') {
        return false;
    }
    const int size = snprintf(
        out, EDIT_TEXT_MAX, "%.*s%s%.*s%s%.*s", bind ? 9 : (int)address.size,
        bind ? "127.0.0.1" : (const char *)address.bytes, bind || form.count == 3 ? ":" : "",
        (int)published.size, (const char *)published.bytes, bind || form.count >= 2 ? ":" : "",
        move ? (int)strlen(moved) : (int)target.size, move ? moved : (const char *)target.bytes);
    return size > 0 && size < EDIT_TEXT_MAX;
}

/* What to write: the whole scalar where that is known, else in words. */
static void advise(struct examination *exam, struct ibc_doctor_finding *finding,
                   const struct gateway *gateway, const struct ibc_compose_port *port,
                   const char *words) {
    char text[EDIT_TEXT_MAX];
    if (mend_port(gateway, port, text)) {
        instead(exam, finding, "\"%s\"", text);
        replace_scalar(exam, finding, &port->text, text, false);
    } else {
        instead(exam, finding, "%s", words);
    }
}

/* Its port in the container: as the file has it where that is out of a variable. */
static const char *shown_port(const struct ibc_compose_port *port, char out[static SHOWN_MAX]) {
    if (port->text.interpolated) {
        return shown(&port->text, out);
    }
    snprintf(out, SHOWN_MAX, "%u", port->target);
    return out;
}

void rule_wrong_port(struct examination *exam, const struct gateway *gateway) {
    for (size_t i = 0; i < gateway->published->port_count; i++) {
        const struct ibc_compose_port *port = &gateway->published->ports[i];
        if (is_wrong(gateway, port)) {
            char words[SHOWN_MAX];
            advise(exam,
                   found(exam, &port->place,
                         "'%s' publishes port %s of its container, where only the container itself "
                         "is let in",
                         gateway->published->name, shown_port(port, words)),
                   gateway, port,
                   "the port that the image forwards: 4003 for 4001, 4004 for 4002, 7498 for 7496, "
                   "7499 for 7497");
        }
    }
}

static bool is_every_address(const char *host) {
    return !host || host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static void judge_open_port(struct examination *exam, const struct gateway *gateway,
                            const struct ibc_compose_port *port) {
    /* An address of the long form may be out of a variable, and then it may be anything. */
    const bool known = !port->long_form && !port->text.interpolated;
    const bool every = is_every_address(port->host);
    char words[SHOWN_MAX];
    advise(exam,
           found(exam, &port->place, "%s of '%s' (port %s) is open on %s%s",
                 modes_of(port) != 0 ? "the API" : "VNC", gateway->service->name,
                 shown_port(port, words),
                 every   ? "every address of this machine"
                 : known ? "address "
                         : "an address that is not loopback",
                 known && !every ? port->host : ""),
           gateway, port, port->long_form ? "host_ip: 127.0.0.1" : "127.0.0.1 as address");
}

/* All ports of such a container are this machine's, whatever is published. */
static void judge_host_network(struct examination *exam, const struct gateway *gateway) {
    const struct ibc_compose_text *mode = &gateway->published->network_mode;
    if (mode->value && strcmp(mode->value, "host") == 0) {
        const bool live = gateway->mode_known && gateway->mode == IBC_MODE_LIVE;
        instead(exam,
                found(exam, &mode->place,
                      "the API and VNC of '%s' listen on every address of this machine, whose "
                      "network it uses",
                      gateway->service->name),
                "ports: [\"127.0.0.1:%s\"], and no network_mode", live ? "4001:4003" : "4002:4004");
    }
}

void rule_open_port(struct examination *exam, const struct gateway *gateway) {
    judge_host_network(exam, gateway);
    for (size_t i = 0; i < gateway->published->port_count; i++) {
        if (is_open(gateway, &gateway->published->ports[i])) {
            judge_open_port(exam, gateway, &gateway->published->ports[i]);
        }
    }
}

static bool is_other_modes(const struct gateway *gateway, unsigned modes) {
    return modes == (unsigned)(gateway->mode == IBC_MODE_PAPER ? IBC_MODE_LIVE : IBC_MODE_PAPER);
}

void rule_mode_port(struct examination *exam, const struct gateway *gateway) {
    const struct ibc_compose_port *first = NULL;
    if (!gateway->mode_known || gateway->mode == IBC_MODE_BOTH) {
        return;
    }
    for (size_t i = 0; i < gateway->published->port_count; i++) {
        const struct ibc_compose_port *port = &gateway->published->ports[i];
        const unsigned modes = modes_of(port);
        if (modes != 0 && !is_other_modes(gateway, modes)) {
            return;
        }
        first = modes != 0 && !first ? port : first;
    }
    if (first) {
        const bool paper = gateway->mode == IBC_MODE_PAPER, tws = first->target >= 7000;
        char words[SHOWN_MAX];
        instead(exam,
                found(exam, &first->place, "'%s' runs in mode %s, but port %s is the %s one's",
                      gateway->service->name, ibc_mode_name(gateway->mode),
                      shown_port(first, words), paper ? "live" : "paper"),
                "%u, or TRADING_MODE: %s", ports[(tws ? 2 : 0) + (paper ? 1 : 0)].forwarded,
                paper ? "live" : "paper");
    }
}
