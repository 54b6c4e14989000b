/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "token.h"

#include "base/log.h"
#include "base/text.h"
#include "call.h"
#include "ckm.h"
#include "ckr.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PKCS#11 pads with blanks and ends with nothing (v3.1 section 3.2); some modules pad with NULs. */
static void clean(const void *field, size_t len, char *out)
{
	const char *text = field;
	size_t n = strnlen(text, len);

	while (n && text[n - 1] == ' ')
		n--;
	memcpy(out, text, n);
	out[n] = '\0';
}

static void fill_names(struct token *t)
{
	clean(t->info.label, sizeof(t->info.label), t->name.label);
	clean(t->info.manufacturerID, sizeof(t->info.manufacturerID), t->name.manufacturer);
	clean(t->info.model, sizeof(t->info.model), t->name.model);
	clean(t->info.serialNumber, sizeof(t->info.serialNumber), t->name.serial);
	(void)snprintf(t->name.firmware, sizeof(t->name.firmware), "%u.%u", t->info.firmwareVersion.major,
		       t->info.firmwareVersion.minor);
}

const char *token_words(const struct token *t, char out[TOKEN_WORDS_MAX])
{
	char label[TEXT_SHOWN(32)], serial[TEXT_SHOWN(16)];

	(void)snprintf(out, TOKEN_WORDS_MAX, "token '%s' (serial %s)", text_shown(t->name.label, label, sizeof(label)),
		       text_shown(t->name.serial, serial, sizeof(serial)));
	return out;
}

static int broken(struct kh_error *err, const char *call, const char *what, CK_ULONG got, CK_ULONG most)
{
	kh_fail(err, KH_E_TOKEN, 0, "%s: the module gave %lu %s where %lu are the most", call, got, what, most);
	return kh_hint(err, "%s", CKR_HINT_BROKEN);
}

static int slot_list(CK_FUNCTION_LIST *fn, CK_SLOT_ID **out, CK_ULONG *n, struct kh_error *err)
{
	CK_RV rv = CKR_BUFFER_TOO_SMALL;
	CK_ULONG room = 0;

	*out = NULL;
	for (int tries = 0; rv == CKR_BUFFER_TOO_SMALL && tries < 3; tries++) { /* tokens come and go */
		free(*out);
		*out = NULL;
		rv = P11_CALL(fn, C_GetSlotList, CK_TRUE, NULL, &room);
		if (rv != CKR_OK)
			break;
		if (room > TOKEN_SLOTS_MAX)
			return broken(err, "C_GetSlotList", "slots", room, TOKEN_SLOTS_MAX);
		*out = calloc(room + 1, sizeof(**out));
		if (!*out)
			return kh_fail_memory(err);
		*n = room;
		if (room)
			rv = P11_CALL(fn, C_GetSlotList, CK_TRUE, *out, n);
	}
	if (rv != CKR_OK)
		ckr_fail(err, rv, "C_GetSlotList", NULL);
	else if (*n > room)
		broken(err, "C_GetSlotList", "slots", *n, room);
	else
		return 0;
	free(*out);
	*out = NULL;
	return -1;
}

static int fill(CK_FUNCTION_LIST *fn, CK_SLOT_ID slot, struct token *out, CK_SLOT_INFO *info, struct kh_error *err)
{
	char what[32];
	CK_RV rv;

	(void)snprintf(what, sizeof(what), "slot %lu", slot);
	watch_place(what);
	rv = P11_CALL(fn, C_GetSlotInfo, slot, info);
	memset(out, 0, sizeof(*out));
	out->fn = fn;
	out->slot = slot;
	out->session = CK_INVALID_HANDLE;
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetSlotInfo", what);
	out->hardware = (info->flags & CKF_HW_SLOT) != 0;
	rv = P11_CALL(fn, C_GetTokenInfo, slot, &out->info);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetTokenInfo", what);
	fill_names(out);
	return 0;
}

int token_of_slot(CK_FUNCTION_LIST *fn, CK_SLOT_ID slot, struct token *out, struct kh_error *err)
{
	CK_SLOT_INFO info = {0};

	return fill(fn, slot, out, &info, err);
}

int token_each(CK_FUNCTION_LIST *fn, token_each_fn *each, void *arg, struct kh_error *err)
{
	CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	int rc = -1;

	if (slot_list(fn, &slots, &n, err))
		return -1;
	for (CK_ULONG i = 0; i < n; i++) {
		struct kh_error why = {0};
		CK_SLOT_INFO info = {0};
		struct token t;
		int failed = fill(fn, slots[i], &t, &info, &why);

		if (each(failed ? NULL : &t, slots[i], &info, &why, arg, err))
			goto out;
	}
	rc = 0;
out:
	free(slots);
	return rc;
}

int token_not_initialised(const struct token *t, struct kh_error *err)
{
	kh_fail(err, KH_E_TOKEN, CKF_TOKEN_INITIALIZED, "the token in slot %lu ('%s') is not initialised", t->slot,
		t->name.label);
	return kh_hint(err, "initialise it and set the user's PIN with the vendor's tool (SoftHSM: softhsm2-util "
			    "--init-token), then run this again");
}

