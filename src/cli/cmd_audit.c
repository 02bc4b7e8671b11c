/* cmd_audit.c - ibcred audit: the log as it is, once its chain has been checked. */
#include "cli/cli.h"

static enum ibc_status print_line(void *context, struct ibc_view line, struct ibc_error *err) {
    (void)context;
    if (fwrite(line.bytes, 1, line.size, stdout) != line.size || putchar('\n') == EOF) {
        return ibc_fail(err, IBC_ERR_IO, "stdout cannot be written");
    }
    return IBC_OK;
}

static enum ibc_status verify(const struct cli *cli, const struct session *session,
                              struct ibc_error *err) {
    uint64_t lines;
    enum ibc_status status = ibc_audit_verify(session->state_fd, ibc_vault_id(session->vault),
                                              ibc_vault_audit_key(session->vault), &lines, err);
    if (status != IBC_OK) {
        return status;
    }
    if (cli->json) {
        return print_json(json_pack("{s:b, s:I}", "intact", 1, "lines", (json_int_t)lines), err);
    }
    printf("intact: %llu lines\n", (unsigned long long)lines);
    return flush_output(err);
}

enum ibc_status cmd_audit(struct cli *cli, int argc, char **argv, struct ibc_error *err) {
    const char *what;
    enum ibc_status status = parse_options(cli, "audit", NULL, 0, &argc, &argv, err);
    if (status == IBC_OK) {
        status = optional_operand(argc, argv, &what, err);
    }
    if (status == IBC_OK && what && strcmp(what, "verify") != 0) {
        status = ibc_fail(err, IBC_ERR_USAGE, "audit can only 'verify', not '%s'", what);
    }
    if (status != IBC_OK) {
        return status;
    }
    auto_session session;
    status = session_open(&session, cli, false, err);
    if (status == IBC_OK && what) {
        return verify(cli, &session, err);
    }
    if (status == IBC_OK) {
        status = ibc_audit_each(session.state_fd, ibc_vault_id(session.vault),
                                ibc_vault_audit_key(session.vault), print_line, NULL, err);
    }
    return status == IBC_OK ? flush_output(err) : status;
}
