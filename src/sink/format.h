/*
 * format.h - the files that carry values, each as what can be written into it and read back. Pure.
 */
#ifndef IBCRED_SINK_FORMAT_H
#define IBCRED_SINK_FORMAT_H

#include "sink/reading.h"
#include "sink/writing.h"

#include <ibcred/sink.h>

struct format;

/*
 * Append a file of the variables. Returns how many have a writing that survives: where that is
 * less than `count`, it is the index of the first that has none.
 */
typedef size_t file_writer(struct reading *reading, const struct format *format,
                           const struct ibc_field *variables, size_t count,
                           struct ibc_secret_buffer *out);

/* True when every reader of the format finds in `text` the variables, in order, and no others. */
typedef bool file_check(struct reading *reading, const struct format *format, struct ibc_view text,
                        const struct ibc_field *variables, size_t count);

struct format {
    const char *name;
    const char *readers; /* in words */
    file_writer *write;
    file_check *reads_back;

    /* What files of NAME=value lines differ in. */
    writing *const *writings; /* up to a NULL, the best first */
    size_t reader_count;
    enum ibc_format format;
    enum ibc_dotenv_reader reader[2];
    bool quotes; /* mean something to a reader, maybe beyond their line */
};

/* Files of NAME=value lines (lines.c), of JSON (json.c), and of one value (secret_file.c). */
file_writer write_lines;
file_check lines_read_back;
file_writer write_json;
file_check json_reads_back;
file_writer write_secret_file;
file_check secret_file_reads_back;

#endif
