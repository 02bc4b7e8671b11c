/* cmd_import.c - ibcred import: many profiles from JSON lines, in one write. */
#include "cli/lines.h"
#include "cli/sealing.h"

#include <ibcred/file.h>
#include <ibcred/input.h>

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

static enum ibc_status import_line(struct ibc_vault_edit *edit, struct seen *seen,
                                   const struct lines *lines, struct ibc_view line, bool force,
                                   struct ibc_error *err) {
    ibc_auto_input input = {0};
    enum ibc_status status = ibc_input_json_line(line, lines->name, lines->number, &input, err);
    if (status == IBC_OK) {
        status = seen_add(seen, input.profile, lines, err);
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
        .force = force,
    };
    uint32_t version;
    status = seal_fields(edit, &sealing, &version, err);
    if (status != IBC_OK) {
        const struct ibc_error inner = *err;
        return ibc_fail(err, status, "%s:%llu: %s", lines->name, (unsigned long long)lines->number,
                        inner.text);
    }
    return IBC_OK;
}

static enum ibc_status import_lines(struct session *session, int fd, const char *name, bool force,
                                    uint64_t *count, struct ibc_error *err) {
    IBC_CLEANUP(lines_free) struct lines lines;
    enum ibc_status status = lines_open(&lines, fd, name, IBC_INPUT_MAX, err);
    IBC_CLEANUP(seen_free) struct seen seen = {0};
    *count = 0;
    while (status == IBC_OK) {
        struct ibc_view line;
        status = lines_next(&lines, &line, err);
        if (status != IBC_OK || !line.bytes) {
            break;
        }
        if (line.size == 0) {
            continue;
        }
        status = import_line(session->edit, &seen, &lines, line, force, err);
        (*count)++;
    }
    return status;
}

static enum ibc_status open_source(const char *path, int *fd, struct ibc_error *err) {
    *fd = -1;
    if (!path || strcmp(path, "-") == 0) {
        *fd = STDIN_FILENO;
        return IBC_OK;
    }
    return ibc_file_open(path, "file", fd, err);
}

static enum ibc_status commit(struct session *session, uint64_t count, uint64_t *generation,
                              struct ibc_error *err) {
    char why[64];
    snprintf(why, sizeof why, "%llu profiles", (unsigned long long)count);
    const struct ibc_audit_event event = {.event = "import", .verdict = "done", .why = why};
    return session_commit(session, &event, generation, err);
}

enum ibc_status cmd_import(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    bool force = false;
    const struct option_spec options[] = {
        {"force", NULL, "though usernames do not look like their kinds", .flag = &force},
    };
    const char *path;
    enum ibc_status status =
        parse_options(cli, "import", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &path, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    ibc_auto_fd fd = -1;
    status = open_source(path, &fd, err);
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    uint64_t count = 0, generation = 0;
    status = session_edit(&session, cli, err);
    if (status == IBC_OK) {
        status = import_lines(&session, fd, path ? path : "standard input", force, &count, err);
    }
    if (status == IBC_OK && count == 0) {
        status = ibc_fail(err, IBC_ERR_DATA, "'%s' holds no profile; nothing was sealed",
                          path ? path : "standard input");
    }
    if (status == IBC_OK) {
        status = commit(&session, count, &generation, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    say(cli, "%llu profiles are sealed", (unsigned long long)count);
    return cli->json ? print_json(json_pack("{s:I, s:I}", "profiles", (json_int_t)count,
                                            "generation", (json_int_t)generation),
                                  err)
                     : IBC_OK;
}
