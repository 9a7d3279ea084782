/*
 * Memory parts on the board: what a serial flash or EEPROM holds
 *
 * The content lives in the emulator and is in every snapshot. A raw image of
 * the whole part may fill it at start; an image that is kept also gets what
 * the chip writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_MEMORY_PART_H
#define HW_MIPS_PIC32MZ_MEMORY_PART_H

#include "hw/qdev-properties.h"
#include "migration/vmstate.h"

typedef struct PIC32MemoryPart {
    char *image;            /* file; NULL: erased */
    bool keep;              /* the file gets what is written */
    int fd;                 /* of the file while it is kept, else -1 */
    bool said_error;
    bool behind;            /* the file has not all, as after a snapshot */
    uint8_t *data;
    uint32_t size;
} PIC32MemoryPart;

/* Makes a part of size bytes; false: its image is missing or does not fit. */
bool pic32_memory_part_init(PIC32MemoryPart *part, uint32_t size,
                            Error **errp);

/* Bytes of data have been written. */
void pic32_memory_part_changed(PIC32MemoryPart *part, uint32_t offset,
                               uint32_t size);

/* For a device's properties. */
#define DEFINE_PIC32_MEMORY_PART_PROPERTIES(_field, _state) \
    DEFINE_PROP_STRING("image", _state, _field.image), \
    DEFINE_PROP_BOOL("keep", _state, _field.keep, false)

extern const VMStateDescription vmstate_pic32_memory_part;

#define VMSTATE_PIC32_MEMORY_PART(_field, _state) \
    VMSTATE_STRUCT(_field, _state, 1, vmstate_pic32_memory_part, \
                   PIC32MemoryPart)

#endif
