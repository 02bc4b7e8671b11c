/*
 * docker_call.c - the calls of docker.h for tests that hold them against a real daemon.
 *
 *   docker_call VERB ARGUMENT…   makes one call; without a verb each line of stdin is one
 *
 *   inspect NAME                       prints NAME=VALUE lines
 *   reach NAME PORT                    prints HOST PORT, or nothing
 *   stop NAME GRACE | start NAME | restart NAME GRACE
 *   logs NAME SINCE                    prints each line after its time, until it is ended
 *   drain NAME SINCE                   the same, up to the end of a stopped container's log
 *   events NAME COUNT                  prints so many actions
 *   secret-create NAME LABEL=VALUE…    the value is $SECRET; prints the id
 *   secret-list LABEL VALUE            prints ID NAME VERSION lines
 *   secret-remove ID
 *   service-secret SERVICE TARGET      prints the name
 *   service-update SERVICE SECRET_ID SECRET_NAME TARGET NAME=VALUE|-NAME…
 *   rest                               lets go of the helper
 *
 * A dash for SINCE is the beginning, "run" is the beginning of the present run. What goes wrong is
 * printed to stderr, as "STATUS: SENTENCE".
 */
#include <ibcred/docker.h>
#include <ibcred/input.h>
#include <ibcred/number.h>

enum { ARGUMENTS_MAX = 16, PAUSE_NS = 100000000 };

static struct ibc_docker *docker;

static const char *const status_names[] = {
    [IBC_OK] = "ok",
    [IBC_ERR_USAGE] = "usage",
    [IBC_ERR_DATA] = "data",
    [IBC_ERR_NOT_FOUND] = "not-found",
    [IBC_ERR_UNAVAILABLE] = "unavailable",
    [IBC_ERR_INTERNAL] = "internal",
    [IBC_ERR_CREATE] = "create",
    [IBC_ERR_IO] = "io",
    [IBC_ERR_WAIT] = "wait",
    [IBC_ERR_REFUSED] = "refused",
    [IBC_ERR_MISMATCH] = "mismatch",
};

static int complain(enum ibc_status status, const struct ibc_error *err) {
    fprintf(stderr, "%s: %s\n", status_names[status], err->text);
    return ibc_status_exit_code(status);
}

static int finish(enum ibc_status status, const struct ibc_error *err) {
    return status == IBC_OK ? 0 : complain(status, err);
}

static int64_t number_of(const char *text) {
    uint64_t number = 0;
    if (strcmp(text, "-1") == 0) {
        return -1;
    }
    if (!ibc_parse_number(text, strlen(text), INT32_MAX, &number)) {
        fprintf(stderr, "docker_call: '%s' is no number\n", text);
        exit(EXIT_FAILURE);
    }
    return (int64_t)number;
}

static int inspect(char **arguments) {
    static struct ibc_container container;
    struct ibc_error err;
    enum ibc_status status = ibc_docker_inspect(docker, arguments[0], &container, &err);
    if (status != IBC_OK) {
        return complain(status, &err);
    }
    printf("id=%s\nname=%s\nrunning=%d\nrestarting=%d\ntty=%d\n", container.id, container.name,
           container.running, container.restarting, container.tty);
    printf("exit_code=%d\nout_of_memory=%d\nstarted_at=%s\nfinished_at=%s\n", container.exit_code,
           container.out_of_memory, container.started_at, container.finished_at);
    printf("restart_policy=%s\nrestart_count=%lld\n", container.restart_policy,
           (long long)container.restart_count);
    printf("trading_mode=%s\nusername=%s\npassword_in_environment=%d\n", container.trading_mode,
           container.username, container.password_in_environment);
    for (size_t i = 0; i < container.mount_count; i++) {
        printf("mount=%s:%s\n", container.mounts[i].source, container.mounts[i].target);
    }
    return 0;
}

static int reach(char **arguments) {
    static struct ibc_container container;
    struct ibc_error err;
    char host[IBC_DOCKER_NAME_MAX + 1];
    uint16_t port;
    enum ibc_status status = ibc_docker_inspect(docker, arguments[0], &container, &err);
    if (status != IBC_OK) {
        return complain(status, &err);
    }
    if (ibc_docker_reach(docker, &container, (uint16_t)number_of(arguments[1]), host, &port)) {
        printf("%s %u\n", host, (unsigned)port);
    }
    return 0;
}

