/*
 * doctor.h - the parts of ibcred doctor.
 */
#ifndef IBCRED_CLI_DOCTOR_H
#define IBCRED_CLI_DOCTOR_H

#include "cli/cli.h"

#include <ibcred/doctor.h>

/* What one look came to. */
struct look {
    struct ibc_compose_project *project;
    struct ibc_doctor_report report;
    size_t counts[IBC_SEVERITY_ERROR + 1]; /* by severity */
};
void look_clear(struct look *look);
#define auto_look IBC_CLEANUP(look_clear) struct look

/* --- doctor_print.c --------------------------------------------------------------------------- */

IBC_CHECKED enum ibc_status print_findings(const struct cli *cli, const struct look *look,
                                           struct ibc_error *err);
IBC_CHECKED enum ibc_status print_findings_json(const struct look *look, struct ibc_error *err);

/* --- doctor_sarif.c --------------------------------------------------------------------------- */

/* SARIF 2.1.0 (OASIS), one run. */
IBC_CHECKED enum ibc_status print_sarif(const struct look *look, struct ibc_error *err);

/* --- doctor_fix.c ----------------------------------------------------------------------------- */

/*
 * Show what can be mended as a patch on stdout, ask unless `yes`, and write it. `*written` is how
 * many files were. IBC_ERR_WAIT: a file is not any more as it was read; nothing is written then.
 */
IBC_CHECKED enum ibc_status fix_findings(const struct cli *cli, const struct look *look, bool yes,
                                         size_t *written, struct ibc_error *err);

#endif
