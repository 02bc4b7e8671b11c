/* compose_fixture.h - texts in memory as compose projects, for the tests of ibc_compose_parse(). */
#ifndef IBCRED_TESTS_COMPOSE_FIXTURE_H
#define IBCRED_TESTS_COMPOSE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ibcred/compose.h>

enum { FIXTURE_FILES_MAX = 4 };

static const char *const fixture_names[FIXTURE_FILES_MAX] = {"a.yml", "b.yml", "c.yml", "d.yml"};

/* Texts up to a NULL, each laid over those before it, with an env file and an environment. */
static inline enum ibc_status parse_with(const char *const *texts, const char *env_file,
                                         char *const *environment, struct ibc_compose_project **out,
                                         struct ibc_error *err) {
    struct ibc_compose_source sources[FIXTURE_FILES_MAX];
    size_t count = 0;
    for (; texts[count]; count++) {
        sources[count] =
            (struct ibc_compose_source){fixture_names[count], ibc_view_of(texts[count])};
    }
    const struct ibc_compose_source env = {"x.env", ibc_view_of(env_file ? env_file : "")};
    return ibc_compose_parse(sources, count, env_file ? &env : NULL, environment, out, err);
}

static inline struct ibc_compose_project *parsed(const char *const *texts, const char *env_file,
                                                 char *const *environment) {
    struct ibc_compose_project *project;
    struct ibc_error err;
    if (parse_with(texts, env_file, environment, &project, &err) != IBC_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    return project;
}

static inline struct ibc_compose_project *parsed_one(const char *text) {
    return parsed((const char *const[]){text, NULL}, NULL, NULL);
}

static inline struct ibc_compose_project *parsed_two(const char *base, const char *over) {
    return parsed((const char *const[]){base, over, NULL}, NULL, NULL);
}

static inline const struct ibc_compose_service *service_of(
    const struct ibc_compose_project *project, const char *name) {
    const struct ibc_compose_service *service = ibc_compose_service_of(project, name);
    assert_non_null(service);
    return service;
}

/* The value of the service's variable; "(none)" where it has none, "(stop)" for a required one. */
static inline const char *variable(const struct ibc_compose_service *service, const char *name) {
    const struct ibc_compose_variable *found = ibc_compose_variable_of(service, name);
    if (!found) {
        return "(none)";
    }
    return found->text.value ? found->text.value : "(stop)";
}

static inline const char *value(const struct ibc_compose_text *text) {
    return text->value ? text->value : "(none)";
}

/* Refused, at "line:column" of a file, with these words. */
static inline void assert_refused_at(const char *text, const char *place, const char *words) {
    const char *const texts[] = {text, NULL};
    struct ibc_compose_project *project;
    struct ibc_error err;
    assert_int_equal(parse_with(texts, NULL, NULL, &project, &err), IBC_ERR_DATA);
    assert_null(project);
    char begin[64];
    snprintf(begin, sizeof begin, "a.yml:%s: ", place);
    if (strncmp(err.text, begin, strlen(begin)) != 0 || !strstr(err.text, words)) {
        print_error("expected %s… %s\ngot      %s\n", begin, words, err.text);
        fail();
    }
}

/* The bytes of `text` that a place names. */
static inline void assert_stands(const struct ibc_place *place, const char *text,
                                 const char *expected) {
    assert_true(place->start <= place->end && place->end <= strlen(text));
    const size_t size = place->end - place->start;
    if (size != strlen(expected) || memcmp(text + place->start, expected, size) != 0) {
        print_error("expected [%s], got [%.*s]\n", expected, (int)size, text + place->start);
        fail();
    }
}

static inline int start_secrets(void **state) {
    (void)state;
    struct ibc_error err;
    return ibc_secret_init(&err) == IBC_OK ? 0 : -1;
}

#endif
