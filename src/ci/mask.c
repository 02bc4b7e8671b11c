/* mask.c - the lines that make a runner hide values. */
#include <ibcred/ci.h>

enum { LINES_MAX = 1 << 21 /* bytes */ };

/* How a value is shown to the runner. */
struct form {
    bool escaped; /* as a workflow command's data */
    bool halved;  /* of each two backslashes only one */
};

static bool is_public(struct ibc_view name) {
    return ibc_view_is(name, "TRADING_MODE") || ibc_view_is(name, "IB_GATEWAY_PORT");
}

/* actions/toolkit, packages/core/src/command.ts: escapeData(). */
static void append_byte(struct ibc_secret_buffer *out, unsigned char byte, bool escaped) {
    if (escaped && byte == '%') {
        ibc_secret_buffer_append_text(out, "%25");
    } else if (escaped && byte == '\r') {
        ibc_secret_buffer_append_text(out, "%0D");
    } else if (escaped && byte == '\n') {
        ibc_secret_buffer_append_text(out, "%0A");
    } else {
        ibc_secret_buffer_append_byte(out, byte);
    }
}

static bool is_doubled(struct ibc_view value, size_t at) {
    return at + 1 < value.size && value.bytes[at] == '\\' && value.bytes[at + 1] == '\\';
}

static void append_line(struct ibc_secret_buffer *out, struct ibc_view value, struct form form) {
    ibc_secret_buffer_append_text(out, "::add-mask::");
    for (size_t i = 0; i < value.size; i++) {
        append_byte(out, value.bytes[i], form.escaped);
        i += form.halved && is_doubled(value, i);
    }
    ibc_secret_buffer_append_byte(out, '\n');
}

static bool has_doubled(struct ibc_view value) {
    for (size_t i = 0; i < value.size; i++) {
        if (is_doubled(value, i)) {
            return true;
        }
    }
    return false;
}

static void append_value(enum ibc_ci ci, struct ibc_view value, bool halved,
                         struct ibc_secret_buffer *out) {
    append_line(out, value, (struct form){.escaped = true, .halved = halved});
    /* Gitea's act_runner takes the data of add-mask as it stands. */
    const bool raw = ci == IBC_CI_GITEA && memchr(value.bytes, '%', value.size) &&
                     !memchr(value.bytes, '\n', value.size);
    if (raw) {
        append_line(out, value, (struct form){.halved = halved});
    }
}

enum ibc_status ibc_ci_mask(enum ibc_ci ci, const struct ibc_field *fields, size_t count,
                            struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    if (ci != IBC_CI_GITHUB && ci != IBC_CI_GITEA) {
        return IBC_OK;
    }
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, LINES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct ibc_view value = fields[i].value;
        if (is_public(fields[i].name) || value.size == 0) {
            continue;
        }
        append_value(ci, value, false, &buffer);
        if (has_doubled(value)) {
            append_value(ci, value, true, &buffer);
        }
    }
    return ibc_secret_buffer_finish(&buffer, "the masks of this job's log", out, err);
}