static int stop(char **arguments) {
    struct ibc_error err;
    return finish(ibc_docker_stop(docker, arguments[0], number_of(arguments[1]), &err), &err);
}

static int start(char **arguments) {
    struct ibc_error err;
    return finish(ibc_docker_start(docker, arguments[0], &err), &err);
}

static int restart(char **arguments) {
    struct ibc_error err;
    return finish(ibc_docker_restart(docker, arguments[0], number_of(arguments[1]), &err), &err);
}

static void pause_shortly(void) {
    const struct timespec time = {.tv_nsec = PAUSE_NS};
    nanosleep(&time, NULL);
}

static void print_line(const struct ibc_log_line *line) {
    printf("%lld%s ", (long long)line->time_ns, line->cut ? " (cut)" : "");
    fwrite(line->text.bytes, 1, line->text.size, stdout);
    putchar('\n');
}

/* What is at hand is printed at once, with one write(). */
static enum ibc_status next_line(struct ibc_docker_logs *logs, struct ibc_log_line *line,
                                 struct ibc_error *err) {
    enum ibc_status status = ibc_docker_logs_next(logs, 0, line, err);
    if (status == IBC_ERR_WAIT) {
        fflush(stdout);
        status = ibc_docker_logs_next(logs, -1, line, err);
    }
    return status;
}

static int follow(char **arguments, bool to_end) {
    ibc_auto_docker_logs *logs = NULL;
    struct ibc_error err;
    static struct ibc_container container;
    char since[IBC_DOCKER_TIME_MAX];
    enum ibc_status status = IBC_OK;
    snprintf(since, sizeof since, "%s", strcmp(arguments[1], "-") == 0 ? "" : arguments[1]);
    if (strcmp(arguments[1], "run") == 0) {
        status = ibc_docker_inspect(docker, arguments[0], &container, &err);
        ibc_docker_run_since(&container, since);
    }
    if (status == IBC_OK) {
        status = ibc_docker_logs_open(docker, arguments[0], since, &logs, &err);
    }
    bool at_end = false;
    while (status == IBC_OK || status == IBC_ERR_WAIT || status == IBC_ERR_UNAVAILABLE) {
        struct ibc_log_line line;
        if (!logs) {
            return complain(status, &err);
        }
        status = next_line(logs, &line, &err);
        if (status == IBC_ERR_UNAVAILABLE) {
            fflush(stdout);
            complain(status, &err);
            pause_shortly();
        } else if (status == IBC_OK && line.text.bytes) {
            print_line(&line);
            at_end = false;
        } else if (status == IBC_OK) {
            if (to_end) {
                return 0;
            }
            if (!at_end) {
                fflush(stdout);
                fprintf(stderr, "end of log\n");
            }
            at_end = true;
            pause_shortly();
        }
    }
    return complain(status, &err);
}

static int logs(char **arguments) {
    return follow(arguments, false);
}

static int drain(char **arguments) {
    return follow(arguments, true);
}

static int events(char **arguments) {
    ibc_auto_docker_events *events = NULL;
    struct ibc_error err;
    enum ibc_status status = ibc_docker_events_open(docker, arguments[0], &events, &err);
    if (status != IBC_OK) {
        return complain(status, &err);
    }
    puts("following");
    fflush(stdout);
    for (int64_t left = number_of(arguments[1]); left > 0;) {
        struct ibc_docker_event event;
        status = ibc_docker_events_next(events, -1, &event, &err);
        if (status == IBC_OK) {
            printf("%s\n", event.action);
            fflush(stdout);
            left--;
        } else {
            complain(status, &err);
            pause_shortly();
        }
    }
    return 0;
}

/* Split "NAME=VALUE" in place. */
static struct ibc_docker_label label_of(char *text) {
    char *value = strchr(text, '=');
    if (value) {
        *value++ = '\0';
    }
    return (struct ibc_docker_label){.name = text, .value = value ? value : ""};
}

