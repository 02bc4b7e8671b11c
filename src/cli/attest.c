/* attest.c - a probe for each side, again and again until it is answered or the time is over. */
#include "cli/attest.h"

#include <poll.h>

enum {
    ATTEST_MS = 30000, /* a gateway may take that long from its login to its API; then one probe */
    AGAIN_MS = 2000,   /* between two probes of one that does not answer yet */
};

void attest_end(struct attestation *attestation) {
    for (size_t i = 0; i < IBC_LOGIN_SIDES_MAX; i++) {
        ibc_probe_free(&attestation->sides[i].probe);
    }
    *attestation = (struct attestation){0};
}

void attest_begin(struct attestation *attestation, const struct gateway *gateway) {
    attest_end(attestation);
    if (!gateway->session.policy.api_attest) {
        return;
    }
    for (size_t i = 0; i < ibc_login_side_count(gateway->mode); i++) {
        attestation->sides[i].open = true;
    }
    attestation->next_ms = boot_clock_ms();
    attestation->end_ms =
        attestation->next_ms + ATTEST_MS + gateway->session.policy.api_timeout * 1000;
}

bool attest_goes_on(const struct attestation *attestation) {
    return attestation->end_ms > 0;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

void attest_wait(const struct attestation *attestation, int log_fd, int64_t timeout_ms) {
    struct pollfd ready[1 + IBC_LOGIN_SIDES_MAX] = {{.fd = log_fd, .events = POLLIN}};
    const int64_t now = boot_clock_ms();
    size_t count = 1;
    for (size_t i = 0; i < IBC_LOGIN_SIDES_MAX; i++) {
        const struct attest_side *side = &attestation->sides[i];
        if (side->probe) {
            ready[count].fd = ibc_probe_fd(side->probe, &ready[count].events);
            count++;
            timeout_ms = least(timeout_ms, ibc_probe_left_ms(side->probe));
        } else if (side->open) {
            timeout_ms = least(timeout_ms, attestation->next_ms - now);
        }
    }
    (void)poll(ready, count, timeout_ms > 0 ? (int)timeout_ms : 0);
}

/* Why it could not be asked, in place of what a probe would have found. */
static void note(struct attest_side *side, const char *why) {
    snprintf(side->why, sizeof side->why, "%s", why);
}

static void start_probe(const struct gateway *gateway, const struct ibc_container *container,
                        struct attest_side *side, enum ibc_mode mode) {
    const struct ibc_policy *policy = &gateway->session.policy;
    const uint16_t port = ibc_policy_port(policy, mode);
    char host[IBC_DOCKER_NAME_MAX + 1];
    struct ibc_probe_request request = {
        .host = host,
        .client_id = (int32_t)policy->api_client_id,
        .timeout_ms = policy->api_timeout * 1000,
    };
    struct ibc_error err;
    if (!ibc_docker_reach(gateway->docker, container, port, host, &request.port)) {
        ibc_fail(&err, IBC_ERR_UNAVAILABLE,
                 "port %u of its container cannot be reached from here; publish it",
                 (unsigned)port);
        note(side, err.text);
        side->open = false;
    } else if (ibc_probe_start(&request, &side->probe, &err) != IBC_OK) {
        note(side, err.text);
    }
}

/* The first of the accounts that is of `kind`, masked. */
static void account_of(const struct ibc_probe_result *result, enum ibc_kind kind,
                       char out[static IBC_ACCOUNT_ID_MAX + 1]) {
    const char *found = result->accounts[0];
    for (size_t i = 0; i < result->account_count && i < IBC_PROBE_ACCOUNTS_MAX; i++) {
        enum ibc_kind told;
        if (ibc_account_kind(result->accounts[i], &told) && told == kind) {
            found = result->accounts[i];
            break;
        }
    }
    ibc_account_mask(found, out);
}

/*
 * What the accounts say of the mode. One of the wrong kind contradicts, whatever stands beside it;
 * only when all of them are of the right one is it proven. False: they say nothing.
 */
static bool take_accounts(const struct gateway *gateway, size_t index,
                          const struct ibc_probe_result *result, struct ibc_login_step *out) {
    const bool paper = ibc_login_side_mode(gateway->mode, index) == IBC_MODE_PAPER;
    const enum ibc_kind right = paper ? IBC_KIND_PAPER : IBC_KIND_LIVE;
    const enum ibc_kind wrong = paper ? IBC_KIND_LIVE : IBC_KIND_PAPER;
    const bool contradicts = paper ? result->any_live : result->any_paper;
    const bool proves = result->proof == (paper ? IBC_PROOF_PAPER : IBC_PROOF_LIVE);
    char account[IBC_ACCOUNT_ID_MAX + 1];
    if (!contradicts && !proves) {
        return false;
    }
    *out = (struct ibc_login_step){0};
    account_of(result, contradicts ? wrong : right, account);
    ibc_login_accounts(gateway->mode, index, contradicts ? wrong : right, "its API", account, out);
    if (proves) {
        say(gateway->cli, "%s: its API names %s account %s%s", gateway_profile(gateway, index),
            ibc_kind_name(right), account, result->account_count > 1 ? " and others" : "");
    }
    return true;
}

/* A probe is over. True when its accounts say what they are. */
static bool take_result(const struct gateway *gateway, size_t index, struct attest_side *side,
                        struct ibc_login_step *out) {
    const struct ibc_probe_result *result = ibc_probe_result(side->probe);
    const bool ready = result->state == IBC_PROBE_READY;
    const bool known = ready && take_accounts(gateway, index, result, out);
    side->why[0] = '\0';
    if (!known) {
        note(side,
             ready ? "the accounts that it names are of no kind that is known here" : result->why);
    }
    side->open = !ready;
    ibc_probe_free(&side->probe);
    return known;
}

/* Of those that answer in time nothing is left to be said; of the others what was found. */
static void close_sides(struct attestation *attestation, const struct gateway *gateway) {
    const bool over = boot_clock_ms() >= attestation->end_ms;
    bool open = false;
    for (size_t i = 0; i < ibc_login_side_count(gateway->mode); i++) {
        struct attest_side *side = &attestation->sides[i];
        side->open &= !over;
        open |= side->open;
        if (!side->open && side->why[0] != '\0') {
            struct ibc_error sentence;
            ibc_fail(&sentence, IBC_OK,
                     "profile '%s': nothing proves which account its gateway is logged in to, and "
                     "it goes on: %s",
                     gateway_profile(gateway, i), side->why);
            warn(gateway->cli, sentence.text);
            side->why[0] = '\0';
        }
    }
    if (!open) {
        attest_end(attestation);
    }
}

bool attest_step(struct attestation *attestation, const struct gateway *gateway,
                 const struct ibc_container *container, struct ibc_login_step *out) {
    const int64_t now = boot_clock_ms();
    const bool due = now >= attestation->next_ms;
    bool known = false;
    for (size_t i = 0; i < ibc_login_side_count(gateway->mode) && !known; i++) {
        struct attest_side *side = &attestation->sides[i];
        if (side->open && !side->probe && due) {
            start_probe(gateway, container, side, ibc_login_side_mode(gateway->mode, i));
            attestation->next_ms = now + AGAIN_MS;
        }
        if (side->probe && ibc_probe_step(side->probe)) {
            known = take_result(gateway, i, side, out);
        }
    }
    if (attest_goes_on(attestation)) {
        close_sides(attestation, gateway);
    }
    return known;
}
