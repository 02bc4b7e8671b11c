/*
 * address.h - the addresses that a host has.
 */
#ifndef IBCRED_TWS_ADDRESS_H
#define IBCRED_TWS_ADDRESS_H

#include <ibcred/common.h>
#include <sys/socket.h>

enum { TWS_ADDRESSES_MAX = 8 };

struct tws_addresses {
    size_t count;
    struct tws_address {
        struct sockaddr_storage socket;
        socklen_t size;
    } items[TWS_ADDRESSES_MAX];
};

/*
 * NULL, or why there is none, in words that live for ever. Asks the resolver only where `host` is
 * no numeric address.
 */
const char *tws_addresses_find(const char *host, uint16_t port, struct tws_addresses *out);

#endif
