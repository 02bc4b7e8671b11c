/* cmd_probe.c - ibcred probe: is the gateway's API there, logged in, and to what? */
#include "cli/cli.h"
#include "cli/interrupt.h"

#include <ibcred/number.h>
#include <ibcred/tws.h>

struct options {
    const char *mode, *expect, *timeout, *wait;
    bool reveal;
};

struct task {
    struct ibc_probe_request request;
    char host[IBC_PROBE_HOST_MAX + 1];
    int64_t wait_ms;      /* how long to try again; 0: once */
    enum ibc_kind expect; /* 0: whatever */
    bool reveal;
};

/* --- options ---------------------------------------------------------------------------------- */

/* As ibc_parse_duration(), and with "ms" in milliseconds. */
static bool parse_milliseconds(const char *text, int64_t max, int64_t *out) {
    const size_t size = strlen(text);
    int64_t seconds;
    uint64_t number;
    if (size > 2 && strcmp(text + size - 2, "ms") == 0) {
        if (!ibc_parse_number(text, size - 2, (uint64_t)max, &number)) {
            return false;
        }
        *out = (int64_t)number;
        return true;
    }
    if (!ibc_parse_duration(text, max / 1000, &seconds)) {
        return false;
    }
    *out = seconds * 1000;
    return true;
}

static enum ibc_status read_address(const char *operand, const struct options *options,
                                    const struct ibc_policy *policy, struct task *task,
                                    struct ibc_error *err) {
    task->request.port = 0;
    snprintf(task->host, sizeof task->host, "127.0.0.1");
    if (operand && !ibc_probe_address(operand, task->host, &task->request.port)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "'%s' is no address; give HOST, HOST:PORT, :PORT or [IPV6]:PORT", operand);
    }
    if (task->request.port != 0 && !options->mode) {
        return IBC_OK; /* whatever $TRADING_MODE says */
    }
    enum ibc_mode mode;
    enum ibc_status status = mode_option(options->mode, &mode, err);
    if (status != IBC_OK || task->request.port != 0) {
        return status;
    }
    if (mode == IBC_MODE_BOTH) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "mode both has two gateways; give --mode paper, --mode live or a port");
    }
    task->request.port = ibc_policy_api_port(policy, mode);
    return IBC_OK;
}

static enum ibc_status read_times(const struct options *options, const struct ibc_policy *policy,
                                  struct task *task, struct ibc_error *err) {
    enum { WAIT_MAX_S = 86400 };
    int64_t wait = 0;
    task->request.timeout_ms = policy->api_timeout * 1000;
    if (options->timeout && (!parse_milliseconds(options->timeout, IBC_PROBE_TIMEOUT_MAX_MS,
                                                 &task->request.timeout_ms) ||
                             task->request.timeout_ms == 0)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--timeout is '%s'; it must be 1ms to 1h, such as 2s",
                        options->timeout);
    }
    if (options->wait && !ibc_parse_duration(options->wait, WAIT_MAX_S, &wait)) {
        return ibc_fail(err, IBC_ERR_USAGE,
                        "--wait is '%s'; it must be seconds, or such as 2m, up to 1d",
                        options->wait);
    }
    task->wait_ms = wait * 1000;
    return IBC_OK;
}

static enum ibc_status make_task(const char *operand, const struct options *options,
                                 const struct ibc_policy *policy, struct task *task,
                                 struct ibc_error *err) {
    *task = (struct task){.reveal = options->reveal};
    if (options->expect && !ibc_kind_parse(options->expect, &task->expect)) {
        return ibc_fail(err, IBC_ERR_USAGE, "--expect is '%s'; it must be paper or live",
                        options->expect);
    }
    task->request.host = task->host;
    task->request.client_id = (int32_t)policy->api_client_id;
    enum ibc_status status = read_address(operand, options, policy, task, err);
    return status == IBC_OK ? read_times(options, policy, task, err) : status;
}

/* --- probing ---------------------------------------------------------------------------------- */

