/* cmd_import.c - ibcred import: many profiles from JSON lines in one write, or one from a store. */
#include "cli/import_store.h"
#include "cli/lines.h"

#include <ibcred/file.h>

#include <search.h>
#include <unistd.h>

/* The names that this import has sealed: one twice would lose the first. */
struct seen {
    void *tree;
};

static int compare_names(const void *a, const void *b) {
    return strcmp(a, b);
}

static void seen_free(struct seen *seen) {
    tdestroy(seen->tree, free);
}

static enum ibc_status seen_add(struct seen *seen, const char *name, const struct lines *lines,
                                struct ibc_error *err) {
    char *copy = strdup(name);
    char **slot = copy ? tsearch(copy, &seen->tree, compare_names) : NULL;
    if (!slot) {
        free(copy);
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory");
    }
    if (*slot != copy) {
        free(copy);
        return ibc_fail(err, IBC_ERR_DATA,
                        "%s:%llu: profile '%s' is there a second time; nothing was sealed",
                        lines->name, (unsigned long long)lines->number, name);
    }
    return IBC_OK;
}

/* One import, under way. */
struct import {
    struct session session;
    bool force;
    struct seen seen;
    struct staged_list staged;
    uint64_t count;
};

static void import_free(struct import *import) {
    seen_free(&import->seen);
    staged_free(&import->staged);
    session_close(&import->session);
}

static enum ibc_status import_line(struct import *import, const struct lines *lines,
                                   struct ibc_view line, struct ibc_error *err) {
    ibc_auto_input input = {0};
    enum ibc_status status = ibc_input_json_line(line, lines->name, lines->number, &input, err);
    if (status == IBC_ERR_DATA && lines->number == 1) {
        const struct ibc_error why = *err;
        return ibc_fail(err, status, "%s; what another store printed goes in with --as PROFILE",
                        why.text);
    }
    if (status == IBC_OK) {
        status = seen_add(&import->seen, input.profile, lines, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    const struct sealing sealing = {
        .profile = input.profile,
        .kind = input.kind,
        .account = input.account,
        .fields = input.fields,
        .field_count = input.count,
        .force = import->force,
    };
    uint32_t version;
    status = seal_fields(&import->session, &sealing, &import->staged, &version, err);
    if (status != IBC_OK) {
        const struct ibc_error inner = *err;
        ibc_fail(err, status, "%s:%llu: %s", lines->name, (unsigned long long)lines->number,
                 inner.text);
        err->retry_after = inner.retry_after;
    }
    return status;
}

static enum ibc_status import_lines(struct import *import, int fd, const char *name,
                                    struct ibc_error *err) {
    IBC_CLEANUP(lines_free) struct lines lines;
    enum ibc_status status = lines_open(&lines, fd, name, IBC_INPUT_MAX, err);
    while (status == IBC_OK) {
        struct ibc_view line;
        status = lines_next(&lines, &line, err);
        if (status != IBC_OK || !line.bytes) {
            break;
        }
        if (line.size == 0) {
            continue;
        }
        status = import_line(import, &lines, line, err);
        import->count++;
    }
    return status;
}

static enum ibc_status commit(struct import *import, uint64_t *generation, struct ibc_error *err) {
    char why[64];
    snprintf(why, sizeof why, "%llu profiles", (unsigned long long)import->count);
    const struct ibc_audit_event event = {.event = "import", .verdict = "done", .why = why};
    return staged_commit(&import->session, &import->staged, &event, generation, err);
}

/* Seal every line, or none. */
static enum ibc_status import_profiles(const struct cli *cli, struct import_source *source,
                                       bool force, struct ibc_error *err) {
    IBC_CLEANUP(import_free) struct import import = {.force = force};
    uint64_t generation = 0;
    enum ibc_status status = session_edit(&import.session, cli, err);
    if (status == IBC_OK) {
        status = import_lines(&import, source->fd, source->name, err);
    }
    if (status == IBC_OK && source->is_command) {
        status = from_command_finish(&source->command, err);
    }
    if (status == IBC_OK && import.count == 0) {
        status =
            ibc_fail(err, IBC_ERR_DATA, "'%s' holds no profile; nothing was sealed", source->name);
    }
    if (status == IBC_OK) {
        status = commit(&import, &generation, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    staged_tell(cli, &import.staged);
    say(cli, "%llu profiles are sealed", (unsigned long long)import.count);
    return cli->json ? print_json(json_pack("{s:I, s:I}", "profiles", (json_int_t)import.count,
                                            "generation", (json_int_t)generation),
                                  err)
                     : IBC_OK;
}

static void source_free(struct import_source *source) {
    if (source->is_command) {
        from_command_free(&source->command);
    } else if (source->fd > STDERR_FILENO) {
        ibc_close(&source->fd);
    }
}

static enum ibc_status open_source(const struct cli *cli, const char *path, char *const *command,
                                   struct import_source *source, struct ibc_error *err) {
    /* Before a command asks for anything on behalf of a vault that is not there. */
    ibc_auto_free char *vault = NULL;
    enum ibc_status status = find_vault(cli, &vault, err);
    if (status != IBC_OK) {
        return status;
    }
    if (command) {
        source->is_command = true;
        status = from_command_start(&source->command, command, err);
        source->fd = source->command.fd;
        source->name = source->command.name;
        return status;
    }
    if (!path || strcmp(path, "-") == 0) {
        source->fd = STDIN_FILENO;
        source->name = "standard input";
        return IBC_OK;
    }
    source->name = path;
    return ibc_file_open(path, "file", &source->fd, err);
}

/* Cut argv at the first "--": what is behind it is the command, or else the file. */
static char **cut_command(int *argc, char **argv) {
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            *argc = i;
            return argv + i + 1;
        }
    }
    return NULL;
}

/* Which of FILE and COMMAND it is to be; the one that it is not is left NULL. */
static enum ibc_status choose_source(bool from_command, int argc, char **argv, char ***command,
                                     const char **path, struct ibc_error *err) {
    *path = NULL;
    if (!from_command) {
        char **behind = *command;
        *command = NULL;
        if (argc == 0 && behind && behind[0] && !behind[1]) {
            argc = 1;
            argv = behind;
        } else if (behind && behind[0]) {
            return ibc_fail(err, IBC_ERR_USAGE,
                            "a command after -- goes with --from-command; see: ibcred import "
                            "--help");
        }
        return optional_operand(argc, argv, path, err);
    }
    if (argc > 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--from-command and FILE exclude one another; the command stands after --");
    }
    if (!*command || !(*command)[0]) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "there is no command to run; write: ibcred import --as PROFILE "
                        "--from-command -- COMMAND");
    }
    return IBC_OK;
}

