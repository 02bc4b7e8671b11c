/*
 * explain.h - what a probe found, as a sentence for people. Pure.
 */
#ifndef IBCRED_TWS_EXPLAIN_H
#define IBCRED_TWS_EXPLAIN_H

#include <ibcred/tws.h>

/* What a sentence needs beside the result. */
struct tws_finding {
    const char *host;
    uint16_t port;
    int32_t client_id;
    int64_t timeout_ms;
    const char *detail; /* IBC_PROBE_NOT_LISTENING, _FOREIGN: what exactly; else NULL */
    bool in_use;        /* IBC_PROBE_CLOSED: the gateway said that the client id is */
    bool midway;        /* IBC_PROBE_SILENT: in the middle of a message */
};

/* Fill `why` from what is in `result` already. */
void tws_explain(const struct tws_finding *finding, struct ibc_probe_result *result);

#endif
