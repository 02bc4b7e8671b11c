/*
 * channel.h - the helper's side of the socket pair, which is its standard input.
 *
 * Every call blocks, and a parent that is gone ends the process: there is nothing to put in order,
 * and nobody to tell. What the parent does not take is not taken from the network either.
 */
#ifndef IBCRED_HTTP_HELPER_CHANNEL_H
#define IBCRED_HTTP_HELPER_CHANNEL_H

#include "http/message.h"

/* Was this process started by one that speaks frames with it? */
IBC_CHECKED bool channel_is_there(void);

void channel_send(enum frame_type type, struct ibc_view payload);

/*
 * Wait for a request. Its body lies in `body` and `out->request.body` is a view of it; the caller
 * frees both. IBC_ERR_USAGE: it was taken whole and cannot be sent. Whatever is no request at all
 * ends the process.
 */
IBC_CHECKED enum ibc_status channel_receive_request(struct message_request *out,
                                                    struct ibc_secret *body, struct ibc_error *err);

/* The descriptor; anything on it while a request is under way means that the parent is gone. */
int channel_fd(void);

/* The parent is gone, or is not one that this process understands. */
_Noreturn void channel_end(void);

#endif
