/*
 * PIC32MZ MII management: the serial bus between the Ethernet MAC and its PHY
 *
 * Models: DS60001155 (PIC32 Family Reference Manual, section 35), MIIM: a
 * transaction takes its 64 MDC clocks, 32 without preamble, in virtual time.
 *
 * Left out: a PHY that needs a preamble answers without one too; a clock that
 * is too fast for the PHY works.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_eth_regs.h"
#include "pic32mz_miim.h"

enum { MIIM_IDLE, MIIM_READ, MIIM_WRITE, MIIM_SCAN };

/* PBCLK5 of the chip at full speed, when the machine connects no clock. */
#define MIIM_DEFAULT_HZ 100000000

static uint32_t miim_reg(PIC32Miim *miim, hwaddr offset)
{
    return pic32_sfr_get(miim->regs, offset);
}

static void miim_start(PIC32Miim *miim, uint8_t op)
{
    /* DS60001320 register 30-36, CLKSEL */
    static const uint8_t divider[16] = {
        4, 4, 6, 8, 10, 14, 20, 28, 40, 48, 50, 50, 50, 50, 50, 50,
    };
    uint32_t mcfg = miim_reg(miim, A_EMAC1MCFG);
    uint64_t hz = clock_get_hz(miim->pbclk) ?: MIIM_DEFAULT_HZ;
    unsigned clocks = FIELD_EX32(mcfg, EMAC1MCFG, NOPRE) ? 32 : 64;
    uint32_t mind = R_EMAC1MIND_MIIMBUSY_MASK;

    clocks *= divider[FIELD_EX32(mcfg, EMAC1MCFG, CLKSEL)];
    if (op == MIIM_SCAN) {
        mind |= R_EMAC1MIND_SCAN_MASK;
    }
    if (miim->op == MIIM_IDLE && op != MIIM_WRITE) {
        mind |= R_EMAC1MIND_NOTVALID_MASK;
    }
    miim->op = op;
    pic32_sfr_set(miim->regs, A_EMAC1MIND, mind |
                  (miim_reg(miim, A_EMAC1MIND) & R_EMAC1MIND_LINKFAIL_MASK));
    timer_mod(miim->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              MAX(muldiv64(clocks, NANOSECONDS_PER_SECOND, hz), 1));
}

static void miim_latch_address(PIC32Miim *miim)
{
    uint32_t madr = miim_reg(miim, A_EMAC1MADR);

    miim->phyaddr = FIELD_EX32(madr, EMAC1MADR, PHYADDR);
    miim->regaddr = FIELD_EX32(madr, EMAC1MADR, REGADDR);
}

static void miim_store(PIC32Miim *miim)
{
    uint16_t data = pic32_phy_read(miim->phy, miim->phyaddr, miim->regaddr);
    uint32_t mind = miim_reg(miim, A_EMAC1MIND);

    pic32_sfr_set(miim->regs, A_EMAC1MRDD, data);
    if (miim->regaddr == 1) {       /* BMSR: its link bit is bit 2 */
        mind = FIELD_DP32(mind, EMAC1MIND, LINKFAIL, !(data & 4));
    }
    pic32_sfr_set(miim->regs, A_EMAC1MIND, mind & ~R_EMAC1MIND_NOTVALID_MASK);
}

static void miim_next_scan(PIC32Miim *miim)
{
    uint32_t top = FIELD_EX32(miim_reg(miim, A_EMAC1MADR), EMAC1MADR, PHYADDR);

    miim->regaddr = FIELD_EX32(miim_reg(miim, A_EMAC1MADR), EMAC1MADR,
                               REGADDR);
    if (FIELD_EX32(miim_reg(miim, A_EMAC1MCFG), EMAC1MCFG, SCANINC)) {
        miim->phyaddr = miim->phyaddr >= top ? MIN(1u, top)
                                              : miim->phyaddr + 1u;
    } else {
        miim->phyaddr = top;
    }
    miim_start(miim, MIIM_SCAN);
}

static void miim_end(PIC32Miim *miim)
{
    miim->op = MIIM_IDLE;
    timer_del(miim->timer);
    pic32_sfr_set(miim->regs, A_EMAC1MIND,
                  miim_reg(miim, A_EMAC1MIND) & R_EMAC1MIND_LINKFAIL_MASK);
}

static void miim_timer(void *opaque)
{
    PIC32Miim *miim = opaque;

    switch (miim->op) {
    case MIIM_WRITE:
        pic32_phy_write(miim->phy, miim->phyaddr, miim->regaddr,
                        miim_reg(miim, A_EMAC1MWTD));
        miim_end(miim);
        break;
    case MIIM_READ:
        miim_store(miim);
        miim_end(miim);
        break;
    case MIIM_SCAN:
        miim_store(miim);
        if (FIELD_EX32(miim_reg(miim, A_EMAC1MCMD), EMAC1MCMD, SCAN)) {
            miim_next_scan(miim);
        } else {
            miim_end(miim);
        }
        break;
    }
}

void pic32_miim_write(PIC32Miim *miim, hwaddr offset, uint32_t value)
{
    if (offset == A_EMAC1MCFG && FIELD_EX32(value, EMAC1MCFG, RESETMGMT)) {
        miim_end(miim);
    }
    if (FIELD_EX32(miim_reg(miim, A_EMAC1MCFG), EMAC1MCFG, RESETMGMT) ||
        miim->op != MIIM_IDLE) {
        return;
    }
    if (offset == A_EMAC1MWTD) {
        miim_latch_address(miim);
        miim_start(miim, MIIM_WRITE);
    } else if (offset == A_EMAC1MCMD && FIELD_EX32(value, EMAC1MCMD, SCAN)) {
        miim->phyaddr = UINT8_MAX;
        miim_next_scan(miim);
    } else if (offset == A_EMAC1MCMD && FIELD_EX32(value, EMAC1MCMD, READ)) {
        miim_latch_address(miim);
        miim_start(miim, MIIM_READ);
    }
}

void pic32_miim_reset(PIC32Miim *miim)
{
    miim_end(miim);
}

void pic32_miim_init(PIC32Miim *miim, PIC32SfrBlock *regs, PIC32Phy *phy,
                     Clock *pbclk)
{
    miim->regs = regs;
    miim->phy = phy;
    miim->pbclk = pbclk;
    miim->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, miim_timer, miim);
}

const VMStateDescription vmstate_pic32_miim = {
    .name = "pic32mz-miim",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT8(op, PIC32Miim),
        VMSTATE_UINT8(phyaddr, PIC32Miim),
        VMSTATE_UINT8(regaddr, PIC32Miim),
        VMSTATE_TIMER_PTR(timer, PIC32Miim),
        VMSTATE_END_OF_LIST()
    }
};