static int secret_create(char **arguments) {
    struct ibc_docker_label labels[IBC_DOCKER_LABELS_MAX];
    size_t count = 0;
    for (; count < IBC_DOCKER_LABELS_MAX && arguments[1 + count]; count++) {
        labels[count] = label_of(arguments[1 + count]);
    }
    const char *value = getenv("SECRET");
    char id[IBC_DOCKER_ID_MAX + 1];
    struct ibc_error err;
    enum ibc_status status = ibc_docker_secret_create(docker, arguments[0], labels, count,
                                                      ibc_view_of(value ? value : ""), id, &err);
    if (status == IBC_OK) {
        puts(id);
    }
    return finish(status, &err);
}

static int secret_list(char **arguments) {
    struct ibc_docker_secret *secrets = NULL;
    size_t count = 0;
    struct ibc_error err;
    enum ibc_status status =
        ibc_docker_secret_list(docker, arguments[0], arguments[1], &secrets, &count, &err);
    for (size_t i = 0; i < count; i++) {
        printf("%s %s %s\n", secrets[i].id, secrets[i].name, secrets[i].version);
    }
    free(secrets);
    return finish(status, &err);
}

static int secret_remove(char **arguments) {
    struct ibc_error err;
    return finish(ibc_docker_secret_remove(docker, arguments[0], &err), &err);
}

static int service_secret(char **arguments) {
    char name[IBC_DOCKER_NAME_MAX + 1];
    struct ibc_error err;
    enum ibc_status status =
        ibc_docker_service_secret(docker, arguments[0], arguments[1], name, &err);
    if (status == IBC_OK) {
        puts(name);
    }
    return finish(status, &err);
}

static int service_update(char **arguments) {
    struct ibc_docker_label environment[ARGUMENTS_MAX];
    const char *unset[ARGUMENTS_MAX + 1] = {NULL};
    size_t set_count = 0, unset_count = 0;
    for (char **more = arguments + 4; *more; more++) {
        if ((*more)[0] == '-') {
            unset[unset_count++] = *more + 1;
        } else {
            environment[set_count++] = label_of(*more);
        }
    }
    const struct ibc_docker_service_change change = {
        .secret_id = arguments[1],
        .secret_name = arguments[2],
        .target = arguments[3],
        .owner = 1000,
        .group = 1000,
        .mode = 0400,
        .environment = environment,
        .environment_count = set_count,
        .unset = unset,
    };
    struct ibc_error err;
    return finish(ibc_docker_service_update(docker, arguments[0], &change, &err), &err);
}

static int rest(char **arguments) {
    (void)arguments;
    ibc_docker_rest(docker);
    return 0;
}

static const struct verb {
    const char *name;
    size_t least; /* arguments */
    int (*run)(char **arguments);
} verbs[] = {
    {"inspect", 1, inspect},
    {"reach", 2, reach},
    {"stop", 2, stop},
    {"start", 1, start},
    {"restart", 2, restart},
    {"logs", 2, logs},
    {"drain", 2, drain},
    {"events", 2, events},
    {"secret-create", 1, secret_create},
    {"secret-list", 2, secret_list},
    {"secret-remove", 1, secret_remove},
    {"service-secret", 2, service_secret},
    {"service-update", 4, service_update},
    {"rest", 0, rest},
};

static int run(char **words, size_t count) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(verbs); i++) {
        if (strcmp(words[0], verbs[i].name) == 0 && count > verbs[i].least) {
            return verbs[i].run(words + 1);
        }
    }
    fprintf(stderr, "docker_call: no such call: %s\n", words[0]);
    return EXIT_FAILURE;
}

static int run_lines(void) {
    char line[4096];
    int result = 0;
    while (fgets(line, sizeof line, stdin)) {
        char *words[ARGUMENTS_MAX + 1] = {NULL}, *rest_of_line = line;
        size_t count = 0;
        line[strcspn(line, "\n")] = '\0';
        while (count < ARGUMENTS_MAX && rest_of_line) {
            words[count++] = strsep(&rest_of_line, " ");
        }
        result = run(words, count);
        printf("= %d\n", result);
        fflush(stdout);
    }
    return result;
}

int main(int argc, char **argv) {
    struct ibc_error err;
    ibc_json_use_secret_memory();
    enum ibc_status status = ibc_secret_init(&err);
    if (status == IBC_OK) {
        status = ibc_docker_open(&docker, &err);
    }
    if (status != IBC_OK) {
        return complain(status, &err);
    }
    int result = argc > 1 ? run(argv + 1, (size_t)argc - 1) : run_lines();
    ibc_docker_free(&docker);
    return result;
}
