/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_SIM_SERVER_H
#define KEYHAUL_SIM_SERVER_H

#include "answer.h"

#include <netinet/in.h>

#define SERVER_BODY_MAX (256u << 10) /* KMS's largest request is CreateKey with its policy */
#define SERVER_HEADERS_MAX (32u << 10)
#define SERVER_CONNECTIONS 512
#define SERVER_TIMEOUT 10 /* seconds without anything */
#define SERVER_THREADS 4

/* Where to listen and with what certificate. */
struct server_address {
	struct sockaddr_storage addr;
	char text[INET6_ADDRSTRLEN]; /* the address as it was given */
	bool ipv6, loopback;
};

/* Reads ADDR:PORT ("127.0.0.1:0", "[::1]:8080"). KH_E_USAGE. */
int server_parse(const char *listen, struct server_address *out, struct kh_error *err);

struct server;

/*
 * Listens and answers in threads of its own until server_stop. `cert` and `key` are PEM files, both NULL for plain
 * HTTP. KH_E_SYSTEM, KH_E_INPUT.
 */
int server_start(const struct server_address *at, const char *cert, const char *key, struct service *service,
		 struct server **out, struct kh_error *err);

/* "http://127.0.0.1:34567" and so on, with the port that the kernel gave; the server owns it. */
const char *server_url(const struct server *s);

/* Ends what is under way and frees; NULL is fine. */
void server_stop(struct server *s);

#endif
