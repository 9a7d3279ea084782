/*
 * PIC32MZ DMA controller: the special function module
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 10 and DS60001117
 * (PIC32 Family Reference Manual, section 31.3.5).
 *
 * A shift register of PLEN + 1 bits takes the data in at bit 0 while the bit
 * that leaves at the top is XORed in where DCRCXOR has ones: a CRC needs as
 * many zero bits after the message, or the matching seed. BITO only decides
 * which bit of a byte comes first; the register is not mirrored.
 * The IP header checksum adds little-endian half-words in one's complement.
 *
 * Our own assumption where the manuals are silent: BYTO swaps within a
 * transaction of 2 bytes what there is to swap, and leaves single bytes alone.
 *
 * Left out: nothing known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "pic32mz_dma_internal.h"

enum { BYTO_NONE, BYTO_WORD, BYTO_HALF_WORDS, BYTO_IN_HALF_WORD };

static uint32_t crc_con(const PIC32Dma *s)
{
    return pic32_sfr_get(&s->regs, A_DCRCCON);
}

bool pic32_dma_crc_attached(const PIC32Dma *s, unsigned channel)
{
    return FIELD_EX32(crc_con(s), DCRCCON, CRCEN) &&
           FIELD_EX32(crc_con(s), DCRCCON, CRCCH) == channel;
}

uint32_t pic32_dma_crc_result(const PIC32Dma *s)
{
    uint32_t data = pic32_sfr_get(&s->regs, A_DCRCDATA);

    if (FIELD_EX32(crc_con(s), DCRCCON, CRCTYP)) {
        return ~data & 0xffff;
    }
    return extract32(data, 0, FIELD_EX32(crc_con(s), DCRCCON, PLEN) + 1);
}

static void crc_shift(PIC32Dma *s, uint8_t byte)
{
    unsigned top = FIELD_EX32(crc_con(s), DCRCCON, PLEN);
    uint32_t taps = pic32_sfr_get(&s->regs, A_DCRCXOR);
    uint32_t data = pic32_sfr_get(&s->regs, A_DCRCDATA);
    int bit;

    for (bit = 7; bit >= 0; bit--) {
        bool out = extract32(data, top, 1);

        data = (data << 1 | extract32(byte, bit, 1)) ^ (out ? taps : 0);
    }
    pic32_sfr_set(&s->regs, A_DCRCDATA, extract32(data, 0, top + 1));
}

static void crc_add(PIC32Dma *s, uint8_t byte)
{
    uint32_t sum = pic32_sfr_get(&s->regs, A_DCRCDATA) & 0xffff;

    sum += s->crc_odd ? byte << 8 : byte;
    s->crc_odd = !s->crc_odd;
    pic32_sfr_set(&s->regs, A_DCRCDATA, (sum & 0xffff) + (sum >> 16));
}

static void crc_reorder(uint8_t *data, unsigned len, unsigned byto)
{
    if (len == 2 && (byto == BYTO_WORD || byto == BYTO_IN_HALF_WORD)) {
        stw_le_p(data, bswap16(lduw_le_p(data)));
    } else if (len == 4) {
        uint32_t word = ldl_le_p(data);

        if (byto == BYTO_WORD || byto == BYTO_IN_HALF_WORD) {
            word = bswap32(word);
        }
        if (byto == BYTO_HALF_WORDS || byto == BYTO_IN_HALF_WORD) {
            word = rol32(word, 16);
        }
        stl_le_p(data, word);
    }
}

void pic32_dma_crc_feed(PIC32Dma *s, uint8_t *data, unsigned len)
{
    uint8_t seen[4];
    unsigned i;

    memcpy(seen, data, len);
    crc_reorder(seen, len, FIELD_EX32(crc_con(s), DCRCCON, BYTO));
    if (FIELD_EX32(crc_con(s), DCRCCON, WBO)) {
        memcpy(data, seen, len);
    }
    if (FIELD_EX32(crc_con(s), DCRCCON, BITO)) {
        for (i = 0; i < len; i++) {
            seen[i] = revbit8(seen[i]);
        }
    }
    for (i = 0; i < len; i++) {
        if (FIELD_EX32(crc_con(s), DCRCCON, CRCTYP)) {
            crc_add(s, seen[i]);
        } else {
            crc_shift(s, seen[i]);
        }
    }
}
