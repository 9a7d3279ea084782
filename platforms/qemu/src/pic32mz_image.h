/*
 * Loader of firmware images: Intel HEX and ELF
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_IMAGE_H
#define HW_MIPS_PIC32MZ_IMAGE_H

/*
 * Host memory behind the flash address phys (physical), with at least size
 * bytes; NULL where the chip has no flash.
 */
typedef uint8_t *PIC32FlashAt(void *opaque, uint32_t phys, uint32_t size);

/*
 * Puts the flash contents of an image where flash_at says. What an image
 * has for RAM and registers is left to its start-up code. Returns false and
 * sets errp for an image that cannot be this chip's.
 */
bool pic32_image_load(const char *path, PIC32FlashAt *flash_at, void *opaque,
                      Error **errp);

#endif
