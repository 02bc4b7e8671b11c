/*
 * message.h - what is told, in the words of a command's environment and of a webhook's JSON.
 */
#ifndef IBCRED_NOTIFY_MESSAGE_H
#define IBCRED_NOTIFY_MESSAGE_H

#include <ibcred/clock.h>
#include <ibcred/notify.h>

#include <limits.h>

/* Bytes, each with its NUL. */
enum { MESSAGE_WORD_MAX = 16, MESSAGE_NAME_MAX = 256, MESSAGE_TEXT_MAX = 1024 };

/* All of it printable UTF-8 on one line. */
struct message {
    const char *notice; /* static */
    char profile[MESSAGE_NAME_MAX];
    char mode[MESSAGE_WORD_MAX];
    char container[MESSAGE_NAME_MAX];
    char text[MESSAGE_TEXT_MAX];
    char time[IBC_TIMESTAMP_MAX];
    char host[HOST_NAME_MAX + 1];
};

void message_make(const struct ibc_notification *notification, struct message *out);

/* A webhook's object, for the caller to free; NULL where there is no memory. */
char *message_json(const struct message *message, bool slack);

#endif
