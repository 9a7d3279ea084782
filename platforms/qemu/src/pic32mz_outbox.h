/*
 * Bytes on their way to a chardev whose other end may be slow to read
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_OUTBOX_H
#define HW_MIPS_PIC32MZ_OUTBOX_H

#include "chardev/char-fe.h"

/*
 * What the chardev does not take at once waits in memory, so that a host that
 * reads late does not make the machine stand still.
 */
typedef struct PIC32Outbox {
    CharBackend *chr;
    size_t limit;               /* bytes that may wait */
    GByteArray *waiting;
    guint watch;
} PIC32Outbox;

void pic32_outbox_init(PIC32Outbox *box, CharBackend *chr, size_t limit);
void pic32_outbox_finalize(PIC32Outbox *box);

/*
 * Sends, or lets wait. False: nothing of it was taken, as it would go beyond
 * the limit. With nobody at the other end the bytes are gone.
 */
bool pic32_outbox_send(PIC32Outbox *box, const void *data, size_t len);

/* The same, but beyond the limit this blocks until the host has read. */
void pic32_outbox_send_all(PIC32Outbox *box, const void *data, size_t len);

/* Nothing waits any more: for a host that has gone, or a new one. */
void pic32_outbox_clear(PIC32Outbox *box);

static inline bool pic32_outbox_is_empty(const PIC32Outbox *box)
{
    return !box->waiting->len;
}

#endif
