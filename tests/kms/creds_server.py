#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The keyhaul authors
"""Answers for what hands out AWS credentials, as AWS's do, and logs each request as a line of JSON.

usage: creds_server.py DIR [tls=PEM] [OPERATION=BEHAVIOUR[,BEHAVIOUR...]...]

STS (AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity), IAM Identity Center (GetRoleCredentials, CreateToken), a
container's service (Container, under /container) and instance metadata (ImdsToken, ImdsRole, ImdsKeys). Writes DIR/port
once it listens and DIR/log as it goes. Each OPERATION takes the next behaviour from its list at each request; the last
one stays. "ok" is the default, "in-N" gives keys that end in N seconds.
"""
import datetime
import http.server
import json
import os
import socketserver
import sys
import threading
import urllib.parse

WHERE = sys.argv[1]
PLAN = {word.split("=", 1)[0]: word.split("=", 1)[1].split(",") for word in sys.argv[2:]}
TLS = PLAN.pop("tls", [None])[0]
LOCK = threading.Lock()
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
SESSION = "session+token/with=signs" * 20


def when(seconds):
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, text, kind="text/xml", length=None, **headers):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def sts_error(self, status, code, message):
        self.reply(status, '<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>'
                   '<RequestId>r</RequestId></ErrorResponse>' % (NAMESPACE, code, message))

    # what every service can do; True where it was done
    def fault(self, how):
        if how == "close":
            self.close_connection = True
        elif how == "hang":
            self.rfile.read(1)  # until the client gives up
            self.close_connection = True
        elif how == "html":
            self.reply(200, "<html><body>WiFi</body></html>", "text/html")
        elif how == "html403":
            self.reply(403, "<html>no</html>", "text/html")
        elif how == "huge":
            self.reply(200, "x" * 100000)
        elif how == "nothing":
            self.reply(200, "")
        elif how == "redirect":
            self.reply(307, "", Location="http://127.0.0.1:1/elsewhere")
        elif how == "500":
            self.reply(500, "")
        elif how in ("401", "403", "404"):
            self.reply(int(how), '{"message":"told to","code":"Told"}', "application/json")
        else:
            return False
        return True

    def sts_credentials(self, action, role, how):
        seconds = int(how[3:]) if how.startswith("in-") else 3600
        text = ('<{a}Response xmlns="{n}"><{a}Result><AssumedRoleUser><Arn>x</Arn></AssumedRoleUser><Credentials>'
                '<AccessKeyId>ASIA{r}</AccessKeyId><SecretAccessKey>secret+of/{r}</SecretAccessKey><SessionToken>{t}'
                '</SessionToken><Expiration>{e}</Expiration></Credentials></{a}Result><ResponseMetadata><RequestId>r'
                '</RequestId></ResponseMetadata></{a}Response>\n').format(a=action, n=NAMESPACE, r=role, t=SESSION,
                                                                           e=when(seconds))
        if how == "half":
            text = text[:len(text) // 2]
        elif how == "doctype":
            text = '<!DOCTYPE x [<!ENTITY a "b">]>' + text
        elif how == "twice":
            text = text.replace("</Credentials>", "<AccessKeyId>AGAIN</AccessKeyId></Credentials>")
        elif how == "notoken":
            text = text.replace("<SessionToken>", "<Other>").replace("</SessionToken>", "</Other>")
        elif how == "notime":
            text = text.replace(when(seconds), "soon")
        elif how == "control":
            text = text.replace("ASIA" + role, "ASIA&#10;X-Injected: 1")
        self.reply(200, text)

    def sts(self, form, key):
        action = form.get("Action", "")
        how = self.behaviour(action, form)
        role = form.get("RoleArn", "").split("/")[-1]
        if self.fault(how):
            return
        if how == "denied":
            self.sts_error(403, "AccessDenied", "User: %s is not authorized to perform: sts:%s" % (key, action))
        elif how == "throttle":
            self.sts_error(400, "Throttling", "Rate exceeded")
        elif how == "expired":
            self.sts_error(400, "ExpiredTokenException", "Token expired")
        elif action == "GetCallerIdentity" and how == "noaccount":
            self.reply(200, "<GetCallerIdentityResponse/>")
        elif action == "GetCallerIdentity":
            self.reply(200, '<{a}Response xmlns="{n}"><{a}Result><Arn>arn:aws:sts::111122223333:assumed-role/{k}</Arn>'
                       '<UserId>AROA:{k}</UserId><Account>111122223333</Account></{a}Result></{a}Response>'.format(
                           a=action, n=NAMESPACE, k=key))
        else:
            self.sts_credentials(action, role, how)

    def json_keys(self, how, names, wrap=lambda keys: keys, milliseconds=False):
        seconds = int(how[3:]) if how.startswith("in-") else 3600
        ends = int((datetime.datetime.utcnow() - datetime.datetime(1970, 1, 1)).total_seconds() + seconds) * 1000
        keys = dict(zip(names, ("ASIAJSON", "secret/json", SESSION, ends if milliseconds else when(seconds))))
        if how.startswith("no-"):
            keys.pop(how[3:])
        elif how == "code":
            keys = {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"}
        text = json.dumps(wrap(keys))
        if how == "half":
            text = text[:len(text) // 2]
        self.reply(200, text, "application/json")

    def behaviour(self, operation, form=None, body=None):
        with LOCK:
            plan = PLAN.get(operation, ["ok"])
            how = plan.pop(0) if len(plan) > 1 else plan[0]
            with open(os.path.join(WHERE, "log"), "a") as log:
                log.write(json.dumps({"operation": operation, "how": how, "method": self.command, "path": self.path,
                                      "headers": {k.lower(): v for k, v in self.headers.items()}, "form": form or {},
                                      "json": body or {}}) + "\n")
        return how

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/token":
            body = json.loads(body)
            how = self.behaviour("CreateToken", body=body)
            if not self.fault(how):
                self.reply(200, json.dumps({"accessToken": "renewed", "tokenType": "Bearer", "expiresIn": 3600,
                                            "refreshToken": "refresh-2"}), "application/json")
            return
        form = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
        self.sts(form, self.headers.get("Authorization", "/").split("Credential=")[-1].split("/")[0])

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        how = self.behaviour("ImdsToken")
        if not self.fault(how):
            self.reply(200, "metadata-token", "text/plain")

    def do_GET(self):
        roles = "/latest/meta-data/iam/security-credentials/"
        path = urllib.parse.urlsplit(self.path).path
        shape = ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")
        if path.startswith("/container"):
            how = self.behaviour("Container")
            if not self.fault(how):
                self.json_keys(how, shape)
        elif path == "/federation/credentials":
            how = self.behaviour("GetRoleCredentials")
            if not self.fault(how):
                self.json_keys(how, ("accessKeyId", "secretAccessKey", "sessionToken", "expiration"),
                               lambda keys: {"roleCredentials": keys}, True)
        elif self.headers.get("x-aws-ec2-metadata-token") != "metadata-token":
            self.behaviour("ImdsUnknown")
            self.reply(401, "")
        elif path == roles:
            how = self.behaviour("ImdsRole")
            if not self.fault(how):
                self.reply(200, "../evil" if how == "evil" else "app-role", "text/plain")
        elif path == roles + "app-role":
            how = self.behaviour("ImdsKeys")
            if not self.fault(how):
                self.json_keys(how, shape, lambda keys: {"Code": "Success", **keys})
        else:
            self.behaviour("Unknown")
            self.reply(404, "")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


server = Server(("127.0.0.1", 0), Handler)
if TLS:
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS)
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(WHERE, "port.new"), "w") as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(WHERE, "port.new"), os.path.join(WHERE, "port"))
server.serve_forever()
