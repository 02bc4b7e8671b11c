/*
 * forge_put.c - a thin command over ibc_forge_*, for the tests of src/ci.
 *
 *   forge_put [--ca FILE] [--patience SECONDS] [--timeout MILLISECONDS] [--widen] <LINES
 *
 * Each line of stdin is a target, a space and a value; $FORGE_TOKEN is the token. Prints "created"
 * or "replaced" for each ("replaced, widened" where more may read it now), or "STATUS: SENTENCE",
 * and "wait SECONDS: WHY" to stderr for each wait, which is not waited for.
 */
#include <ibcred/forge.h>
#include <ibcred/input.h>
#include <ibcred/number.h>

#include <getopt.h>
#include <inttypes.h>

enum { LINE_MAX_BYTES = IBC_COPY_TARGET_MAX + (1 << 17) };

static const struct option options[] = {
    {"ca", required_argument, NULL, 'a'},
    {"patience", required_argument, NULL, 'p'},
    {"timeout", required_argument, NULL, 't'},
    {"widen", no_argument, NULL, 'w'},
    {NULL, 0, NULL, 0},
};

static int64_t number(const char *text) {
    uint64_t value = 0;
    if (!ibc_parse_number(text, strlen(text), INT32_MAX, &value)) {
        fprintf(stderr, "forge_put: '%s' is no number\n", text);
        exit(64);
    }
    return (int64_t)value;
}

static bool print_wait(void *context, int64_t seconds, const char *why) {
    (void)context;
    fprintf(stderr, "wait %" PRId64 ": %s\n", seconds, why);
    return true;
}

static enum ibc_status put(struct ibc_forge_client *client, struct ibc_view target,
                           struct ibc_view value, bool *created, struct ibc_error *err) {
    struct ibc_forge_secret secret;
    enum ibc_status status = ibc_forge_target_parse(target, &secret, err);
    return status == IBC_OK ? ibc_forge_put(client, &secret, value, created, err) : status;
}

/* The first failure's status; the rest is written all the same. */
static enum ibc_status put_lines(struct ibc_forge_client *client, struct ibc_error *err) {
    static char line[LINE_MAX_BYTES], buffer[BUFSIZ];
    enum ibc_status first = IBC_OK;
    /* Values must not get into the heap by this program's own doing: a test looks there. */
    setvbuf(stdin, buffer, _IOFBF, sizeof buffer);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        const char *value = strchr(line, ' ');
        const size_t size = value ? (size_t)(value - line) : strlen(line);
        bool created = false;
        enum ibc_status status = put(client, (struct ibc_view){(const unsigned char *)line, size},
                                     ibc_view_of(value ? value + 1 : ""), &created, err);
        if (status == IBC_OK) {
            printf("%s%s\n", created ? "created" : "replaced",
                   ibc_forge_widened(client) ? ", widened" : "");
        } else {
            printf("%d: %s\n", ibc_status_exit_code(status), err->text);
        }
        fflush(stdout);
        first = first == IBC_OK ? status : first;
    }
    return first;
}

static bool take_options(int argc, char **argv, struct ibc_forge_options *wishes) {
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'a':
            wishes->ca_file = optarg;
            break;
        case 'p':
            wishes->patience = number(optarg);
            break;
        case 't':
            wishes->try_timeout_ms = number(optarg);
            break;
        case 'w':
            wishes->may_widen = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv) {
    const char *token = getenv("FORGE_TOKEN");
    struct ibc_forge_options wishes = {.token = ibc_view_of(token ? token : ""),
                                       .wait = print_wait};
    if (!take_options(argc, argv, &wishes)) {
        return 64;
    }
    struct ibc_error err = {0};
    ibc_auto_forge *client = NULL;
    enum ibc_status status = ibc_secret_init(&err);
    ibc_json_use_secret_memory();
    if (status == IBC_OK) {
        status = ibc_forge_open(&wishes, &client, &err);
    }
    if (status != IBC_OK) {
        printf("%d: %s\n", ibc_status_exit_code(status), err.text);
        return ibc_status_exit_code(status);
    }
    return ibc_status_exit_code(put_lines(client, &err));
}
