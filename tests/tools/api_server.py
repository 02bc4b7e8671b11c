#!/usr/bin/python3
"""api_server.py - a gateway's API that behaves and misbehaves on request, for tests.

    api_server.py FILE MODE [--port PORT] [--after SECONDS]

Listens on a free port of 127.0.0.1 (or on PORT, and only after so many seconds), writes the port
into FILE when it is ready, and serves until it is ended. FILE.log gets a line for each connection:
the client id that started, and "end" or "reset" for how the client left. What a mode does is said
at its function.
"""
import argparse
import os
import re
import socket
import struct
import threading
import time

GREETING = b"API\0\0\0\0\x09v100..176"


def frame(*fields):
    payload = b"".join(field.encode() + b"\0" for field in fields)
    return struct.pack(">I", len(payload)) + payload


def hello(version=176, zone="UTC", shift=0):
    now = time.strftime("%Y%m%d %H:%M:%S", time.gmtime(time.time() + shift))
    return frame(str(version), "%s %s" % (now, zone))


def accounts(names):
    return frame("15", "1", names)


def next_id():
    return frame("9", "1", "1")


def error(code, text):
    return frame("4", "2", "-1", str(code), text, "")


def notices():
    return error(2104, "Market data farm connection is OK:usfarm") + error(2106, "HMDS data farm")


class Connection:
    def __init__(self, server, log):
        self.socket = server
        self.log = log
        self.client = "-"

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def send(self, data):
        self.socket.sendall(data)

    def greet(self, **options):
        """Take the greeting, and only the right one; answer it; take startApi."""
        assert self.read(len(GREETING)) == GREETING
        self.send(hello(**options))
        size = struct.unpack(">I", self.read(4))[0]
        start = re.fullmatch(rb"71\x002\x00(\d+)\x00\x00", self.read(size))
        self.client = start.group(1).decode()

    def login(self, names, **options):
        self.greet(**options)
        self.send(notices() + accounts(names))
        self.send(next_id())
        self.stay()

    def stay(self):
        """Until the client leaves."""
        how = "end"
        try:
            while self.socket.recv(4096):
                pass
        except ConnectionResetError:
            how = "reset"
        with open(self.log, "a", encoding="utf-8") as log:
            print(self.client, how, file=log)

    # --- modes -----------------------------------------------------------------------------------

    def do_ready(self):
        """One paper account, and a comma after it as real gateways have it."""
        self.login("DU1234567,")

    def do_live(self):
        self.login("U1234567")

    def do_mixed(self):
        self.login("DU1234567,U7654321")

    def do_unknown(self):
        """A paper account beside one whose name says nothing, and one that is no name."""
        self.login("DU1234567,All,\x1b[31mX")

    def do_many(self):
        """More accounts than are kept."""
        self.login("".join("DU%07d," % n for n in range(70)))

    def do_ahead(self):
        """A clock that is an hour ahead."""
        self.login("DU1234567", shift=3600)

    def do_elsewhere(self):
        """A time zone that nobody has."""
        self.login("DU1234567", zone="Middle-earth/Shire")

    def do_closed(self):
        """What socat does while the gateway is not there, once the client has spoken."""
        self.socket.recv(1)
        self.socket.shutdown(socket.SHUT_RDWR)

    def do_reset(self):
        """The same, with data unread."""
        time.sleep(0.05)

    def do_closed_later(self):
        self.greet()

    def do_in_use(self):
        self.greet()
        self.send(error(326, "Unable to connect as the client id is already in use."))

    def do_no_account(self):
        """Not logged in, in so many words."""
        self.greet()
        self.send(next_id() + accounts("") + error(1100, "Connectivity between IB and TWS is lost."))
        self.stay()

    def do_silent(self):
        self.stay()

    def do_silent_later(self):
        self.greet()
        self.stay()

    def do_drip(self):
        """A true answer, a byte at a time, slower than anybody waits."""
        for byte in hello() + accounts("DU1234567") + next_id():
            self.send(bytes([byte]))
            time.sleep(0.1)

    def do_http(self):
        self.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    def do_ssh(self):
        self.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        self.stay()

    def do_noise(self):
        self.send(os.urandom(64) + b"\xff" * 64)
        self.stay()

    def do_oversize(self):
        self.send(struct.pack(">I", 65537))
        self.stay()

    def do_zero(self):
        self.send(struct.pack(">I", 0))
        self.stay()

    def do_flood(self):
        """Message after message, none of them what is waited for."""
        self.greet()
        while True:
            self.send(frame("5", "x" * 60000))

    def do_protobuf(self):
        """A version that was not offered."""
        self.greet(version=201)

    def do_cut(self):
        """Gone in the middle of the first message."""
        self.read(len(GREETING))
        self.send(hello()[:9])

    def run(self, mode):
        try:
            with self.socket:
                getattr(self, "do_" + mode.replace("-", "_"))()
        except (OSError, EOFError):
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("mode")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--after", type=float, default=0)
    options = parser.parse_args()
    time.sleep(options.after)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", options.port))
    listener.listen(16)
    with open(options.file + ".new", "w", encoding="utf-8") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(options.file + ".new", options.file)
    while True:
        server, _ = listener.accept()
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(server, options.file + ".log")
        threading.Thread(target=connection.run, args=[options.mode], daemon=True).start()


if __name__ == "__main__":
    main()
