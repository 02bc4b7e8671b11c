/* message.c - words made safe to be passed on, and their JSON. */
#include "notify/message.h"

#include "base/utf8.h"

#include <jansson.h>
#include <unistd.h>

/* Anything that ends a line or drives a terminal; U+2028 and U+2029 separate lines too. */
static bool is_printable(uint32_t code) {
    return code != RUNE_INVALID && code >= 0x20 && !(code >= 0x7f && code < 0xa0) &&
           code != 0x2028 && code != 0x2029;
}

/* Copy as many whole characters as there is room for, with '?' for what is not printable. */
static void copy_printable(char *out, size_t room, const char *text) {
    const struct ibc_view view = ibc_view_of(text ? text : "");
    size_t used = 0;
    for (size_t at = 0; at < view.size;) {
        const struct rune rune = rune_at(view, at);
        const bool printable = is_printable(rune.code);
        const size_t size = printable ? rune.size : 1;
        if (used + size >= room) {
            break;
        }
        memcpy(out + used, printable ? (const char *)view.bytes + at : "?", size);
        used += size;
        at += rune.size;
    }
    out[used] = '\0';
}

void message_make(const struct ibc_notification *notification, struct message *out) {
    char host[sizeof out->host] = "";
    if (gethostname(host, sizeof host - 1) != 0) {
        host[0] = '\0';
    }
    *out = (struct message){.notice = ibc_notice_name(notification->notice)};
    copy_printable(out->profile, sizeof out->profile, notification->profile);
    copy_printable(out->mode, sizeof out->mode, notification->mode);
    copy_printable(out->container, sizeof out->container, notification->container);
    copy_printable(out->text, sizeof out->text, notification->text);
    copy_printable(out->host, sizeof out->host, host);
    ibc_format_timestamp(notification->wall_ms, out->time);
}

/*
 * Slack's three control characters (docs.slack.dev, "Formatting message text"): without it a
 * container by the name of <!channel> would call everybody.
 */
static const char *slack_escape(const char *at) {
    switch (*at) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    default:
        return NULL;
    }
}

enum { ESCAPE_MAX = sizeof "&amp;" - 1 };

static json_t *slack_object(const struct message *message) {
    char line[sizeof message->host + sizeof message->text + sizeof "ibcred on : "];
    char escaped[sizeof line * ESCAPE_MAX];
    snprintf(line, sizeof line, "ibcred on %s: %s", message->host, message->text);
    size_t used = 0;
    for (const char *at = line; *at != '\0'; at++) {
        const char *escape = slack_escape(at);
        used += (size_t)snprintf(escaped + used, sizeof escaped - used, "%.*s",
                                 escape ? ESCAPE_MAX : 1, escape ? escape : at);
    }
    return json_pack("{s:s%}", "text", escaped, used);
}

static json_t *own_object(const struct message *message) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "notice", message->notice, "profile",
                     message->profile, "mode", message->mode, "container", message->container,
                     "text", message->text, "time", message->time, "host", message->host);
}

char *message_json(const struct message *message, bool slack) {
    json_t *object = slack ? slack_object(message) : own_object(message);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}
