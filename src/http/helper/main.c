/*
 * main.c - ibcred-http: HTTP for one parent, over the socket that is its standard input.
 *
 * It knows no vault and writes nothing to a terminal or a file while it serves.
 */
#include "http/helper/channel.h"
#include "http/helper/memory.h"
#include "http/helper/transfer.h"

#include <ibcred/input.h>
#include <signal.h>
#include <sys/prctl.h>

static const char version[] =
#include "version.inc"
    ;

static void tell_end(enum ibc_status ended, const char *text) {
    ibc_auto_secret json = {0};
    struct ibc_error ignored;
    if (message_write_end(ended, text, &json, &ignored) != IBC_OK) {
        channel_end();
    }
    channel_send(FRAME_END, ibc_secret_view(&json));
}

static void serve_one(struct transfer *transfer) {
    struct message_request request = {0};
    ibc_auto_secret body = {0};
    struct ibc_error err = {0};
    enum ibc_status status = channel_receive_request(&request, &body, &err);
    if (status == IBC_OK) {
        status = transfer_run(transfer, &request.request, &err);
    }
    message_request_free(&request);
    tell_end(status, status == IBC_OK ? "" : err.text);
}

static _Noreturn void serve(void) {
    static struct transfer transfer;
    struct ibc_error err;
    /* However the parent ends; a descriptor that somebody inherited does not keep this alive. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    if (ibc_secret_init(&err) != IBC_OK || !memory_start_curl() || !transfer_start(&transfer)) {
        channel_end();
    }
    ibc_json_use_secret_memory();
    channel_send(FRAME_HELLO, ibc_view_of(FRAME_PROTOCOL));
    for (;;) {
        serve_one(&transfer);
    }
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("ibcred-http %s (%s)\n", version, curl_version());
        return 0;
    }
    if (argc <= 1 && channel_is_there()) {
        serve();
    }
    fprintf(stderr, "ibcred-http speaks HTTP for ibcred, which starts it by itself; it has no use "
                    "by hand but --version\n");
    return 64;
}
