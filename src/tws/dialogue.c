/* dialogue.c - see dialogue.h. */
#include "tws/dialogue.h"

#include <ibcred/kind.h>

const char *ibc_account_proof_name(enum ibc_account_proof proof) {
    static const char *const names[] = {
        [IBC_PROOF_PAPER] = "paper", [IBC_PROOF_LIVE] = "live", [IBC_PROOF_MIXED] = "mixed"};
    return proof < IBC_ARRAY_SIZE(names) ? names[proof] : NULL;
}

void tws_dialogue_init(struct tws_dialogue *dialogue, int32_t client_id,
                       struct ibc_probe_result *result) {
    *result = (struct ibc_probe_result){.connect_us = -1, .ready_us = -1};
    dialogue->stage = TWS_STAGE_GREETED;
    dialogue->client_id = client_id;
    dialogue->has_next_id = false;
    dialogue->result = result;
    dialogue->foreign[0] = '\0';
    tws_write_greeting(dialogue->say);
    dialogue->say_size = TWS_GREETING_BYTES;
    tws_frames_init(&dialogue->frames);
}

void tws_dialogue_said(struct tws_dialogue *dialogue, size_t size) {
    dialogue->say_size -= size;
    memmove(dialogue->say, dialogue->say + size, dialogue->say_size);
}

bool tws_dialogue_over(const struct tws_dialogue *dialogue) {
    return dialogue->stage >= TWS_STAGE_READY;
}

static void call_foreign(struct tws_dialogue *dialogue, const char *what) {
    dialogue->stage = TWS_STAGE_FOREIGN;
    snprintf(dialogue->foreign, sizeof dialogue->foreign, "%s", what);
}

static void hear_hello(struct tws_dialogue *dialogue, struct ibc_view message) {
    struct ibc_view time;
    int version;
    if (!tws_read_hello(message, &version, &time)) {
        call_foreign(dialogue, "it answers the greeting with something else than a version");
        return;
    }
    dialogue->result->server_version = version;
    tws_copy_text(time, dialogue->result->server_time);
    if (version < IBC_TWS_VERSION_MIN || version > IBC_TWS_VERSION_MAX) {
        call_foreign(dialogue, "");
        snprintf(dialogue->foreign, sizeof dialogue->foreign,
                 "it answers with version %d where %d to %d were offered", version,
                 IBC_TWS_VERSION_MIN, IBC_TWS_VERSION_MAX);
        return;
    }
    dialogue->stage = TWS_STAGE_STARTING;
    dialogue->say_size += tws_write_start(dialogue->client_id, dialogue->say + dialogue->say_size);
}

/* Which kinds there are among the accounts. */
struct kinds {
    bool paper, live, unknown;
};

static void count_kind(struct kinds *kinds, const char *account) {
    enum ibc_kind kind;
    if (!ibc_account_kind(account, &kind)) {
        kinds->unknown = true;
    } else if (kind == IBC_KIND_PAPER) {
        kinds->paper = true;
    } else {
        kinds->live = true;
    }
}

static enum ibc_account_proof prove(const struct kinds *kinds) {
    if (kinds->paper && kinds->live) {
        return IBC_PROOF_MIXED;
    }
    if (kinds->unknown || (!kinds->paper && !kinds->live)) {
        return IBC_PROOF_NONE;
    }
    return kinds->paper ? IBC_PROOF_PAPER : IBC_PROOF_LIVE;
}

/* The last list is the one that holds. */
static void hear_accounts(struct ibc_probe_result *result, struct ibc_view list) {
    struct kinds kinds = {0};
    struct ibc_view item;
    result->account_count = 0;
    while (tws_next_account(&list, &item)) {
        char account[IBC_ACCOUNT_ID_MAX + 1] = "";
        tws_copy_account(item, account);
        count_kind(&kinds, account);
        if (result->account_count < IBC_PROBE_ACCOUNTS_MAX) {
            memcpy(result->accounts[result->account_count], account, sizeof account);
        }
        result->account_count++;
    }
    result->any_paper = kinds.paper;
    result->any_live = kinds.live;
    result->proof = prove(&kinds);
}

/* An account's id in the words of an error is no more for everybody's eyes than elsewhere. */
static void mask_accounts(char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (char *word = text + strcspn(text, letters); *word != '\0';
         word += strcspn(word, letters)) {
        const size_t size = strspn(word, letters);
        char account[IBC_ACCOUNT_ID_MAX + 1], masked[IBC_ACCOUNT_ID_MAX + 1];
        enum ibc_kind ignored;
        snprintf(account, sizeof account, "%.*s", (int)size, word);
        if (size < sizeof account && ibc_account_kind(account, &ignored)) {
            ibc_account_mask(account, masked);
            memcpy(word, masked, size);
        }
        word += size;
    }
}

static void hear_error(struct tws_dialogue *dialogue, const struct tws_message *message) {
    dialogue->result->error_code = message->code;
    tws_copy_text(message->text, dialogue->result->error_text);
    mask_accounts(dialogue->result->error_text);
    if (message->code == TWS_ERROR_CLIENT_ID_IN_USE) {
        dialogue->stage = TWS_STAGE_IN_USE;
    }
}

static void hear_message(struct tws_dialogue *dialogue, struct ibc_view bytes) {
    const struct tws_message message = tws_read_message(bytes);
    switch (message.kind) {
    case TWS_MESSAGE_BAD:
        call_foreign(dialogue, "after the greeting it sends what is no message of the API");
        return;
    case TWS_MESSAGE_ACCOUNTS:
        hear_accounts(dialogue->result, message.text);
        break;
    case TWS_MESSAGE_NEXT_ID:
        dialogue->has_next_id = true;
        break;
    case TWS_MESSAGE_ERROR:
        hear_error(dialogue, &message);
        break;
    case TWS_MESSAGE_NOTICE:
    case TWS_MESSAGE_OTHER:
        break;
    }
    /* A list without an account is no login: another one may follow. */
    if (dialogue->stage == TWS_STAGE_STARTING && dialogue->has_next_id &&
        dialogue->result->account_count > 0) {
        dialogue->stage = TWS_STAGE_READY;
    }
}

void tws_dialogue_heard(struct tws_dialogue *dialogue, size_t size) {
    tws_frames_took(&dialogue->frames, size);
    while (!tws_dialogue_over(dialogue)) {
        struct ibc_view message;
        switch (tws_frames_next(&dialogue->frames, &message)) {
        case TWS_FRAME_NONE:
            return;
        case TWS_FRAME_BROKEN:
            call_foreign(dialogue, "it sends what is no message of the API, or too much of it");
            return;
        case TWS_FRAME_WHOLE:
            break;
        }
        if (dialogue->stage == TWS_STAGE_GREETED) {
            hear_hello(dialogue, message);
        } else {
            hear_message(dialogue, message);
        }
    }
}
