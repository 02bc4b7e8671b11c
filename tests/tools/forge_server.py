#!/usr/bin/python3
"""forge_server.py - a forge for tests: GitHub, GitLab and Gitea behind one port.

    forge_server.py DIRECTORY [--port PORT] [--certificate PEM --key PEM]

Listens on 127.0.0.1, on a free port or on PORT, writes it into DIRECTORY/port when it is ready, and serves
until it is ended. GitHub's API lies at / and at /api/v3, GitLab's at /api/v4, Gitea's at /api/v1.
In DIRECTORY:

    token       the one token that is let in, whatever the forge
    kept.jsonl  what was written, a line each time: GitHub's values opened with the server's own key
    log.jsonl   a line a request: forge, method, path, query, headers (of the token only whether it
                is right), body, status (null: no answer), answer (of GitHub's), fault, complaints
    faults      what to do wrong: a line a request, taken off when it was used. "METHOD FAULT
                [ARGUMENT]", where METHOD may be * and a line waits for a request of its method;
                METHOD/WORD waits for one whose path ends in /WORD:

    CODE [RETRY-AFTER]      that status; RETRY-AFTER is seconds, or @SECONDS for an HTTP date
    message CODE TEXT       that status with these words
    limit SECONDS           GitHub's rate limit is used up until then
    secondary               GitHub's secondary rate limit, without a header
    hang | cut              no answer; the connection is ended
    lost                    it is done, but not answered
    html [CODE]             a page
    redirect CODE           to somewhere else
    rotate                  the place gets another public key first
    choose NAME VISIBILITY [COUNT]
                            somebody opens the organisation's secret NAME to these first: all,
                            private, or COUNT selected repositories; it is made where it is not there
    delete NAME             somebody removes the organisation's secret NAME first
    json JSON               that is the answer
    echo CODE               the words are the request's own, token and all
    large                   more than anybody wants to read

Owners and groups that are special: "missing" is not there, "readonly" may not be written, "free" is
a group that knows no scopes but *, "old" a group whose filter is not known, "endless" an organisation
whose lists of repositories have always one page more, "blind" one that does not list the last
repository to the token.
"""
import argparse
import base64
import email.utils
import json
import os
import re
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

SECRET_PATH = re.compile(
    r"/(repos/[^/]+/[^/]+/(?:actions|dependabot|environments/[^/]+)|orgs/[^/]+/(?:actions|dependabot))"
    r"/secrets/([^/]+)")
SELECTED_PATH = re.compile(r"/(orgs/[^/]+/(?:actions|dependabot))/secrets/([^/]+)/repositories")
FIRST_ID, NEXT_ID = 4300000000, 7919
VARIABLE_PATH = re.compile(r"/((?:projects|groups)/[^/]+)/variables(?:/([^/]+))?")
GITEA_PATH = re.compile(r"/((?:repos/[^/]+/[^/]+|orgs/[^/]+)/actions)/secrets/([^/]+)")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# GitLab's Ci::Maskable
MASKED = re.compile(r"[a-zA-Z0-9_+=/@:.~-]{8,}\Z")
MASKED_RAW = re.compile(r"[^ \t\r\n\f\v]{8,}\Z")


# What GitHub's description of its API calls a minimal repository: the addresses in it, by what they end in.
REPOSITORY_URLS = {
    "archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}", "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}", "commits": "/commits{/sha}", "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}", "contributors": "/contributors", "deployments": "/deployments",
    "downloads": "/downloads", "events": "/events", "forks": "/forks", "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}", "git_tags": "/git/tags{/sha}", "hooks": "/hooks",
    "issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}", "keys": "/keys{/key_id}", "labels": "/labels{/name}",
    "languages": "/languages", "merges": "/merges", "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}", "pulls": "/pulls{/number}",
    "releases": "/releases{/id}", "stargazers": "/stargazers", "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers", "subscription": "/subscription", "tags": "/tags", "teams": "/teams",
    "trees": "/git/trees{/sha}"}
OWNER_URLS = (
    "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
    "received_events")


