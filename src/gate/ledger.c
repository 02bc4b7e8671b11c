/* ledger.c - the ledger's file: opened under its lock, read whole, grown durably. */
#include <ibcred/ledger.h>

#include "base/append_file.h"
#include "gate/ledger_text.h"
#include <ibcred/file.h>
#include <stdlib.h>
#include <string.h>

struct ibc_ledger {
    struct append_file file;
    struct ledger_chain chain;
    struct ibc_ledger_entry *entries; /* room for one more than `count` */
    size_t count;
};

static enum ibc_status read_entries(struct ibc_ledger *ledger, struct ibc_error *err) {
    size_t size = (size_t)ledger->file.size;
    if (size > IBC_LEDGER_FILE_MAX) {
        return ibc_fail(err, IBC_ERR_DATA,
                        "'%s' in the state directory is larger than the %d bytes a ledger may "
                        "have; find out what wrote to it and put back a good copy",
                        ledger->file.name, IBC_LEDGER_FILE_MAX);
    }
    ibc_auto_free unsigned char *text = malloc(size + 1);
    if (!text) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a ledger of %zu bytes", size);
    }
    enum ibc_status status = append_file_read(&ledger->file, 0, text, size, err);
    if (status != IBC_OK) {
        return status;
    }
    size_t valid_size = 0;
    status = ledger_parse((struct ibc_view){text, size}, &ledger->chain, &ledger->entries,
                          &ledger->count, &valid_size, err);
    if (status == IBC_OK) {
        ledger->file.size = (off_t)valid_size;
    }
    return status;
}

enum ibc_status ibc_ledger_open(int state_fd,
                                const unsigned char account[static IBC_ACCOUNT_ID_BYTES],
                                const unsigned char *key, struct ibc_ledger **out,
                                struct ibc_error *err) {
    *out = NULL;
    ibc_auto_ledger *ledger = malloc(sizeof *ledger);
    if (!ledger) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for a ledger");
    }
    *ledger = (struct ibc_ledger){
        .file = APPEND_FILE_CLOSED,
        .chain = ledger_chain_start(account, key),
    };
    char name[APPEND_FILE_NAME_MAX];
    append_file_name(name, "ledger", account, ".log");
    enum ibc_status status = append_file_open(state_fd, name, &ledger->file, err);
    if (status == IBC_OK) {
        status = read_entries(ledger, err);
    }
    if (status == IBC_OK) {
        *out = ibc_steal(&ledger);
    }
    return status;
}

const struct ibc_ledger_entry *ibc_ledger_entries(const struct ibc_ledger *ledger, size_t *count) {
    *count = ledger->count;
    return ledger->entries;
}

const struct ibc_ledger_entry *ibc_ledger_find_seen(const struct ibc_ledger *ledger,
                                                    enum ibc_ledger_event event, int64_t seen_ns) {
    for (size_t i = ledger->count; i > 0; i--) {
        const struct ibc_ledger_entry *entry = &ledger->entries[i - 1];
        if (entry->event == event && entry->seen_ns == seen_ns) {
            return entry;
        }
    }
    return NULL;
}

/* A copy of the entries, the new one at its end, with room for one more. */
static struct ibc_ledger_entry *grown(const struct ibc_ledger *ledger,
                                      const struct ibc_ledger_entry *entry) {
    struct ibc_ledger_entry *entries = calloc(ledger->count + 2, sizeof *entries);
    if (entries) {
        memcpy(entries, ledger->entries, ledger->count * sizeof *entries);
        entries[ledger->count] = *entry;
    }
    return entries;
}

enum ibc_status ibc_ledger_append(struct ibc_ledger *ledger, struct ibc_ledger_entry *entry,
                                  struct ibc_error *err) {
    if (!ledger_entry_fits(entry)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "an event, wait or time that no ledger line can hold was to be added to "
                        "'%s'; check the machine's clock",
                        ledger->file.name);
    }
    if (ledger->file.size > IBC_LEDGER_FILE_MAX - LEDGER_LINE_MAX) {
        return ibc_fail(err, IBC_ERR_IO,
                        "'%s' in the state directory is full (%d bytes); find out what reports so "
                        "many logins, then move it away",
                        ledger->file.name, IBC_LEDGER_FILE_MAX);
    }
    entry->sequence = ledger->count + 1;
    ibc_auto_free struct ibc_ledger_entry *entries = grown(ledger, entry);
    if (!entries) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for one more ledger entry");
    }
    char line[LEDGER_LINE_MAX];
    struct ledger_chain next = ledger->chain;
    size_t size = ledger_format_line(&next, entry, line);
    enum ibc_status status = append_file_append(
        &ledger->file, (struct ibc_view){(const unsigned char *)line, size}, err);
    if (status != IBC_OK) {
        return status;
    }
    ledger->chain = next;
    ledger->count++;
    free(ledger->entries);
    ledger->entries = ibc_steal(&entries);
    return IBC_OK;
}

void ibc_ledger_free(struct ibc_ledger **ledger) {
    if (*ledger) {
        append_file_close(&(*ledger)->file);
        free((*ledger)->entries);
        free(*ledger);
    }
    *ledger = NULL;
}
