/* modes.c - what the gateway is asked to be, and whether it can be that. */
#include "doctor/examine.h"

static bool is_both(const struct gateway *gateway) {
    return gateway->mode_known && gateway->mode == IBC_MODE_BOTH;
}

void rule_both_incomplete(struct examination *exam, const struct gateway *gateway) {
    if (!is_both(gateway)) {
        return;
    }
    const struct ibc_compose_service *service = gateway->service;
    const bool user = given(service, "TWS_USERID_PAPER");
    const bool password =
        given(service, "TWS_PASSWORD_PAPER") || given(service, "TWS_PASSWORD_PAPER_FILE");
    if (user && password) {
        return;
    }
    const char *missing = user ? "password" : password ? "username" : "username and password";
    instead(exam,
            found(exam, value_place(gateway->trading_mode),
                  "'%s' is to run both modes, but has no %s for paper", service->name, missing),
            "%s%s%s", user ? "" : "TWS_USERID_PAPER: \"${IB_USERNAME_PAPER}\"",
            user || password ? "" : " and ",
            password ? "" : "TWS_PASSWORD_PAPER_FILE: /run/ibcred/tws_password_paper");
}

void rule_both_mixed(struct examination *exam, const struct gateway *gateway) {
    if (!is_both(gateway)) {
        return;
    }
    const struct ibc_compose_service *service = gateway->service;
    const bool live_plain = given(service, "TWS_PASSWORD"),
               live_file = given(service, "TWS_PASSWORD_FILE");
    const struct ibc_compose_variable *paper_plain = given(service, "TWS_PASSWORD_PAPER");
    const struct ibc_compose_variable *paper_file = given(service, "TWS_PASSWORD_PAPER_FILE");
    const bool mixed = (live_plain && !live_file && !paper_plain && paper_file) ||
                       (live_file && !live_plain && !paper_file && paper_plain);
    if (mixed) {
        const struct ibc_compose_variable *paper = paper_plain ? paper_plain : paper_file;
        instead(exam,
                found(exam, value_place(paper),
                      "'%s' has one password as a file and the other as a value", service->name),
                "%s",
                live_file ? "TWS_PASSWORD_PAPER_FILE: /run/ibcred/tws_password_paper"
                          : "TWS_PASSWORD_FILE: /run/ibcred/tws_password");
    }
}

void rule_ignored_variable(struct examination *exam, const struct gateway *gateway) {
    static const char *const names[][2] = {{"IB_USER", "TWS_USERID"},
                                           {"IB_PASS", "TWS_PASSWORD_FILE"},
                                           {"IB_USERNAME", "TWS_USERID"},
                                           {"IB_PASSWORD", "TWS_PASSWORD_FILE"}};
    for (size_t i = 0; gateway->consumer == IBC_CONSUMER_GNZSNZ && i < IBC_ARRAY_SIZE(names); i++) {
        const struct ibc_compose_variable *variable =
            ibc_compose_variable_of(gateway->service, names[i][0]);
        if (variable) {
            instead(exam,
                    found(exam, value_place(variable), "the image of '%s' does not know %s",
                          gateway->service->name, variable->name),
                    "%s", names[i][1]);
        }
    }
}

void rule_unknown_mode(struct examination *exam, const struct gateway *gateway) {
    if (gateway->trading_mode && gateway->trading_mode->text.value && !gateway->mode_known) {
        instead(exam,
                found(exam, value_place(gateway->trading_mode),
                      "TRADING_MODE of '%s' is not paper, live or both", gateway->service->name),
                "TRADING_MODE: paper");
    }
}

static bool is_allowed(const struct ibc_policy *policy, enum ibc_mode mode) {
    return (mode == IBC_MODE_LIVE || policy->allow_paper) &&
           (mode == IBC_MODE_PAPER || policy->allow_live);
}

void rule_mode_not_allowed(struct examination *exam, const struct gateway *gateway) {
    if (gateway->mode_known && !is_allowed(exam->policy, gateway->mode)) {
        instead(exam,
                found(exam, value_place(gateway->trading_mode),
                      "the policy does not allow mode %s, which '%s' asks for",
                      ibc_mode_name(gateway->mode), gateway->service->name),
                exam->policy->allow_paper
                    ? "TRADING_MODE: paper; or, if that is what you want, set modes in the policy"
                    : "a mode that the policy allows; or set modes in the policy");
    }
}

/* As IBKR and the policy see it: a live user may be asked for in paper mode where it allows that.*/
static bool has_profile(const struct examination *exam, enum ibc_mode mode) {
    const struct ibc_doctor_world *world = exam->world;
    const bool live = world->live_profiles > 0;
    const bool paper = world->paper_profiles > 0;
    if (mode == IBC_MODE_BOTH) {
        return paper && live;
    }
    if (mode == IBC_MODE_LIVE) {
        return live;
    }
    return paper || (live && exam->policy->live_user_in_paper != IBC_DENY);
}

void rule_mode_without_profile(struct examination *exam, const struct gateway *gateway) {
    if (exam->world->vault_opened && gateway->mode_known && !has_profile(exam, gateway->mode)) {
        const bool live = gateway->mode == IBC_MODE_LIVE ||
                          (gateway->mode == IBC_MODE_BOTH && exam->world->live_profiles == 0);
        const char *kind = live ? "live" : "paper";
        instead(exam,
                found(exam, value_place(gateway->trading_mode),
                      "no profile in the vault fits mode %s of '%s'", ibc_mode_name(gateway->mode),
                      gateway->service->name),
                "ibcred seal %s --kind %s", kind, kind);
    }
}