/* Without --as the lines say all that these options could. */
static enum ibc_status check_options(struct import_store *given, struct ibc_error *err) {
    if (given->profile) {
        return import_store_check(given, err);
    }
    if (given->kind || given->account || given->format || given->map.count > 0 ||
        given->fields.count > 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--kind, --account, --format, --map and --field go with --as PROFILE");
    }
    return IBC_OK;
}

enum ibc_status cmd_import(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct import_store given = {0};
    bool from_command = false;
    const struct option_spec options[] = {
        {"as", "PROFILE", "one profile, out of what another store prints", .value = &given.profile},
        {"kind", "KIND", "what its username is: paper or live", .value = &given.kind},
        {"account", "ID", "the account id it logs in to", .value = &given.account},
        {"map", "FIELD=KEY", "what the store calls a field (several)", .values = &given.map},
        {"field", "NAME", "a further field (several)", .values = &given.fields},
        {"format", "FORMAT", "json, vault-kv, dotenv, sops-dotenv (told by content)",
         .value = &given.format},
        {"from-command", NULL, "read what the command after -- prints", .flag = &from_command},
        {"force", NULL, "though usernames do not look like their kinds", .flag = &given.force},
    };
    const char *path;
    char **command = cut_command(&argc, argv);
    enum ibc_status status =
        parse_options(cli, "import", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = choose_source(from_command, argc, argv, &command, &path, err);
    }
    if (status == IBC_OK) {
        status = check_options(&given, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    IBC_CLEANUP(source_free) struct import_source source = {.fd = -1};
    status = open_source(cli, path, command, &source, err);
    if (status != IBC_OK) {
        return status;
    }
    return given.profile ? import_store(cli, &given, &source, err)
                         : import_profiles(cli, &source, given.force, err);
}
