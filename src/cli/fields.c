/* fields.c - see fields.h. */
#include "cli/fields.h"

#include <ibcred/file.h>

#include <unistd.h>

/* Add a copy of `value` to the input; its storage is laid out by the caller. */
static void add_field(struct ibc_input *input, const char *name, struct ibc_view value,
                      size_t *used) {
    memcpy(input->storage.bytes + *used, value.bytes, value.size);
    input->fields[input->count++] = (struct ibc_field){
        .name = ibc_view_of(name),
        .value = {.bytes = input->storage.bytes + *used, .size = value.size},
    };
    *used += value.size;
}

static void free_answers(struct ibc_secret (*answers)[FIELD_NAMES_MAX]) {
    for (size_t i = 0; i < FIELD_NAMES_MAX; i++) {
        ibc_secret_free(&(*answers)[i]);
    }
}

static enum ibc_status store_answers(const struct field_source *source,
                                     const struct ibc_secret *answers, struct ibc_input *input,
                                     struct ibc_error *err) {
    size_t total = 0;
    for (size_t i = 0; i < source->name_count; i++) {
        total += answers[i].size;
    }
    enum ibc_status status = ibc_secret_alloc(&input->storage, total, err);
    size_t used = 0;
    for (size_t i = 0; status == IBC_OK && i < source->name_count; i++) {
        if (answers[i].size > 0) {
            add_field(input, source->names[i], ibc_secret_view(&answers[i]), &used);
        }
    }
    return status;
}

static size_t required(const struct field_source *source) {
    return source->name_count - source->last_may_lack;
}

/* The username is shown while it is typed; everything else is not, and is asked twice. */
static enum ibc_status ask_fields(const struct field_source *source, struct ibc_input *input,
                                  struct ibc_error *err) {
    IBC_CLEANUP(free_answers) struct ibc_secret answers[FIELD_NAMES_MAX] = {0};
    for (size_t i = 0; i < required(source); i++) {
        const char *name = source->names[i];
        const bool shown = strcmp(name, IBC_FIELD_USERNAME) == 0;
        enum ibc_status status =
            shown ? ask(name, true, &answers[i], err) : ask_twice(name, &answers[i], err);
        if (status != IBC_OK) {
            return status;
        }
    }
    return store_answers(source, answers, input, err);
}

enum ibc_status take_variable(const char *name, struct ibc_secret *out, struct ibc_error *err) {
    char *value = getenv(name);
    if (!value || value[0] == '\0') {
        return ibc_fail(err, IBC_ERR_NOT_FOUND, "the environment has no variable %s", name);
    }
    enum ibc_status status = ibc_secret_copy(out, ibc_view_of(value), err);
    explicit_bzero(value, strlen(value));
    return status;
}

static enum ibc_status environment_fields(const struct field_source *source,
                                          struct ibc_input *input, struct ibc_error *err) {
    IBC_CLEANUP(free_answers) struct ibc_secret answers[FIELD_NAMES_MAX] = {0};
    for (size_t i = 0; i < source->name_count; i++) {
        enum ibc_status status = take_variable(source->names[i], &answers[i], err);
        if (status != IBC_OK && (status != IBC_ERR_NOT_FOUND || i < required(source))) {
            return status;
        }
    }
    return store_answers(source, answers, input, err);
}

/* The first `count` of the fields. */
static enum ibc_status first_fields(const struct field_source *source, size_t count,
                                    const char *name, struct ibc_view text, struct ibc_input *input,
                                    struct ibc_error *err) {
    return ibc_input_looks_like_json(text)
               ? ibc_input_json(text, name, source->names, count, input, err)
               : ibc_input_dotenv(text, name, source->format, source->names, count, input, err);
}

static enum ibc_status text_fields(const struct field_source *source, const char *name,
                                   const struct ibc_secret *text, struct ibc_input *input,
                                   struct ibc_error *err) {
    const struct ibc_view view = ibc_secret_view(text);
    enum ibc_status status = first_fields(source, source->name_count, name, view, input, err);
    return status == IBC_ERR_NOT_FOUND && source->last_may_lack
               ? first_fields(source, required(source), name, view, input, err)
               : status;
}

static enum ibc_status stdin_fields(const struct field_source *source, struct ibc_input *input,
                                    struct ibc_error *err) {
    ibc_auto_secret text = {0};
    enum ibc_status status =
        ibc_file_read_all(STDIN_FILENO, "standard input", IBC_INPUT_MAX, &text, err);
    return status == IBC_OK ? text_fields(source, "standard input", &text, input, err) : status;
}

/* `text` keeps what was read: scrubbing works on the same bytes. */
static enum ibc_status file_fields(const struct field_source *source, struct ibc_input *input,
                                   struct ibc_secret *text, struct ibc_error *err) {
    ibc_auto_fd fd = -1;
    enum ibc_status status = ibc_file_open(source->from, "file", &fd, err);
    if (status == IBC_OK) {
        status = ibc_file_read_all(fd, source->from, IBC_DOTENV_FILE_MAX, text, err);
    }
    return status == IBC_OK ? text_fields(source, source->from, text, input, err) : status;
}

enum ibc_status gather_fields(const struct field_source *source, struct ibc_input *input,
                              struct ibc_secret *file_text, struct ibc_error *err) {
    if (source->from) {
        return file_fields(source, input, file_text, err);
    }
    if (source->from_env) {
        return environment_fields(source, input, err);
    }
    if (source->from_stdin) {
        return stdin_fields(source, input, err);
    }
    return ask_fields(source, input, err);
}
