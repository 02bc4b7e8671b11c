/* cmd_provision.c - ibcred provision: a profile's fields, or a key of the vault, to a forge. */
#include "cli/keys.h"
#include "cli/provision.h"

#include <ibcred/ci.h>

#include <unistd.h>

struct provision_options {
    bool resume, forget, all, identity;
    const char *expires;
    struct option_values fields;
};

/* "NAME" or "NAME=SECRET". */
static enum ibc_status parse_field(const char *text, struct provision_field *out,
                                   struct ibc_error *err) {
    const size_t size = strcspn(text, "=");
    const bool named = text[size] == '=';
    if (size == 0 || size > IBC_FIELD_NAME_MAX || (named && text[size + 1] == '\0')) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--field takes the name of a field, or NAME=SECRET_NAME");
    }
    *out = (struct provision_field){.secret = named ? text + size + 1 : NULL};
    memcpy(out->name, text, size);
    if (strncmp(out->name, IBC_OWN_FIELD_PREFIX, strlen(IBC_OWN_FIELD_PREFIX)) == 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "field %s is for ibcred alone, and does not leave the vault", out->name);
    }
    return IBC_OK;
}

static enum ibc_status parse_fields(const struct option_values *given, struct provision *out,
                                    struct ibc_error *err) {
    enum ibc_status status = IBC_OK;
    for (size_t i = 0; status == IBC_OK && i < given->count; i++) {
        status = parse_field(given->items[i], &out->fields[out->field_count++], err);
    }
    return status;
}

/* Where one may say that secrets lie. */
static const char *place_options(const struct ibc_forge_place *place) {
    return place->forge == IBC_FORGE_GITLAB ? "--project PATH or --group NAME"
                                            : "--repo OWNER/REPO or --org NAME";
}

static bool has_place(const struct ibc_forge_place *place) {
    return place->repository || place->organisation;
}

static bool narrows(const struct ibc_forge_place *place) {
    return place->environment || place->visibility || place->dependabot || place->unmasked ||
           place->is_protected;
}

/* Nothing brings back what a slip has forgotten: all is forgotten for those who say so. */
static enum ibc_status check_extent(const struct provision_options *given,
                                    const struct ibc_forge_place *place, struct ibc_error *err) {
    if (given->all && !given->forget) {
        return ibc_fail(err, IBC_ERR_USAGE, "--all goes with --forget");
    }
    if (given->all && (has_place(place) || narrows(place))) {
        return ibc_fail(
            err, IBC_ERR_USAGE,
            "--all means every place at that forge; leave out what names or narrows one");
    }
    if (given->forget && !given->all && !has_place(place)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "say which copies to forget: %s, or --all for every place at that forge",
                        place_options(place));
    }
    return IBC_OK;
}

static enum ibc_status check_errand(const struct provision_options *given,
                                    const struct provision *provision, struct ibc_error *err) {
    if (given->resume + given->forget + given->identity > 1) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--resume, --forget and --ci-identity exclude one another");
    }
    if (given->identity && given->fields.count > 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "--ci-identity puts no field; leave --field out");
    }
    if (!given->identity && (given->expires || provision->secret_name)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--%s goes with --ci-identity",
                        given->expires ? "expires" : "secret-name");
    }
    if ((given->resume || given->forget) && provision->place.visibility) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--visibility is for writing anew: give the whole command again, without "
                        "--resume or --forget");
    }
    if (provision->place.repository && provision->place.organisation) {
        return ibc_fail(err, IBC_ERR_USAGE, "--repo and --org exclude one another");
    }
    return check_extent(given, &provision->place, err);
}

/*
 * Inside a job of the same forge, its runner tells which repository it is for. Not at which server:
 * GitLab lets whoever starts a pipeline set such a variable, and the token would follow it.
 */
static void fill_from_ci(struct ibc_forge_place *place) {
    static const enum ibc_ci runners[FORGE_LAST + 1] = {[IBC_FORGE_GITHUB] = IBC_CI_GITHUB,
                                                        [IBC_FORGE_GITLAB] = IBC_CI_GITLAB,
                                                        [IBC_FORGE_GITEA] = IBC_CI_GITEA};
    if (ibc_ci_detect(environ) != runners[place->forge]) {
        return;
    }
    const bool is_gitlab = place->forge == IBC_FORGE_GITLAB;
    if (!has_place(place)) {
        place->repository = variable(is_gitlab ? "CI_PROJECT_PATH" : "GITHUB_REPOSITORY");
    }
}

