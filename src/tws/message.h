/*
 * message.h - what a message of the TWS API says, as far as a probe wants to know. Pure.
 *
 * A message is a row of fields, each ended by a NUL. The first names the message, but for the
 * first message of a gateway, which has no name: version and time.
 */
#ifndef IBCRED_TWS_MESSAGE_H
#define IBCRED_TWS_MESSAGE_H

#include <ibcred/secret.h>
#include <ibcred/tws.h>

/* What the client says first: a mark, and the versions that it offers. */
enum { TWS_GREETING_BYTES = 17, TWS_START_MAX = 32 };
void tws_write_greeting(unsigned char out[static TWS_GREETING_BYTES]);

/* startApi for that client id; yields how many bytes it is. */
size_t tws_write_start(int32_t client_id, unsigned char out[static TWS_START_MAX]);

/* The gateway's first message. False when it is anything else. `time` is owned by the message. */
IBC_CHECKED bool tws_read_hello(struct ibc_view message, int *version, struct ibc_view *time);

enum tws_message_kind {
    TWS_MESSAGE_BAD,      /* no message of this API */
    TWS_MESSAGE_OTHER,    /* one that does not matter here */
    TWS_MESSAGE_ACCOUNTS, /* managedAccounts: `text`, split at commas */
    TWS_MESSAGE_NEXT_ID,  /* nextValidId */
    TWS_MESSAGE_ERROR,    /* `code` and `text` */
    TWS_MESSAGE_NOTICE, /* an error by its form that is none: a data farm is or is not connected */
};

enum { TWS_ERROR_CLIENT_ID_IN_USE = 326 };

struct tws_message {
    enum tws_message_kind kind;
    int code;
    struct ibc_view text; /* owned by the message */
};

/* Any message after the first. */
struct tws_message tws_read_message(struct ibc_view message);

/* The item before the next comma, taken off `*list`. False when nothing is left. */
IBC_CHECKED bool tws_next_account(struct ibc_view *list, struct ibc_view *item);

/* The text of an account, or IBC_PROBE_ACCOUNT_ODD where that is no account's. */
void tws_copy_account(struct ibc_view account, char out[static IBC_ACCOUNT_ID_MAX + 1]);

/*
 * Somebody else's words, cut to fit between characters; control characters and what is not UTF-8
 * become '?'.
 */
void tws_copy_text(struct ibc_view text, char out[static IBC_PROBE_TEXT_MAX]);

#endif
