/*
 * PIC32MZ EF family: what a chip's name says
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "pic32mz_chip.h"

/*
 * PIC32MZ0512EFE064 to PIC32MZ2048EFM144. Device IDs: flash programming
 * specification, DS60001145: they run through the family with the pin count,
 * the feature letter and the memory size.
 */
bool pic32_chip_parse(const char *name, PIC32Chip *chip)
{
    static const struct {
        unsigned pins, id;
    } packages[] = {
        { 64, 0x01 }, { 100, 0x0b }, { 124, 0x15 }, { 144, 0x1f },
    };
    unsigned flash, pins, i, id, size_id;
    char feature;
    int end = 0;

    if (strlen(name) != strlen("PIC32MZ2048EFH144") ||
        sscanf(name, "PIC32MZ%4uEF%c%3u%n", &flash, &feature, &pins,
               &end) != 3 || name[end] ||
        !strchr("EFGHKM", feature)) {
        return false;
    }
    for (i = 0; i < ARRAY_SIZE(packages) && packages[i].pins != pins; i++) {
        continue;
    }
    if (i == ARRAY_SIZE(packages)) {
        return false;
    }
    id = packages[i].id + (strchr("FH", feature) ? 0x05 :
                           strchr("KM", feature) ? 0x2d : 0);
    if (strchr("EFK", feature)) {
        if (flash != 512 && flash != 1024) {
            return false;
        }
        size_id = flash == 512 ? 0 : 1;
        chip->ram_size = flash == 512 ? 128 * KiB : 256 * KiB;
    } else {
        if (flash != 1024 && flash != 2048) {
            return false;
        }
        size_id = flash == 1024 ? 2 : 3;
        chip->ram_size = 512 * KiB;
    }
    chip->flash_size = flash * KiB;
    chip->devid = 0x07200053 | (id + size_id) << 12;
    chip->pins = pins;
    chip->crypto = strchr("KM", feature);
    return true;
}