static enum ibc_status check_place(const struct ibc_forge_place *place, struct ibc_error *err) {
    return has_place(place)
               ? IBC_OK
               : ibc_fail(err, IBC_ERR_USAGE, "say where to: %s", place_options(place));
}

static enum ibc_status take_operands(int argc, char **argv, struct provision *out,
                                     struct ibc_error *err) {
    if (argc == 0 || !ibc_forge_parse(argv[0], &out->place.forge)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "name the forge: ibcred provision github|gitlab|gitea|forgejo [PROFILE]");
    }
    return optional_operand(argc - 1, argv + 1, &out->profile, err);
}

static enum ibc_status run(const struct provision_options *given, struct provision *provision,
                           struct ibc_error *err) {
    if (given->resume) {
        return provision_resume(provision, err);
    }
    if (given->forget) {
        return provision_forget(provision, err);
    }
    fill_from_ci(&provision->place);
    /* What a person asks for now; what the vault remembers of it later only ever narrows. */
    provision->copying.may_widen = provision->place.visibility != NULL;
    enum ibc_status status = check_place(&provision->place, err);
    if (status != IBC_OK) {
        return status;
    }
    return given->identity ? provision_identity(provision, err) : provision_fields(provision, err);
}

static enum ibc_status parse(struct cli *cli, int argc, char **argv,
                             struct provision_options *given, struct provision *out,
                             struct ibc_error *err) {
    struct ibc_forge_place *place = &out->place;
    const struct option_spec options[] = {
        {"repo", "OWNER/REPO", "the repository", .value = &place->repository},
        {"project", "PATH", "GitLab: the project's path or number", .value = &place->repository},
        {"org", "NAME", "instead: the organisation", .value = &place->organisation},
        {"group", "NAME", "GitLab: the group", .value = &place->organisation},
        {"env", "NAME", "an environment of the repository; GitLab: its scope",
         .value = &place->environment},
        {"dependabot", NULL, "GitHub: Dependabot's secrets", .flag = &place->dependabot},
        {"visibility", "WHO", "GitHub organisation: all or private repositories (as it is)",
         .value = &place->visibility},
        {"unmasked", NULL, "GitLab: shown in job logs", .flag = &place->unmasked},
        {"protected", NULL, "GitLab: for protected branches only", .flag = &place->is_protected},
        {"field", "NAME[=SECRET]",
         "a field, and its secret's name (several; " IBC_FIELD_USERNAME " and " IBC_FIELD_PASSWORD
         ")",
         .values = &given->fields},
        {"token-file", "FILE", "the forge's token ($GITHUB_TOKEN, $GITLAB_TOKEN, $GITEA_TOKEN)",
         .value = &out->copying.token_file},
        {"api-url", "URL", "of a server of your own", .value = &place->api_url},
        {"ca", "FILE", "who vouches for it (PEM)", .value = &out->copying.ca_file},
        {"patience", "DURATION", "how long a busy forge is waited for (2m)",
         .value = &out->copying.patience},
        {"dry-run", NULL, "name the secrets, and ask nobody", .flag = &out->dry_run},
        {"resume", NULL, "bring the copies that are behind", .flag = &given->resume},
        {"forget", NULL, "no longer keep the copies up to date", .flag = &given->forget},
        {"all", NULL, "--forget: those at every place of that forge", .flag = &given->all},
        {"ci-identity", NULL, "a key of its own that opens the vault, instead of fields",
         .flag = &given->identity},
        {"secret-name", "NAME", "how that key is called there (IBCRED_IDENTITY)",
         .value = &out->secret_name},
        {"expires", "WHEN", "90d, 2027-01-31: that key opens nothing from then on",
         .value = &given->expires},
    };
    enum ibc_status status =
        parse_options(cli, "provision", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    return status == IBC_OK ? take_operands(argc, argv, out, err) : status;
}

enum ibc_status cmd_provision(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct provision_options given = {0};
    struct provision provision = {.cli = cli};
    enum ibc_status status = parse(cli, argc, argv, &given, &provision, err);
    if (status == IBC_OK) {
        status = parse_fields(&given.fields, &provision, err);
    }
    if (status == IBC_OK) {
        status = check_errand(&given, &provision, err);
    }
    if (status == IBC_OK) {
        status = parse_expiry(given.expires, ibc_clock_wall_ms(), &provision.expires_ms, err);
    }
    return status == IBC_OK ? run(&given, &provision, err) : status;
}
