/* cmd_up.c - ibcred up: gate, release, compose up, and the log until there is a verdict. */
#include "cli/interrupt.h"
#include "cli/supervise.h"
#include <ibcred/file.h>

#define DEFAULT_SERVICE "ib-gateway"

/* Cut argv at "--": what stands after it is for Compose. */
static void split(int *argc, char **argv, char ***further) {
    *further = NULL;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            *further = argv + i + 1;
            *argc = i;
            argv[i] = NULL;
            return;
        }
    }
}

static enum ibc_status answer(const struct gateway *gateway, const struct run *run,
                              struct ibc_error *err) {
    if (!gateway->cli->json) {
        return IBC_OK;
    }
    const size_t sides = ibc_login_side_count(gateway->mode);
    return print_json(json_pack("{s:s, s:s, s:s, s:b, s:b, s:o}", "profile", gateway->profile,
                                "mode", ibc_mode_name(gateway->mode), "container",
                                gateway->container, "logged_in", run->was_in, "proven",
                                run->proven == sides, "promoted", json_version(gateway->promoted)),
                      err);
}

/* What is staged is proven by a start. Where it still is, the gateway ran already. */
static void warn_of_staged(struct gateway *gateway) {
    struct ibc_error err;
    enum ibc_status status = session_wake(&gateway->session, &err);
    for (size_t i = 0; status == IBC_OK && i < ibc_login_side_count(gateway->mode); i++) {
        const char *name = gateway_profile(gateway, i);
        ibc_auto_profile *profile = NULL;
        status = ibc_vault_get(gateway->session.vault, name, &profile, &err);
        const struct ibc_version *staged = status == IBC_OK ? ibc_profile_staged(profile) : NULL;
        if (staged) {
            struct ibc_error sentence;
            ibc_fail(&sentence, IBC_OK,
                     "profile '%s': version %u is staged and this was not its first login; that is "
                     "made by: ibcred up %s --recreate",
                     name, staged->number, gateway->profile);
            warn(gateway->cli, sentence.text);
        }
    }
    session_rest(&gateway->session);
}

enum ibc_status cmd_up(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct release_options given = {0};
    struct supervise_options options = {.start = true, .until_in = true};
    const char *service = DEFAULT_SERVICE, *rules = NULL;
    const struct option_spec specs[] = {
        {"mode", "MODE", "paper, live or both ($TRADING_MODE, paper)", .value = &given.mode},
        {"paper", "PROFILE", "mode both: the paper user's profile", .value = &given.paper},
        {"service", "NAME", "the gateway's service (" DEFAULT_SERVICE ")", .value = &service},
        {"ttl", "DURATION", "how long the secret files live at most", .value = &given.ttl},
        {"consumer", "NAME", "how the image reads them: gnzsnz, ibg-controller, raw",
         .value = &given.consumer},
        {"log-rules", "FILE", "how to read the log ($IBCRED_LOG_RULES)", .value = &rules},
        {"wait", NULL, "wait for the gate instead of exiting 75", .flag = &options.wait},
        {"recreate", NULL, "stop the gateway first where it runs", .flag = &options.recreate},
        {"supervise", NULL, "stay, and start it again through the gate", .flag = &options.again},
    };
    char **further;
    const char *profile;
    split(&argc, argv, &further);
    enum ibc_status status =
        parse_options(cli, "up", specs, IBC_ARRAY_SIZE(specs), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &profile, err);
    }
    struct compose compose;
    if (status == IBC_OK) {
        status = compose_find(service, &compose, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_gateway gateway;
    status = gateway_open(&gateway, cli, &given, profile, rules, err);
    if (status != IBC_OK) {
        return status;
    }
    gateway.compose = &compose;
    gateway.further = further;
    if (!given.ttl) {
        /* It ends as soon as the gateway has read it; an image may have to be fetched before. */
        gateway.ttl = gateway.session.policy.ttl_max;
    }
    status = gateway_lock(&gateway, err);
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_free char *link = ibc_secret_directory_path(gateway.runtime, gateway.profile);
    status = link ? compose_check_mount(&compose, link, gateway.image, err)
                  : ibc_fail(err, IBC_ERR_INTERNAL, "the runtime directory is gone");
    if (status != IBC_OK) {
        return status;
    }
    catch_interrupts();
    struct run run;
    status = supervise(&gateway, &options, &run, err);
    if (status != IBC_OK) {
        return status;
    }
    warn_of_staged(&gateway);
    return answer(&gateway, &run, err);
}
