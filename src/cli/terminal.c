/* terminal.c - asking a person, without an echo and without leaving it on the heap. */
#include "cli/cli.h"
#include "cli/interrupt.h"

#include <ibcred/file.h>
#include <ibcred/number.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

/* Read up to a newline or the end, a byte at a time: what follows is not ours to take. */
static enum ibc_status read_line(int fd, const char *name, struct ibc_secret *out,
                                 struct ibc_error *err) {
    ibc_auto_secret line = {0};
    enum ibc_status status = ibc_secret_alloc(&line, LINE_MAX_BYTES, err);
    if (status != IBC_OK) {
        return status;
    }
    size_t used = 0;
    for (;;) {
        if (used == line.size) {
            return ibc_fail(err, IBC_ERR_USAGE, "the line from %s is longer than %d bytes", name,
                            LINE_MAX_BYTES);
        }
        ssize_t size = read(fd, line.bytes + used, 1);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return ibc_fail_errno(err, IBC_ERR_IO, errno, "%s cannot be read", name);
        }
        if (size == 0 || line.bytes[used] == '\n') {
            break;
        }
        used++;
    }
    return ibc_secret_copy(out, (struct ibc_view){.bytes = line.bytes, .size = used}, err);
}

/* The terminal whose echo is off, and how it was, for a signal that comes meanwhile. */
static struct {
    int fd;
    struct termios before;
} silenced = {.fd = -1};

static void restore_and_die(int signal_number) {
    tcsetattr(silenced.fd, TCSANOW, &silenced.before);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static const int deadly_signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

static void handle_deadly_signals(void (*handler)(int)) {
    for (size_t i = 0; i < IBC_ARRAY_SIZE(deadly_signals); i++) {
        signal(deadly_signals[i], handler);
    }
}

/* Switch the echo off, and on again even if a signal ends us; Ctrl-C comes as a byte meanwhile. */
static void without_echo(int fd, const struct termios *saved) {
    silenced.fd = fd;
    silenced.before = *saved;
    handle_deadly_signals(restore_and_die);
    struct termios silent = *saved;
    silent.c_lflag &= (tcflag_t) ~(ECHO | ISIG);
    silent.c_lflag |= ECHONL;
    tcsetattr(fd, TCSAFLUSH, &silent);
}

static void with_echo(int fd, const struct termios *saved) {
    tcsetattr(fd, TCSAFLUSH, saved);
    handle_deadly_signals(SIG_DFL);
}

/* With signals off, Ctrl-C arrives as a byte: take it as the wish to stop. */
static bool interrupted(const struct ibc_secret *line) {
    return line->size > 0 && memchr(line->bytes, 3, line->size) != NULL;
}

bool has_terminal(void) {
    ibc_auto_fd fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios unused;
    return fd >= 0 && tcgetattr(fd, &unused) == 0;
}

enum ibc_status ask(const char *prompt, bool echo, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    ibc_auto_fd fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios saved;
    if (fd < 0 || tcgetattr(fd, &saved) != 0) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "there is no terminal to ask on for %s; see --help for the other ways",
                        prompt);
    }
    dprintf(fd, "%s: ", prompt);
    if (!echo) {
        without_echo(fd, &saved);
    }
    enum ibc_status status = read_line(fd, "the terminal", out, err);
    if (!echo) {
        with_echo(fd, &saved);
    }
    if (status == IBC_OK && out->size == 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "nothing was typed for %s; nothing was changed",
                        prompt);
    }
    if (status == IBC_OK && interrupted(out)) {
        ibc_secret_free(out);
        return ibc_fail(err, IBC_ERR_USAGE, "interrupted; nothing was changed");
    }
    return status;
}

enum ibc_status ask_twice(const char *what, struct ibc_secret *out, struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    ibc_auto_secret first = {0};
    enum ibc_status status = ask(what, false, &first, err);
    if (status != IBC_OK) {
        return status;
    }
    char again[128];
    snprintf(again, sizeof again, "%s, again", what);
    ibc_auto_secret second = {0};
    status = ask(again, false, &second, err);
    if (status != IBC_OK) {
        return status;
    }
    if (!ibc_view_equal(ibc_secret_view(&first), ibc_secret_view(&second))) {
        return ibc_fail(err, IBC_ERR_USAGE, "%s was not the same twice; nothing was changed", what);
    }
    *out = ibc_secret_steal(&first);
    return IBC_OK;
}

