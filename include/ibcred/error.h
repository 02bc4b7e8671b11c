/*
 * error.h - what went wrong, as a code for programs and a sentence for people.
 *
 * Every fallible function returns an enum ibc_status and takes a struct ibc_error * as its last
 * argument. On any status but IBC_OK the error holds one sentence that says what happened, to
 * which file or profile, and what to do next. The library never prints and never exits.
 */
#ifndef IBCRED_ERROR_H
#define IBCRED_ERROR_H

#include <ibcred/common.h>

#pragma GCC visibility push(default)

enum ibc_status {
    IBC_OK = 0,
    IBC_ERR_USAGE,       /* the call or the value given is malformed */
    IBC_ERR_DATA,        /* a vault, ledger, audit log or input file is damaged */
    IBC_ERR_NOT_FOUND,   /* no such vault, profile or file */
    IBC_ERR_UNAVAILABLE, /* a service is not there */
    IBC_ERR_INTERNAL,    /* a bug, or no memory */
    IBC_ERR_CREATE,      /* an output cannot be created */
    IBC_ERR_IO,          /* reading or writing failed */
    IBC_ERR_WAIT,        /* try again later: ibc_error.retry_after says when */
    IBC_ERR_REFUSED,     /* key, permission, policy, or held for a person */
    IBC_ERR_MISMATCH,    /* mode and kind disagree, the policy is invalid, no writing survives */
};

enum { IBC_ERROR_TEXT_MAX = 768 };

struct ibc_error {
    enum ibc_status status;
    int64_t retry_after;           /* seconds, with IBC_ERR_WAIT; 0 otherwise */
    char text[IBC_ERROR_TEXT_MAX]; /* one sentence, no newline, never a secret */
};

/*
 * Fill `err` with `status` and the formatted sentence and return `status`, so that a caller can
 * `return ibc_fail(err, …)`. The text is cut to fit and goes through
 * ibc_make_printable(), so that a hostile file name cannot drive a terminal or break JSON. `err`
 * must not be NULL.
 */
enum ibc_status ibc_fail(struct ibc_error *err, enum ibc_status status, const char *fmt, ...)
    IBC_PRINTF(3, 4);

/*
 * As ibc_fail(), followed by ": " and the text of the errno value `saved_errno`.
 */
enum ibc_status ibc_fail_errno(struct ibc_error *err, enum ibc_status status, int saved_errno,
                               const char *fmt, ...) IBC_PRINTF(4, 5);

/*
 * In place: each character that could drive a terminal or put text in another order (control
 * characters, also those of C1, and bidirectional ones), and each byte of broken UTF-8, becomes
 * '?'.
 */
void ibc_make_printable(char *text);

/*
 * The process exit code that stands for `status`: 0, or one of sysexits.h as docs/design.md
 * lists them. This is the only place where the two meet.
 */
int ibc_status_exit_code(enum ibc_status status);

#pragma GCC visibility pop

#endif
