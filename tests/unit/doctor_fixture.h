/* doctor_fixture.h - compose files in memory, judged. */
#ifndef DOCTOR_FIXTURE_H
#define DOCTOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/doctor.h>

#define IMAGE "ghcr.io/gnzsnz/ib-gateway:10.30.1t"
/* A service in which nothing is wrong yet, and one more key of it. */
#define GATEWAY(more)                                                                              \
    "services:\n"                                                                                  \
    "  ib-gateway:\n"                                                                              \
    "    image: " IMAGE "\n"                                                                       \
    "    stop_grace_period: 90s\n" more

static inline int start_doctor(void **state) {
    (void)state;
    struct ibc_error err;
    return ibc_secret_init(&err) == IBC_OK ? 0 : -1;
}

struct examined {
    struct ibc_compose_project *project;
    struct ibc_doctor_report report;
};

/* Files "1.yml" and "2.yml" (NULL: only one), and ".env" (NULL: none). */
static inline void examine(const char *first, const char *second, const char *env,
                           const struct ibc_doctor_world *world, const struct ibc_policy *policy,
                           struct examined *out) {
    struct ibc_error err = {0};
    const struct ibc_compose_source files[] = {
        {"1.yml", ibc_view_of(first)},
        {"2.override.yml", ibc_view_of(second ? second : "")},
    };
    const struct ibc_compose_source env_file = {".env", ibc_view_of(env ? env : "")};
    if (ibc_compose_parse(files, second ? 2 : 1, env ? &env_file : NULL, NULL, &out->project,
                          &err) != IBC_OK) {
        fail_msg("%s in:\n%s", err.text, first);
    }
    if (ibc_doctor_examine(out->project, world, policy, &out->report, &err) != IBC_OK) {
        fail_msg("%s", err.text);
    }
}

static inline void examined_free(struct examined *examined) {
    ibc_doctor_report_free(&examined->report);
    ibc_compose_free(&examined->project);
}

/* "rule line", one after the other; the file is named where it is not the first. */
static inline void list(const struct examined *examined, char *out, size_t size) {
    out[0] = '\0';
    for (size_t i = 0; i < examined->report.count; i++) {
        const struct ibc_doctor_finding *finding = &examined->report.findings[i];
        const bool elsewhere = finding->file && strcmp(finding->file, "1.yml") != 0;
        const size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s %s%s%u", used > 0 ? ", " : "",
                 ibc_doctor_rule(finding->rule)->id, elsewhere ? finding->file : "",
                 elsewhere ? ":" : "", finding->line);
    }
}

#endif
