/*
 * gateway_log.h - what a gateway's log says, by rules that are data.
 *
 * policy/log-rules.yaml (compiled in, replaceable) names events and the regular expressions that
 * tell of them, for IBC in the gnzsnz image and for ibg-controller. A line that no rule knows is
 * nothing. Pure: no I/O but reading the rules' file.
 */
#ifndef IBCRED_GATEWAY_LOG_H
#define IBCRED_GATEWAY_LOG_H

#include <ibcred/secret.h>

#pragma GCC visibility push(default)

enum ibc_log_event {
    IBC_LOG_STARTING = 1,  /* the image starts IBC: it has read its secrets; text: the mode */
    IBC_LOG_ATTEMPT,       /* a login is being made; number: IBC's count */
    IBC_LOG_MODE,          /* the mode asked for at login; text: "live" or "paper" */
    IBC_LOG_PASSWORD_SET,  /* the form was filled in; an attempt follows unless it is empty */
    IBC_LOG_SUCCESS,       /* the login has completed */
    IBC_LOG_REJECTED,      /* IBKR does not accept username or password */
    IBC_LOG_LOGIN_ERROR,   /* an error message at login; text: the message */
    IBC_LOG_FORM_INVALID,  /* the dialog was invalidated */
    IBC_LOG_THROTTLED,     /* too many failed logins; seconds: the wait printed, 0: none */
    IBC_LOG_SECOND_FACTOR, /* the second factor was asked for */
    IBC_LOG_SECOND_FACTOR_TIMEOUT,
    IBC_LOG_SESSION_CONFLICT,   /* the username has a session elsewhere */
    IBC_LOG_SESSION_ENDED,      /* this session gives way to another one */
    IBC_LOG_SILENT_DROP,        /* no answer to the login; seconds: the wait printed, 0: none */
    IBC_LOG_MODE_CONTRADICTION, /* a paper user in live mode, or the like; text: the words */
    IBC_LOG_PASSWORD_EXPIRY,    /* number: days that remain, -1: not said */
    IBC_LOG_ACCOUNT,            /* text: the account id */
    IBC_LOG_API_READY,          /* number: the port, 0: not said */
    IBC_LOG_COLD_RESTART,       /* the gateway is started anew inside the container */
    IBC_LOG_MAINTENANCE,        /* seconds: how long the controller waits */
    IBC_LOG_EXIT,               /* IBC or the gateway ends; number: its status, -1: not said */
    IBC_LOG_HALTED,             /* the controller has given up for good */
    IBC_LOG_MISCONFIGURED,      /* the container cannot start as it was set up; text: its words */
};

/* "attempt", "rejected", "second-factor-timeout", … as the rules' file writes them. */
const char *ibc_log_event_name(enum ibc_log_event event);

enum {
    IBC_LOG_LINE_MAX = 8192,        /* bytes of a line that are looked at */
    IBC_LOG_TEXT_MAX = 256,         /* bytes of text taken from a line, with NUL */
    IBC_LOG_RULES_FILE_MAX = 65536, /* bytes */
    IBC_LOG_RULES_MAX = 128,
    IBC_LOG_RULE_NAME_MAX = 64, /* bytes */
};

/* What a rule made of a line. A value. */
struct ibc_log_match {
    enum ibc_log_event event;
    const char *rule;            /* its name; owned by the rules */
    int64_t number;              /* as the event says; -1 where none; at most 999,999,999 */
    int64_t seconds;             /* 0 where none; at most seven days */
    char text[IBC_LOG_TEXT_MAX]; /* printable UTF-8, "" where none */
};

struct ibc_log_rules;

/* The rules that are compiled in: policy/log-rules.yaml. The caller frees. */
IBC_CHECKED enum ibc_status ibc_log_rules_default(struct ibc_log_rules **out,
                                                  struct ibc_error *err);
/*
 * Parse rules. IBC_ERR_MISMATCH with name:line:column: not YAML, an unknown key or event, a regular
 * expression that does not compile or refers back, a group that the expression does not have.
 */
IBC_CHECKED enum ibc_status ibc_log_rules_parse(struct ibc_view text, const char *name,
                                                struct ibc_log_rules **out, struct ibc_error *err);
/* Read and parse the trusted file at `path` (ibc_file_open_trusted()). */
IBC_CHECKED enum ibc_status ibc_log_rules_load(const char *path, struct ibc_log_rules **out,
                                               struct ibc_error *err);
void ibc_log_rules_free(struct ibc_log_rules **rules);
#define ibc_auto_log_rules IBC_CLEANUP(ibc_log_rules_free) struct ibc_log_rules

/* Reads a log line by line; keeps what a message on several lines needs. */
struct ibc_log_reader;
IBC_CHECKED enum ibc_status ibc_log_reader_new(const struct ibc_log_rules *rules,
                                               struct ibc_log_reader **out, struct ibc_error *err);
void ibc_log_reader_free(struct ibc_log_reader **reader);
#define ibc_auto_log_reader IBC_CLEANUP(ibc_log_reader_free) struct ibc_log_reader

/*
 * Look at one line, of any bytes, without its newline; what is beyond IBC_LOG_LINE_MAX bytes is not
 * looked at. True with `*out` filled when there is an event to tell. A message whose text stands on
 * the lines after it is told with the first line that belongs to it, or that shows that none will,
 * or by ibc_log_reader_flush(). In the second case the line may be an event of its own: it is told
 * by ibc_log_reader_more(), or else with the next line.
 */
bool ibc_log_reader_line(struct ibc_log_reader *reader, struct ibc_view line,
                         struct ibc_log_match *out);
/* Is there another event to tell after ibc_log_reader_line() has told of one? */
bool ibc_log_reader_more(struct ibc_log_reader *reader, struct ibc_log_match *out);
/*
 * The log has paused or ended: is something left to tell, such as a message waiting for lines that
 * did not come? Call until false.
 */
bool ibc_log_reader_flush(struct ibc_log_reader *reader, struct ibc_log_match *out);

#pragma GCC visibility pop

#endif
