/*
 * login.h - one login, as IBC drives it and as Interactive Brokers answers it.
 */
#ifndef STANDIN_LOGIN_H
#define STANDIN_LOGIN_H

#include "credentials.h"

enum login_answer {
    LOGIN_ACCEPTED,
    LOGIN_REJECTED,  /* the gateway stays at its dialog, and IBC with it */
    LOGIN_NOT_TRIED, /* the username or the password is empty: IBC waits for somebody to type */
};

/* What is to be typed into the login dialog. */
struct login {
    const char *mode; /* "paper" | "live" */
    struct text username;
    struct text password;
};

/*
 * Play the login to its end on the log and return the answer. `expected` holds the only
 * credentials that are accepted; NULL accepts any.
 */
enum login_answer log_in(const struct login *login, const struct login *expected);

#endif