enum ibc_status confirm(const char *question, struct ibc_error *err) {
    char prompt[256];
    snprintf(prompt, sizeof prompt, "%s [y/N]", question);
    if (!has_terminal()) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "there is no terminal to ask on; repeat the command with --yes");
    }
    ibc_auto_secret answer = {0};
    if (ask(prompt, true, &answer, err) != IBC_OK ||
        (!ibc_view_is(ibc_secret_view(&answer), "y") &&
         !ibc_view_is(ibc_secret_view(&answer), "yes"))) {
        return ibc_fail(err, IBC_ERR_USAGE, "not confirmed; nothing was changed");
    }
    return IBC_OK;
}

/* The open descriptor of that number, or -1. */
static int open_descriptor(const char *number) {
    uint64_t value;
    if (!ibc_parse_number(number, strlen(number), INT16_MAX, &value) ||
        fcntl((int)value, F_GETFD) < 0) {
        return -1;
    }
    return (int)value;
}

#define PASSPHRASE_VARIABLE     "IBCRED_PASSPHRASE_FD"
#define NEW_PASSPHRASE_VARIABLE "IBCRED_NEW_PASSPHRASE_FD"

void withhold_passphrase(void) {
    static const char *const names[] = {PASSPHRASE_VARIABLE, NEW_PASSPHRASE_VARIABLE};
    for (size_t i = 0; i < IBC_ARRAY_SIZE(names); i++) {
        const char *number = variable(names[i]);
        const int fd = number ? open_descriptor(number) : -1;
        if (fd > STDERR_FILENO) {
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
    }
}

/* One line from the descriptor whose number the variable `name` holds. */
static enum ibc_status line_from(const char *name, const char *number, struct ibc_secret *out,
                                 struct ibc_error *err) {
    *out = (struct ibc_secret){0};
    const int fd = open_descriptor(number);
    if (fd < 0) {
        return ibc_fail(err, IBC_ERR_USAGE, "%s is not the number of an open file descriptor",
                        name);
    }
    return read_line(fd, name, out, err);
}

enum ibc_status passphrase_from_fd(const char *number, struct ibc_secret *out,
                                   struct ibc_error *err) {
    return line_from(PASSPHRASE_VARIABLE, number, out, err);
}

enum ibc_status new_passphrase(const char *otherwise, struct ibc_secret *out,
                               struct ibc_error *err) {
    const char *name = NEW_PASSPHRASE_VARIABLE;
    if (!variable(name) && otherwise) {
        name = otherwise;
    }
    const char *number = variable(name);
    enum ibc_status status =
        number ? line_from(name, number, out, err) : ask_twice("New passphrase", out, err);
    if (status == IBC_OK && out->size == 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "an empty passphrase opens to everybody; give one");
    }
    return status;
}

enum { BAR_WIDTH = 30, LOOK_SECONDS = 5 };

static void draw_bar(int64_t left, int64_t all) {
    char words[IBC_DURATION_TEXT_MAX];
    char bar[BAR_WIDTH + 1];
    const size_t filled = (size_t)(left * BAR_WIDTH / all);
    ibc_format_duration(left, words);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %s   ", bar, words);
}

bool count_down(const struct cli *cli, int64_t seconds, const char *why) {
    return count_down_while(cli, seconds, why, NULL, NULL);
}

bool count_down_while(const struct cli *cli, int64_t seconds, const char *why,
                      bool (*goes_on)(void *context), void *context) {
    const bool live = isatty(STDERR_FILENO) && !cli->quiet;
    say(cli, "%s", why);
    bool whole = true;
    for (int64_t left = seconds; whole && left > 0; left--) {
        if (live) {
            draw_bar(left, seconds);
        }
        whole = pause_for(1000);
        if (whole && goes_on && left % LOOK_SECONDS == 0 && !goes_on(context)) {
            break;
        }
    }
    if (live) {
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + IBC_DURATION_TEXT_MAX, "");
    }
    return whole;
}
