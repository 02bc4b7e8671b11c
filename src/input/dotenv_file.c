/* dotenv_file.c - one env file as its readers read it. */
#include "input/dotenv_file.h"

void dotenv_file_free(struct dotenv_file *file) {
    ibc_dotenv_free(&file->read_as[0]);
    ibc_dotenv_free(&file->read_as[1]);
}

/* Read as both. Where one reader fails and the other does not, tell of the way out. */
static enum ibc_status read_both(struct ibc_view text, const char *name, struct dotenv_file *out,
                                 struct ibc_error *err) {
    struct ibc_error fault;
    enum ibc_status v1 = ibc_dotenv_parse(IBC_READER_COMPOSE_V1, text, name, &out->read_as[0], err);
    enum ibc_status v2 =
        ibc_dotenv_parse(IBC_READER_COMPOSE_V2, text, name, &out->read_as[1], &fault);
    out->count = 2;
    if (v1 == IBC_OK && v2 == IBC_OK) {
        return IBC_OK;
    }
    if (v1 != IBC_OK && v2 != IBC_OK) {
        return v1;
    }
    if (v1 != IBC_OK) {
        fault = *err;
    }
    return ibc_fail(err, fault.status,
                    "%s; correct it, or use --format compose-v%d where only Docker Compose v%d "
                    "reads the file",
                    fault.text, v1 == IBC_OK ? 1 : 2, v1 == IBC_OK ? 1 : 2);
}

enum ibc_status dotenv_file_read(struct ibc_view text, const char *name,
                                 enum ibc_input_format format, struct dotenv_file *out,
                                 struct ibc_error *err) {
    *out = (struct dotenv_file){.count = 1};
    switch (format) {
    case IBC_INPUT_COMPOSE_V1:
        return ibc_dotenv_parse(IBC_READER_COMPOSE_V1, text, name, &out->read_as[0], err);
    case IBC_INPUT_COMPOSE_V2:
        return ibc_dotenv_parse(IBC_READER_COMPOSE_V2, text, name, &out->read_as[0], err);
    default:
        return read_both(text, name, out, err);
    }
}
