#!/usr/bin/env python3
"""ci_runner.py - small models of what CI runners make of a job's output and files.

  ci_runner.py github-env FILE   the variables of $GITHUB_ENV, each NAME=value ended by NUL
                                 (actions/runner, src/Runner.Worker/FileCommandManager.cs)
  ci_runner.py gitlab-env FILE   the same of a dotenv report
                                 (gitlab, app/services/ci/parse_dotenv_artifact_service.rb)
  ci_runner.py github-log        the log that is made of a step's output on stdin
                                 (actions/runner, ActionCommandManager.cs and SecretMasker)
  ci_runner.py gitea-log         the same, by act_runner's internal/pkg/report/reporter.go
"""
import re
import sys

PREFIX = "::add-mask::"


def github_env(text):
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line == "":
            continue
        equals, here = line.find("="), line.find("<<")
        if equals >= 0 and (here < 0 or equals < here):
            yield line.split("=", 1)
        elif here > 0:
            name, delimiter = line.split("<<", 1)
            end = lines.index(delimiter, at)
            yield name, "\n".join(lines[at:end])
            at = end + 1
        else:
            raise ValueError("invalid line")


def gitlab_env(text):
    if len(text.encode()) >= 5 * 1024:
        raise ValueError("too big")
    for line in text.splitlines():
        name, value = line.split("=", 1)
        value = value.strip(" \t\n\v\f\r\0")
        value = re.sub(r"\$(\w+)|\$\{(\w+)\}|%(\w+)%", "", value)
        yield name.strip(), value


def unescape(data):
    """The runner's order: a percent sign comes last."""
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def log(lines, understand):
    masks = []
    for line in lines:
        line = line.rstrip("\n")
        if line.startswith(PREFIX):
            masks.append(understand(line[len(PREFIX):]))
            continue
        for mask in sorted(masks, key=len, reverse=True):
            line = line.replace(mask, "***")
        print(line)


def main():
    what = sys.argv[1]
    if what.endswith("-env"):
        with open(sys.argv[2], encoding="utf-8", newline="") as file:
            read = github_env if what == "github-env" else gitlab_env
            for name, value in read(file.read()):
                sys.stdout.write(f"{name}={value}\0")
    else:
        log(sys.stdin, unescape if what == "github-log" else str)


main()
