/*
 * Lines of JSON from the host, for the panel and the wire
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_LINES_H
#define HW_MIPS_PIC32MZ_LINES_H

#include "qapi/error.h"
#include "qapi/qmp/qdict.h"

typedef struct PIC32Lines {
    GString *line;              /* its end has not come */
    size_t max;                 /* bytes in a line */
    bool too_long;
    /* A whole line, a JSON object. Not its owner; may take members out. */
    void (*take)(void *opaque, QDict *line);
    /* A line that is none; also for what take finds wrong. */
    void (*complain)(void *opaque, const char *error);
    void *opaque;
} PIC32Lines;

void pic32_lines_init(PIC32Lines *lines, size_t max,
                      void (*take)(void *opaque, QDict *line),
                      void (*complain)(void *opaque, const char *error),
                      void *opaque);
void pic32_lines_finalize(PIC32Lines *lines);

/* Bytes have come, in pieces of any size. Empty lines are nothing. */
void pic32_lines_receive(PIC32Lines *lines, const uint8_t *data, size_t size);

/* Whoever connects begins with a whole line. */
void pic32_lines_clear(PIC32Lines *lines);

#endif
