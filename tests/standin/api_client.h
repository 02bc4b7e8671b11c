/*
 * api_client.h - one connection of a client of the TWS API, from its first byte on.
 *
 * The protocol from server version 100 to 176, as IB's public clients speak it: "API\0" and a frame
 * "vLOWEST..HIGHEST" are answered by the server's version and time; then frames of fields that end
 * with NUL each, the number of the message first. A frame is its length in four bytes, the most
 * significant first, and as many bytes. Pure but for send(2).
 */
#ifndef STANDIN_API_CLIENT_H
#define STANDIN_API_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    API_VERSION = 176,
    API_CLIENTS_MAX = 32,
    API_FRAME_MAX = 65536, /* bytes of a message from a client; who sends more is cut off */
    API_TEXT_MAX = 512,    /* of the accounts' names */
};

/* What the API does with whoever connects. */
enum api_manner {
    API_ANSWERS,
    API_NONE,    /* does not listen */
    API_CLOSED,  /* accepts, and closes at once */
    API_SILENT,  /* accepts, and never says a word */
    API_HALF,    /* tells its version, and then nothing more */
    API_FOREIGN, /* answers whatever it is told in HTTP, and closes */
};

/* One gateway's API. */
struct api_server {
    enum api_manner manner;
    char accounts[API_TEXT_MAX]; /* as managedAccounts has them */
    char zone[64];               /* of the time that it tells; "": the local one */
    int64_t clock_ms;            /* how far its clock is ahead */
    int64_t byte_ms;             /* pause before each byte that is sent; 0: none */
};

enum api_stage { STAGE_HELLO, STAGE_START, STAGE_STARTED };

/* Free when `fd` is -1. */
struct api_client {
    int fd;
    enum api_stage stage;
    long version; /* that both speak */
    long id;      /* once started */
    size_t size;  /* of what came in and is not yet a message */
    unsigned char bytes[4 + 4 + API_FRAME_MAX];
};

/* All of a server's; a client id is given to one of them at a time. */
extern struct api_client api_clients[API_CLIENTS_MAX];

/* There is something to be read. False: the connection is to be closed. */
bool api_client_reads(const struct api_server *server, struct api_client *client);

#endif