static int open_session(struct token *t, struct kh_error *err)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (t->read_write ? CKF_RW_SESSION : 0);
	char words[TOKEN_WORDS_MAX];
	CK_RV rv;

	t->session = CK_INVALID_HANDLE;
	watch_place(token_words(t, words));
	rv = P11_CALL(t->fn, C_OpenSession, t->slot, flags, NULL, NULL, &t->session);
	if (rv == CKR_OK) {
		log_debug("the session is %s", t->read_write ? "read-write" : "read-only");
		return 0;
	}
	t->session = CK_INVALID_HANDLE;
	return ckr_fail(err, rv, "C_OpenSession", token_words(t, words));
}

int token_open(struct token *t, bool read_write, struct kh_error *err)
{
	if (!(t->info.flags & CKF_TOKEN_INITIALIZED))
		return token_not_initialised(t, err);
	t->read_write = read_write || t->token_objects;
	return open_session(t, err);
}

int token_open_beside(const struct token *first, struct token *out, struct kh_error *err)
{
	*out = *first;
	out->beside = true;
	return open_session(out, err);
}

unsigned long token_sessions_max(const struct token *t)
{
	unsigned long all = t->info.ulMaxSessionCount, rw = t->info.ulMaxRwSessionCount;

	if (all == CK_UNAVAILABLE_INFORMATION)
		all = CK_EFFECTIVELY_INFINITE;
	if (!t->read_write || rw == CK_UNAVAILABLE_INFORMATION || rw == CK_EFFECTIVELY_INFINITE)
		return all;
	return all == CK_EFFECTIVELY_INFINITE || rw < all ? rw : all;
}

/* Of a login or session that has ended by itself there is nothing to say. */
static void warn_of_end(const struct token *t, const char *call, CK_RV rv)
{
	char words[TOKEN_WORDS_MAX];

	if (rv != CKR_OK && rv != CKR_USER_NOT_LOGGED_IN && !token_is_gone(rv))
		log_warning("%s on %s: %s (0x%lX)", call, token_words(t, words), ckr_name(rv), rv);
}

void token_close(struct token *t)
{
	CK_RV rv;

	if (t->session == CK_INVALID_HANDLE)
		return;
	if (t->logged_in && !t->beside)
		warn_of_end(t, "C_Logout", P11_CALL(t->fn, C_Logout, t->session));
	rv = P11_CALL(t->fn, C_CloseSession, t->session);
	if (rv != CKR_OK)
		token_note_stuck(t, "C_CloseSession", rv);
	warn_of_end(t, "C_CloseSession", rv);
	t->logged_in = false;
	t->session = CK_INVALID_HANDLE;
}

void token_note_left(const struct token *t, size_t n)
{
	if (t->left != NULL)
		*t->left += n;
}

void token_note_stuck(const struct token *t, const char *call, CK_RV rv)
{
	if (t->stuck != NULL)
		*t->stuck = (struct token_stuck){call, rv};
}

const char *token_stuck_words(const struct token_stuck *stuck, char out[TOKEN_STUCK_MAX])
{
	out[0] = '\0';
	if (stuck->call != NULL)
		(void)snprintf(out, TOKEN_STUCK_MAX, " (%s: %s (0x%lX))", stuck->call, ckr_name(stuck->rv), stuck->rv);
	return out;
}

bool token_is_gone(CK_RV rv)
{
	return rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID ||
	       rv == CKR_SESSION_CLOSED;
}

bool token_wants_kept(const struct token *t, CK_RV rv)
{
	return !t->token_objects && (rv == CKR_ATTRIBUTE_VALUE_INVALID || rv == CKR_TEMPLATE_INCONSISTENT ||
				     rv == CKR_FUNCTION_NOT_SUPPORTED || rv == CKR_SESSION_READ_ONLY);
}

bool token_has_mechanism(const struct token *t, CK_MECHANISM_TYPE mechanism, CK_FLAGS flags)
{
	CK_MECHANISM_INFO info = {0};
	CK_RV rv = P11_CALL_MECH(t->fn, mechanism, C_GetMechanismInfo, t->slot, mechanism, &info);
	char name[CKM_NAME_MAX];

	if (rv == CKR_OK)
		return (info.flags & flags) == flags;
	if (rv != CKR_MECHANISM_INVALID)
		log_warning("C_GetMechanismInfo on %s: %s (0x%lX); it is taken to be there",
			    ckm_name(mechanism, name), ckr_name(rv), rv);
	return rv != CKR_MECHANISM_INVALID;
}

int token_mechanisms(const struct token *t, CK_MECHANISM_TYPE **out, size_t *n, struct kh_error *err)
{
	CK_ULONG room = 0, got;
	CK_RV rv = P11_CALL(t->fn, C_GetMechanismList, t->slot, NULL, &room);

	*out = NULL;
	*n = 0;
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetMechanismList", NULL);
	if (room > TOKEN_MECHANISMS_MAX)
		return broken(err, "C_GetMechanismList", "mechanisms", room, TOKEN_MECHANISMS_MAX);
	*out = calloc(room + 1, sizeof(**out));
	if (!*out)
		return kh_fail_memory(err);
	got = room;
	if (room)
		rv = P11_CALL(t->fn, C_GetMechanismList, t->slot, *out, &got);
	if (rv == CKR_OK && got <= room) {
		*n = got;
		return 0;
	}
	free(*out);
	*out = NULL;
	return rv != CKR_OK ? ckr_fail(err, rv, "C_GetMechanismList", NULL)
			    : broken(err, "C_GetMechanismList", "mechanisms", got, room);
}
