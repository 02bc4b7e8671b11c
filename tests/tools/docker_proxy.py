#!/usr/bin/env python3
"""Between a client and a Docker daemon: something happens just before one request gets through.

docker_proxy.py LISTEN TARGET PATTERN COMMAND

Forwards the unix socket LISTEN to the unix socket TARGET. Before the first request in which the
regular expression PATTERN is found is passed on, COMMAND is run by sh; where that fails, the
connection is closed instead. Prints a line once it listens; ends when it is killed.
"""
import os
import re
import socket
import subprocess
import sys
import threading

SIZE = 65536
once = threading.Lock()


def answers(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what comes from `source` until it ends."""
    try:
        while data := source.recv(SIZE):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def requests(client: socket.socket, target: str, pattern: bytes, command: str) -> None:
    """Serve one connection."""
    with client, socket.socket(socket.AF_UNIX) as daemon:
        daemon.connect(target)
        threading.Thread(target=answers, args=(daemon, client), daemon=True).start()
        while data := client.recv(SIZE):
            if re.search(pattern, data) and once.acquire(blocking=False):
                if subprocess.run(["sh", "-c", command], check=False).returncode != 0:
                    client.shutdown(socket.SHUT_RDWR)
                    return
            daemon.sendall(data)


def main() -> None:
    listen, target, pattern, command = sys.argv[1:]
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(listen)
        server.listen()
        print("listening", flush=True)
        while True:
            client, _ = server.accept()
            arguments = (client, target, os.fsencode(pattern), command)
            threading.Thread(target=requests, args=arguments, daemon=True).start()


main()
