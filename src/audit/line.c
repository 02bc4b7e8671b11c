/* line.c - see line.h. */
#include "audit/line.h"

#include <ibcred/file.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ELLIPSIS "\xe2\x80\xa6"

/* Bytes of a line but its JSON text: the MAC takes the place of the closing brace. */
enum { BEYOND_JSON = AUDIT_MAC_MEMBER_SIZE - 1 + 1 };

static void free_json(json_t **json) {
    json_decref(*json);
}
#define auto_json IBC_CLEANUP(free_json) json_t

/* A copy that is UTF-8: as it is, or with '?' for every byte that is not ASCII. */
static char *utf8_copy(const char *text) {
    auto_json *accepted = json_string(text);
    char *copy = strdup(text);
    for (char *at = copy; copy && !accepted && *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80) {
            *at = '?';
        }
    }
    return copy;
}

/* Cut the UTF-8 `text` to at most `size` bytes, between two characters. */
static void cut(char *text, size_t size) {
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
        size--;
    }
    text[size] = '\0';
}

static bool set_text(json_t *object, const char *name, const char *text) {
    if (!text) {
        return true;
    }
    ibc_auto_free char *copy = utf8_copy(text);
    return copy && json_object_set_new(object, name, json_string(copy)) == 0;
}

static bool set_number(json_t *object, const char *name, uint64_t number) {
    return json_object_set_new(object, name, json_integer((json_int_t)number)) == 0;
}

/* The members in their documented order, all but the MAC. */
static bool set_members(json_t *object, const struct audit_link *last,
                        const struct ibc_audit_event *event, const char *why,
                        const struct ibc_instant *now) {
    char time[IBC_TIMESTAMP_MAX];
    char host[HOST_NAME_MAX + 1] = "";
    ibc_format_timestamp(now->wall_ms, time);
    if (gethostname(host, sizeof host - 1) != 0) {
        host[0] = '\0';
    }
    return set_number(object, "seq", last->sequence + 1) && set_text(object, "time", time) &&
           set_text(object, "event", event->event) && set_text(object, "profile", event->profile) &&
           (event->version == 0 || set_number(object, "version", event->version)) &&
           set_text(object, "mode", event->mode) && set_text(object, "delivery", event->delivery) &&
           set_text(object, "verdict", event->verdict) && set_text(object, "why", why) &&
           set_number(object, "uid", getuid()) && set_number(object, "pid", (uint64_t)getpid()) &&
           set_text(object, "host", host) && set_text(object, "prev", last->mac);
}

static char *dump(const struct audit_link *last, const struct ibc_audit_event *event,
                  const char *why, const struct ibc_instant *now) {
    auto_json *object = json_object();
    if (!object || !set_members(object, last, event, why, now)) {
        return NULL;
    }
    /* Into memory of our own: what json_dumps() returns only jansson's allocator may free. */
    size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
    char *text = malloc(size + 1);
    if (text) {
        text[json_dumpb(object, text, size, JSON_COMPACT)] = '\0';
    }
    return text;
}

static size_t too_long_by(const char *json) {
    size_t size = strlen(json) + BEYOND_JSON;
    return size > IBC_AUDIT_LINE_MAX ? size - IBC_AUDIT_LINE_MAX : 0;
}

/* The JSON text with so much of `why` that the line fits; too long if nothing helps. */
static char *dump_fitting(const struct audit_link *last, const struct ibc_audit_event *event,
                          const struct ibc_instant *now) {
    char *json = dump(last, event, event->why, now);
    size_t excess = json ? too_long_by(json) : 0;
    if (excess == 0 || !event->why) {
        return json;
    }
    free(json);
    ibc_auto_free char *why = utf8_copy(event->why);
    if (!why) {
        return NULL;
    }
    /* Each byte of text is at least one of JSON, so taking out the excess is enough. */
    size_t size = strlen(why);
    size_t spare = excess + strlen(ELLIPSIS);
    if (size < spare) {
        return dump(last, event, NULL, now);
    }
    cut(why, size - spare);
    size_t kept = strlen(why);
    memcpy(why + kept, ELLIPSIS, sizeof ELLIPSIS);
    return dump(last, event, why, now);
}

enum ibc_status audit_line_format(const struct audit_identity *identity,
                                  const struct audit_link *last,
                                  const struct ibc_audit_event *event,
                                  const struct ibc_instant *now,
                                  char out[static IBC_AUDIT_LINE_MAX + 1], size_t *size,
                                  struct audit_link *link, struct ibc_error *err) {
    ibc_auto_free char *json = dump_fitting(last, event, now);
    if (!json) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a line of the audit log");
    }
    if (too_long_by(json) > 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "an audit event of more than %d bytes cannot be written; use a shorter "
                        "profile name",
                        IBC_AUDIT_LINE_MAX);
    }
    struct ibc_view body = {(const unsigned char *)json, strlen(json) - 1};
    link->sequence = last->sequence + 1;
    audit_line_mac(identity, body, link->mac);
    *size = (size_t)snprintf(out, IBC_AUDIT_LINE_MAX + 1, "%.*s,\"mac\":\"%s\"}\n", (int)body.size,
                             json, link->mac);
    return IBC_OK;
}
