# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
#
# usage: python3 awscli_rows.py FOLDER <ROWS
#
# Runs the installed AWS CLI once for each line, all in this process: that spares most of its second a start. A line is the
# CLI's arguments as a shell has them, before them NAME=VALUE for the environment (NAME= takes it away). Of the Nth line
# FOLDER/N.out, N.err and N.status are what it printed and gave.
import os
import shlex
import sys

sys.path.insert(0, "/usr/lib/python3/dist-packages")
import awscli.clidriver  # noqa: E402 # where /usr/bin/aws has it


def run(stem, words):
    kept = [os.dup(fd) for fd in (1, 2)]
    for fd, end in ((1, ".out"), (2, ".err")):
        to = os.open(stem + end, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(to, fd)
        os.close(to)
    try:
        status = awscli.clidriver.AWSCLIEntryPoint().main(words)
    except SystemExit as end:
        status = end.code
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for fd, was in zip((1, 2), kept):
        os.dup2(was, fd)
        os.close(was)
    with open(stem + ".status", "w", encoding="ascii") as file:
        file.write("%d\n" % (status or 0))


sys.argv[0] = "aws"
variables = dict(os.environ)
for n, line in enumerate(sys.stdin.read().splitlines(), 1):
    words = shlex.split(line)
    os.environ.clear()
    os.environ.update(variables)
    while "=" in words[0] and words[0][0].isupper():
        name, value = words.pop(0).split("=", 1)
        os.environ.pop(name, None)
        if value:
            os.environ[name] = value
    run(os.path.join(sys.argv[1], str(n)), words)
