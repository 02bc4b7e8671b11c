/*
 * pair.c - time two commands in turn, A B A B …, each as a whole process.
 *
 * pair RUNS PREPARE_A COMMAND_A PREPARE_B COMMAND_B
 *
 * PREPARE is a line for sh, run before each run and not timed ("" for none). COMMAND is split at
 * blanks and run without a shell, its output thrown away. Prints, as one line for the shell's
 * `read`: the median milliseconds of A and of B, the median of the ratios A/B pair by pair, and the
 * peak memory of A and of B in kilobytes.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 32, RUNS_MAX = 1000 };

struct command {
    const char *prepare;
    char *arguments[ARGUMENTS_MAX + 1];
    double milliseconds[RUNS_MAX];
    long peak_kilobytes;
};

static void split(char *text, char **arguments) {
    size_t count = 0;
    for (char *word = strtok(text, " "); word && count < ARGUMENTS_MAX; word = strtok(NULL, " ")) {
        arguments[count++] = word;
    }
    arguments[count] = NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* False when it did not exit with 0. */
static bool run(char *const *arguments, struct rusage *usage) {
    const pid_t child = vfork();
    if (child == 0) {
        const int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execvp(arguments[0], arguments);
        _exit(127);
    }
    int status;
    return wait4(child, &status, 0, usage) == child && status == 0;
}

static void run_once(struct command *command, int turn) {
    struct rusage usage;
    char *const prepare[] = {"sh", "-c", (char *)command->prepare, NULL};
    if (command->prepare[0] != '\0' && !run(prepare, &usage)) {
        fprintf(stderr, "pair: failed: %s\n", command->prepare);
        exit(EXIT_FAILURE);
    }
    const double begin = now();
    if (!run(command->arguments, &usage)) {
        fprintf(stderr, "pair: failed: %s\n", command->arguments[0]);
        exit(EXIT_FAILURE);
    }
    command->milliseconds[turn] = now() - begin;
    if (usage.ru_maxrss > command->peak_kilobytes) {
        command->peak_kilobytes = usage.ru_maxrss;
    }
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

int main(int argc, char **argv) {
    static struct command a, b;
    static double ratios[RUNS_MAX];
    const int runs = argc == 6 ? atoi(argv[1]) : 0;
    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: pair RUNS PREPARE_A COMMAND_A PREPARE_B COMMAND_B\n");
        return EXIT_FAILURE;
    }
    a.prepare = argv[2];
    b.prepare = argv[4];
    split(argv[3], a.arguments);
    split(argv[5], b.arguments);
    for (int turn = 0; turn < runs; turn++) {
        run_once(&a, turn);
        run_once(&b, turn);
        ratios[turn] = a.milliseconds[turn] / b.milliseconds[turn];
    }
    printf("%.3f %.3f %.2f %ld %ld\n", median(a.milliseconds, runs), median(b.milliseconds, runs),
           median(ratios, runs), a.peak_kilobytes, b.peak_kilobytes);
    return EXIT_SUCCESS;
}
