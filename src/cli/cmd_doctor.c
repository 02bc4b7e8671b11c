/* cmd_doctor.c - ibcred doctor: what can lock an account, leak a password, or not be reached. */
#include "cli/doctor.h"

#include <ibcred/file.h>
#include <unistd.h>

struct doctor_options {
    struct option_values files, profiles;
    const char *env_file;
    bool files_only, fix, yes, sarif;
};

void look_clear(struct look *look) {
    ibc_doctor_report_free(&look->report);
    ibc_compose_free(&look->project);
}

static enum ibc_status load_project(const struct doctor_options *options,
                                    struct ibc_compose_project **out, struct ibc_error *err) {
    const struct ibc_compose_request request = {
        .file_count = options->files.count,
        .files = options->files.items,
        .env_file = options->env_file,
        .profile_count = options->profiles.count,
        .profiles = options->profiles.items,
        .environment = environ,
    };
    return ibc_compose_load(&request, out, err);
}

/* --- the vault, where it opens without a question ----------------------------------------------*/

static enum ibc_status count_profile(void *context, const char *name, enum ibc_kind kind,
                                     struct ibc_error *err) {
    (void)name;
    (void)err;
    struct ibc_doctor_world *world = context;
    world->paper_profiles += kind == IBC_KIND_PAPER;
    world->live_profiles += kind == IBC_KIND_LIVE;
    return IBC_OK;
}

static enum ibc_status open_identities(const struct cli *cli, const char *path,
                                       struct ibc_identities **out, struct ibc_error *err) {
    const char *text = variable("IBCRED_IDENTITY");
    if (text && !cli->identity && !variable("IBCRED_IDENTITY_FILE")) {
        return ibc_identities_parse(ibc_view_of(text), "IBCRED_IDENTITY", out, err);
    }
    return path ? ibc_identities_load(path, out, err)
                : ibc_fail(err, IBC_ERR_NOT_FOUND, "there is no identity");
}

/* Names and kinds only; a vault that does not open is no finding, and nobody is asked. */
static void count_profiles(const struct cli *cli, const struct ibc_doctor_request *request,
                           struct ibc_doctor_world *world) {
    ibc_auto_identities *identities = NULL;
    ibc_auto_vault *vault = NULL;
    struct ibc_error ignored;
    if (!request->vault ||
        open_identities(cli, request->identity, &identities, &ignored) != IBC_OK) {
        return;
    }
    const struct ibc_keyring keyring = {.identities = identities};
    if (ibc_vault_open(request->vault, &keyring, &vault, &ignored) == IBC_OK) {
        world->vault_opened = ibc_vault_each(vault, count_profile, world, &ignored) == IBC_OK;
    }
}

/* --- one look ----------------------------------------------------------------------------------*/

static void count(struct look *look) {
    for (size_t i = 0; i < look->report.count; i++) {
        look->counts[ibc_doctor_rule(look->report.findings[i].rule)->severity]++;
    }
}

/* The policy to judge by. */
struct judging {
    struct ibc_policy policy;
    struct ibc_error trouble; /* why it is the built-in one, and not the one that is there */
};

/* A policy that is refused, or is none, is something to find: it stops all others. */
static enum ibc_status find_policy(const struct cli *cli, struct judging *out,
                                   struct ibc_error *err) {
    const enum ibc_status status = load_policy(cli, &out->policy, err);
    if (status != IBC_ERR_REFUSED && status != IBC_ERR_MISMATCH && status != IBC_ERR_DATA) {
        return status;
    }
    out->trouble = *err;
    *err = (struct ibc_error){0};
    ibc_policy_default(&out->policy);
    return IBC_OK;
}

