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

/* git's exit status; -1 where it could not be run. */
static int run_git(char *const *argv) {
    /* Nothing of ours but what it is found and configured by. */
    char *environment[4] = {NULL};
    static const char *const inherited[] = {"PATH", "HOME", "XDG_CONFIG_HOME"};
    size_t count = 0;
    for (size_t i = 0; i < IBC_ARRAY_SIZE(inherited); i++) {
        const char *value = getenv(inherited[i]);
        if (value && asprintf(&environment[count], "%s=%s", inherited[i], value) > 0) {
            count++;
        }
    }
    posix_spawn_file_actions_t files;
    int outcome = -1, status;
    pid_t child;
    if (silence(&files) == 0) {
        if (posix_spawnp(&child, "git", &files, NULL, argv, environment) == 0 &&
            waitpid(child, &status, 0) == child && WIFEXITED(status)) {
            outcome = WEXITSTATUS(status);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    for (size_t i = 0; i < count; i++) {
        free(environment[i]);
    }
    return outcome;
}

bool is_tracked(const char *path) {
    char whole[PATH_MAX], copy[PATH_MAX];
    if (!in_work_tree(path) || !realpath(path, whole)) {
        return false;
    }
    memcpy(copy, whole, sizeof copy);
    char *slash = strrchr(copy, '/');
    *slash = '\0';
    /* A repository's own configuration could name a program to run: fsmonitor. */
    const char *argv[] = {"git",
                          "-C",
                          slash == copy ? "/" : copy,
                          "-c",
                          "core.fsmonitor=false",
                          "--literal-pathspecs",
                          "ls-files",
                          "--error-unmatch",
                          "--",
                          slash + 1,
                          NULL};
    return run_git((char *const *)argv) == 0;
}
