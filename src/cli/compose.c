/* compose.c - asking Compose. */
#include "cli/compose.h"
#include "cli/interrupt.h"

#include <ibcred/compose.h>
#include <ibcred/file.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 4 << 20 /* bytes */,
    EXIT_NOT_RUN = 127,
    WORDS_MAX = 300,
    VARIABLE_MAX = 256,
    ANSWER_SECONDS = 120, /* for Compose to answer */
    HURRY = 6,            /* so many of them pass at once where we are to end */
};

#define SECRET_DIRECTORY "IBCRED_SECRET_DIR"

/* What Compose is to find instead of credentials: enough to read its files. */
static const char *const placeholders[][2] = {
    {"IB_USERNAME", "-"},
    {"IB_PASSWORD", "-"},
    {"TRADING_MODE", "paper"},
    {SECRET_DIRECTORY, "/nonexistent"},
};

/* Keys, paths of keys: Compose could put them into a container. */
static void withhold_own_variables(void) {
    static const char prefix[] = "IBCRED_";
    for (char **binding = environ; *binding;) {
        char name[VARIABLE_MAX];
        const size_t size = strcspn(*binding, "=");
        if (size < sizeof name && strncmp(*binding, prefix, strlen(prefix)) == 0) {
            memcpy(name, *binding, size);
            name[size] = '\0';
            unsetenv(name);
            binding = environ;
        } else {
            binding++;
        }
    }
    unsetenv("CREDENTIALS_DIRECTORY");
}

/* In the child: stdout into `answer`, and with `talk` stderr too. */
static _Noreturn void become(const char *const *argv, const char *link, bool talk, int answer) {
    const int null = open("/dev/null", O_RDWR);
    withhold_own_variables();
    for (size_t i = 0; i < IBC_ARRAY_SIZE(placeholders); i++) {
        setenv(placeholders[i][0], placeholders[i][1], 1);
    }
    if (link) {
        setenv(SECRET_DIRECTORY, link, 1);
    }
    signal(SIGPIPE, SIG_DFL);
    dup2(null, STDIN_FILENO);
    dup2(answer, STDOUT_FILENO);
    dup2(talk ? answer : null, STDERR_FILENO);
    execvp(argv[0], compose_argv(argv));
    _exit(EXIT_NOT_RUN);
}

/*
 * False when it took too long: a Compose whose daemon hangs never answers. Where we are to end it
 * has less time, but has some: what it was that we started must still be found out.
 */
static bool read_all(int fd, struct ibc_secret_buffer *buffer) {
    unsigned char chunk[4096];
    ssize_t size = 1;
    int patience = ANSWER_SECONDS;
    while (size > 0 && patience > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int count = poll(&ready, 1, 1000);
        if (count == 0) {
            patience -= is_interrupted() ? HURRY : 1;
        }
        size = count <= 0 ? 1 : read(fd, chunk, sizeof chunk);
        if (size < 0 && errno == EINTR) {
            size = 1;
            continue;
        }
        if (count > 0 && size > 0) {
            ibc_secret_buffer_append(buffer, chunk, (size_t)size);
        }
    }
    explicit_bzero(chunk, sizeof chunk);
    return size == 0;
}

/*
 * Run it with `link` as the secret directory. What it wrote, with `talk` also what it had to say
 * besides, may have secrets of the compose file in it. Returns its exit status, -1 for none.
 */
static int ask(const char *const *argv, const char *link, bool talk, struct ibc_secret *answer) {
    *answer = (struct ibc_secret){0};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    ibc_auto_fd read_end = ends[0];
    ibc_auto_fd write_end = ends[1];
    const pid_t child = fork();
    if (child == 0) {
        become(argv, link, talk, write_end);
    }
    if (child < 0) {
        return -1;
    }
    ibc_close(&write_end);
    ibc_auto_secret_buffer buffer;
    ibc_secret_buffer_init(&buffer, ANSWER_MAX);
    if (!read_all(read_end, &buffer)) {
        kill(child, SIGKILL);
    }
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    struct ibc_error ignored;
    if (ibc_secret_buffer_finish(&buffer, "", answer, &ignored) != IBC_OK) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

enum ibc_status compose_find(const char *service, struct compose *out, struct ibc_error *err) {
    static const char *const ways[][4] = {
        {"docker", "compose", "version", NULL},
        {"docker-compose", "version", NULL, NULL},
    };
    for (size_t i = 0; i < IBC_ARRAY_SIZE(ways); i++) {
        ibc_auto_secret answer = {0};
        if (ask(ways[i], NULL, true, &answer) == 0) {
            *out = (struct compose){.service = service, .words = 2 - i};
            memcpy(out->command, ways[i], out->words * sizeof out->command[0]);
            return IBC_OK;
        }
    }
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "neither 'docker compose' nor 'docker-compose' can be run here; install one "
                    "(on Debian: apt-get install docker-compose)");
}

const char *compose_name(const struct compose *compose) {
    return compose->words == 2 ? "docker compose" : "docker-compose";
}

/* Compose's own words; how many there are. */
static size_t begin(const struct compose *compose, const char **argv) {
    for (size_t i = 0; i < compose->words; i++) {
        argv[i] = compose->command[i];
    }
    return compose->words;
}

