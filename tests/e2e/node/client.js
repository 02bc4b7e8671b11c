// client.js - connects to the TWS API as @stoqey/ib does, which nobody of this project wrote.
//
//   node client.js [FROM@]PORT CLIENT_ID...
//
// Clients of 127.0.0.1:PORT with these ids, one after the other, each while those before it are still
// connected; with FROM their packets come from that address. For each a line of JSON on stdout:
//
//   end       "ready" (accounts and next id seen), "disconnected", "refused" or "silent" (5 seconds)
//   version   of the server, and time, as it told them; null where it did not
//   accounts  as a string
//   nextId    of an order
//   codes     of errors and notices, in their order
//   texts     of the errors and notices
//   clock     the answer to reqCurrentTime, once ready
//   positions true when their end was told, once ready
"use strict";

const net = require("net");
const path = require("path");

const modules = process.env.CLIENT_MODULES || path.join(__dirname, "node_modules");
const { IBApi, EventName } = require(path.join(modules, "@stoqey/ib"));

const SILENT_MS = 5000;

// The library has no way to say from where it connects.
function connectFrom(address) {
    const connect = net.connect;
    net.connect = (options, ...rest) => connect({ ...options, localAddress: address }, ...rest);
}

function listen(api, seen, finish) {
    const note = (text, code) => {
        seen.codes.push(code);
        seen.texts.push(String(text instanceof Error ? text.message : text));
    };
    const perhapsReady = () => {
        if (seen.accounts !== null && seen.nextId !== null) {
            finish("ready");
        }
    };
    api.on(EventName.server, (version, time) => Object.assign(seen, { version, time }));
    api.on(EventName.managedAccounts, (accounts) => {
        seen.accounts = accounts;
        perhapsReady();
    });
    api.on(EventName.nextValidId, (nextId) => {
        seen.nextId = nextId;
        perhapsReady();
    });
    api.on(EventName.info, note);
    api.on(EventName.error, (error, code) => {
        note(error, code);
        if (/ECONNREFUSED/.test(error.message)) {
            finish("refused");
        }
    });
    api.on(EventName.disconnected, () => finish("disconnected"));
}

function connect(api, seen) {
    return new Promise((resolve) => {
        const timer = setTimeout(() => resolve("silent"), SILENT_MS);
        listen(api, seen, (end) => {
            clearTimeout(timer);
            resolve(end);
        });
        api.connect();
    });
}

// Notices come before these answers, which are asked for last.
function ask(api, seen) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, SILENT_MS);
        api.on(EventName.currentTime, (clock) => {
            seen.clock = clock;
            api.reqPositions();
        });
        api.on(EventName.positionEnd, () => {
            seen.positions = true;
            clearTimeout(timer);
            resolve();
        });
        api.reqCurrentTime();
    });
}

async function meet(port, clientId) {
    const api = new IBApi({ host: "127.0.0.1", port, clientId });
    const seen = { end: null, version: null, time: null, accounts: null, nextId: null,
        codes: [], texts: [], clock: null, positions: false };
    seen.end = await connect(api, seen);
    if (seen.end === "ready") {
        await ask(api, seen);
    }
    console.log(JSON.stringify(seen));
    return api;
}

async function main(where, ids) {
    const [port, from] = where.split("@").reverse();
    if (from) {
        connectFrom(from);
    }
    const all = [];
    for (const id of ids) {
        all.push(await meet(Number(port), Number(id)));
    }
    all.forEach((api) => api.disconnect());
    setTimeout(() => process.exit(0), 100);
}

main(process.argv[2], process.argv.slice(3));