/* What is found has strings of its own; the paths and the world end in here. */
static enum ibc_status judge(const struct cli *cli, const struct doctor_options *options,
                             const struct judging *by, struct look *look, struct ibc_error *err) {
    ibc_auto_free char *vault = vault_path(cli);
    ibc_auto_free char *identity = existing_identity(cli);
    ibc_auto_free char *policy_file = existing_policy(cli);
    ibc_auto_free char *state = state_path();
    struct runtime_candidates candidates;
    runtime_candidates(&candidates);
    const struct ibc_doctor_request request = {
        .machine = !options->files_only,
        .vault = vault,
        .identity = identity,
        .policy = policy_file,
        .policy_trouble = by->trouble.status == IBC_OK ? NULL : by->trouble.text,
        .state = state,
        .runtime_count = candidates.count,
        .runtimes = candidates.paths,
        .environment = environ,
    };
    ibc_auto_doctor_world world = {0};
    enum ibc_status status = ibc_doctor_world_gather(look->project, &request, &world, err);
    if (status == IBC_OK && !options->files_only) {
        count_profiles(cli, &request, &world);
    }
    if (status == IBC_OK) {
        status = ibc_doctor_examine(look->project, &world, &by->policy, &look->report, err);
    }
    count(look);
    return status;
}

static enum ibc_status take_look(const struct cli *cli, const struct doctor_options *options,
                                 struct look *look, struct ibc_error *err) {
    struct judging by = {0};
    enum ibc_status status = find_policy(cli, &by, err);
    if (status == IBC_OK) {
        status = load_project(options, &look->project, err);
    }
    return status == IBC_OK ? judge(cli, options, &by, look, err) : status;
}

static enum ibc_status report(struct cli *cli, const struct doctor_options *options,
                              const struct look *look, struct ibc_error *err) {
    cli->says_no = look->counts[IBC_SEVERITY_ERROR] + look->counts[IBC_SEVERITY_WARNING] > 0;
    if (options->sarif) {
        return print_sarif(look, err);
    }
    return cli->json ? print_findings_json(look, err) : print_findings(cli, look, err);
}

/* Show and write the patch, then look again: what is left is what counts. */
static enum ibc_status fix_and_report(struct cli *cli, const struct doctor_options *options,
                                      const struct look *before, struct ibc_error *err) {
    size_t written;
    enum ibc_status status = fix_findings(cli, before, options->yes, &written, err);
    if (status != IBC_OK) {
        return status;
    }
    if (written == 0) {
        return report(cli, options, before, err);
    }
    say(cli, "%zu file%s written; what is left:", written, written == 1 ? "" : "s");
    auto_look after = {0};
    status = take_look(cli, options, &after, err);
    return status == IBC_OK ? report(cli, options, &after, err) : status;
}

static enum ibc_status check_options(const struct cli *cli, const struct doctor_options *options,
                                     int operands, struct ibc_error *err) {
    if (operands > 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "doctor takes no operand; name compose files with -f");
    }
    if (options->fix && (options->sarif || cli->json)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--fix shows a patch, so it goes neither with --json nor with --sarif");
    }
    if (options->files.count > IBC_COMPOSE_FILES_MAX) {
        return ibc_fail(err, IBC_ERR_USAGE, "-f is given more than %d times",
                        IBC_COMPOSE_FILES_MAX);
    }
    return IBC_OK;
}

enum ibc_status cmd_doctor(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct doctor_options given = {0};
    const struct option_spec options[] = {
        {"file", "FILE", "a compose file, as of Compose; several are laid over one another",
         .values = &given.files, .letter = 'f'},
        {"env-file", "FILE", "Compose's env file (.env)", .value = &given.env_file},
        {"profile", "NAME", "a profile of Compose that is asked for", .values = &given.profiles},
        {"files-only", NULL, "do not look at this machine: for CI", .flag = &given.files_only},
        {"fix", NULL, "show what can be mended as a patch, ask, and write it", .flag = &given.fix},
        {"yes", NULL, "with --fix: do not ask", .flag = &given.yes},
        {"sarif", NULL, "answer in SARIF 2.1.0", .flag = &given.sarif},
    };
    enum ibc_status status =
        parse_options(cli, "doctor", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = check_options(cli, &given, argc, err);
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_look look = {0};
    status = take_look(cli, &given, &look, err);
    if (status != IBC_OK) {
        return status;
    }
    return given.fix ? fix_and_report(cli, &given, &look, err) : report(cli, &given, &look, err);
}
