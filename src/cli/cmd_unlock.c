/* cmd_unlock.c - ibcred unlock: the vault's key, kept by the kernel for a while. */
#include "cli/cli.h"

#include <ibcred/number.h>

enum { TTL_MAX = 86400 /* seconds */ };

/* Open the vault by a key of its own: one that is kept already must not prolong itself. */
static enum ibc_status open_by_own_key(struct session *session, const struct cli *cli,
                                       struct ibc_error *err) {
    enum ibc_status status = session_open(session, cli, false, err);
    if (status == IBC_OK && ibc_vault_from_cache(session->vault)) {
        session_rest(session);
        session->keyring.cached = false;
        status = session_wake(session, err);
    }
    return status;
}

enum ibc_status cmd_unlock(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    const char *text = "15m";
    const struct option_spec options[] = {
        {"ttl", "DURATION", "for how long, at most 24h (15m)", .value = &text},
    };
    enum ibc_status status =
        parse_options(cli, "unlock", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    int64_t ttl = 0;
    if (status == IBC_OK && (!ibc_parse_duration(text, TTL_MAX, &ttl) || ttl == 0)) {
        status = ibc_fail(err, IBC_ERR_USAGE, "--ttl is '%s'; it must be 1s to 24h", text);
    }
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "unlock takes no operand; a passphrase is asked for");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    status = open_by_own_key(&session, cli, err);
    if (status == IBC_OK) {
        status = ibc_vault_cache_key(session.vault, ttl, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    char words[IBC_DURATION_TEXT_MAX];
    ibc_format_duration(ttl, words);
    say(cli, "vault '%s' opens without a question for %s; ibcred lock ends that",
        session.vault_path, words);
    return cli->json ? print_json(json_pack("{s:s, s:I}", "vault", session.vault_path, "ttl",
                                            (json_int_t)ttl),
                                  err)
                     : IBC_OK;
}
