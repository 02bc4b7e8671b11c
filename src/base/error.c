/* error.c - the error sentence, and the one table from status to exit code. */
#include "base/utf8.h"

#include <ibcred/error.h>

#include <stdarg.h>
#include <sysexits.h>

/* sysexits.h, and 75 (EX_TEMPFAIL) for "wait, then try again". */
static const int exit_codes[] = {
    [IBC_OK] = EX_OK,
    [IBC_ERR_USAGE] = EX_USAGE,
    [IBC_ERR_DATA] = EX_DATAERR,
    [IBC_ERR_NOT_FOUND] = EX_NOINPUT,
    [IBC_ERR_UNAVAILABLE] = EX_UNAVAILABLE,
    [IBC_ERR_INTERNAL] = EX_SOFTWARE,
    [IBC_ERR_CREATE] = EX_CANTCREAT,
    [IBC_ERR_IO] = EX_IOERR,
    [IBC_ERR_WAIT] = EX_TEMPFAIL,
    [IBC_ERR_REFUSED] = EX_NOPERM,
    [IBC_ERR_MISMATCH] = EX_CONFIG,
};

int ibc_status_exit_code(enum ibc_status status) {
    if ((size_t)status >= IBC_ARRAY_SIZE(exit_codes)) {
        return EX_SOFTWARE;
    }
    return exit_codes[status];
}

/*
 * C0, DEL and C1 (ISO 6429) drive a terminal, line and paragraph separators break lines, and what
 * embeds, overrides or isolates a direction (Unicode, UAX #9) shows text in another order.
 */
static bool is_printable(uint32_t code) {
    return code != RUNE_INVALID && code >= 0x20 && (code < 0x7f || code >= 0xa0) &&
           (code < 0x2028 || code > 0x202e) && (code < 0x2066 || code > 0x2069);
}

void ibc_make_printable(char *text) {
    const struct ibc_view view = ibc_view_of(text);
    size_t used = 0;
    for (size_t at = 0; at < view.size;) {
        const struct rune rune = rune_at(view, at);
        if (is_printable(rune.code)) {
            memmove(text + used, text + at, rune.size);
            used += rune.size;
        } else {
            text[used++] = '?';
        }
        at += rune.size;
    }
    text[used] = '\0';
}

IBC_PRINTF(3, 0)
static void set_text(struct ibc_error *err, enum ibc_status status, const char *fmt, va_list args) {
    err->status = status;
    err->retry_after = 0;
    vsnprintf(err->text, sizeof err->text, fmt, args);
    ibc_make_printable(err->text);
}

enum ibc_status ibc_fail(struct ibc_error *err, enum ibc_status status, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    set_text(err, status, fmt, args);
    va_end(args);
    return status;
}

enum ibc_status ibc_fail_errno(struct ibc_error *err, enum ibc_status status, int saved_errno,
                               const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    set_text(err, status, fmt, args);
    va_end(args);

    size_t used = strlen(err->text);
    const char *reason = strerrordesc_np(saved_errno);
    snprintf(err->text + used, sizeof err->text - used, ": %s", reason ? reason : "unknown error");
    return status;
}
