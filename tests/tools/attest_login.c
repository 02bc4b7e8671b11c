/*
 * attest_login.c - what a watched gateway's API or log tells the broker, for tests without one.
 *
 *   attest_login PROFILE MODE KIND SEEN_NS
 *
 * Vault, identity and state directory are those of IBCRED_VAULT, IBCRED_IDENTITY_FILE and
 * IBCRED_STATE_DIR. Prints "agrees", "contradicts" or "again".
 */
#include <ibcred/broker.h>
#include <ibcred/file.h>
#include <ibcred/number.h>

static enum ibc_status attest(const char *profile, const struct ibc_attestation *seen,
                              struct ibc_attested *out, struct ibc_error *err) {
    ibc_auto_identities *identities = NULL;
    ibc_auto_vault *vault = NULL;
    ibc_auto_fd state_fd = -1;
    struct ibc_policy policy;
    ibc_policy_default(&policy);
    enum ibc_status status = ibc_identities_load(getenv("IBCRED_IDENTITY_FILE"), &identities, err);
    if (status == IBC_OK) {
        status = ibc_directory_open_private(getenv("IBCRED_STATE_DIR"), "state directory",
                                            &state_fd, err);
    }
    const struct ibc_keyring keyring = {.identities = identities};
    if (status == IBC_OK) {
        status = ibc_vault_open(getenv("IBCRED_VAULT"), &keyring, &vault, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_broker broker = {
        .vault = vault, .keyring = &keyring, .policy = &policy, .state_fd = state_fd};
    return ibc_broker_attest(&broker, profile, seen, out, err);
}

int main(int argc, char **argv) {
    struct ibc_attestation seen = {0};
    uint64_t seen_ns = 0;
    if (argc != 5 || !ibc_mode_parse(argv[2], &seen.mode) || !ibc_kind_parse(argv[3], &seen.kind) ||
        !ibc_parse_number(argv[4], strlen(argv[4]), INT64_MAX, &seen_ns)) {
        fputs("usage: attest_login PROFILE MODE KIND SEEN_NS\n", stderr);
        return 64;
    }
    seen.seen_ns = (int64_t)seen_ns;
    struct ibc_error err = {0};
    struct ibc_attested attested = {0};
    enum ibc_status status = ibc_secret_init(&err);
    if (status == IBC_OK) {
        status = attest(argv[1], &seen, &attested, &err);
    }
    if (status != IBC_OK || attested.warned) {
        fprintf(stderr, "attest_login: %s\n", err.text);
        return status == IBC_OK ? 1 : ibc_status_exit_code(status);
    }
    puts(attested.again ? "again" : attested.contradicts ? "contradicts" : "agrees");
    return 0;
}
