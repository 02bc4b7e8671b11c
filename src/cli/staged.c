/* staged.c - see staged.h. */
#include "cli/staged.h"

#include <ibcred/file.h>

void staged_free(struct staged_list *list) {
    free(list->items);
    *list = (struct staged_list){0};
}

enum ibc_status staged_refuse_tried(const char *profile, const struct ibc_settled *settled,
                                    struct ibc_error *err) {
    if (settled->staging != IBC_STAGING_TRIED) {
        return IBC_OK;
    }
    ibc_fail(err, IBC_ERR_WAIT,
             "profile '%s': version %u was released and nobody has said yet what came of its "
             "login; say it with: ibcred report %s OUTCOME, or wait for ibcred up",
             profile, settled->version, profile);
    err->retry_after = settled->retry_after;
    return IBC_ERR_WAIT;
}

static enum ibc_status add(struct staged_list *list, const char *profile,
                           const struct ibc_settled *settled, struct ibc_error *err) {
    if (list->count == list->room) {
        const size_t room = 2 * list->room + 4;
        struct staged_before *items = calloc(room, sizeof *items);
        if (!items) {
            return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for what is staged");
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof *items);
        }
        free(list->items);
        list->items = items;
        list->room = room;
    }
    struct staged_before *item = &list->items[list->count++];
    item->settled = *settled;
    snprintf(item->profile, sizeof item->profile, "%s", profile);
    return IBC_OK;
}

enum ibc_status staged_settle(const struct session *session, struct ibc_profile *profile,
                              struct staged_list *list, struct ibc_error *err) {
    struct ibc_settled settled;
    enum ibc_status status = ibc_broker_settle_edited(&session->broker, profile, &settled, err);
    if (status == IBC_OK) {
        status = staged_refuse_tried(profile->name, &settled, err);
    }
    return status == IBC_OK && settled.staging != IBC_STAGING_NONE
               ? add(list, profile->name, &settled, err)
               : status;
}

/* Nobody is to release what is dropped. */
static enum ibc_status hold(const struct session *session, const struct staged_list *list,
                            struct ibc_hold **out, struct ibc_error *err) {
    *out = NULL;
    ibc_auto_free const char **profiles = calloc(list->count + 1, sizeof *profiles);
    if (!profiles) {
        return ibc_fail(err, IBC_ERR_INTERNAL, "no memory for what is staged");
    }
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].settled.staging == IBC_STAGING_WAITS) {
            profiles[count++] = list->items[i].profile;
        }
    }
    return ibc_broker_hold(&session->broker, profiles, count, out, err);
}

enum ibc_status staged_commit(struct session *session, const struct staged_list *list,
                              const struct ibc_audit_event *event, uint64_t *generation,
                              struct ibc_error *err) {
    ibc_auto_hold *held = NULL;
    enum ibc_status status = hold(session, list, &held, err);
    if (status == IBC_OK) {
        status = session_commit(session, event, generation, err);
    }
    ibc_hold_free(&held);
    for (size_t i = 0; i < list->count && status == IBC_OK; i++) {
        status = ibc_broker_note_settled(&session->broker, list->items[i].profile,
                                         &list->items[i].settled, err);
    }
    return status;
}

void staged_tell(const struct cli *cli, const struct staged_list *list) {
    static const char *const became[] = {
        [IBC_STAGING_WAITS] = "is dropped",
        [IBC_STAGING_PROMOTED] = "had logged in",
        [IBC_STAGING_BURNED] = "had been rejected and is burned",
    };
    for (size_t i = 0; i < list->count; i++) {
        const struct ibc_settled *settled = &list->items[i].settled;
        say(cli, "%s: version %u, staged before, %s", list->items[i].profile,
            (unsigned)settled->version, became[settled->staging]);
    }
}
