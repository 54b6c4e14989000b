/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#ifndef KEYHAUL_BASE_CMD_TRANSCRIPT_H
#define KEYHAUL_BASE_CMD_TRANSCRIPT_H

#include "cmd.h"

#define TRANSCRIPT_FILE_MAX (64u << 20) /* bytes of a transcript; then another is begun */
#define TRANSCRIPT_LINE_MAX (24u << 20)
#define TRANSCRIPT_ENV "KEYHAUL_TRANSCRIPT"
#define TRANSCRIPT_HEAD "{\"keyhaul_transcript\":1,\"n\":"
#define TRANSCRIPT_TAIL "\"whole\":true}"

/* A transcript that a command adds its line to at its end, keyhaul-transcript(5). */
struct transcript;

/*
 * Opens or makes the file (0600; no symlink) and looks at its end: it must be a transcript, not closed, with room.
 * KH_E_INPUT, KH_E_CHECK where it is closed, KH_E_AGAIN where another keyhaul keeps it locked, KH_E_SYSTEM where it cannot be
 * written. The caller ends it with transcript_close.
 */
int transcript_open(const char *path, struct transcript **out, struct kh_error *err);

/*
 * Adds a line: `members` (JSON members, each with a comma behind it) between the line's number and the digest of the line
 * before, and fsyncs. A last line that a crash or a full disk tore is named in it, never removed. With flock held; a
 * write that fails is undone. Nothing in another process than the one that opened it. KH_E_SYSTEM, KH_E_AGAIN.
 */
int transcript_append(struct transcript *t, const struct buf *members, struct kh_error *err);

/* As transcript_append while the lock stays held from `transcript_lock` on, so that what was read of it is all there is. */
int transcript_lock(struct transcript *t, struct kh_error *err);

/* Closes and frees; NULL is fine. */
void transcript_close(struct transcript *t);

/*
 * Opens the transcript that the command line or KEYHAUL_TRANSCRIPT asks for, and has the trail kept; 0 where none does.
 * Errors as transcript_open: the command must not be run then.
 */
int transcript_begin(struct cmd *c, struct kh_error *err);

/*
 * Adds the command's line, secrets left out, and ends transcript and trail. KH_E_SYSTEM where it could not be added: the
 * command then failed, whatever it did.
 */
int transcript_end(struct cmd *c, enum kh_code code, const struct kh_error *why, struct kh_error *err);

#endif
