/*
 * dialogue.h - the opening of the TWS API, seen from the client: bytes come in, bytes to send and
 * what was learnt come out. Pure.
 */
#ifndef IBCRED_TWS_DIALOGUE_H
#define IBCRED_TWS_DIALOGUE_H

#include "tws/frame.h"
#include "tws/message.h"

enum tws_stage {
    TWS_STAGE_GREETED,  /* we have spoken; the gateway's version and time are to come */
    TWS_STAGE_STARTING, /* startApi is said; accounts and next id are to come */
    TWS_STAGE_READY,    /* they came: the end */
    TWS_STAGE_IN_USE,   /* the client id is taken: the end */
    TWS_STAGE_FOREIGN,  /* that is not the API: the end */
};

enum { TWS_FOREIGN_MAX = 96 };

struct tws_dialogue {
    enum tws_stage stage;
    int32_t client_id;
    bool has_next_id;
    struct ibc_probe_result *result; /* borrowed: version, time, accounts, proof and error */
    char foreign[TWS_FOREIGN_MAX];   /* what is wrong with it, for a sentence */
    size_t say_size;                 /* of what is to be sent; the sender takes it off */
    unsigned char say[TWS_GREETING_BYTES + TWS_START_MAX];
    struct tws_frames frames;
};

/* Begin: the greeting is to be sent. `result` is cleared. */
void tws_dialogue_init(struct tws_dialogue *dialogue, int32_t client_id,
                       struct ibc_probe_result *result);

/* The first `size` bytes of `say` are sent. */
void tws_dialogue_said(struct tws_dialogue *dialogue, size_t size);

/* `size` bytes were put into tws_frames_room(): go on. */
void tws_dialogue_heard(struct tws_dialogue *dialogue, size_t size);

/* Is there nothing more to be learnt? */
bool tws_dialogue_over(const struct tws_dialogue *dialogue);

#endif
