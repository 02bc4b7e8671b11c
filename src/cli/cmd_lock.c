/* cmd_lock.c - ibcred lock: the kernel forgets the vault's key. */
#include "cli/cli.h"

#include <ibcred/file.h>

enum ibc_status cmd_lock(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    enum ibc_status status = parse_options(cli, "lock", NULL, 0, &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "lock takes no operand; the vault's path is --vault");
    }
    ibc_auto_free char *path = NULL;
    bool was_unlocked = false;
    if (status == IBC_OK) {
        status = find_vault(cli, &path, err);
    }
    if (status == IBC_OK) {
        status = ibc_vault_forget_key(path, &was_unlocked, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    say(cli, was_unlocked ? "vault '%s' is locked" : "vault '%s' was not unlocked", path);
    return cli->json
               ? print_json(json_pack("{s:s, s:b}", "vault", path, "was_unlocked", was_unlocked),
                            err)
               : IBC_OK;
}
