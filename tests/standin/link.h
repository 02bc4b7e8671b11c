/*
 * link.h - the gateway's side of a login: asks the broker, or judges by the files of the image.
 */
#ifndef STANDIN_LINK_H
#define STANDIN_LINK_H

#include "wire.h"

/* What is to be typed into the login dialog. */
struct login {
    const char *mode; /* "paper" | "live" */
    struct text username;
    struct text password;
};

struct link {
    int fd; /* -1: not connected */
    struct incoming incoming;
    const char *own_answer; /* without a broker: the answer, until it is taken */
};

enum heard {
    HEARD_LINE,
    HEARD_END, /* the broker cannot be reached, or is gone */
    HEARD_STOP,
};

/* Starts without a connection. */
void link_init(struct link *link);

/* End the session in good order; without it the broker sees a gateway that was killed. */
void link_log_out(struct link *link);

void link_close(struct link *link);

/* Send the login, connecting first where need be; what comes of it is told by link_hear(). */
void link_login(struct link *link, const struct login *login);

/* Go on with a login that met another session. */
void link_continue(struct link *link);

/* Wait for the next line that the broker says (wire.h), for ever if need be. */
enum heard link_hear(struct link *link, char line[static WIRE_LINE_MAX]);

#endif