/* Now, and then after growing pauses for as long as may be waited; once more when that is over. */
static enum ibc_status probe(const struct cli *cli, const struct task *task,
                             struct ibc_probe_result *out, struct ibc_error *err) {
    enum { PAUSE_FIRST_MS = 1000, PAUSE_MOST_MS = 10000 };
    const int64_t end_ms = boot_clock_ms() + task->wait_ms;
    enum ibc_probe_state told = IBC_PROBE_READY;
    int64_t pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        enum ibc_status status = ibc_probe_run(&task->request, out, err);
        int64_t left_ms = end_ms - boot_clock_ms();
        if (status != IBC_OK || out->state == IBC_PROBE_READY || left_ms <= 0) {
            return status;
        }
        if (out->state != told) {
            say(cli, "waiting at most %lld s: %s", (long long)(left_ms + 999) / 1000, out->why);
            told = out->state;
        }
        (void)pause_for(left_ms < pause_ms ? left_ms : pause_ms);
        pause_ms = pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : pause_ms * 2;
    }
}

/* What the answer means to whoever asked, as a status. */
static enum ibc_status judge(const struct task *task, const struct ibc_probe_result *result,
                             struct ibc_error *err) {
    if (result->state != IBC_PROBE_READY) {
        return ibc_fail(err, IBC_ERR_UNAVAILABLE, "%s", result->why);
    }
    if (task->expect == 0) {
        return IBC_OK;
    }
    const char *proven = ibc_account_proof_name(result->proof);
    const char *expected = ibc_kind_name(task->expect);
    if (proven && strcmp(proven, expected) == 0) {
        return IBC_OK;
    }
    if (result->proof == IBC_PROOF_NONE) {
        return ibc_fail(err, IBC_ERR_MISMATCH,
                        "%s accounts are expected, and what %s:%u names is not all known to be "
                        "that; look at its accounts with --reveal",
                        expected, task->host, (unsigned)task->request.port);
    }
    return ibc_fail(err, IBC_ERR_MISMATCH,
                    "%s accounts are expected, and the gateway at %s:%u is logged in to %s ones; "
                    "do not trade through it until host, port and login are put right",
                    expected, task->host, (unsigned)task->request.port, proven);
}

/* --- the answer ------------------------------------------------------------------------------- */

static size_t kept_accounts(const struct ibc_probe_result *result) {
    return result->account_count < IBC_PROBE_ACCOUNTS_MAX ? result->account_count
                                                          : IBC_PROBE_ACCOUNTS_MAX;
}

static void write_account(const struct task *task, const char *account,
                          char out[static IBC_ACCOUNT_ID_MAX + 1]) {
    if (task->reveal) {
        memcpy(out, account, IBC_ACCOUNT_ID_MAX + 1);
    } else {
        ibc_account_mask(account, out);
    }
}

static json_t *json_milliseconds(int64_t microseconds) {
    return microseconds < 0 ? json_null() : json_real((double)microseconds / 1000);
}

static json_t *json_accounts(const struct task *task, const struct ibc_probe_result *result) {
    json_t *accounts = json_array();
    for (size_t i = 0; i < kept_accounts(result); i++) {
        char text[IBC_ACCOUNT_ID_MAX + 1];
        write_account(task, result->accounts[i], text);
        json_array_append_new(accounts, json_string(text));
    }
    return accounts;
}

static json_t *json_told_error(const struct ibc_probe_result *result) {
    return result->error_code == 0
               ? json_null()
               : json_pack("{s:i, s:s}", "code", result->error_code, "text", result->error_text);
}

static enum ibc_status print_as_json(const struct task *task, const struct ibc_probe_result *result,
                                     const char *message, struct ibc_error *err) {
    json_t *version = result->server_version ? json_integer(result->server_version) : json_null();
    json_t *time = result->server_time[0] ? json_string(result->server_time) : json_null();
    json_t *offset = result->has_offset ? json_integer(result->offset_ms / 1000) : json_null();
    return print_json(
        json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:I, s:s?, s:o, s:o, s:o, s:s}", "state",
                  ibc_probe_state_name(result->state), "host", task->host, "port",
                  (int)task->request.port, "server_version", version, "server_time", time,
                  "offset_seconds", offset, "accounts", json_accounts(task, result),
                  "account_count", (json_int_t)result->account_count, "kind",
                  ibc_account_proof_name(result->proof), "connect_ms",
                  json_milliseconds(result->connect_us), "ready_ms",
                  json_milliseconds(result->ready_us), "error", json_told_error(result), "message",
                  message),
        err);
}

