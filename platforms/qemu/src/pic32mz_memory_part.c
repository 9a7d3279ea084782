/*
 * Memory parts on the board: what a serial flash or EEPROM holds
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "pic32mz_memory_part.h"

#define ERASED 0xff

static bool memory_part_read(PIC32MemoryPart *part, Error **errp)
{
    g_autofree char *content = NULL;
    GError *error = NULL;
    gsize length;

    if (!g_file_get_contents(part->image, &content, &length, &error)) {
        error_setg(errp, "%s", error->message);
        g_error_free(error);
        return false;
    }
    if (length != part->size) {
        error_setg(errp, "%s has %zu bytes: expected a raw image of the whole "
                   "part, %u bytes", part->image, (size_t)length, part->size);
        return false;
    }
    memcpy(part->data, content, length);
    return true;
}

bool pic32_memory_part_init(PIC32MemoryPart *part, uint32_t size, Error **errp)
{
    part->size = size;
    part->data = g_malloc(size);
    part->fd = -1;
    memset(part->data, ERASED, size);
    if (!part->image) {
        return true;
    }
    if (part->keep && !g_file_test(part->image, G_FILE_TEST_EXISTS)) {
        part->behind = true;        /* a new file, with the first write */
    } else if (!memory_part_read(part, errp)) {
        return false;
    }
    if (part->keep) {
        part->fd = qemu_create(part->image, O_WRONLY, 0666, errp);
        return part->fd >= 0;
    }
    return true;
}

void pic32_memory_part_changed(PIC32MemoryPart *part, uint32_t offset,
                               uint32_t size)
{
    if (part->fd < 0) {
        return;
    }
    if (part->behind) {
        offset = 0;
        size = part->size;
        part->behind = false;
    }
    while (size) {
        ssize_t done = pwrite(part->fd, part->data + offset, size, offset);

        if (done <= 0 && errno != EINTR) {
            if (!part->said_error) {
                error_report("%s: %s: it does not get what the chip writes",
                             part->image, strerror(errno));
                part->said_error = true;
            }
            return;
        }
        offset += MAX(done, 0);
        size -= MAX(done, 0);
    }
}

static int memory_part_post_load(void *opaque, int version_id)
{
    PIC32MemoryPart *part = opaque;

    part->behind = true;
    return 0;
}

const VMStateDescription vmstate_pic32_memory_part = {
    .name = "pic32mz-memory-part",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = memory_part_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(size, PIC32MemoryPart,
                             "the board has another memory part"),
        VMSTATE_VBUFFER_UINT32(data, PIC32MemoryPart, 1, NULL, size),
        VMSTATE_END_OF_LIST()
    }
};
