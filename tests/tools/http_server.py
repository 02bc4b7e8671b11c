#!/usr/bin/python3
"""http_server.py - an HTTP server that behaves and misbehaves on request, for tests.

    http_server.py FILE [--unix PATH] [--certificate PEM --key PEM [--client-ca PEM]]
                   [--most-tls 1.1]

Listens on a free port of 127.0.0.1 (or on PATH), writes the port into FILE when it is ready, and
serves until it is ended. What a path does is said at its function.
"""
import argparse
import os
import socket
import socketserver
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def address_string(self):
        return "client"

    def answer(self, body, code=200, headers=()):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def taken_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def begin_chunks(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def do_hello(self):
        """Something small, and a header of any case."""
        self.answer(b"hello\n", headers=[("X-Mixed-CASE", "  a value: of sorts ")])

    def do_echo(self):
        """Method, the headers that matter, and the body."""
        body = self.taken_body()
        names = ("Content-Type", "Content-Length", "Expect", "User-Agent", "X-Test")
        lines = [self.command] + ["%s=%s" % (n, self.headers.get(n)) for n in names]
        self.answer("\n".join(lines).encode() + b"\n" + body)

    def do_count(self):
        """How many bytes of body came, and over how many connections requests came by now."""
        size = len(self.taken_body())
        self.answer(b"%d bytes, connection %d\n" % (size, self.server.connections))

    def do_redirect(self):
        self.answer(b"", 302, [("Location", "/hello")])

    def do_missing(self):
        self.answer(b"not here\n", 404)

    def do_slow(self):
        """No answer for a long time."""
        time.sleep(30)

    def do_endless(self):
        self.begin_chunks()
        while True:
            self.chunk(b"x" * 65536)
            self.server.sent += 65536

    def do_sent(self):
        """How much do_endless could get rid of."""
        self.answer(b"%d\n" % self.server.sent)

    def do_exact(self):
        """1000 bytes."""
        self.begin_chunks()
        self.chunk(b"y" * 1000)
        self.chunk(b"")

    def do_large(self):
        """Says that it is larger than it may be."""
        self.answer(b"z" * 200000)

    def do_die(self):
        """Half of a response."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def do_lines(self):
        """A line each hundredth of a second."""
        self.begin_chunks()
        for number in range(100000):
            self.chunk(b"%d 2026-11-22 09:00:00:000 IBC: a line of about a hundred characters, as "
                       b"the gateway would write it\n" % number)
            time.sleep(0.01)

    def do_stall(self):
        """A head and one line, then nothing."""
        self.begin_chunks()
        self.chunk(b"one line\n")
        time.sleep(60)

    def do_early(self):
        """An interim response goes before."""
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nX-Mixed-Case: early\r\n\r\n")
        self.do_hello()

    def raw(self, data):
        self.wfile.write(data)
        self.wfile.flush()
        self.close_connection = True

    def do_nonsense(self):
        self.raw(b"\x00\x01 this is not HTTP at all\r\n\r\n")

    def do_heads(self):
        """More headers than anybody needs."""
        self.raw(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"f" * 60000 + b"\r\n" +
                 b"".join(b"X-%d: %s\r\n" % (i, b"h" * 1000) for i in range(400)) + b"\r\n")

    def do_latin(self):
        """A header that is no UTF-8, and one that is fine."""
        self.raw(b"HTTP/1.1 200 OK\r\nX-Latin: caf\xe9\r\nX-Fine: yes\r\nContent-Length: 0\r\n\r\n")

    def do_GET(self):
        action = getattr(self, "do_" + self.path.strip("/").split("?")[0], self.do_missing)
        try:
            action()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = do_GET


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    connections = 0
    sent = 0
    context = None

    def process_request_thread(self, request, client_address):
        try:
            if self.context:
                request = self.context.wrap_socket(request, server_side=True)
            self.connections += 1
            super().process_request_thread(request, client_address)
        except (OSError, ssl.SSLError):
            request.close()

    def handle_error(self, request, client_address):
        pass


class UnixServer(Server):
    address_family = socket.AF_UNIX


def tls_context(wishes):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(wishes.certificate, wishes.key)
    if wishes.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(wishes.client_ca)
    if wishes.most_tls == "1.1":
        # OpenSSL 3 speaks it at security level 0 only.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    for name in ("--unix", "--certificate", "--key", "--client-ca", "--most-tls"):
        parser.add_argument(name)
    wishes = parser.parse_args()
    server = UnixServer(wishes.unix, Handler) if wishes.unix else Server(("127.0.0.1", 0), Handler)
    server.context = tls_context(wishes) if wishes.certificate else None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(wishes.file + ".new", "w", encoding="ascii") as file:
        file.write("%s\n" % (0 if wishes.unix else server.server_address[1]))
    os.rename(wishes.file + ".new", wishes.file)
    threading.Event().wait()


main()
