#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
"""A server that answers for KMS as told, well or badly, and logs each request as a line of JSON.

usage: hostile.py DIR [NAME=VALUE...] [OPERATION=BEHAVIOUR[,BEHAVIOUR...]...]

Writes DIR/port once it listens and DIR/log as it goes. Each OPERATION takes the
next behaviour from its list at each request; the last one stays. "ok" is the
default; "did-X" does the deed and then behaves as X. Files that it hands out
lie in DIR (wrap.der, material.der). NAMEs: arn, spec, usage, state, origin, multi.
"""
import base64
import http.server
import json
import os
import socketserver
import sys
import threading
import time

WHERE = sys.argv[1]
CONFIG = {"arn": "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012",
          "spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT", "state": "PendingImport", "origin": "EXTERNAL",
          "multi": "false", "delay": "0", "tls": "", "ahead": "0"}
PLAN = {}
for word in sys.argv[2:]:
    name, value = word.split("=", 1)
    if name in CONFIG:
        CONFIG[name] = value
    else:
        PLAN[name] = value.split(",")
MATERIAL = "ab" * 32
LOCK = threading.Lock()
STATE = {"KeyState": CONFIG["state"], "materials": [], "region": ""}
if CONFIG["state"] == "Enabled":
    STATE["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE"
    if CONFIG["spec"] == "SYMMETRIC_DEFAULT":
        STATE["CurrentKeyMaterialId"] = "cd" * 32
        STATE["materials"] = [{"KeyMaterialId": "cd" * 32, "KeyMaterialState": "CURRENT", "ImportState": "IMPORTED",
                               "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}]


def blob(name):
    with open(os.path.join(WHERE, name), "rb") as f:
        return base64.b64encode(f.read()).decode()


def metadata():
    own = CONFIG["arn"].replace(":REGION:", ":%s:" % STATE["region"])  # arn=...:REGION:... is of any Region
    m = {"AWSAccountId": CONFIG["arn"].split(":")[4], "KeyId": CONFIG["arn"].split("/")[1], "Arn": own,
         "KeySpec": CONFIG["spec"], "KeyUsage": CONFIG["usage"], "Origin": CONFIG["origin"], "KeyManager": "CUSTOMER",
         "MultiRegion": CONFIG["multi"] == "true", "CreationDate": 1700000000.5,
         "Enabled": STATE["KeyState"] == "Enabled", "Description": ""}
    m.update({k: v for k, v in STATE.items() if k not in ("materials", "region")})
    return m


def do_import(body):
    symmetric = CONFIG["spec"] == "SYMMETRIC_DEFAULT"
    rotates = body.get("ImportType") == "NEW_KEY_MATERIAL" and STATE["KeyState"] == "Enabled"
    row = {"KeyId": CONFIG["arn"], "KeyMaterialId": MATERIAL, "ImportState": "IMPORTED",
           "KeyMaterialState": "PENDING_ROTATION" if rotates else "CURRENT", "ExpirationModel": body["ExpirationModel"]}
    for member in ("ValidTo", "KeyMaterialDescription"):
        if member in body:
            row[member] = body[member]
    STATE["materials"] = [m for m in STATE["materials"] if m["KeyMaterialId"] != MATERIAL] + [row]
    if not rotates:
        STATE["KeyState"] = "Enabled"
        STATE["ExpirationModel"] = body["ExpirationModel"]
        STATE.pop("ValidTo", None)
        if "ValidTo" in body:
            STATE["ValidTo"] = body["ValidTo"]
        if symmetric:
            STATE["CurrentKeyMaterialId"] = MATERIAL
    return {"KeyId": CONFIG["arn"], **({"KeyMaterialId": MATERIAL} if symmetric else {})}


def answer(operation, body):
    if operation == "DescribeKey":
        return {"KeyMetadata": metadata()}
    if operation == "CreateKey":
        CONFIG.update(spec=body["KeySpec"], usage=body["KeyUsage"], multi=str(body.get("MultiRegion", False)).lower())
        return {"KeyMetadata": metadata()}
    if operation == "GetParametersForImport":
        return {"KeyId": CONFIG["arn"], "ImportToken": base64.b64encode(b"token" * 100).decode(),
                "PublicKey": blob("wrap.der"), "ParametersValidTo": time.time() + 86400}
    if operation == "ImportKeyMaterial":
        return do_import(body)
    if operation == "GetPublicKey":
        return {"KeyId": CONFIG["arn"], "PublicKey": blob("material.der"), "KeySpec": CONFIG["spec"]}
    if operation == "ListKeyRotations":
        return {"Rotations": STATE["materials"], "Truncated": False}
    raise ValueError(operation)


# Replies that are right but for one thing.
SPOIL = {
    "otherkey": lambda r: r.update(KeyId=CONFIG["arn"][:-1] + "9"),
    "otheraccount": lambda r: r.update(KeyId=CONFIG["arn"].replace(":111122223333:", ":444455556666:")),
    "otherregion": lambda r: r.update(KeyId=CONFIG["arn"].replace(":eu-west-1:", ":us-east-1:")),
    "noarn": lambda r: r.update(KeyId=CONFIG["arn"].split("/")[1]),
    "small": lambda r: r.update(PublicKey=blob("small.der")),
    "ec": lambda r: r.update(PublicKey=blob("ec.der")),
    "exponent": lambda r: r.update(PublicKey=blob("exponent.der")),
    "expired": lambda r: r.update(ParametersValidTo=time.time() - 10),
    "badbase64": lambda r: r.update(ImportToken="!!!!"),
    "notoken": lambda r: r.pop("ImportToken"),
    "bigtoken": lambda r: r.update(ImportToken=base64.b64encode(b"x" * 6145).decode()),
    "texttime": lambda r: r.update(ParametersValidTo="2027-01-01"),
    "listkey": lambda r: r.update(PublicKey=[1]),
    "nulltoken": lambda r: r.update(ImportToken=None),
    "deep": lambda r: r.update(More=json.loads("[" * 500 + "]" * 500)),
    "othermaterial": lambda r: r.update(PublicKey=blob("small.der")),
    "badid": lambda r: r.update(KeyMaterialId="zz"),
    "nometadata": lambda r: r.pop("KeyMetadata"),
    "describesother": lambda r: r["KeyMetadata"].update(Arn=CONFIG["arn"][:-1] + "9"),
    "enabledalready": lambda r: r["KeyMetadata"].update(KeyState="Enabled"),
    "aliased": lambda r: r["KeyMetadata"].update(KeySpec=7),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, data, kind="application/x-amz-json-1.1", length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.send_header("x-amzn-RequestId", "00000000-0000-4000-8000-%012d" % self.server.count)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def error(self, status, code, message="told to", **headers):
        self.reply(status, json.dumps({"__type": code, "message": message}).encode(), **headers)

    def hang_up(self):
        self.close_connection = True

    def behave(self, how, good):
        data = json.dumps(good).encode()
        if how == "ok":
            self.reply(200, data)
        elif how in SPOIL:
            SPOIL[how](good)
            self.reply(200, json.dumps(good).encode())
        elif how == "html":
            self.reply(200, b"<html><body>Welcome to the hotel \x1b[31mWiFi</body></html>", "text/html")
        elif how == "html503":
            self.reply(503, b"<html>busy</html>", "text/html")
        elif how == "half":
            self.reply(200, data[:len(data) // 2])
        elif how == "nothing":
            self.reply(200, b"")
        elif how == "array":
            self.reply(200, b"[]")
        elif how == "twice":
            self.reply(200, data[:-1] + b',"KeyId":"again"}')
        elif how == "close":
            self.hang_up()
        elif how == "redirect":
            self.reply(307, b"", Location="http://127.0.0.1:1/elsewhere")
        elif how == "huge":
            self.reply(200, b'{"KeyId":"' + b"x" * (2 << 20) + b'"}')
        elif how == "bighead":
            self.reply(200, data, X_Big="x" * 200000)
        elif how == "manyheads":
            self.reply(200, data, **{"X_%d" % i: "x" * 1000 for i in range(90)})
        elif how == "short":
            self.reply(200, data, length=len(data) + 10)
            self.hang_up()
        elif how == "drip":
            self.reply(200, b"{", length=100000)
            try:
                while True:
                    self.wfile.write(b" ")
                    time.sleep(0.3)
            except OSError:
                self.hang_up()
        elif how == "hang":
            self.rfile.read(1)  # until the client gives up
            self.hang_up()
        elif how == "nothttp":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.hang_up()
        elif how == "500":
            self.error(500, "KMSInternalException")
        elif how == "empty500":
            self.reply(500, b"")
        elif how == "503":
            self.reply(503, b"{}")
        elif how == "throttle":
            self.error(400, "com.amazonaws.kms#ThrottlingException:http://x/", "Rate exceeded")
        elif how == "429":
            self.reply(429, b"{}")
        elif how == "header":
            self.reply(400, b"{}", x_amzn_ErrorType="NotFoundException:http://internal/")
        elif how == "code":
            self.reply(400, b'{"code":"NotFoundException","Message":"in the body"}')
        elif how == "denied":
            self.error(400, "AccessDeniedException", "User is not authorized to perform this")
        elif how.startswith("no:"):
            self.error(400, how[3:])
        elif how == "skew":
            self.skewed = True
            self.error(400, "InvalidSignatureException", "Signature expired")
        else:
            raise ValueError(how)

    skewed = False

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + int(CONFIG["ahead"]) + (600 if self.skewed else 0))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "").split(".")[-1]
        with LOCK:
            self.server.count += 1
            plan = PLAN.get(operation, ["ok"])
            how = plan.pop(0) if len(plan) > 1 else plan[0]
            with open(os.path.join(WHERE, "log"), "a") as log:
                log.write(json.dumps({"method": self.command, "path": self.path, "operation": operation, "how": how,
                                      "port": self.client_address[1], "headers": list(self.headers.items()),
                                      "body": body.decode("latin-1")}) + "\n")
            did = how.startswith("did-")
            how = how[4:] if did else how
            STATE["region"] = (self.headers.get("Authorization", "").split("/") + ["", "", ""])[2]
            good = (answer(operation, json.loads(body))
                    if did or how in ("ok", "half", "short", "twice") or how in SPOIL else {})
        time.sleep(float(CONFIG["delay"]))
        self.skewed = False
        self.behave(how, good)

    def do_GET(self):
        self.reply(404, b"")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    count = 0

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


server = Server(("127.0.0.1", 0), Handler)
if CONFIG["tls"]:
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(WHERE, CONFIG["tls"] + ".pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(WHERE, "port.new"), "w") as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(WHERE, "port.new"), os.path.join(WHERE, "port"))
server.serve_forever()