static void print_offset(const struct ibc_probe_result *result) {
    char words[IBC_DURATION_TEXT_MAX];
    const int64_t seconds = result->offset_ms / 1000;
    if (!result->has_offset) {
        puts("offset    unknown: its time zone is not known here");
    } else if (seconds == 0) {
        puts("offset    none");
    } else {
        ibc_format_duration(seconds < 0 ? -seconds : seconds, words);
        printf("offset    %s %s\n", words, seconds < 0 ? "behind" : "ahead");
    }
}

static void print_accounts(const struct task *task, const struct ibc_probe_result *result) {
    const size_t kept = kept_accounts(result);
    const char *kind = ibc_account_proof_name(result->proof);
    fputs("accounts ", stdout);
    for (size_t i = 0; i < kept; i++) {
        char text[IBC_ACCOUNT_ID_MAX + 1];
        write_account(task, result->accounts[i], text);
        printf(" %s", text);
    }
    if (result->account_count > kept) {
        printf(" and %zu more", result->account_count - kept);
    }
    printf("\nkind      %s\n", kind ? kind : "not proven");
}

static enum ibc_status print_as_lines(const struct task *task,
                                      const struct ibc_probe_result *result,
                                      struct ibc_error *err) {
    printf("state     %s\n", ibc_probe_state_name(result->state));
    printf("address   %s port %u\n", task->host, (unsigned)task->request.port);
    if (result->server_version != 0) {
        printf("version   %d\ntime      %s\n", result->server_version, result->server_time);
        print_offset(result);
    }
    if (result->account_count > 0) {
        print_accounts(task, result);
    }
    if (result->error_code != 0) {
        printf("error     %d %s\n", result->error_code, result->error_text);
    }
    if (result->connect_us >= 0) {
        printf("connect   %.1f ms\n", (double)result->connect_us / 1000);
    }
    if (result->ready_us >= 0) {
        printf("ready     %.1f ms\n", (double)result->ready_us / 1000);
    }
    return flush_output(err);
}

/* Tell the answer; a no is an answer too, and its status the exit code. */
static enum ibc_status answer(const struct cli *cli, const struct task *task,
                              const struct ibc_probe_result *result, struct ibc_error *err) {
    struct ibc_error failure;
    enum ibc_status status = judge(task, result, err);
    if (cli->quiet) {
        /* Nothing is said, not even why: for health checks, which keep what they are told. */
        exit(ibc_status_exit_code(status));
    }
    enum ibc_status told =
        cli->json
            ? print_as_json(task, result, status == IBC_OK ? result->why : err->text, &failure)
            : print_as_lines(task, result, &failure);
    if (told != IBC_OK) {
        *err = failure;
        return told;
    }
    return status;
}

enum ibc_status cmd_probe(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    struct options own = {0};
    const struct option_spec options[] = {
        {"mode", "MODE", "paper or live: which port, where none is given ($TRADING_MODE)",
         .value = &own.mode},
        {"expect", "KIND", "paper or live: exit 78 unless every account is of that kind",
         .value = &own.expect},
        {"timeout", "TIME", "how long a probe may take, such as 2s or 500ms (policy)",
         .value = &own.timeout},
        {"wait", "SECONDS", "try again, in growing pauses, until it is ready", .value = &own.wait},
        {"reveal", NULL, "show account ids in full", .flag = &own.reveal},
    };
    const char *operand;
    struct ibc_policy policy;
    struct task task;
    struct ibc_probe_result result;
    enum ibc_status status =
        parse_options(cli, "probe", options, IBC_ARRAY_SIZE(options), &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &operand, err);
    }
    if (status == IBC_OK) {
        status = load_policy(cli, &policy, err);
    }
    if (status == IBC_OK) {
        status = make_task(operand, &own, &policy, &task, err);
    }
    if (status == IBC_OK) {
        status = probe(cli, &task, &result, err);
    }
    return status == IBC_OK ? answer(cli, &task, &result, err) : status;
}
