/* credentials.c - passwords where they do not belong, and how they come to the gateway. */
#include "doctor/examine.h"

enum { OTHERS_READ = 0004, GROUP_OR_OTHERS_READ = 0044 };

static const char *const credentials[] = {"TWS_PASSWORD", "TWS_PASSWORD_PAPER",
                                          "IB_PASSWORD",  "IB_PASSWORD_PAPER",
                                          "IB_PASS",      "TWOFACTOR_CODE"};

/* The two passwords of the image, and what may stand for each. */
static const char *const passwords[][2] = {{"TWS_PASSWORD", "TWS_PASSWORD_FILE"},
                                           {"TWS_PASSWORD_PAPER", "TWS_PASSWORD_PAPER_FILE"}};

bool ibc_doctor_is_credential(const char *name) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(credentials); i++) {
        if (strcmp(name, credentials[i]) == 0) {
            return true;
        }
    }
    return false;
}

void rule_plaintext_credential(struct examination *exam, const struct gateway *gateway) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(credentials); i++) {
        const struct ibc_compose_variable *variable = given(gateway->service, credentials[i]);
        if (!variable || variable->from_env_file || !variable->text.literal) {
            continue;
        }
        struct ibc_doctor_finding *finding =
            found(exam, value_place(variable), "%s of '%s' stands here in plain text%s",
                  variable->name, gateway->service->name,
                  variable->text.interpolated ? ", as a default or a part of it" : "");
        instead(exam, finding,
                "seal it (ibcred seal %s), take it out here and change it at IBKR if the file was "
                "ever shared; ibcred's docker-compose.override.yml brings it to the gateway",
                profile_for(gateway));
    }
}

/* A credential that lies in an env file. */
struct env_credential {
    struct ibc_place place;
    const char *name;
    const struct ibc_doctor_file *file; /* NULL: nothing is known of it */
};

struct env_credentials {
    size_t count;
    struct env_credential *items;
};

static const struct ibc_doctor_file *fact_of(const struct ibc_doctor_world *world,
                                             const char *path) {
    for (size_t i = 0; path && i < world->file_count; i++) {
        if (strcmp(world->files[i].path, path) == 0) {
            return &world->files[i];
        }
    }
    return NULL;
}

static void add(struct examination *exam, const char *name, const char *value,
                const struct ibc_place *place, struct env_credentials *out) {
    const struct ibc_doctor_file *file = fact_of(exam->world, place->file);
    if (!value || value[0] == '\0' || !ibc_doctor_is_credential(name) ||
        (file && file->delivered)) {
        return;
    }
    out->items[out->count] = (struct env_credential){.place = *place, .name = name, .file = file};
    out->items[out->count++].place.column = 1; /* its line, whoever read it */
}

/* What a service takes from an env file; one of a name, so at most all credentials. */
static void add_of_service(struct examination *exam, const struct ibc_compose_service *service,
                           struct env_credentials *out) {
    for (size_t i = 0; service->env_file_count > 0 && i < IBC_ARRAY_SIZE(credentials); i++) {
        const struct ibc_compose_variable *variable =
            ibc_compose_variable_of(service, credentials[i]);
        if (variable && variable->from_env_file) {
            add(exam, variable->name, variable->text.value, &variable->place, out);
        }
    }
}

/* The caller frees the items. */
static struct env_credentials list_env_credentials(struct examination *exam) {
    const struct ibc_compose_project *project = exam->project;
    struct env_credentials list = {0};
    list.items =
        calloc(project->binding_count + project->service_count * IBC_ARRAY_SIZE(credentials) + 1,
               sizeof *list.items);
    if (!list.items) {
        exam->no_memory = true;
        return list;
    }
    for (size_t i = 0; i < project->binding_count; i++) {
        const struct ibc_compose_binding *binding = &project->bindings[i];
        add(exam, binding->name, binding->value, &binding->place, &list);
    }
    for (size_t i = 0; i < project->service_count; i++) {
        add_of_service(exam, &project->services[i], &list);
    }
    return list;
}

/* All modes that gateways are said to run in; paper where none is. */
static unsigned modes_of_gateways(const struct examination *exam) {
    unsigned modes = 0;
    for (size_t i = 0; i < exam->gateway_count; i++) {
        modes |= exam->gateways[i].mode_known ? (unsigned)exam->gateways[i].mode : 0;
    }
    return modes ? modes : IBC_MODE_PAPER;
}

/*
 * `ibcred seal --from` takes the names that ibcred itself writes. IB_PASSWORD is the live user's
 * where both are there; that of paper is asked for.
 */
static void advise_sealing(struct examination *exam, struct ibc_doctor_finding *finding,
                           const struct env_credential *at) {
    const unsigned modes = modes_of_gateways(exam);
    const char *kind = modes & IBC_MODE_LIVE ? "live" : "paper";
    char file[QUOTED_MAX];
    if (strcmp(at->name, "IB_PASSWORD") != 0) {
        const bool paper = strstr(at->name, "_PAPER") != NULL || !(modes & IBC_MODE_LIVE);
        kind = paper ? "paper" : "live";
        instead(exam, finding, "ibcred seal %s --kind %s, which asks; then remove the line", kind,
                kind);
    } else if (modes == IBC_MODE_BOTH) {
        instead(exam, finding,
                "ibcred seal live --kind live --from %s --scrub for the live user, and ibcred seal "
                "paper --kind paper, which asks, for the paper one; the other way round if these "
                "are the paper user's",
                quoted(at->place.file, file));
    } else {
        instead(exam, finding, "ibcred seal %s --kind %s --from %s --scrub", kind, kind,
                quoted(at->place.file, file));
    }
}

