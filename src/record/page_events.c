/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The keyhaul authors */
#include "page.h"

#include "base/shell.h"
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_SHOWN 20
#define FILES_SHOWN 6
#define COMMAND_MAX (1u << 20)

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

/* Each word holds together: an option is not broken behind its dashes. */
static void add_command(struct html *h, const json_t *typed)
{
	size_t i;
	json_t *word;

	html_raw(h, "<code>");
	json_array_foreach(typed, i, word) {
		struct buf quoted = BUF_INIT(COMMAND_MAX);

		if (!h->failed)
			h->failed = shell_word(json_string_value(word), &quoted, h->err);
		html_raw(h, i ? " <span class=\"w\">" : "<span class=\"w\">");
		html_text(h, buf_text(&quoted));
		html_raw(h, "</span>");
		buf_free(&quoted);
	}
	html_raw(h, "</code>");
}

/* The bundles that it wrote, or else read: what carries from one host to the other. */
static void add_bundles(struct html *h, const json_t *line)
{
	static const char *const ways[] = {"wrote", "read"};
	size_t shown = 0, more = 0;

	for (size_t way = 0; way < 2 && shown == 0; way++) {
		size_t i;
		json_t *file;

		json_array_foreach(json_object_get(line, ways[way]), i, file) {
			if (!*text_of(file, "request_sha256"))
				continue;
			if (shown == FILES_SHOWN) {
				more++;
				continue;
			}
			html_raw(h, shown++ ? ", " : "<div class=\"small\">");
			html_textf(h, "%s %s (%.8s)", ways[way], text_of(file, "path"), text_of(file, "sha256"));
		}
	}
	if (more)
		html_textf(h, " and %zu more", more);
	if (shown)
		html_raw(h, "</div>");
}

static void add_tokens(struct html *h, const json_t *line)
{
	size_t i;
	json_t *token;

	json_array_foreach(json_object_get(line, "tokens"), i, token) {
		html_raw(h, "<div class=\"small\">");
		html_textf(h, "token '%s', model %s, serial %s", text_of(token, "label"), text_of(token, "model"), text_of(token, "serial"));
		html_raw(h, "</div>");
	}
}

static void add_failures(struct html *h, const json_t *line)
{
	const json_t *failed = json_object_get(line, "failed"), *error = json_object_get(line, "error");
	size_t i;
	json_t *item;

	if (error) {
		html_raw(h, "<div>");
		html_text(h, *text_of(error, "message") ? text_of(error, "message") : "the command line was refused");
		html_raw(h, "</div>");
	}
	json_array_foreach(failed, i, item) {
		if (i == ITEMS_SHOWN)
			break;
		html_raw(h, "<div>");
		html_text(h, text_of(item, "message"));
		html_raw(h, "</div>");
	}
	if (json_array_size(failed) > ITEMS_SHOWN)
		html_textf(h, "and %zu more", json_array_size(failed) - ITEMS_SHOWN);
}

static void add_outcome(struct html *h, const struct timeline_event *e)
{
	const json_t *line = e->line->json;
	const json_int_t status = json_integer_value(json_object_get(line, "status"));
	size_t i;
	json_t *warning;

	if (e->line->is_close) {
		html_raw(h, e->chain->closed ? "closed" : "<span class=\"failed\">CLOSE NOT GOOD</span>");
		return;
	}
	if (status == 0) {
		html_raw(h, "done");
	} else {
		html_raw(h, "<span class=\"failed\">FAILED</span>, status ");
		html_textf(h, "%lld", (long long)status);
		add_failures(h, line);
	}
	json_array_foreach(json_object_get(line, "warnings"), i, warning) {
		html_raw(h, "<div class=\"small\">warning: ");
		html_text(h, json_string_value(warning));
		html_raw(h, "</div>");
	}
}

static void add_event(struct html *h, const struct timeline_event *e)
{
	const json_t *line = e->line->json;
	bool bad = !e->line->is_close && json_integer_value(json_object_get(line, "status")) != 0;

	html_raw(h, bad ? "<tr class=\"bad\"><td>" : "<tr><td>");
	html_textf(h, "%.10s", e->line->at);
	html_raw(h, "<br>");
	html_textf(h, "%.8s", e->line->at + 11);
	if (e->line->told) {
		html_raw(h, "<div class=\"small\">told ");
		html_textf(h, "%.10s %.8s", e->line->told, e->line->told + 11);
		html_raw(h, "</div>");
	}
	html_raw(h, "</td><td>");
	html_text(h, e->chain->host);
	html_raw(h, "<div class=\"small\">"); /* two transcripts may be of one host */
	html_text(h, strrchr(e->chain->path, '/') ? strrchr(e->chain->path, '/') + 1 : e->chain->path);
	html_raw(h, "</div></td><td class=\"n\">");
	html_textf(h, "%lld", (long long)e->line->n);
	html_raw(h, "</td><td>");
	if (e->line->torn) {
		html_raw(h, "<div class=\"failed\">before it a torn line of ");
		html_textf(h, "%lld bytes: a command was ended while it wrote it", (long long)e->line->torn_bytes);
		html_raw(h, "</div>");
	}
	if (e->line->is_close) {
		html_raw(h, "the transcript is closed");
	} else {
		add_command(h, json_object_get(line, "typed"));
		add_bundles(h, line);
		add_tokens(h, line);
	}
	html_raw(h, "</td><td>");
	add_outcome(h, e);
	html_raw(h, "</td></tr>\n");
}

static void add_table(struct html *h, const struct timeline_event *events, size_t n, bool only_bad)
{
	html_raw(h, "<table class=\"events\">\n<thead><tr><th class=\"time\">Time</th><th class=\"who\">Host</th><th class=\"n\">Line</th>"
		    "<th>Command</th><th class=\"outcome\">Outcome</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < n; i++)
		if (!only_bad || (!events[i].line->is_close && json_integer_value(json_object_get(events[i].line->json, "status")) != 0))
			add_event(h, &events[i]);
	html_raw(h, "</tbody></table>\n");
}

void page_events(struct html *h, const struct record *r)
{
	struct timeline_event *events = NULL;
	size_t n = 0, bad = 0;

	if (h->failed)
		return;
	h->failed = timeline_make(r, &events, &n, h->err);
	for (size_t i = 0; i < n; i++)
		bad += !events[i].line->is_close && json_integer_value(json_object_get(events[i].line->json, "status")) != 0;
	html_raw(h, "<h2 class=\"after\">What failed on the way</h2>\n");
	if (bad)
		add_table(h, events, n, true);
	else
		html_raw(h, "<p>No command failed.</p>\n");
	html_raw(h, "<h2>Timeline</h2>\n<p class=\"made\">By the hosts' clocks, and by what was told with --now where one had none; a command that read a bundle comes behind the one that "
		    "wrote it so.</p>\n");
	add_table(h, events, n, false);
	free(events);
}
