/*
 * broker_login.h - connections of gateways: what they ask and what they are told.
 */
#ifndef STANDIN_BROKER_LOGIN_H
#define STANDIN_BROKER_LOGIN_H

#include "broker_user.h"

enum { CONNECTIONS_MAX = 64 };

enum connection_state {
    STATE_IDLE,    /* nothing is under way: it was refused, or never asked */
    STATE_LOGIN,   /* a login without its last word: dropped, second factor, conflict */
    STATE_SESSION, /* logged in */
};

/* A gateway's. Free when `fd` is -1. */
struct connection {
    int fd;
    enum connection_state state;
    struct incoming incoming;
    struct user *user;      /* of the last login; NULL before it */
    struct record *record;  /* of that */
    struct account account; /* as it was then */
    enum answer answer;     /* to it */
    int64_t due;            /* when something happens of itself; 0: nothing will */
};

extern struct connection connections[CONNECTIONS_MAX];

/* A line came in. `directory` holds the accounts. False: it is no line of the protocol. */
bool connection_says(struct connection *connection, const char *directory, char *line, int64_t now);

/* Its time has come. */
void connection_is_due(struct connection *connection, int64_t now);

/* It was cut, without a logout. */
void connection_breaks(struct connection *connection, int64_t now);

#endif
