#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
"""Stands between keyhaul-kms and keyhaul-sim, and does on the wire what no HTTP server does.

usage: faults_proxy.py DIR PORT [PEM]

Listens on 127.0.0.1:PORT (0 for a free one, which is in DIR/port then), for http and, by the key and certificate in PEM,
for https: the first byte tells which. DIR/upstream has the simulator's ADDRESS:PORT. DIR/plan has lines
OPERATION=BEHAVIOUR[,BEHAVIOUR...]: each request of that operation takes the next; behind the last one all goes through.
A plan that changed counts from its beginning. "connect" is the operation of a connection as it comes. The deed is done
before the reply is spoilt; "before-X" is X without the deed.
"""
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time

WHERE = sys.argv[1]
LOCK = threading.Lock()
PLAN = {"text": None, "rows": {}}


def next_behaviour(operation):
    with LOCK, open(os.path.join(WHERE, "plan")) as f:
        text = f.read()
        if text != PLAN["text"]:
            rows = (line.split("=", 1) for line in text.splitlines() if "=" in line)
            PLAN.update(text=text, rows={name: hows.split(",") for name, hows in rows})
        waiting = PLAN["rows"].get(operation)
        return waiting.pop(0) if waiting else "ok"


class Plain:
    """The client's end of a connection."""

    def __init__(self, sock):
        self.sock = sock

    def read(self):
        return self.sock.recv(65536)

    def write(self, data):
        self.sock.sendall(data)

    def write_half_record(self, data):
        self.write(data[:len(data) // 2])


class Secure(Plain):
    """The same with TLS in memory, so that its records can be cut."""

    def __init__(self, sock, context):
        super().__init__(sock)
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out, server_side=True)
        self.wait(self.tls.do_handshake)

    def wait(self, step):
        while True:
            try:
                result = step()
                self.sock.sendall(self.out.read())
                return result
            except ssl.SSLWantReadError:
                self.sock.sendall(self.out.read())
                data = self.sock.recv(65536)
                if not data:
                    raise OSError("closed")
                self.into.write(data)

    def read(self):
        try:
            return self.wait(lambda: self.tls.read(65536))
        except ssl.SSLZeroReturnError:
            return b""

    def write(self, data):
        self.tls.write(data)
        self.sock.sendall(self.out.read())

    def write_half_record(self, data):
        self.tls.write(data)
        records = self.out.read()
        self.sock.sendall(records[:len(records) // 2])


def whole_message(read, data=b""):
    """Head and body of a request or reply, as far as they come; what is behind them is nobody's."""
    while b"\r\n\r\n" not in data:
        more = read()
        if not more:
            return data
        data += more
    head = data.split(b"\r\n\r\n", 1)[0]
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    wanted = len(head) + 4 + (int(length.group(1)) if length else 0)
    while len(data) < wanted:
        more = read()
        if not more:
            break
        data += more
    return data


def ask(request):
    with open(os.path.join(WHERE, "upstream")) as f:
        host, port = f.read().strip().rsplit(":", 1)
    with socket.create_connection((host, int(port))) as up:
        up.sendall(request)
        return whole_message(lambda: up.recv(65536))


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(write, data):
    for i in range(len(data)):
        write(data[i:i + 1])
        time.sleep(0.25)


def with_length(reply, words):
    return re.sub(rb"(?i)\r\ncontent-length: *(\d+)", lambda m: b"\r\nContent-Length: " + words(int(m.group(1))), reply)


def later(reply, seconds):
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds)).encode()
    return re.sub(rb"(?i)\r\ndate: [^\r]*", b"\r\nDate: " + date, reply)


# What becomes of a reply, and whether the connection goes on.
def spoil(how, end, reply):
    head = reply.split(b"\r\n\r\n", 1)[0]
    body = reply[len(head) + 4:]
    if how == "ok":
        end.write(reply)
        return True
    if how == "clock":
        end.write(later(reply, 3600))
        return True
    if how == "garbage":
        end.write(b"\x00\xff\x01 KMS? \x1b[2J\r\n\r\n" + body)
    elif how == "status":
        end.write(b"HTTP/1.1 2x0 maybe" + reply[len(reply.split(b"\r\n", 1)[0]):])
    elif how == "cutline":
        end.write(reply[:11])
    elif how == "cuthead":
        end.write(head[:-20])
    elif how == "cutbody":
        end.write(head + b"\r\n\r\n" + body[:len(body) // 2])
    elif how == "long":
        end.write(with_length(reply, lambda n: b"%d" % (n + 1000)))
        while end.read():  # until the client gives up
            pass
    elif how == "short":
        end.write(with_length(reply, lambda n: b"%d" % (n - 5)))
    elif how == "negative":
        end.write(with_length(reply, lambda n: b"-%d" % n))
    elif how == "twolengths":
        end.write(with_length(reply, lambda n: b"%d\r\nContent-Length: %d" % (n, n - 5)))
    elif how == "chunks":
        end.write(re.sub(rb"(?i)\r\ncontent-length: *\d+", b"\r\nTransfer-Encoding: chunked", head) + b"\r\n\r\n" + body)
    elif how == "drip":
        drip(end.write, reply)
    elif how == "halfrecord":
        end.write_half_record(reply)
    elif how == "reset":
        reset(end.sock)
    elif how != "close":
        raise ValueError(how)
    return False


def hello(sock, how):
    """What a connection that is no TLS, or half of it, begins with."""
    sock.recv(65536)
    if how == "halfhello":  # a handshake record of 16000 bytes, and 100 of them
        sock.sendall(b"\x16\x03\x03\x3e\x80" + b"\x02" + b"\x00" * 99)
    elif how == "nottls":
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    elif how == "reset":
        reset(sock)
    else:
        raise ValueError(how)


def serve(sock, context):
    with sock:
        secure = sock.recv(1, socket.MSG_PEEK) == b"\x16"
        how = next_behaviour("connect")
        if how != "ok":
            hello(sock, how)
            return
        end = Secure(sock, context) if secure else Plain(sock)
        while True:
            request = whole_message(end.read)
            if not request:
                return
            target = re.search(rb"(?i)\r\nx-amz-target: *\w+\.(\w+)", request)
            how = next_behaviour(target.group(1).decode() if target else "")
            before = how.startswith("before-")
            reply = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"KeyId\":\"\"}" if before else ask(request)
            if not spoil(how[7:] if before else how, end, reply):
                return


def run(sock, context):
    try:
        serve(sock, context)
    except OSError:
        pass  # whoever left has left


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
if len(sys.argv) > 3:
    tls.load_cert_chain(sys.argv[3])
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
with open(os.path.join(WHERE, "port.new"), "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename(os.path.join(WHERE, "port.new"), os.path.join(WHERE, "port"))
while True:
    threading.Thread(target=run, args=(listener.accept()[0], tls), daemon=True).start()
