/* message.c - see message.h. */
#include "tws/message.h"

#include "base/utf8.h"
#include "tws/frame.h"

#include <ibcred/number.h>

/* Names of messages, and how many fields they have before and at what is read of them. */
enum {
    NAME_ERROR = 4,
    NAME_NEXT_ID = 9,
    NAME_ACCOUNTS = 15,
    NAME_START_API = 71,
    NAME_MAX = 9999,
    FIELDS_MAX = 5,
};

/* Warnings about the way to the market data: IB's clients show them and go on. */
enum { NOTICE_FIRST = 2100, NOTICE_LAST = 2199 };

static const char mark[] = "API"; /* with its NUL */

void tws_write_greeting(unsigned char out[static TWS_GREETING_BYTES]) {
    char offer[16];
    const int size =
        snprintf(offer, sizeof offer, "v%d..%d", IBC_TWS_VERSION_MIN, IBC_TWS_VERSION_MAX);
    _Static_assert(sizeof mark + TWS_LENGTH_BYTES + sizeof "v100..176" - 1 == TWS_GREETING_BYTES,
                   "versions of three digits");
    memcpy(out, mark, sizeof mark);
    tws_frame_write_length((size_t)size, out + sizeof mark);
    memcpy(out + sizeof mark + TWS_LENGTH_BYTES, offer,
           TWS_GREETING_BYTES - sizeof mark - TWS_LENGTH_BYTES);
}

size_t tws_write_start(int32_t client_id, unsigned char out[static TWS_START_MAX]) {
    char fields[TWS_START_MAX - TWS_LENGTH_BYTES];
    /* The last field, capabilities, is empty. */
    const int size =
        snprintf(fields, sizeof fields, "%d%c2%c%d%c", NAME_START_API, 0, 0, (int)client_id, 0);
    const size_t length = (size_t)size + 1;
    tws_frame_write_length(length, out);
    memcpy(out + TWS_LENGTH_BYTES, fields, length);
    return TWS_LENGTH_BYTES + length;
}

/* --- fields ----------------------------------------------------------------------------------- */

struct fields {
    size_t count; /* of those that are kept: the first ones */
    struct ibc_view items[FIELDS_MAX];
};

/* False where the last field is not ended. */
static bool split(struct ibc_view message, struct fields *out) {
    *out = (struct fields){0};
    size_t at = 0;
    while (at < message.size && out->count < FIELDS_MAX) {
        const unsigned char *begin = message.bytes + at;
        const unsigned char *end = memchr(begin, '\0', message.size - at);
        if (!end) {
            return false;
        }
        out->items[out->count++] = (struct ibc_view){begin, (size_t)(end - begin)};
        at += (size_t)(end - begin) + 1;
    }
    return message.size > 0 && message.bytes[message.size - 1] == '\0';
}

static bool read_int(struct ibc_view field, int max, int *out) {
    uint64_t number;
    if (!ibc_parse_number((const char *)field.bytes, field.size, (uint64_t)max, &number)) {
        return false;
    }
    *out = (int)number;
    return true;
}

bool tws_read_hello(struct ibc_view message, int *version, struct ibc_view *time) {
    struct fields fields;
    if (!split(message, &fields) || fields.count < 2 ||
        !read_int(fields.items[0], NAME_MAX, version)) {
        return false;
    }
    *time = fields.items[1];
    return true;
}

/* A code may be below zero. */
static bool read_code(struct ibc_view field, int *out) {
    const bool negative = field.size > 0 && field.bytes[0] == '-';
    if (!read_int((struct ibc_view){field.bytes + negative, field.size - negative}, INT32_MAX,
                  out)) {
        return false;
    }
    *out = negative ? -*out : *out;
    return true;
}

static struct tws_message read_error(const struct fields *fields) {
    struct tws_message message = {.kind = TWS_MESSAGE_BAD};
    if (fields->count >= 5 && read_code(fields->items[3], &message.code)) {
        const bool notice = message.code >= NOTICE_FIRST && message.code <= NOTICE_LAST;
        message.kind = notice ? TWS_MESSAGE_NOTICE : TWS_MESSAGE_ERROR;
        message.text = fields->items[4];
    }
    return message;
}

/* Both have name, version, and one field that matters. */
static struct tws_message read_third(const struct fields *fields, enum tws_message_kind kind) {
    int order_id;
    if (fields->count < 3 ||
        (kind == TWS_MESSAGE_NEXT_ID && !read_int(fields->items[2], INT32_MAX, &order_id))) {
        return (struct tws_message){.kind = TWS_MESSAGE_BAD};
    }
    return (struct tws_message){.kind = kind, .text = fields->items[2]};
}

struct tws_message tws_read_message(struct ibc_view message) {
    struct fields fields;
    int name;
    if (!split(message, &fields) || !read_int(fields.items[0], NAME_MAX, &name)) {
        return (struct tws_message){.kind = TWS_MESSAGE_BAD};
    }
    switch (name) {
    case NAME_ERROR:
        return read_error(&fields);
    case NAME_ACCOUNTS:
        return read_third(&fields, TWS_MESSAGE_ACCOUNTS);
    case NAME_NEXT_ID:
        return read_third(&fields, TWS_MESSAGE_NEXT_ID);
    default:
        return (struct tws_message){.kind = TWS_MESSAGE_OTHER};
    }
}

/* --- texts ------------------------------------------------------------------------------------ */

static struct ibc_view trim(struct ibc_view text) {
    while (text.size > 0 && text.bytes[0] == ' ') {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && text.bytes[text.size - 1] == ' ') {
        text.size--;
    }
    return text;
}

bool tws_next_account(struct ibc_view *list, struct ibc_view *item) {
    while (list->size > 0) {
        const unsigned char *comma = memchr(list->bytes, ',', list->size);
        const size_t length = comma ? (size_t)(comma - list->bytes) : list->size;
        const size_t past = comma ? length + 1 : length;
        *item = trim((struct ibc_view){list->bytes, length});
        list->bytes += past;
        list->size -= past;
        if (item->size > 0) {
            return true;
        }
    }
    return false;
}

static bool is_account_byte(unsigned char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

void tws_copy_account(struct ibc_view account, char out[static IBC_ACCOUNT_ID_MAX + 1]) {
    bool odd = account.size > IBC_ACCOUNT_ID_MAX;
    for (size_t i = 0; !odd && i < account.size; i++) {
        odd = !is_account_byte(account.bytes[i]);
    }
    const struct ibc_view text = odd ? ibc_view_of(IBC_PROBE_ACCOUNT_ODD) : account;
    memcpy(out, text.bytes, text.size);
    out[text.size] = '\0';
}

void tws_copy_text(struct ibc_view text, char out[static IBC_PROBE_TEXT_MAX]) {
    size_t used = 0;
    for (size_t at = 0; at < text.size;) {
        const struct rune rune = rune_at(text, at);
        if (used + rune.size >= IBC_PROBE_TEXT_MAX) {
            break;
        }
        /* Below 0xa0 is a second set of control characters (ISO 6429). */
        const bool control = rune.code < 0x20 || (rune.code >= 0x7f && rune.code < 0xa0) ||
                             rune.code == RUNE_INVALID;
        memcpy(out + used, control ? (const unsigned char *)"?" : text.bytes + at,
               control ? 1 : rune.size);
        used += control ? 1 : rune.size;
        at += rune.size;
    }
    out[used] = '\0';
}
