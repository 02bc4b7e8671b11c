/* survey.c - each field, each consumer, each format. */
#include "cli/survey.h"

/* compose-v1 and compose-v2 are ways out of what `compose` cannot carry, and it names them. */
static const enum ibc_format formats[] = {
    IBC_FORMAT_COMPOSE, IBC_FORMAT_DOCKER, IBC_FORMAT_SYSTEMD,
    IBC_FORMAT_SHELL,   IBC_FORMAT_JSON,   IBC_FORMAT_SECRET_FILE,
};

/* ibg-controller takes a value as it is, like raw. */
static const enum ibc_consumer consumers[] = {IBC_CONSUMER_RAW, IBC_CONSUMER_GNZSNZ};

struct survey {
    const struct ibc_field *field;
    bool closed[IBC_ARRAY_SIZE(formats)]; /* told already, with a consumer before */
    closed_way_found *found;
    void *context;
};

static void tell(const struct survey *survey, enum ibc_consumer consumer, enum ibc_format format,
                 const struct ibc_error *err) {
    const struct closed_way way = {survey->field, consumer, format, err->text};
    survey->found(survey->context, &way);
}

static void try_formats(struct survey *survey, enum ibc_consumer consumer, struct ibc_view value) {
    const struct ibc_field written = {.name = survey->field->name, .value = value};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(formats); i++) {
        ibc_auto_secret file = {0};
        struct ibc_error err;
        if (!survey->closed[i] && ibc_sink_write(formats[i], &written, 1, &file, &err) != IBC_OK) {
            survey->closed[i] = true;
            tell(survey, consumer, formats[i], &err);
        }
    }
}

static void try_consumer(struct survey *survey, enum ibc_consumer consumer) {
    ibc_auto_secret_buffer buffer;
    ibc_auto_secret written = {0};
    struct ibc_error err;
    ibc_secret_buffer_init(&buffer, IBC_SINK_FILE_MAX);
    enum ibc_status status = ibc_consumer_write(consumer, survey->field, &buffer, &err);
    if (status == IBC_OK) {
        status = ibc_secret_buffer_finish(&buffer, "the value", &written, &err);
    }
    if (status == IBC_OK) {
        try_formats(survey, consumer, ibc_secret_view(&written));
    } else {
        tell(survey, consumer, 0, &err);
    }
}

void survey_fields(const struct ibc_field *fields, size_t count, closed_way_found *found,
                   void *context) {
    for (size_t i = 0; i < count; i++) {
        struct survey survey = {.field = &fields[i], .found = found, .context = context};
        const bool typed = ibc_view_is(fields[i].name, IBC_FIELD_USERNAME) ||
                           ibc_view_is(fields[i].name, IBC_FIELD_PASSWORD);
        for (size_t at = 0; at < (typed ? IBC_ARRAY_SIZE(consumers) : 1); at++) {
            try_consumer(&survey, consumers[at]);
        }
    }
}

/* --- as warnings --- */

struct telling {
    const struct cli *cli;
    const char *profile;
    json_t *list;
};

static void warn_of(void *context, const struct closed_way *way) {
    struct telling *telling = context;
    struct ibc_error sentence;
    ibc_fail(&sentence, IBC_OK, "profile '%s': %s", telling->profile, way->why);
    warn(telling->cli, sentence.text);
    const struct ibc_view name = way->field->name;
    json_array_append_new(telling->list,
                          json_pack("{s:s%, s:s, s:s?, s:s}", "field", (const char *)name.bytes,
                                    name.size, "consumer", ibc_consumer_name(way->consumer),
                                    "format", way->format ? ibc_format_name(way->format) : NULL,
                                    "message", way->why));
}

json_t *warn_of_closed_ways(const struct cli *cli, const char *profile,
                            const struct ibc_field *fields, size_t count) {
    struct telling telling = {cli, profile, json_array()};
    survey_fields(fields, count, warn_of, &telling);
    return telling.list;
}
