/* explain.c - see explain.h. */
#include "tws/explain.h"

const char *ibc_probe_state_name(enum ibc_probe_state state) {
    static const char *const names[] = {
        [IBC_PROBE_READY] = "ready",
        [IBC_PROBE_REFUSED] = "refused",
        [IBC_PROBE_NOT_LISTENING] = "not-listening",
        [IBC_PROBE_CLOSED] = "closed",
        [IBC_PROBE_SILENT] = "silent",
        [IBC_PROBE_FOREIGN] = "foreign",
    };
    return state < IBC_ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

enum { ADDRESS_TEXT_MAX = IBC_PROBE_HOST_MAX + 16, WORDS_MAX = IBC_PROBE_TEXT_MAX + 64 };

/* The gateway's last error, to be put behind a sentence's facts. */
static void quote_error(const struct ibc_probe_result *result, char out[static WORDS_MAX]) {
    out[0] = '\0';
    if (result->error_code != 0) {
        snprintf(out, WORDS_MAX, " (its last error was %d: %.200s)", result->error_code,
                 result->error_text);
    }
}

static void explain_ready(const char *address, struct ibc_probe_result *result,
                          struct ibc_error *out) {
    static const char *const kinds[] = {
        [IBC_PROOF_NONE] = ", not all of them of a known kind",
        [IBC_PROOF_PAPER] = ", paper",
        [IBC_PROOF_LIVE] = ", live",
        [IBC_PROOF_MIXED] = ", paper and live ones",
    };
    ibc_fail(out, IBC_OK, "the gateway at %s is logged in to %zu account%s%s", address,
             result->account_count, result->account_count == 1 ? "" : "s", kinds[result->proof]);
}

static void explain_closed(const struct tws_finding *finding, const char *address,
                           const struct ibc_probe_result *result, struct ibc_error *out) {
    char words[WORDS_MAX];
    quote_error(result, words);
    if (finding->in_use) {
        ibc_fail(out, IBC_OK,
                 "the gateway at %s is there, but another program is connected to it with client "
                 "id %d; give each program an id of its own (ours is api.client_id in the policy)",
                 address, (int)finding->client_id);
    } else if (result->server_version == 0) {
        ibc_fail(out, IBC_OK,
                 "%s accepts and hangs up before a word: nobody is logged in behind its forwarder "
                 "yet, or the gateway does not trust this address (TrustedIPs; of itself it trusts "
                 "127.0.0.1 only); wait for the login, or go through the image's forwarder (socat, "
                 "port 4003 live, 4004 paper)%s",
                 address, words);
    } else {
        ibc_fail(out, IBC_OK,
                 "the gateway at %s greets and hangs up before it names an account%s; client id %d "
                 "may be in use, or nobody is logged in: look at the gateway's log, or set another "
                 "api.client_id in the policy",
                 address, words, (int)finding->client_id);
    }
}

static void explain_silent(const struct tws_finding *finding, const char *address,
                           const struct ibc_probe_result *result, struct ibc_error *out) {
    char words[WORDS_MAX];
    quote_error(result, words);
    const char *what = result->server_version == 0 ? "says nothing of its own"
                       : result->account_count > 0 ? "does not finish its login messages"
                                                   : "greets but names no account";
    ibc_fail(out, IBC_OK,
             "%s accepts and %s within %lld ms%s: the gateway is still starting or wedged%s; wait "
             "and try again, then look at its log and restart it",
             address, finding->midway ? "does not end what it began to say" : what,
             (long long)finding->timeout_ms, finding->midway ? ", byte by byte or stuck" : "",
             words);
}

void tws_explain(const struct tws_finding *finding, struct ibc_probe_result *result) {
    struct ibc_error sentence = {0};
    char address[ADDRESS_TEXT_MAX];
    snprintf(address, sizeof address, strchr(finding->host, ':') ? "[%s]:%u" : "%s:%u",
             finding->host, (unsigned)finding->port);
    switch (result->state) {
    case IBC_PROBE_READY:
        explain_ready(address, result, &sentence);
        break;
    case IBC_PROBE_REFUSED:
        ibc_fail(&sentence, IBC_OK,
                 "nothing listens on %s; start the gateway, or name the port where its API is "
                 "published (most often 4001 live, 4002 paper)",
                 address);
        break;
    case IBC_PROBE_NOT_LISTENING:
        ibc_fail(&sentence, IBC_OK,
                 "%s cannot be reached: %s; check host, port, and what lies between (routes, "
                 "firewalls)",
                 address, finding->detail);
        break;
    case IBC_PROBE_CLOSED:
        explain_closed(finding, address, result, &sentence);
        break;
    case IBC_PROBE_SILENT:
        explain_silent(finding, address, result, &sentence);
        break;
    case IBC_PROBE_FOREIGN:
        ibc_fail(&sentence, IBC_OK,
                 "what listens on %s does not speak the TWS API: %s; check host and port", address,
                 finding->detail);
        break;
    }
    memcpy(result->why, sentence.text, sizeof result->why);
}
