/*
 * wire.h - lines between the gateway stand-in and the broker that stands in for IBKR.
 *
 * The gateway says:
 *
 *     login USER PASSWORD MODE    user and password in hexadecimal; MODE is paper or live
 *     continue                    go on with a login that met another session, and end that one
 *     logout                      this session ends in good order
 *
 * The broker says, in answer to a login or later, of its own accord:
 *
 *     accepted ACCOUNT            logged in; the session lasts as long as the connection
 *     expiry                      before that: the password is about to expire
 *     rejected dialog|failed      the gateway hangs at a dialog | fails and is started anew
 *     login-error                 the server refuses for a reason of its own
 *     throttled SECONDS           too many failed attempts
 *     second-factor               the user was asked for it; then accepted, approved or timed-out
 *     approved                    the user answered, but the login does not complete
 *     timed-out                   nobody answered
 *     conflict                    the user has a session elsewhere
 *     taken                       another login took this session over
 *     crash STATUS                the gateway dies with this exit status
 *     logoff, restart, cold-restart   what a gateway does at a set time of the day
 *
 * or nothing at all, which is how a login is dropped silently.
 */
#ifndef STANDIN_WIRE_H
#define STANDIN_WIRE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    TEXT_MAX = 4096,                   /* bytes of a username or a password */
    WIRE_LINE_MAX = 4 * TEXT_MAX + 64, /* bytes of a line */
};

/* A run of bytes; a test's password may hold anything but NUL. */
struct text {
    char bytes[TEXT_MAX];
    size_t size;
};

bool text_equal(const struct text *a, const struct text *b);

/* `text` in hexadecimal, NUL-terminated. */
void text_to_hex(const struct text *text, char hex[static 2 * TEXT_MAX + 1]);

/* False: not hexadecimal, or more than TEXT_MAX bytes. */
bool text_from_hex(const char *hex, struct text *out);

/* What came in on a connection and is not yet a line. Starts zeroed. */
struct incoming {
    char bytes[WIRE_LINE_MAX];
    size_t size;
};

/* Read what there is on `fd`. False: the other side is gone, or its line is too long. */
bool incoming_read(struct incoming *incoming, int fd);

/* Take out the next whole line, without its newline. False: there is none yet. */
bool incoming_line(struct incoming *incoming, char line[static WIRE_LINE_MAX]);

/* Send a line; the newline is added. Says nothing of an other side that is gone. */
void send_line(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
