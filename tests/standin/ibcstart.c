/*
 * ibcstart.c - the loop of ibcstart.sh (IBC 3.24.1): without a cap, and without a pause of its own;
 * only the JVM takes its time to come up.
 */
#include "ibcstart.h"

#include "credentials.h"
#include "jvm.h"
#include "log.h"
#include "settings.h"
#include "wait.h"

#include <strings.h>

static void find_auto_restart(bool there) {
    say("Finding autorestart file");
    if (there) {
        say("autorestart file found at /home/ibgateway/Jts/abcdefgh/autorestart: "
            "authentication will not be required");
        say("AUTORESTART_OPTION is -Drestart=abcdefgh");
        return;
    }
    say("autorestart file not found: full authentication will be required");
    say("%s", "");
}

static bool starts_again(enum ending ending, int status) {
    if (ending == ENDING_COLD_RESTART) {
        say("IBC will cold-restart shortly");
        return true;
    }
    find_auto_restart(ending == ENDING_AUTO_RESTART);
    return ending == ENDING_AUTO_RESTART ||
           (status == STATUS_SECOND_FACTOR &&
            strcasecmp(environment("TWOFA_TIMEOUT_ACTION"), "restart") == 0);
}

int ibcstart(const struct login *login) {
    int64_t start_up = 0;
    enum ending ending;
    int status;

    find_auto_restart(false);
    for (;;) {
        say("Starting Gateway with this command:");
        say("\"java\" ibcalpha.ibc.IbcGateway \"/home/ibgateway/ibc/config.ini\"");
        say("%s", "");
        if (wait_for(start_up, -1, 0) == WOKEN_BY_STOP) {
            ending = ENDING_EXIT, status = 128 + SIGTERM;
        } else {
            ending = jvm_run(login, &status);
        }
        say("IBC returned exit status %d", status);
        if (!starts_again(ending, status)) {
            break;
        }
        say("IBC will restart shortly");
        say("sleep 2");
        start_up = setting("cold_restart_ms", 3000);
    }
    say("Gateway finished");
    say("%s", "");
    return status;
}
