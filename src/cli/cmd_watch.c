/* cmd_watch.c - ibcred watch: what a gateway's log says is written down, and stops it in time. */
#include "cli/explain_log.h"
#include "cli/interrupt.h"
#include "cli/supervise.h"
#include <ibcred/file.h>

/*
 * Starting a container again with a fresh release needs a place in it that a release reaches: the
 * mount of the profile's secret directory. A password in its environment is there for good.
 */
static enum ibc_status check_mount(struct gateway *gateway, const struct ibc_container *container,
                                   struct ibc_error *err) {
    ibc_auto_free char *link = ibc_secret_directory_path(gateway->runtime, gateway->profile);
    if (link && gateway_is_mounted(container, link)) {
        return IBC_OK;
    }
    return ibc_fail(err, IBC_ERR_REFUSED,
                    "container '%s' does not mount '%s', so no release can reach it again; make it "
                    "with 'ibcred up %s --supervise' and docker-compose.override.yml",
                    container->name, link ? link : "the secret directory", gateway->profile);
}

/* The mode is the container's own, unless one was asked for. */
static enum ibc_status take_mode(const char *name, struct release_options *given,
                                 struct ibc_container *container, struct ibc_error *err) {
    ibc_auto_docker *docker = NULL;
    enum ibc_status status = ibc_docker_open(&docker, err);
    if (status == IBC_OK) {
        status = ibc_docker_inspect(docker, name, container, err);
    }
    if (status == IBC_OK && !given->mode && container->trading_mode[0] != '\0') {
        given->mode = container->trading_mode;
    }
    return status;
}

static enum ibc_status watch(struct cli *cli, const struct release_options *asked,
                             const char *profile, const char *name, const char *rules, bool again,
                             struct ibc_error *err) {
    struct ibc_container container;
    struct release_options given = *asked;
    enum ibc_status status = take_mode(name, &given, &container, err);
    if (status != IBC_OK) {
        return status;
    }
    auto_gateway gateway;
    status = gateway_open(&gateway, cli, &given, profile, rules, err);
    if (status == IBC_OK && again) {
        status = check_mount(&gateway, &container, err);
    }
    if (status == IBC_OK && again) {
        status = gateway_lock(&gateway, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    snprintf(gateway.container, sizeof gateway.container, "%s", container.name);
    const struct supervise_options options = {.start = again, .again = again};
    catch_interrupts();
    struct run run;
    status = supervise(&gateway, &options, &run, err);
    /* A session that ended as sessions do is what was to be watched. */
    return status == IBC_ERR_UNAVAILABLE && run.was_in && run.outcome == 0 ? IBC_OK : status;
}

enum ibc_status cmd_watch(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    const char *container = NULL, *rules = NULL, *explain = NULL;
    bool again = false;
    const struct option_spec specs[] = {
        {"container", "NAME", "the gateway's container", .value = &container},
        {"mode", "MODE", "paper, live or both (the container's TRADING_MODE)",
         .value = &given.mode},
        {"paper", "PROFILE", "mode both: the paper user's profile", .value = &given.paper},
        {"ttl", "DURATION", "how long the secret files live at most", .value = &given.ttl},
        {"consumer", "NAME", "how the image reads them: gnzsnz, ibg-controller, raw",
         .value = &given.consumer},
        {"log-rules", "FILE", "how to read the log ($IBCRED_LOG_RULES)", .value = &rules},
        {"supervise", NULL, "start it again through the gate when it ends", .flag = &again},
        {"explain", "FILE", "only print what is made of a log (- for stdin)", .value = &explain},
    };
    const char *profile;
    enum ibc_status status =
        parse_options(cli, "watch", specs, IBC_ARRAY_SIZE(specs), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    if (explain) {
        return explain_log(cli, explain, rules, err);
    }
    if (!container) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "there is no container to watch; write: ibcred watch PROFILE --container "
                        "NAME");
    }
    return watch(cli, &given, profile, container, rules, again, err);
}
