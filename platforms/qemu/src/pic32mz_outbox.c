/*
 * Bytes on their way to a chardev whose other end may be slow to read
 *
 * Record and replay see each write at its instruction; there nothing waits
 * and a write blocks, as a flush from the main loop would come at a time of
 * the host's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "sysemu/replay.h"
#include "pic32mz_outbox.h"

static void outbox_flush(PIC32Outbox *box);

static gboolean outbox_writable(void *do_not_use, GIOCondition condition,
                                void *opaque)
{
    PIC32Outbox *box = opaque;

    box->watch = 0;
    outbox_flush(box);
    return G_SOURCE_REMOVE;
}

static void outbox_flush(PIC32Outbox *box)
{
    while (!box->watch && box->waiting->len) {
        int sent = qemu_chr_fe_write(box->chr, box->waiting->data,
                                     box->waiting->len);

        if (sent > 0) {
            g_byte_array_remove_range(box->waiting, 0, sent);
            continue;
        }
        box->watch = qemu_chr_fe_add_watch(box->chr, G_IO_OUT | G_IO_HUP,
                                           outbox_writable, box);
        if (!box->watch) {
            g_byte_array_set_size(box->waiting, 0);     /* nobody is there */
        }
    }
}

bool pic32_outbox_send(PIC32Outbox *box, const void *data, size_t len)
{
    if (!qemu_chr_fe_backend_connected(box->chr)) {
        return true;
    }
    if (replay_mode != REPLAY_MODE_NONE) {
        qemu_chr_fe_write_all(box->chr, data, len);
        return true;
    }
    if (box->waiting->len + len > box->limit) {
        return false;
    }
    g_byte_array_append(box->waiting, data, len);
    outbox_flush(box);
    return true;
}

void pic32_outbox_send_all(PIC32Outbox *box, const void *data, size_t len)
{
    if (!pic32_outbox_send(box, data, len)) {
        qemu_chr_fe_write_all(box->chr, box->waiting->data,
                              box->waiting->len);
        pic32_outbox_clear(box);
        qemu_chr_fe_write_all(box->chr, data, len);
    }
}

void pic32_outbox_clear(PIC32Outbox *box)
{
    if (box->watch) {
        g_source_remove(box->watch);
        box->watch = 0;
    }
    g_byte_array_set_size(box->waiting, 0);
}

void pic32_outbox_init(PIC32Outbox *box, CharBackend *chr, size_t limit)
{
    box->chr = chr;
    box->limit = limit;
    box->waiting = g_byte_array_new();
    box->watch = 0;
}

void pic32_outbox_finalize(PIC32Outbox *box)
{
    pic32_outbox_clear(box);
    g_byte_array_unref(box->waiting);
}
