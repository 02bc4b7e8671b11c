/*
 * login.c - IBC's lines for a login dialog that is filled in, sent, and answered.
 */
#include "login.h"

#include "log.h"

#include <string.h>

static enum login_answer answer(const struct login *login, const struct login *expected) {
    if (login->username.size == 0 || login->password.size == 0) {
        return LOGIN_NOT_TRIED;
    }
    if (expected == NULL) {
        return LOGIN_ACCEPTED;
    }
    if (text_equal(&login->username, &expected->username) &&
        text_equal(&login->password, &expected->password)) {
        return LOGIN_ACCEPTED;
    }
    return LOGIN_REJECTED;
}

static void fill_in(const struct login *login) {
    ibc_say("Login dialog WINDOW_OPENED: LoginState is LOGGED_OUT");
    ibc_say("Setting Trading mode = %s", login->mode);
    ibc_say("Setting user name");
    ibc_say("Setting password");
}

static void press_the_button(const struct login *login) {
    ibc_say("Login attempt: 1");
    ibc_say("Click button: %sLog In", strcmp(login->mode, "paper") == 0 ? "Paper " : "");
}

enum login_answer log_in(const struct login *login, const struct login *expected) {
    enum login_answer given = answer(login, expected);

    fill_in(login);
    if (given == LOGIN_NOT_TRIED) {
        return given;
    }
    press_the_button(login);
    if (given == LOGIN_REJECTED) {
        ibc_say_error("detected dialog entitled: Unrecognized Username or Password; event=Opened");
        return given;
    }
    ibc_say("Login has completed");
    ibc_say("Configuration tasks completed");
    return given;
}
