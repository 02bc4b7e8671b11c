/* cmd_remove.c - ibcred remove: a profile and all its versions, out of the vault. */
#include "cli/cli.h"

enum ibc_status cmd_remove(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    bool yes = false;
    const struct option_spec options[] = {
        {"yes", NULL, "do not ask", .flag = &yes},
    };
    enum ibc_status status =
        parse_options(cli, "remove", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK && argc != 1) {
        status = ibc_fail(err, IBC_ERR_USAGE, "name one profile: ibcred remove PROFILE");
    }
    if (status == IBC_OK && !yes) {
        char question[128];
        snprintf(question, sizeof question, "Remove profile %.64s and all its versions", argv[0]);
        status = confirm(question, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    uint64_t generation = 0;
    status = session_edit(&session, cli, err);
    if (status == IBC_OK) {
        status = ibc_vault_edit_remove(session.edit, argv[0], err);
    }
    if (status == IBC_OK) {
        const struct ibc_audit_event event = {
            .event = "remove", .profile = argv[0], .verdict = "done"};
        status = session_commit(&session, &event, &generation, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    say(cli, "%s: removed; its login ledger stays", argv[0]);
    return cli->json ? print_json(json_pack("{s:s, s:I}", "removed", argv[0], "generation",
                                            (json_int_t)generation),
                                  err)
                     : IBC_OK;
}
