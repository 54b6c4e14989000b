#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
"""An HTTP proxy for the tests: whatever host a CONNECT names, it connects to one server of the test.

usage: connect.py DIR

Writes DIR/port once it listens, and a line of DIR/log for each request: METHOD TARGET, and what it was authorized by.
DIR/to is the PORT on this machine that it connects to; DIR/how is "ok", a status to refuse with, "close" or "hang".
"""
import os
import re
import socket
import sys
import threading

WHERE = sys.argv[1]


def text_of(name):
    with open(os.path.join(WHERE, name)) as f:
        return f.read().strip()


def copy(source, target):
    try:
        data = source.recv(65536)
        while data:
            target.sendall(data)
            data = source.recv(65536)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def tunnel(sock):
    with socket.create_connection(("127.0.0.1", int(text_of("to")))) as up:
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=copy, args=(up, sock), daemon=True)
        back.start()
        copy(sock, up)
        back.join()


def serve(sock):
    head = b""
    while b"\r\n\r\n" not in head:
        more = sock.recv(1)
        if not more:
            return
        head += more
    method, target = head.split(b" ", 2)[:2]
    by = re.search(rb"(?i)\r\nproxy-authorization: *([^\r]*)", head)
    with open(os.path.join(WHERE, "log"), "ab") as log:
        log.write(method + b" " + target + (b" " + by.group(1) if by else b"") + b"\n")
    how = text_of("how")
    if how == "hang":
        sock.recv(1)  # until the client gives up
    elif method != b"CONNECT" or how.isdigit():
        sock.sendall(b"HTTP/1.1 %s Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" %
                     (how.encode() if how.isdigit() else b"501"))
    elif how == "ok":
        tunnel(sock)


def run(sock):
    with sock:
        try:
            serve(sock)
        except OSError:
            pass  # whoever left has left


listener = socket.create_server(("127.0.0.1", 0))
with open(os.path.join(WHERE, "port.new"), "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename(os.path.join(WHERE, "port.new"), os.path.join(WHERE, "port"))
while True:
    threading.Thread(target=run, args=(listener.accept()[0],), daemon=True).start()