void rule_plaintext_env_file(struct examination *exam) {
    const struct env_credentials list = list_env_credentials(exam);
    for (size_t i = 0; i < list.count; i++) {
        const struct env_credential *at = &list.items[i];
        advise_sealing(exam, found(exam, &at->place, "%s stands here in plain text", at->name), at);
    }
    free(list.items);
}

static bool is_first_of_file(const struct env_credentials *list, size_t index) {
    const struct ibc_place *place = &list->items[index].place;
    for (size_t i = 0; i < list->count; i++) {
        const struct ibc_place *other = &list->items[i].place;
        if (other->line < place->line && strcmp(other->file, place->file) == 0) {
            return false;
        }
    }
    return true;
}

void rule_env_file_tracked(struct examination *exam) {
    const struct env_credentials list = list_env_credentials(exam);
    for (size_t i = 0; i < list.count; i++) {
        const struct env_credential *at = &list.items[i];
        if (at->file && at->file->tracked && is_first_of_file(&list, i)) {
            char word[QUOTED_MAX];
            instead(
                exam,
                found(exam, &at->place, "git keeps '%s', with %s in it", at->place.file, at->name),
                "git rm --cached %s, name it in .gitignore, and change the password at IBKR: "
                "the history still has it",
                quoted(at->place.file, word));
        }
    }
    free(list.items);
}

void rule_env_file_unknown(struct examination *exam) {
    const struct env_credentials list = list_env_credentials(exam);
    for (size_t i = 0; i < list.count; i++) {
        const struct env_credential *at = &list.items[i];
        if (at->file && at->file->git_silent && is_first_of_file(&list, i)) {
            char word[QUOTED_MAX];
            instead(
                exam,
                found(exam, &at->place,
                      "'%s' has %s in it, and git could not be asked whether it keeps that file",
                      at->place.file, at->name),
                "git ls-files %s, as the owner of the repository", quoted(at->place.file, word));
        }
    }
    free(list.items);
}

void rule_env_file_readable(struct examination *exam) {
    const struct env_credentials list = list_env_credentials(exam);
    for (size_t i = 0; i < list.count; i++) {
        const struct env_credential *at = &list.items[i];
        if (at->file && at->file->there && (at->file->mode & GROUP_OR_OTHERS_READ) != 0 &&
            is_first_of_file(&list, i)) {
            char word[QUOTED_MAX];
            instead(exam,
                    found(exam, &at->place,
                          "'%s' has %s in it and can be read by others (mode %04o)", at->place.file,
                          at->name, at->file->mode),
                    "chmod 600 %s", quoted(at->place.file, word));
        }
    }
    free(list.items);
}

void rule_password_in_environment(struct examination *exam, const struct gateway *gateway) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(passwords); i++) {
        const struct ibc_compose_variable *variable = given(gateway->service, passwords[i][0]);
        if (variable && !variable->from_env_file && !variable->text.literal) {
            instead(exam,
                    found(exam, value_place(variable),
                          "'%s' gets its password in the environment, as %s",
                          gateway->service->name, variable->name),
                    "%s: %s, from a secret directory: ibcred's docker-compose.override.yml and "
                    "'ibcred up %s'",
                    passwords[i][1],
                    i == 0 ? "/run/ibcred/tws_password" : "/run/ibcred/tws_password_paper",
                    profile_for(gateway));
        }
    }
}

void rule_password_twice(struct examination *exam, const struct gateway *gateway) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(passwords); i++) {
        const struct ibc_compose_variable *plain = given(gateway->service, passwords[i][0]);
        const struct ibc_compose_variable *file = given(gateway->service, passwords[i][1]);
        if (plain && file) {
            instead(exam,
                    found(exam, value_place(file), "'%s' has %s and %s: the image takes only one",
                          gateway->service->name, passwords[i][0], passwords[i][1]),
                    "%s: \"\"", passwords[i][0]);
        }
    }
}

static void judge_secret(struct examination *exam, const struct ibc_compose_secret *secret) {
    const struct ibc_doctor_file *file = fact_of(exam->world, secret->file.value);
    if (!file || !file->there || (file->mode & OTHERS_READ) == 0) {
        return;
    }
    char words[SHOWN_MAX], word[QUOTED_MAX];
    struct ibc_doctor_finding *finding = found(
        exam, &secret->place, "the file of secret '%s', '%s', can be read by everybody (mode %04o)",
        secret->name, shown(&secret->file, words), file->mode);
    quoted(secret->file.interpolated ? "FILE" : file->path, word);
    instead(exam, finding, "chown 1000:1000 %s && chmod 400 %s", word, word);
}

void rule_secret_readable(struct examination *exam, const struct gateway *gateway) {
    for (size_t i = 0; i < gateway->service->secret_count; i++) {
        const char *name = gateway->service->secrets[i].text.value;
        for (size_t j = 0; name && j < exam->project->secret_count; j++) {
            if (strcmp(exam->project->secrets[j].name, name) == 0) {
                judge_secret(exam, &exam->project->secrets[j]);
            }
        }
    }
}
