/*
 * Loader of firmware images: Intel HEX and ELF
 *
 * Only flash is loaded. XC32's ELF files have segments for RAM and even for
 * special function registers, which start-up code fills itself. QEMU's own
 * loaders are not used: they write the image again at every reset and would
 * undo what the firmware has programmed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "elf.h"
#include "pic32mz_image.h"

#define KSEG_MASK 0x1fffffff

static bool image_put(const char *path, uint32_t address, const uint8_t *data,
                      uint32_t size, PIC32FlashAt *flash_at, void *opaque,
                      Error **errp)
{
    while (size) {
        /* a quad word at a time, as a segment may span both flash panels */
        uint32_t length = MIN(size, 16 - address % 16);
        uint8_t *flash = flash_at(opaque, address & KSEG_MASK, length);

        if (!flash) {
            error_setg(errp, "%s: address 0x%08x is outside this chip's flash: "
                       "is the image for another chip?", path, address);
            return false;
        }
        memcpy(flash, data, length);
        address += length;
        data += length;
        size -= length;
    }
    return true;
}

/* Decodes a HEX record's bytes (count, address, type, data, checksum). */
static int hex_record(const char *text, uint8_t bytes[260])
{
    unsigned n = 0, i;
    uint8_t sum = 0;

    if (*text++ != ':') {
        return -1;
    }
    while (n < 260 && g_ascii_isxdigit(text[0]) && g_ascii_isxdigit(text[1])) {
        bytes[n++] = g_ascii_xdigit_value(text[0]) << 4 |
                     g_ascii_xdigit_value(text[1]);
        text += 2;
    }
    for (i = 0; i < n; i++) {
        sum += bytes[i];
    }
    return n >= 5 && n == bytes[0] + 5u && !sum && !*text ? (int)n : -1;
}

static bool image_load_hex(const char *path, char *text, PIC32FlashAt *flash_at,
                           void *opaque, Error **errp)
{
    uint32_t base = 0;
    unsigned line_number = 0;
    char *line;

    while ((line = strsep(&text, "\n"))) {
        uint8_t bytes[260];

        line_number++;
        g_strstrip(line);
        if (!*line) {
            continue;
        }
        if (hex_record(line, bytes) < 0) {
            error_setg(errp, "%s:%u: not an Intel HEX record", path,
                       line_number);
            return false;
        }
        switch (bytes[3]) {
        case 0:
            if (!image_put(path, base + lduw_be_p(bytes + 1), bytes + 4,
                           bytes[0], flash_at, opaque, errp)) {
                return false;
            }
            break;
        case 1:
            return true;
        case 2:
            base = lduw_be_p(bytes + 4) << 4;
            break;
        case 4:
            base = (uint32_t)lduw_be_p(bytes + 4) << 16;
            break;
        case 3:
        case 5:
            break;          /* start addresses: the chip starts at reset */
        default:
            error_setg(errp, "%s:%u: HEX record of unknown type %u", path,
                       line_number, bytes[3]);
            return false;
        }
    }
    error_setg(errp, "%s: the HEX file has no end record: is it complete?",
               path);
    return false;
}

static bool image_load_elf(const char *path, const uint8_t *data, gsize size,
                           PIC32FlashAt *flash_at, void *opaque, Error **errp)
{
    Elf32_Ehdr ehdr;
    bool loaded = false;
    unsigned i;

    if (size < sizeof(ehdr)) {
        error_setg(errp, "%s: the ELF file is truncated", path);
        return false;
    }
    memcpy(&ehdr, data, sizeof(ehdr));
    if (ehdr.e_ident[EI_CLASS] != ELFCLASS32 ||
        ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
        le16_to_cpu(ehdr.e_machine) != EM_MIPS) {
        error_setg(errp, "%s: not a 32-bit little-endian MIPS ELF file", path);
        return false;
    }
    for (i = 0; i < le16_to_cpu(ehdr.e_phnum); i++) {
        uint64_t at = le32_to_cpu(ehdr.e_phoff) +
                      (uint64_t)i * le16_to_cpu(ehdr.e_phentsize);
        uint32_t offset, filesz, paddr;
        Elf32_Phdr phdr;

        if (at + sizeof(phdr) > size) {
            error_setg(errp, "%s: the ELF file is truncated", path);
            return false;
        }
        memcpy(&phdr, data + at, sizeof(phdr));
        offset = le32_to_cpu(phdr.p_offset);
        filesz = le32_to_cpu(phdr.p_filesz);
        paddr = le32_to_cpu(phdr.p_paddr);
        if (le32_to_cpu(phdr.p_type) != PT_LOAD || !filesz) {
            continue;
        }
        if ((uint64_t)offset + filesz > size) {
            error_setg(errp, "%s: the ELF file is truncated", path);
            return false;
        }
        if ((paddr & KSEG_MASK) < 0x1d000000 ||
            ((paddr & KSEG_MASK) >= 0x1f800000 &&
             (paddr & KSEG_MASK) < 0x1fc00000)) {
            continue;       /* RAM, registers: start-up's own work */
        }
        if (!image_put(path, paddr, data + offset, filesz, flash_at, opaque,
                       errp)) {
            return false;
        }
        loaded = true;
    }
    if (!loaded) {
        error_setg(errp, "%s: the ELF file has nothing for the chip's flash",
                   path);
    }
    return loaded;
}

bool pic32_image_load(const char *path, PIC32FlashAt *flash_at, void *opaque,
                      Error **errp)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    if (size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG)) {
        return image_load_elf(path, (uint8_t *)data, size, flash_at, opaque,
                              errp);
    }
    return image_load_hex(path, data, flash_at, opaque, errp);
}
