/* cmd_verify.c - ibcred verify: every byte of the vault. */
#include "cli/cli.h"

enum ibc_status cmd_verify(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    bool accept_older = false;
    const struct option_spec options[] = {
        {"accept-older", NULL, "take an older vault for good: it was restored on purpose",
         .flag = &accept_older},
    };
    enum ibc_status status =
        parse_options(cli, "verify", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "verify takes no operand");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    status = session_open(&session, cli, accept_older, err);
    if (status == IBC_OK) {
        status = ibc_vault_verify(session.vault, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    const unsigned long long profiles = ibc_vault_profile_count(session.vault);
    const unsigned long long generation = ibc_vault_generation(session.vault);
    if (!cli->json) {
        printf("intact: %llu profiles, %zu keys, generation %llu\n", profiles,
               ibc_vault_slot_count(session.vault), generation);
        return flush_output(err);
    }
    return print_json(json_pack("{s:b, s:I, s:I, s:I}", "intact", 1, "profiles",
                                (json_int_t)profiles, "keys",
                                (json_int_t)ibc_vault_slot_count(session.vault), "generation",
                                (json_int_t)generation),
                      err);
}
