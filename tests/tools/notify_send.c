/*
 * notify_send.c - tell the targets of a policy, for tests of the webhooks.
 *
 *   notify_send send POLICY NOTICE TEXT    tell them; a failure's sentence a line on stdout
 *   notify_send start POLICY NOTICE TEXT   leave it to a process of its own
 */
#include <ibcred/notify.h>

static _Noreturn void give_up(const char *why) {
    fprintf(stderr, "notify_send: %s\n", why);
    exit(EXIT_FAILURE);
}

static enum ibc_notice notice_of(const char *name) {
    for (int notice = IBC_NOTICE_HELD; notice <= IBC_NOTICE_RECOVERED; notice++) {
        if (strcmp(ibc_notice_name((enum ibc_notice)notice), name) == 0) {
            return (enum ibc_notice)notice;
        }
    }
    give_up("no such notice");
}

static void print(const char *sentence) {
    puts(sentence);
}

int main(int argc, char **argv) {
    struct ibc_error err;
    struct ibc_policy policy;
    if (argc != 5) {
        give_up("usage: notify_send send|start POLICY NOTICE TEXT");
    }
    if (ibc_secret_init(&err) != IBC_OK || ibc_policy_load(argv[2], &policy, &err) != IBC_OK) {
        give_up(err.text);
    }
    const struct ibc_notification notification = {.notice = notice_of(argv[3]),
                                                  .profile = "paper-1",
                                                  .mode = "paper",
                                                  .container = "ib-gateway",
                                                  .text = argv[4],
                                                  .wall_ms = INT64_C(1795000000123)};
    if (strcmp(argv[1], "start") == 0) {
        return ibc_notify_start(&policy, &notification, NULL, NULL) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    ibc_notify_send(&policy, &notification, print);
    return EXIT_SUCCESS;
}
