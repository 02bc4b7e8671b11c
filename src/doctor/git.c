/* git.c - asking git about a file. */
#include "doctor/surroundings.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool in_work_tree(const char *path) {
    char directory[PATH_MAX], marker[PATH_MAX];
    if (!realpath(path, directory)) {
        return false;
    }
    for (char *slash = strrchr(directory, '/'); slash; slash = strrchr(directory, '/')) {
        *slash = '\0';
        struct stat info;
        const int size = snprintf(marker, sizeof marker, "%s/.git", directory);
        if (size > 0 && (size_t)size < sizeof marker && stat(marker, &info) == 0) {
            return true;
        }
    }
    return false;
}

static int silence(posix_spawn_file_actions_t *files) {
    int failure = posix_spawn_file_actions_init(files);
    for (int fd = STDIN_FILENO; failure == 0 && fd <= STDERR_FILENO; fd++) {
        failure = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
    }
    return failure;
}

enum { ARGUMENTS_MAX = 10 };

/* Nothing of ours but what git is found and configured by. */
static size_t make_environment(char *out[static 8]) {
    /*
     * The repository may be a stranger's, and its configuration may name programs. A partial clone
     * is the worst: reading its index may fetch what is missing, by a program of its choice. No
     * protocol is allowed, which all versions of git obey; new ones do not even try.
     */
    static const char *const fixed[] = {"GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1",
                                        "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0"};
    static const char *const inherited[] = {"PATH", "HOME", "XDG_CONFIG_HOME"};
    size_t count = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(fixed); i++) {
        out[count] = strdup(fixed[i]);
        if (!out[count]) {
            return 0; /* never without them */
        }
        count++;
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(inherited); i++) {
        const char *value = getenv(inherited[i]);
        if (value && asprintf(&out[count], "%s=%s", inherited[i], value) > 0) {
            count++;
        }
    }
    out[count] = NULL;
    return count;
}

/* git's exit status; -1 where it could not be run. */
static int run(char *const *argv) {
    char *environment[8] = {NULL};
    const size_t count = make_environment(environment);
    posix_spawn_file_actions_t files;
    int outcome = -1, status;
    pid_t child;
    if (count > 0 && silence(&files) == 0) {
        if (posix_spawnp(&child, "git", &files, NULL, argv, environment) == 0 &&
            waitpid(child, &status, 0) == child && WIFEXITED(status)) {
            outcome = WEXITSTATUS(status);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    for (size_t i = 0; i < IBC_ARRAY_SIZE(environment); i++) {
        free(environment[i]);
    }
    return outcome;
}

/* `git ARGUMENTS NAME` in the directory that the file lies in, with its exit status. */
static int ask(const char *path, const char *const *arguments) {
    char whole[PATH_MAX], directory[PATH_MAX];
    if (!realpath(path, whole)) {
        return -1;
    }
    memcpy(directory, whole, sizeof directory);
    char *slash = strrchr(directory, '/');
    *slash = '\0';
    const char *argv[8 + ARGUMENTS_MAX] = {"git",
                                           "-C",
                                           slash == directory ? "/" : directory,
                                           "-c",
                                           "core.fsmonitor=false",
                                           "-c",
                                           "core.hooksPath=/dev/null"};
    size_t count = 7;
    while (*arguments) {
        argv[count++] = *arguments++;
    }
    argv[count] = strrchr(whole, '/') + 1;
    return run((char *const *)argv);
}

enum git_answer is_tracked(const char *path) {
    enum { UNKNOWN_OPTION = 129 };
    /* --sparse leaves a sparse index as it is: nothing that is missing is needed. */
    static const char *const sparse[] = {"--literal-pathspecs", "ls-files", "--sparse",
                                         "--error-unmatch",     "--",       NULL};
    static const char *const plain[] = {"--literal-pathspecs", "ls-files", "--error-unmatch", "--",
                                        NULL};
    if (!in_work_tree(path)) {
        return GIT_NO;
    }
    int outcome = ask(path, sparse);
    if (outcome == UNKNOWN_OPTION) { /* before git 2.36 */
        outcome = ask(path, plain);
    }
    return outcome == 0 ? GIT_YES : outcome == 1 ? GIT_NO : GIT_SILENT;
}

bool is_ignored(const char *path) {
    static const char *const arguments[] = {"check-ignore", "-q", "--", NULL};
    return ask(path, arguments) == 0;
}
