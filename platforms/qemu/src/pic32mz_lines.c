/*
 * Lines of JSON from the host, for the panel and the wire
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/qmp/qjson.h"
#include "pic32mz_lines.h"

static QDict *lines_parse(const PIC32Lines *lines, Error **errp)
{
    Error *err = NULL;
    QObject *object;
    QDict *dict;

    if (lines->too_long) {
        error_setg(errp, "the line is longer than %zu bytes", lines->max);
        return NULL;
    }
    if (strlen(lines->line->str) != lines->line->len) {
        error_setg(errp, "not JSON: the line has a zero byte");
        return NULL;
    }
    object = qobject_from_json(lines->line->str, &err);
    if (err) {
        error_setg(errp, "not JSON: %s", error_get_pretty(err));
        error_free(err);
        return NULL;
    }
    dict = qobject_to(QDict, object);
    if (!dict) {
        error_setg(errp, "a line must be a JSON object");
        qobject_unref(object);
    }
    return dict;
}

static void lines_end(PIC32Lines *lines)
{
    Error *err = NULL;
    QDict *dict;

    if (!lines->line->len) {
        return;
    }
    dict = lines_parse(lines, &err);
    pic32_lines_clear(lines);
    if (dict) {
        lines->take(lines->opaque, dict);
        qobject_unref(dict);
    } else {
        lines->complain(lines->opaque, error_get_pretty(err));
        error_free(err);
    }
}

void pic32_lines_receive(PIC32Lines *lines, const uint8_t *data, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        if (data[i] == '\n') {
            lines_end(lines);
        } else if (lines->line->len < lines->max) {
            g_string_append_c(lines->line, data[i]);
        } else {
            lines->too_long = true;
        }
    }
}

void pic32_lines_clear(PIC32Lines *lines)
{
    g_string_truncate(lines->line, 0);
    lines->too_long = false;
}

void pic32_lines_init(PIC32Lines *lines, size_t max,
                      void (*take)(void *opaque, QDict *line),
                      void (*complain)(void *opaque, const char *error),
                      void *opaque)
{
    lines->line = g_string_new(NULL);
    lines->max = max;
    lines->too_long = false;
    lines->take = take;
    lines->complain = complain;
    lines->opaque = opaque;
}

void pic32_lines_finalize(PIC32Lines *lines)
{
    g_string_free(lines->line, true);
}