def minimal_repository(owner, number):
    """One as GitHub lists it, of a name as long as names may be: some 10 KB."""
    name = ("repository-%d-" % number).ljust(100, "x")
    full_name = "%s/%s" % (owner, name)
    api = "https://api.github.com"
    user = {"login": owner, "id": 583231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "gravatar_id": "",
            "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4", "type": "Organization",
            "site_admin": False, "url": "%s/users/%s" % (api, owner), "html_url": "https://github.com/" + owner}
    for word in OWNER_URLS:
        user[word + "_url"] = "%s/users/%s/%s" % (api, owner, word)
    url = "%s/repos/%s" % (api, full_name)
    repository = {"id": number, "node_id": "R_%d" % number, "name": name, "full_name": full_name,
                  "owner": user, "private": True, "html_url": "https://github.com/" + full_name,
                  "description": "d" * 350, "fork": False, "url": url}
    for word, end in REPOSITORY_URLS.items():
        repository[word + "_url"] = url + end
    return repository


class Forge:
    """What all requests share."""

    def __init__(self, directory):
        self.directory = directory
        self.lock = threading.Lock()
        self.keys = {}
        self.kept = {}
        self.next_key = 0

    def file(self, name):
        return os.path.join(self.directory, name)

    def token(self):
        with open(self.file("token"), encoding="ascii") as file:
            return file.read().strip()

    def key_of(self, place, another=False):
        """The place's key and the name that it goes by."""
        if another or place not in self.keys:
            self.next_key += 1
            self.keys[place] = (PrivateKey.generate(), "33895042780435%05d" % self.next_key)
        return self.keys[place]

    def keep(self, path, value):
        """True: it was not there before."""
        new = path not in self.kept
        self.kept[path] = value
        with open(self.file("kept.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({"path": path, **value}) + "\n")
        return new

    def next_fault(self, method, path):
        """The words of the first line that is for this method and path."""
        try:
            with open(self.file("faults"), encoding="utf-8") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        for number, line in enumerate(lines):
            words = line.split(" ", 2)
            wanted, _, end = words[0].partition("/")
            if wanted in ("*", method) and path.endswith("/" + end if end else ""):
                del lines[number]
                with open(self.file("faults"), "w", encoding="utf-8") as file:
                    file.write("".join(rest + "\n" for rest in lines))
                return words[1:]
        return []

    def log(self, entry):
        with open(self.file("log.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def log_message(self, *args):
        pass

    def address_string(self):
        return "client"

    # --- answers ---------------------------------------------------------------------------------

    def answer(self, code, value=None, headers=(), page=None):
        body = page if page is not None else b"" if value is None else json.dumps(value).encode()
        self.status, self.answered = code, value
        self.log_now()
        self.send_response(code)
        self.send_header("Content-Type", "text/html" if page else "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code, message, headers=()):
        self.answer(code, {"message": message}, headers)

    def end_connection(self):
        self.log_now()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_now(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        for name in ("authorization", "private-token"):
            if name in headers:
                headers[name] = "right" if self.token_is_right() else "wrong"
        self.forge.log({
            "forge": self.kind, "method": self.command, "path": self.path_only,
            "query": {name: values[0] for name, values in self.query.items()}, "headers": headers,
            "body": self.body, "status": self.status,
            "answer": self.answered if self.kind == "github" else None,
            "fault": " ".join(self.fault) or None, "complaints": self.complaints})

    # --- what was asked --------------------------------------------------------------------------

    @property
    def forge(self):
        return self.server.forge

    def token_is_right(self):
        prefix = {"github": "Bearer ", "gitea": "token "}.get(self.kind)
        if prefix:
            return self.headers.get("Authorization") == prefix + self.forge.token()
        return self.headers.get("PRIVATE-TOKEN") == self.forge.token()

    def take_request(self):
        parts = urlsplit(self.path)
        roots = (("/api/v3", "github"), ("/api/v4", "gitlab"), ("/api/v1", "gitea"), ("", "github"))
        root, self.kind = next(pair for pair in roots if parts.path.startswith(pair[0]))
        self.path_only = parts.path[len(root):]
        self.query = parse_qs(parts.query, keep_blank_values=True)
        self.status = self.answered = None
        self.raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.body = None
        self.complaints = []
        if self.raw:
            try:
                self.body = json.loads(self.raw)
            except ValueError:
                self.complaints.append("the body is no JSON")

    def check_headers(self):
        accept = {"github": "application/vnd.github+json"}.get(self.kind, "application/json")
        wanted = [("Accept", accept)]
        if self.kind == "github":
            wanted.append(("X-GitHub-Api-Version", "2022-11-28"))
        if self.raw:
            wanted.append(("Content-Type", "application/json"))
        for name, value in wanted:
            if self.headers.get(name) != value:
                self.complaints.append("%s is %r" % (name, self.headers.get(name)))
        if not self.headers.get("User-Agent"):
            self.complaints.append("there is no User-Agent")
        if self.command in ("PUT", "POST") and not isinstance(self.body, dict):
            self.complaints.append("there is no object in the body")

    def handle_one(self):
        with self.forge.lock:
            self.take_request()
            self.fault = self.forge.next_fault(self.command, self.path_only)
            self.check_headers()
            if self.fault and self.misbehave(*self.fault):
                return
            if self.complaints:
                self.refuse(400, "Problems parsing the request")
            elif not self.token_is_right():
                self.refuse(401, {"gitlab": "401 Unauthorized"}.get(self.kind, "Bad credentials"))
            else:
                getattr(self, "serve_" + self.kind)()

    do_GET = do_PUT = do_POST = do_DELETE = handle_one

    # --- faults ----------------------------------------------------------------------------------

    def misbehave(self, fault, argument=""):
        """False: the request is served all the same."""
        if fault.isdigit():
            after = argument
            if argument.startswith("@"):
                after = email.utils.formatdate(time.time() + int(argument[1:]), usegmt=True)
            self.refuse(int(fault), "an error on demand", [("Retry-After", after)] if after else [])
            return True
        return getattr(self, "fault_" + fault)(argument) is not False

    def fault_message(self, argument):
        code, text = argument.split(" ", 1)
        self.refuse(int(code), text)

    def fault_limit(self, argument):
        self.refuse(403, "API rate limit exceeded", [
            ("X-RateLimit-Limit", "5000"), ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", str(int(time.time()) + int(argument)))])

    def fault_secondary(self, argument):
        self.refuse(403, "You have exceeded a secondary rate limit. Please wait a few minutes.")

    def fault_hang(self, argument):
        self.forge.lock.release()
        try:
            self.connection.settimeout(60)
            self.rfile.read(1)
        except OSError:
            pass
        finally:
            self.forge.lock.acquire()
        self.end_connection_quietly()

    def end_connection_quietly(self):
        try:
            self.end_connection()
        except OSError:
            self.close_connection = True

    def fault_cut(self, argument):
        self.end_connection()

    def fault_lost(self, argument):
        self.answer = lambda code, *rest, **options: self.end_connection()
        return False

    def fault_html(self, argument):
        self.answer(int(argument or 200), page=b"<html><body>Sign in</body></html>\n")

    def fault_redirect(self, argument):
        self.answer(int(argument), {"message": "Moved Permanently"},
                    [("Location", "/repositories/1296269/actions/secrets/public-key")])

    def fault_rotate(self, argument):
        found = SECRET_PATH.fullmatch(self.path_only)
        self.forge.key_of(found.group(1), another=True)
        return False

    def place_in_path(self):
        return (SELECTED_PATH.fullmatch(self.path_only) or SECRET_PATH.fullmatch(self.path_only)).group(1)

    def fault_choose(self, argument):
        name, visibility, count = (argument.split() + ["0"])[:3]
        path = "/%s/secrets/%s" % (self.place_in_path(), name)
        self.forge.keep(path, {
            **self.forge.kept.get(path, {"value": "somebody else's"}), "visibility": visibility,
            "repositories": [FIRST_ID + NEXT_ID * number for number in range(int(count))]})
        return False

    def fault_delete(self, argument):
        self.forge.kept.pop("/%s/secrets/%s" % (self.place_in_path(), argument))
        return False

    def fault_json(self, argument):
        self.answer(200, json.loads(argument))

    def fault_echo(self, argument):
        token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN")
        value = self.body.get("value") or self.body.get("data") if self.body else None
        self.refuse(int(argument), "%s is invalid: %s %s" % (token, value, self.raw.decode()))

    def fault_large(self, argument):
        self.answer(200, {"message": "x" * (4 << 20)})

    # --- the forges ------------------------------------------------------------------------------

    def is_refused(self, owner):
        if owner == "missing":
            self.refuse(404, {"gitlab": "404 Project Not Found"}.get(self.kind, "Not Found"))
        elif owner == "readonly":
            self.refuse(403, {"gitlab": "403 Forbidden"}.get(
                self.kind, "Resource not accessible by personal access token"))
        return owner in ("missing", "readonly")

    def serve_github(self):
        if self.command == "GET" and SELECTED_PATH.fullmatch(self.path_only):
            self.list_selected(*SELECTED_PATH.fullmatch(self.path_only).groups())
            return
        found = SECRET_PATH.fullmatch(self.path_only)
        if not found or self.command not in ("GET", "PUT"):
            self.refuse(404, "Not Found")
            return
        place, name = found.groups()
        if self.is_refused(place.split("/")[1]):
            return
        key, key_id = self.forge.key_of(place)
        if self.command == "GET":
            if name != "public-key":
                self.show_secret(place, name.upper())
                return
            self.answer(200, {"key_id": key_id,
                              "key": base64.b64encode(bytes(key.public_key)).decode()})
            return
        problem = self.open_sealed(key, key_id, name, place)
        if problem:
            self.refuse(422, problem)
            return
        new = self.forge.keep("/%s/secrets/%s" % (place, name.upper()), self.opened)
        self.answer(*((201, {}) if new else (204,)))

    def organisation_secret(self, place, name):
        """What is kept of it, or None. (The secrets of repositories nobody asks for.)"""
        return self.forge.kept.get("/%s/secrets/%s" % (place, name)) if place.startswith("orgs/") else None

    def show_secret(self, place, name):
        secret = self.organisation_secret(place, name)
        if not secret:
            self.refuse(404, "Not Found")
            return
        shown = {"name": name, "created_at": "2026-01-10T14:59:22Z", "updated_at": "2026-01-11T11:59:22Z",
                 "visibility": secret["visibility"]}
        if secret["visibility"] == "selected":
            shown["selected_repositories_url"] = "https://api.github.com/%s/secrets/%s/repositories" % (place, name)
        self.answer(200, shown)

    def list_selected(self, place, name):
        """docs.github.com, "Using pagination in the REST API"."""
        owner = place.split("/")[1]
        if self.is_refused(owner):
            return
        secret = self.organisation_secret(place, name.upper())
        if not secret:
            self.refuse(404, "Not Found")
            return
        ids = secret["repositories"]
        size = min(int(self.query.get("per_page", ["30"])[0]), 100)
        page = int(self.query.get("page", ["1"])[0])
        total, last = len(ids), max(1, -(-len(ids) // size))
        if owner == "endless":
            total, ids, last = page * size + 1, [FIRST_ID + n for n in range(page * size + 1)], page + 1
        elif owner == "blind":
            ids = ids[:-1]
        links = [(word, number) for word, number in (
            ("prev", page - 1), ("next", page + 1), ("last", last), ("first", 1)) if 0 < number <= last]
        url = "http://%s%s?" % (self.headers["Host"], self.path.split("?")[0])
        self.answer(200, {"total_count": total, "repositories": [
            minimal_repository(owner, number) for number in ids[(page - 1) * size:page * size]]}, [
                ("Link", ", ".join('<%s%s>; rel="%s"' % (
                    url, urlencode({"per_page": size, "page": number}), word) for word, number in links))])

    def wrong_choice(self, place):
        """What is wrong with who may read the secret; None where nothing is. Actions took integers
        only, and Dependabot strings only, as long as that was documented."""
        visibility, ids = self.body.get("visibility"), self.body.get("selected_repository_ids", [])
        if not place.startswith("orgs/"):
            return "Invalid visibility" if visibility is not None or ids else None
        if visibility not in ("all", "private", "selected"):
            return "Invalid visibility"
        if visibility != "selected" and "selected_repository_ids" in self.body:
            return "You can only provide a list of repository ids when the visibility is set to selected"
        wanted = str if place.endswith("/dependabot") else int
        if not isinstance(ids, list) or any(not isinstance(one, wanted) for one in ids):
            return "Invalid property /selected_repository_ids: is not of type %s" % wanted.__name__
        return None

    def open_sealed(self, key, key_id, name, place):
        """What is wrong with it; None and self.opened where nothing is."""
        if not NAME.match(name) or name.upper().startswith("GITHUB_"):
            return "Secret names can only contain alphanumeric characters or underscores."
        if self.body.get("key_id") != key_id:
            return "Bad request - the provided key_id does not match the public key"
        if self.wrong_choice(place):
            return self.wrong_choice(place)
        try:
            sealed = base64.b64decode(self.body.get("encrypted_value", ""), validate=True)
            value = SealedBox(key).decrypt(sealed).decode()
        except (CryptoError, ValueError, TypeError) as error:
            return "Invalid encrypted value: %s" % type(error).__name__
        self.opened = {"value": value, "visibility": self.body.get("visibility"), "repositories": [
            int(number) for number in self.body.get("selected_repository_ids", [])]}
        return None

    def serve_gitea(self):
        found = GITEA_PATH.fullmatch(self.path_only)
        if not found or self.command != "PUT":
            self.refuse(404, "Not Found")
            return
        place, name = found.groups()
        if self.is_refused(place.split("/")[1]):
            return
        if not NAME.match(name) or re.match("(?i)(GITEA|GITHUB|FORGEJO)_|CI$", name):
            self.refuse(400, "invalid secret name")
        elif not isinstance(self.body.get("data"), str):
            self.refuse(422, "[]: Required")
        else:
            new = self.forge.keep("gitea/%s/secrets/%s" % (place, name.upper()),
                                  {"value": self.body["data"]})
            self.answer(201 if new else 204)

    def serve_gitlab(self):
        found = VARIABLE_PATH.fullmatch(self.path_only)
        if not found:
            self.refuse(404, "404 Not Found")
            return
        place, key = found.groups()
        owner = unquote(place.split("/")[1]).split("/")[0]
        if self.is_refused(owner):
            return
        if self.command == "POST" and not key:
            self.gitlab_write(place, self.body.get("key"), owner, True)
            return
        if self.command not in ("GET", "PUT") or not key:
            self.refuse(405, "405 Not Allowed")
            return
        found = self.gitlab_find(place, key, None if owner in ("free", "old") else
                                 self.query.get("filter[environment_scope]", [None])[0])
        if not found:
            self.refuse(404, "404 Variable Not Found")
        elif len(found) > 1:
            self.refuse(409, "There are multiple variables with provided parameters. "
                             "Please use 'filter[environment_scope]'")
        elif self.command == "GET":
            self.answer(200, found[0])
        else:
            self.gitlab_write(place, key, owner, False)

    def gitlab_find(self, place, key, scope):
        prefix = "gitlab/%s/variables/%s " % (place, key)
        return [value for path, value in self.forge.kept.items()
                if path.startswith(prefix) and scope in (None, value["environment_scope"])]

    def gitlab_write(self, place, key, owner, is_new):
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z0-9_]{1,255}", key):
            self.refuse(400, {"key": ["is invalid"]})
            return
        scope = "*" if owner == "free" else self.body.get("environment_scope", "*")
        if is_new and self.gitlab_find(place, key, scope):
            self.refuse(400, {"key": ["(%s) has already been taken" % key]})
            return
        value, raw = self.body.get("value"), self.body.get("raw") is True
        if self.body.get("masked") and not (MASKED_RAW if raw else MASKED).match(value):
            self.refuse(400, {"value": ["is invalid"]})
            return
        variable = {"variable_type": self.body.get("variable_type", "env_var"), "key": key,
                    "value": value, "protected": self.body.get("protected", False),
                    "masked": self.body.get("masked", False), "hidden": False, "raw": raw,
                    "environment_scope": scope, "description": None}
        self.forge.keep("gitlab/%s/variables/%s %s" % (place, key, scope), variable)
        self.answer(201 if is_new else 200, variable)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    context = None

    def get_request(self):
        connection, address = super().get_request()
        if self.context:
            connection.settimeout(10)
            connection = self.context.wrap_socket(connection, server_side=True)
            connection.settimeout(None)
        return connection, address

    def handle_error(self, request, client_address):
        """A client that goes away is no news; what the server does wrong is."""
        import sys
        import traceback
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    server = Server(("127.0.0.1", arguments.port), Handler)
    server.forge = Forge(arguments.directory)
    if arguments.certificate:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(arguments.certificate, arguments.key)
    port = os.path.join(arguments.directory, "port")
    with open(port + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(port + ".new", port)
    server.serve_forever()


if __name__ == "__main__":
    main()
