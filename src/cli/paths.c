/* paths.c - where the vault, the identity, the policy and the directories are. */
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

IBC_PRINTF(1, 2) static char *format(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    char *text = NULL;
    if (vasprintf(&text, fmt, args) < 0) {
        text = NULL;
    }
    va_end(args);
    return text;
}

/* What cannot be seen counts as there: using it then fails, instead of being passed over. */
static bool exists(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* The path when it is there, otherwise NULL; frees it then. */
static char *if_exists(char *path) {
    if (path && !exists(path)) {
        free(path);
        path = NULL;
    }
    return path;
}

/*
 * "$XDG/ibcred/name", or "$HOME/fallback/ibcred/name" (XDG Base Directory Specification 0.8); NULL
 * where neither variable is set: a guess would be another ledger than the one of yesterday.
 */
static char *xdg_path(const char *xdg, const char *fallback, const char *name) {
    const char *base = variable(xdg);
    const char *home = variable("HOME");
    if (base && base[0] == '/') {
        return format("%s/ibcred%s", base, name);
    }
    return home ? format("%s/%s/ibcred%s", home, fallback, name) : NULL;
}

char *vault_path(const struct cli *cli) {
    if (cli->vault) {
        return strdup(cli->vault);
    }
    if (variable("IBCRED_VAULT")) {
        return strdup(variable("IBCRED_VAULT"));
    }
    if (!exists("ibcred.vault")) {
        char *path = if_exists(xdg_path("XDG_DATA_HOME", ".local/share", "/ibcred.vault"));
        if (path) {
            return path;
        }
    }
    return strdup("ibcred.vault");
}

enum ibc_status find_vault(const struct cli *cli, char **path, struct ibc_error *err) {
    *path = vault_path(cli);
    if (!*path) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory");
    }
    if (!exists(*path)) {
        return ibc_fail(err, IBC_ERR_NOT_FOUND,
                        "there is no vault '%s'; make one with: ibcred init", *path);
    }
    return IBC_OK;
}

char *state_path(void) {
    const char *path = variable("IBCRED_STATE_DIR");
    return path ? strdup(path) : xdg_path("XDG_STATE_HOME", ".local/state", "");
}

char *identity_path(const struct cli *cli) {
    if (cli->identity) {
        return strdup(cli->identity);
    }
    const char *path = variable("IBCRED_IDENTITY_FILE");
    return path ? strdup(path) : xdg_path("XDG_CONFIG_HOME", ".config", "/identity");
}

/* NULL where systemd gave none. */
static char *systemds_identity(void) {
    const char *directory = variable("CREDENTIALS_DIRECTORY");
    return directory ? if_exists(format("%s/ibcred-identity", directory)) : NULL;
}

bool identity_is_systemds(void) {
    char *path = systemds_identity();
    free(path);
    return path != NULL;
}

char *existing_identity(const struct cli *cli) {
    if (cli->identity || variable("IBCRED_IDENTITY_FILE")) {
        return identity_path(cli);
    }
    char *path = systemds_identity();
    return path ? path : if_exists(identity_path(cli));
}

char *existing_policy(const struct cli *cli) {
    if (cli->policy) {
        return strdup(cli->policy);
    }
    if (variable("IBCRED_POLICY")) {
        return strdup(variable("IBCRED_POLICY"));
    }
    static const char *const places[] = {"ibcred.yaml", "/etc/ibcred/ibcred.yaml"};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(places); i++) {
        if (exists(places[i])) {
            return strdup(places[i]);
        }
    }
    return NULL;
}

IBC_PRINTF(2, 3)
static void add_candidate(struct runtime_candidates *out, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->text[out->count], sizeof out->text[0], fmt, args);
    va_end(args);
    out->paths[out->count] = out->text[out->count];
    out->count++;
}

void runtime_candidates(struct runtime_candidates *out) {
    out->count = 0;
    const char *given = variable("IBCRED_RUNTIME_DIR");
    if (given) {
        add_candidate(out, "%s", given);
        return;
    }
    const char *xdg = variable("XDG_RUNTIME_DIR");
    if (xdg) {
        add_candidate(out, "%s/ibcred", xdg);
    }
    if (geteuid() == 0) {
        add_candidate(out, "/run/ibcred");
    }
    add_candidate(out, "/dev/shm/ibcred-%u", (unsigned)geteuid());
}
