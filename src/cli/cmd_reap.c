/* cmd_reap.c - ibcred reap: end deliveries. */
#include "cli/cli.h"

/* Sweep one runtime directory; one that is not there has nothing to end. */
static enum ibc_status reap(const char *path, bool all, const char *lease, size_t *ended,
                            struct ibc_error *err) {
    *ended = 0;
    ibc_auto_runtime *runtime = NULL;
    enum ibc_status status = ibc_runtime_open_existing(path, &runtime, err);
    if (status == IBC_ERR_NOT_FOUND) {
        return IBC_OK;
    }
    if (status != IBC_OK) {
        return status;
    }
    if (lease) {
        return ibc_lease_wait_and_end(runtime, lease, err);
    }
    struct ibc_instant now;
    status = ibc_clock_now(&now, err);
    return status == IBC_OK ? ibc_lease_sweep(runtime, &now, all, ended, err) : status;
}

enum ibc_status cmd_reap(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    bool all = false;
    const char *lease = NULL;
    const struct option_spec options[] = {
        {"all", NULL, "end every delivery now", .flag = &all},
        {"lease", "NAME", "sleep until this delivery is over, then end it", .value = &lease},
    };
    enum ibc_status status =
        parse_options(cli, "reap", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "reap takes no operand");
    }
    struct runtime_candidates candidates;
    runtime_candidates(&candidates);
    size_t total = 0;
    for (size_t i = 0; status == IBC_OK && i < candidates.count; i++) {
        size_t ended;
        status = reap(candidates.paths[i], all, lease, &ended, err);
        total += ended;
    }
    if (status != IBC_OK) {
        return status;
    }
    if (cli->json) {
        return print_json(json_pack("{s:I}", "ended", (json_int_t)total), err);
    }
    say(cli, "%zu ended", total);
    return IBC_OK;
}
