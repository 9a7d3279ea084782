/*
 * PIC32MZ DMA controller: what its files share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_DMA_INTERNAL_H
#define HW_MIPS_PIC32MZ_DMA_INTERNAL_H

#include "hw/clock.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "pic32mz_dma.h"
#include "pic32mz_evic.h"
#include "pic32mz_sfr.h"

REG32(DMACON, 0x000)
    FIELD(DMACON, DMABUSY, 11, 1)
    FIELD(DMACON, SUSPEND, 12, 1)
    FIELD(DMACON, ON, 15, 1)
REG32(DMASTAT, 0x010)
    FIELD(DMASTAT, DMACH, 0, 3)
    FIELD(DMASTAT, RDWR, 31, 1)
REG32(DMAADDR, 0x020)
REG32(DCRCCON, 0x030)
    FIELD(DCRCCON, CRCCH, 0, 3)
    FIELD(DCRCCON, CRCTYP, 5, 1)
    FIELD(DCRCCON, CRCAPP, 6, 1)
    FIELD(DCRCCON, CRCEN, 7, 1)
    FIELD(DCRCCON, PLEN, 8, 5)
    FIELD(DCRCCON, BITO, 24, 1)
    FIELD(DCRCCON, WBO, 27, 1)
    FIELD(DCRCCON, BYTO, 28, 2)
REG32(DCRCDATA, 0x040)
REG32(DCRCXOR, 0x050)

/* Channel 0; the registers of channel n are n * CHANNEL_STRIDE further. */
REG32(DCHCON, 0x060)
    FIELD(DCHCON, CHPRI, 0, 2)
    FIELD(DCHCON, CHEDET, 2, 1)
    FIELD(DCHCON, CHAEN, 4, 1)
    FIELD(DCHCON, CHCHN, 5, 1)
    FIELD(DCHCON, CHAED, 6, 1)
    FIELD(DCHCON, CHEN, 7, 1)
    FIELD(DCHCON, CHCHNS, 8, 1)
    FIELD(DCHCON, CHPATLEN, 11, 1)
    FIELD(DCHCON, CHPIGNEN, 13, 1)
    FIELD(DCHCON, CHBUSY, 15, 1)
    FIELD(DCHCON, CHPIGN, 24, 8)
REG32(DCHECON, 0x070)
    FIELD(DCHECON, AIRQEN, 3, 1)
    FIELD(DCHECON, SIRQEN, 4, 1)
    FIELD(DCHECON, PATEN, 5, 1)
    FIELD(DCHECON, CABORT, 6, 1)
    FIELD(DCHECON, CFORCE, 7, 1)
    FIELD(DCHECON, CHSIRQ, 8, 8)
    FIELD(DCHECON, CHAIRQ, 16, 8)
REG32(DCHINT, 0x080)
    FIELD(DCHINT, CHERIF, 0, 1)
    FIELD(DCHINT, CHTAIF, 1, 1)
    FIELD(DCHINT, CHCCIF, 2, 1)
    FIELD(DCHINT, CHBCIF, 3, 1)
    FIELD(DCHINT, CHDHIF, 4, 1)
    FIELD(DCHINT, CHDDIF, 5, 1)
    FIELD(DCHINT, CHSHIF, 6, 1)
    FIELD(DCHINT, CHSDIF, 7, 1)
REG32(DCHSSA, 0x090)
REG32(DCHDSA, 0x0a0)
REG32(DCHSSIZ, 0x0b0)
REG32(DCHDSIZ, 0x0c0)
REG32(DCHSPTR, 0x0d0)
REG32(DCHDPTR, 0x0e0)
REG32(DCHCSIZ, 0x0f0)
REG32(DCHCPTR, 0x100)
REG32(DCHDAT, 0x110)

#define CHANNEL_STRIDE  0x0c0
#define CHANNEL_REGS    12
#define NO_CHANNEL      (-1)

typedef struct PIC32DmaChannel {
    bool pending;           /* a start event waits: CHEDET */
    bool in_cell;           /* a cell transfer has begun */
    bool asked;             /* by an event whose first transaction is to come */
    uint8_t matched;        /* bytes of the pattern that have gone by */
    int64_t ready;          /* virtual time of the start event, ns */
} PIC32DmaChannel;

struct PIC32Dma {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *sysclk;
    PIC32Evic *evic;
    PIC32EvicWatch watch;
    qemu_irq irq[PIC32_DMA_CHANNELS];

    PIC32DmaChannel channel[PIC32_DMA_CHANNELS];
    int8_t on_bus;          /* channel of the transaction under way */
    int8_t last_on_bus;     /* round robin goes on after it */
    int64_t bus_free;       /* when that transaction ends, virtual ns */
    QEMUTimer *timer;
    int64_t acted;          /* when it last fired, virtual ns */
    bool crc_odd;           /* a half-word's upper byte comes next */
    bool running;           /* transactions are being carried out */
};

static inline uint32_t pic32_dma_reg(const PIC32Dma *s, unsigned channel,
                                     hwaddr offset)
{
    return pic32_sfr_get(&s->regs, offset + channel * CHANNEL_STRIDE);
}

static inline void pic32_dma_set(PIC32Dma *s, unsigned channel, hwaddr offset,
                                 uint32_t value)
{
    pic32_sfr_set(&s->regs, offset + channel * CHANNEL_STRIDE, value);
}

static inline bool pic32_dma_enabled(const PIC32Dma *s, unsigned channel)
{
    return FIELD_EX32(pic32_dma_reg(s, channel, A_DCHCON), DCHCON, CHEN);
}

/* pic32mz_dma.c */
/* Sets flags of DCHxINT. */
void pic32_dma_raise(PIC32Dma *s, unsigned channel, uint32_t flags);
/* A start event, if the start interrupt is a level that is high. */
void pic32_dma_start_by_level(PIC32Dma *s, unsigned channel);
void pic32_dma_enable(PIC32Dma *s, unsigned channel, bool enable);
/* The pointers go back to the start; no cell transfer is under way. */
void pic32_dma_rewind(PIC32Dma *s, unsigned channel);

/* pic32mz_dma_bus.c */
/* Carries out what is due by now; with memory_only, up to the first register. */
void pic32_dma_run(PIC32Dma *s, bool memory_only);
/* Gives the bus to the next channel, if it is free. */
void pic32_dma_schedule(PIC32Dma *s);
/* Takes the bus from a channel; its transaction does not happen. */
void pic32_dma_leave_bus(PIC32Dma *s, int channel);

/* pic32mz_dma_crc.c */
/* Whether the special function module sees this channel's data. */
bool pic32_dma_crc_attached(const PIC32Dma *s, unsigned channel);
/*
 * Takes the len (1, 2 or 4) bytes of a transaction in, and puts them in the
 * order in which the destination gets them.
 */
void pic32_dma_crc_feed(PIC32Dma *s, uint8_t *data, unsigned len);
uint32_t pic32_dma_crc_result(const PIC32Dma *s);

#endif
