/*
 * tws.h - is a gateway's API there, is it logged in, and to which accounts?
 *
 * Speaks the opening of the TWS API and nothing more: the handshake, startApi, and what the gateway
 * sends by itself then. A TCP connection proves nothing, since socat and docker-proxy accept before
 * anybody has logged in. Never offers more than protocol version IBC_TWS_VERSION_MAX: from 201 on
 * messages are protobuf. Sources: the message layouts of IB's public API clients (ib_async,
 * @stoqey/ib), as in docs/design.md.
 *
 * Nothing here blocks but ibc_probe_run(): a probe is a state machine over one descriptor, for
 * whoever polls others beside it. Bytes from the network are read into buffers of fixed size, and
 * whatever does not fit or does not parse ends the probe.
 */
#ifndef IBCRED_TWS_H
#define IBCRED_TWS_H

#include <ibcred/error.h>
#include <ibcred/kind.h>

#pragma GCC visibility push(default)

enum {
    IBC_TWS_VERSION_MIN = 100,
    IBC_TWS_VERSION_MAX = 176,
    IBC_PROBE_HOST_MAX = 255,       /* bytes */
    IBC_PROBE_ACCOUNTS_MAX = 64,    /* more are counted, not kept */
    IBC_PROBE_FRAME_MAX = 65536,    /* bytes of one message */
    IBC_PROBE_ANSWER_MAX = 1 << 20, /* bytes of all of them before the gateway is ready */
    IBC_PROBE_TIMEOUT_MAX_MS = 3600000,
    IBC_PROBE_TEXT_MAX = 256, /* bytes of the gateway's words, with NUL */
};

/* What was found behind the address. */
enum ibc_probe_state {
    IBC_PROBE_READY = 1,     /* logged in: it names its accounts */
    IBC_PROBE_REFUSED,       /* the host answers that nothing listens on that port */
    IBC_PROBE_NOT_LISTENING, /* nobody answers: no such host, no way to it, or dropped on the way */
    IBC_PROBE_CLOSED,        /* it accepts and hangs up: an address that the gateway does not trust,
                              * a client id in use, or nobody logged in behind the forwarder */
    IBC_PROBE_SILENT,        /* it accepts and does not answer in time: wedged, or still starting */
    IBC_PROBE_FOREIGN,       /* it speaks something else, or not as the API does */
};

/* "ready", "refused", "not-listening", "closed", "silent", "foreign": for JSON */
const char *ibc_probe_state_name(enum ibc_probe_state state);

/*
 * What all accounts of an answer prove, kept or not. Paper: every one is a paper account, by
 * ibc_account_kind(); live likewise. Mixed: there is one of each. None: no account, or one of
 * unknown kind. Mixed and none prove nothing.
 */
enum ibc_account_proof { IBC_PROOF_NONE, IBC_PROOF_PAPER, IBC_PROOF_LIVE, IBC_PROOF_MIXED };

/* "paper", "live", "mixed"; NULL for IBC_PROOF_NONE */
const char *ibc_account_proof_name(enum ibc_account_proof proof);

/* What stands for an account whose name is none: too long, or of odd characters. */
#define IBC_PROBE_ACCOUNT_ODD "?"

struct ibc_probe_request {
    const char *host; /* name or address, IPv4 or IPv6 without brackets; borrowed while it runs */
    uint16_t port;
    int32_t client_id; /* 0…2^31-1; one of our own, so that no trader is in the way */
    /* From the start to the end, whatever trickles in meanwhile; 1…IBC_PROBE_TIMEOUT_MAX_MS */
    int64_t timeout_ms;
};

struct ibc_probe_result {
    enum ibc_probe_state state;
    int server_version;                   /* 0 where it was not told */
    char server_time[IBC_PROBE_TEXT_MAX]; /* as the gateway wrote it; "" */
    bool has_offset;                      /* false where its time zone is not known here */
    int64_t offset_ms;                    /* the gateway's clock less ours, to the second */
    size_t account_count;                 /* of all that it named */
    /* The first of them, at most IBC_PROBE_ACCOUNTS_MAX */
    char accounts[IBC_PROBE_ACCOUNTS_MAX][IBC_ACCOUNT_ID_MAX + 1];
    bool any_paper, any_live; /* among all of them */
    enum ibc_account_proof proof;
    int error_code; /* of the last error that it told, notices aside; 0 = none */
    char error_text[IBC_PROBE_TEXT_MAX]; /* its words, control characters and ids masked */
    int64_t connect_us;                  /* microseconds until connected; -1 = never */
    int64_t ready_us;                    /* until ready; -1 = never */
    char why[IBC_ERROR_TEXT_MAX];        /* one sentence: what was found and what to do */
};

struct ibc_probe;

/*
 * Begin. The name is resolved here, which may take the resolver's time where it is no address.
 * IBC_ERR_USAGE: host, port, client id or time-out out of range. IBC_ERR_INTERNAL: no descriptor or
 * memory to be had. What is wrong with the other end is no error but a result. The caller frees.
 */
IBC_CHECKED enum ibc_status ibc_probe_start(const struct ibc_probe_request *request,
                                            struct ibc_probe **out, struct ibc_error *err);

/* The descriptor to poll and for what (POLLIN, POLLOUT); -1 and 0 when the probe is over. */
int ibc_probe_fd(const struct ibc_probe *probe, short *events);

/* Milliseconds until ibc_probe_step() must be called whatever the descriptor says; 0: now. */
int64_t ibc_probe_left_ms(const struct ibc_probe *probe);

/* Go on as far as is possible without waiting. True when it is over and the result is there. */
bool ibc_probe_step(struct ibc_probe *probe);

/* Owned by the probe; complete once ibc_probe_step() said true. */
const struct ibc_probe_result *ibc_probe_result(const struct ibc_probe *probe);

/* Closes the connection: half first, as the API's clients do, so that the client id is free. */
void ibc_probe_free(struct ibc_probe **probe);
#define ibc_auto_probe IBC_CLEANUP(ibc_probe_free) struct ibc_probe

/* All of it, waiting at most the request's time-out. A signal does not end it. */
IBC_CHECKED enum ibc_status ibc_probe_run(const struct ibc_probe_request *request,
                                          struct ibc_probe_result *out, struct ibc_error *err);

/*
 * "HOST", "HOST:PORT", ":PORT", "[IPv6]", "[IPv6]:PORT" into `host` (of IBC_PROBE_HOST_MAX + 1
 * bytes) and
 * `*port`; what is left out keeps what was there. False for anything else.
 */
IBC_CHECKED bool ibc_probe_address(const char *text, char host[static IBC_PROBE_HOST_MAX + 1],
                                   uint16_t *port);

#pragma GCC visibility pop

#endif
