/* options.c - getopt_long() over a table that also makes the help text. */
#include "cli/cli.h"

#include <getopt.h>

enum { COMMON = 6, SPECS_MAX = 32, FIRST_CODE = 256, LETTERS_MAX = 2 * SPECS_MAX + 8 };

/* The command's options followed by those that every command takes. */
struct table {
    size_t count;
    struct option_spec specs[SPECS_MAX];
};

static void make_table(struct cli *cli, const struct option_spec *own, size_t own_count,
                       struct table *out) {
    const struct option_spec common[COMMON] = {
        {"vault", "FILE", "the vault ($IBCRED_VAULT, ./ibcred.vault)", .value = &cli->vault},
        {"identity", "FILE", "the identity ($IBCRED_IDENTITY_FILE)", .value = &cli->identity},
        {"policy", "FILE", "the policy ($IBCRED_POLICY, ./ibcred.yaml)", .value = &cli->policy},
        {"json", NULL, "answer in JSON", .flag = &cli->json},
        {"quiet", NULL, "no talk on stderr", .flag = &cli->quiet},
        {"no-color", NULL, "no colour ($NO_COLOR)", .flag = &cli->no_color},
    };
    out->count = 0;
    for (size_t i = 0; i < own_count; i++) {
        out->specs[out->count++] = own[i];
    }
    for (size_t i = 0; i < COMMON; i++) {
        out->specs[out->count++] = common[i];
    }
}

static void print_help(const char *name, const struct table *table) {
    const struct command *command = find_command(name);
    printf("usage: ibcred %s%s%s\n%s\n\n", name, command->arguments[0] ? " " : "",
           command->arguments, command->summary);
    for (size_t i = 0; i < table->count; i++) {
        char left[48];
        const char letter[] = {'-', table->specs[i].letter, ',', ' ', '\0'};
        snprintf(left, sizeof left, "%s--%s%s%s", table->specs[i].letter ? letter : "",
                 table->specs[i].name, table->specs[i].argument ? " " : "",
                 table->specs[i].argument ? table->specs[i].argument : "");
        printf("  %-24s  %s\n", left, table->specs[i].help);
    }
}

static void make_long_options(const struct table *table, struct option *out) {
    for (size_t i = 0; i < table->count; i++) {
        out[i] = (struct option){
            .name = table->specs[i].name,
            .has_arg = table->specs[i].argument ? required_argument : no_argument,
            .val = FIRST_CODE + (int)i,
        };
    }
    out[table->count] = (struct option){.name = "help", .val = 'h'};
    out[table->count + 1] = (struct option){0};
}

/* The short forms, each with a ':' where a value follows. */
static void make_letters(const struct table *table, char out[static LETTERS_MAX]) {
    size_t size = (size_t)snprintf(out, LETTERS_MAX, ":hq");
    for (size_t i = 0; i < table->count; i++) {
        if (table->specs[i].letter) {
            size += (size_t)snprintf(out + size, LETTERS_MAX - size, "%c%s", table->specs[i].letter,
                                     table->specs[i].argument ? ":" : "");
        }
    }
}

/* The option that getopt_long() means by its code: a long one, or the letter of one. */
static const struct option_spec *spec_of(const struct table *table, int code) {
    size_t i = code >= FIRST_CODE ? (size_t)(code - FIRST_CODE) : 0;
    while (code < FIRST_CODE && table->specs[i].letter != code) {
        i++;
    }
    return &table->specs[i];
}

static enum ibc_status take(const struct option_spec *spec, const char *argument,
                            struct ibc_error *err) {
    if (spec->flag) {
        *spec->flag = true;
    } else if (spec->value) {
        *spec->value = argument;
    } else if (spec->values->count < OPTION_VALUES_MAX) {
        spec->values->items[spec->values->count++] = argument;
    } else {
        return ibc_fail(err, IBC_ERR_USAGE, "--%s is given more than %d times", spec->name,
                        OPTION_VALUES_MAX);
    }
    return IBC_OK;
}

static enum ibc_status misuse(const char *command, int code, const char *word,
                              struct ibc_error *err) {
    /* Up to "=": what follows might be a secret. */
    return ibc_fail(err, IBC_ERR_USAGE, "%s '%.*s'; see: ibcred %s --help",
                    code == ':' ? "a value is missing after" : "there is no option",
                    (int)strcspn(word, "="), word, command);
}

enum ibc_status parse_options(struct cli *cli, const char *command, const struct option_spec *own,
                              size_t own_count, int *argc, char ***argv, struct ibc_error *err) {
    struct table table;
    make_table(cli, own, own_count, &table);
    struct option long_options[SPECS_MAX + 2];
    make_long_options(&table, long_options);

    char letters[LETTERS_MAX];
    make_letters(&table, letters);

    opterr = 0;
    for (;;) {
        int code = getopt_long(*argc, *argv, letters, long_options, NULL);
        if (code == -1) {
            break;
        }
        if (code == 'h') {
            print_help(command, &table);
            exit(EXIT_SUCCESS);
        }
        if (code == 'q') {
            cli->quiet = true;
            continue;
        }
        if (code == ':' || code == '?') {
            /* Among letters behind one dash, optind says nothing of which it was. */
            const char letter[] = {'-', (char)optopt, '\0'};
            const bool is_letter = optopt > 0 && optopt < FIRST_CODE;
            return misuse(command, code, is_letter ? letter : (*argv)[optind - 1], err);
        }
        enum ibc_status status = take(spec_of(&table, code), optarg, err);
        if (status != IBC_OK) {
            return status;
        }
    }
    *argc -= optind;
    *argv += optind;
    return IBC_OK;
}

enum ibc_status optional_operand(int argc, char **argv, const char **operand,
                                 struct ibc_error *err) {
    if (argc > 1) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "there is one operand too many after the first, '%s'; secrets are never "
                        "given there",
                        argv[0]);
    }
    *operand = argc > 0 ? argv[0] : NULL;
    return IBC_OK;
}

enum ibc_status split_command(const char *usage, int *argc, char **argv, char ***command,
                              struct ibc_error *err) {
    *command = NULL;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") == 0 && i + 1 < *argc) {
            *command = argv + i + 1;
            *argc = i;
            argv[i] = NULL;
            return IBC_OK;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return IBC_OK;
        }
    }
    return ibc_fail(err, IBC_ERR_USAGE, "there is no command to run; write: ibcred %s -- COMMAND",
                    usage);
}

enum ibc_status mode_option(const char *text, enum ibc_mode *out, struct ibc_error *err) {
    const char *source = "--mode";
    if (!text) {
        text = variable("TRADING_MODE");
        source = "TRADING_MODE";
    }
    *out = IBC_MODE_PAPER;
    if (text && !ibc_mode_parse(text, out)) {
        return ibc_fail(err, IBC_ERR_USAGE, "%s is '%s'; it must be paper, live or both", source,
                        text);
    }
    return IBC_OK;
}
