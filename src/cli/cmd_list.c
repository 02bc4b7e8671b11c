/* cmd_list.c - ibcred list: one line a profile. */
#include "cli/cli.h"

struct listing {
    const struct session *session;
    bool json;
    size_t count;
};

/* Streamed, an object at a time: a vault may hold very many profiles. */
static enum ibc_status print_object(struct listing *listing, const struct ibc_profile *profile,
                                    const struct ibc_version *version, struct ibc_error *err) {
    json_t *object = json_pack(
        "{s:s, s:s, s:s?, s:i, s:s, s:o, s:o, s:s?, s:b}", "profile", profile->name, "kind",
        ibc_kind_name(profile->kind), "account", profile->account[0] ? profile->account : NULL,
        "version", (int)version->number, "state", ibc_version_state_name(version->state), "sealed",
        json_time(version->created_ms), "proven_at", json_time(version->proven_ms), "proven_kind",
        version->proven_kind ? ibc_kind_name(version->proven_kind) : NULL, "contradicts",
        ibc_version_contradicts(profile, version));
    fputs(listing->count > 0 ? ",\n" : "[\n", stdout);
    int failure = object ? json_dumpf(object, stdout, JSON_COMPACT) : -1;
    json_decref(object);
    return failure ? ibc_fail(err, IBC_ERR_IO, "the JSON answer cannot be written") : IBC_OK;
}

/* The day, and the kind of account where one was seen: "2026-11-21 live, contradicts paper". */
static void print_proven(const struct ibc_profile *profile, const struct ibc_version *version) {
    if (version->proven_ms == 0) {
        puts("-");
        return;
    }
    char time[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(version->proven_ms, time);
    printf("%.10s", time);
    if (version->proven_kind != 0) {
        printf(" %s", ibc_kind_name(version->proven_kind));
    }
    if (ibc_version_contradicts(profile, version)) {
        printf(", contradicts %s", ibc_kind_name(profile->kind));
    }
    putchar('\n');
}

static void print_row(const struct ibc_profile *profile, const struct ibc_version *version) {
    char sealed[IBC_TIMESTAMP_MAX];
    ibc_format_timestamp(version->created_ms, sealed);
    printf("%-24s %-5s  %7u  %-7s  %-24s  ", profile->name, ibc_kind_name(profile->kind),
           (unsigned)version->number, ibc_version_state_name(version->state), sealed);
    print_proven(profile, version);
}

static enum ibc_status print_profile(void *context, const char *name, enum ibc_kind kind,
                                     struct ibc_error *err) {
    (void)kind;
    struct listing *listing = context;
    ibc_auto_profile *profile = NULL;
    enum ibc_status status = ibc_vault_get(listing->session->vault, name, &profile, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_version *version = ibc_profile_current(profile);
    if (listing->json) {
        status = print_object(listing, profile, version, err);
    } else {
        if (listing->count == 0) {
            printf("%-24s %-5s  %7s  %-7s  %-24s  %s\n", "PROFILE", "KIND", "VERSION", "STATE",
                   "SEALED", "PROVEN");
        }
        print_row(profile, version);
    }
    listing->count++;
    return status;
}

enum ibc_status cmd_list(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    enum ibc_status status = parse_options(cli, "list", NULL, 0, &argc, &argv, err);
    if (status == IBC_OK && argc > 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "list takes no operand; see: ibcred show PROFILE");
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    status = session_open(&session, cli, false, err);
    if (status != IBC_OK) {
        return status;
    }
    struct listing listing = {.session = &session, .json = cli->json};
    if (cli->json) {
        /* What is printed an object at a time must not end in the middle. */
        status = ibc_vault_verify(session.vault, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    status = ibc_vault_each(session.vault, print_profile, &listing, err);
    if (status != IBC_OK) {
        return status;
    }
    if (cli->json) {
        puts(listing.count > 0 ? "\n]" : "[]");
    } else if (listing.count == 0) {
        say(cli, "the vault is empty; begin with: ibcred seal PROFILE --kind paper");
    }
    return flush_output(err);
}