enum ibc_status compose_up_arguments(const struct compose *compose, char *const *further,
                                     const char *out[static COMPOSE_ARGUMENTS_MAX],
                                     struct ibc_error *err) {
    size_t count = begin(compose, out);
    out[count++] = "up";
    out[count++] = "-d";
    for (char *const *word = further; word && *word; word++) {
        if (count + 2 >= COMPOSE_ARGUMENTS_MAX) {
            return ibc_fail(err, IBC_ERR_USAGE, "more than %d arguments for %s",
                            COMPOSE_ARGUMENTS_MAX, compose_name(compose));
        }
        out[count++] = *word;
    }
    out[count++] = compose->service;
    out[count] = NULL;
    return IBC_OK;
}

/* The first line of what Compose said, for a sentence; not of `config`, which prints values. */
static enum ibc_status fail_with(const struct compose *compose, const struct ibc_secret *answer,
                                 struct ibc_error *err) {
    size_t size = 0;
    while (size < answer->size && size < WORDS_MAX && answer->bytes[size] != '\n') {
        size++;
    }
    return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                    "%s cannot tell about service '%s' (is the compose file in this directory, "
                    "and is Docker running?): %.*s",
                    compose_name(compose), compose->service, (int)size,
                    (const char *)answer->bytes);
}

static bool is_hex(unsigned char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* The next line of `text`, without its newline; false at the end. */
static bool next_line(struct ibc_view *text, struct ibc_view *line) {
    if (text->size == 0) {
        return false;
    }
    const unsigned char *newline = memchr(text->bytes, '\n', text->size);
    const size_t size = newline ? (size_t)(newline - text->bytes) : text->size;
    const size_t taken = size + (newline ? 1 : 0);
    *line = (struct ibc_view){text->bytes, size};
    *text = (struct ibc_view){text->bytes + taken, text->size - taken};
    return true;
}

/* The last line that is a container's id and nothing else: before it may stand warnings. */
static void find_id(struct ibc_view answer, char id[static COMPOSE_ID_MAX + 1]) {
    id[0] = '\0';
    struct ibc_view line;
    while (next_line(&answer, &line)) {
        size_t digits = 0;
        while (digits < line.size && is_hex(line.bytes[digits])) {
            digits++;
        }
        if (line.size == COMPOSE_ID_MAX && digits == line.size) {
            memcpy(id, line.bytes, line.size);
            id[line.size] = '\0';
        }
    }
}

enum ibc_status compose_container(const struct compose *compose, char id[static COMPOSE_ID_MAX + 1],
                                  struct ibc_error *err) {
    const char *argv[COMPOSE_ARGUMENTS_MAX];
    static const char *const words[] = {"ps", "-a", "-q"};
    size_t count = begin(compose, argv);
    for (size_t i = 0; i < IBC_ARRAY_SIZE(words); i++) {
        argv[count++] = words[i];
    }
    argv[count++] = compose->service;
    argv[count] = NULL;
    ibc_auto_secret answer = {0};
    id[0] = '\0';
    if (ask(argv, NULL, true, &answer) != 0) {
        return fail_with(compose, &answer, err);
    }
    find_id(ibc_secret_view(&answer), id);
    return IBC_OK;
}

/* The project as Compose's own `config` prints it. */
static enum ibc_status read_config(const struct compose *compose, const char *link,
                                   struct ibc_compose_project **out, struct ibc_error *err) {
    const char *argv[COMPOSE_ARGUMENTS_MAX];
    size_t count = begin(compose, argv);
    argv[count++] = "config";
    argv[count] = NULL;
    ibc_auto_secret answer = {0};
    if (ask(argv, link, false, &answer) != 0) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE,
                        "%s cannot read the compose file in this directory; what is wrong with it "
                        "says: %s config",
                        compose_name(compose), compose_name(compose));
    }
    char name[64];
    snprintf(name, sizeof name, "what %s config prints", compose_name(compose));
    const struct ibc_compose_source printed = {name, ibc_secret_view(&answer)};
    return ibc_compose_parse(&printed, 1, NULL, NULL, out, err);
}

/* True when the service mounts that directory, or something in it. */
static bool mounts(const struct ibc_compose_service *service, const char *directory) {
    const size_t size = strlen(directory);
    for (size_t i = 0; i < service->mount_count; i++) {
        const char *source = service->mounts[i].source;
        if (strncmp(source, directory, size) == 0 &&
            (source[size] == '\0' || source[size] == '/')) {
            return true;
        }
    }
    return false;
}

/* A name that does not fit is none that a policy could know. */
static void copy_image(const struct ibc_compose_service *service,
                       char out[static IBC_DOCKER_IMAGE_MAX + 1]) {
    const char *image = service->image.value ? service->image.value : "";
    const size_t size = strlen(image);
    memcpy(out, image, size <= IBC_DOCKER_IMAGE_MAX ? size : 0);
    out[size <= IBC_DOCKER_IMAGE_MAX ? size : 0] = '\0';
}

enum ibc_status compose_check_mount(const struct compose *compose, const char *link,
                                    char image[static IBC_DOCKER_IMAGE_MAX + 1],
                                    struct ibc_error *err) {
    image[0] = '\0';
    ibc_auto_compose *project = NULL;
    enum ibc_status status = read_config(compose, link, &project, err);
    if (status != IBC_OK) {
        return status;
    }
    const struct ibc_compose_service *service = ibc_compose_service_of(project, compose->service);
    if (!service || !mounts(service, link)) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "the compose file has no service '%s' that mounts ${" SECRET_DIRECTORY
                        "}, so the gateway would log in with another password than the released "
                        "one; lay docker-compose.override.yml beside it, or name its service with "
                        "--service",
                        compose->service);
    }
    copy_image(service, image);
    return IBC_OK;
}
