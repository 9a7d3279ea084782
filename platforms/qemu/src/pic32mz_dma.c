/*
 * PIC32MZ DMA controller
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 10 and DS60001117
 * (PIC32 Family Reference Manual, section 31): eight channels, cell and block
 * transfers, chaining, automatic enable, pattern match, CRC and checksum.
 * This file has the registers, the events and the interrupts;
 * pic32mz_dma_bus.c moves the data, pic32mz_dma_crc.c computes CRCs.
 *
 * Start and abort events are the interrupt sources' own, enabled or not. A
 * source that stays active (UART, SPI: their flags are persistent) starts one
 * cell transfer after the other until it is satisfied. One event can wait
 * while a cell transfer is under way (CHEDET).
 *
 * Our own assumptions where the manuals are silent: the lower byte of CHPDAT
 * is the first of a pattern of two; append mode ends a block with the source
 * and writes DCRCDATA's four bytes, or fewer when CHDSIZ is less; an abort
 * clears CHEN also with CHAEN set; an address error leaves the pointers where
 * they are; with ON clear events are kept and nothing moves.
 *
 * Left out: stop in idle and debug; setting an interrupt flag by software is
 * no event; time is an estimate (see pic32mz_dma_bus.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_dma_internal.h"

#define MMIO_SIZE       (A_DCHCON + PIC32_DMA_CHANNELS * CHANNEL_STRIDE)
#define N_DEFS          (6 + PIC32_DMA_CHANNELS * CHANNEL_REGS)
#define IRQ_NONE        0xff    /* reset value of CHSIRQ and CHAIRQ */

static PIC32SfrDef dma_defs[N_DEFS];

static void dma_fill_defs(void)
{
    static const PIC32SfrDef common[] = {
        { "DMACON", A_DMACON, .writable = 0x9000 },
        { "DMASTAT", A_DMASTAT, .writable = 0 },
        { "DMAADDR", A_DMAADDR, .writable = 0 },
        { "DCRCCON", A_DCRCCON, .writable = 0x39001fe7 },
        { "DCRCDATA", A_DCRCDATA, .writable = UINT32_MAX },
        { "DCRCXOR", A_DCRCXOR, .writable = UINT32_MAX },
    };
    static const PIC32SfrDef channel[CHANNEL_REGS] = {
        { "DCHxCON", A_DCHCON, .writable = 0xff0029f3 },
        { "DCHxECON", A_DCHECON, .reset = IRQ_NONE << 16 | IRQ_NONE << 8,
          .writable = 0x00fffff8 },
        { "DCHxINT", A_DCHINT, .writable = 0x00ff00ff },
        { "DCHxSSA", A_DCHSSA, .writable = UINT32_MAX },
        { "DCHxDSA", A_DCHDSA, .writable = UINT32_MAX },
        { "DCHxSSIZ", A_DCHSSIZ, .writable = UINT16_MAX },
        { "DCHxDSIZ", A_DCHDSIZ, .writable = UINT16_MAX },
        { "DCHxSPTR", A_DCHSPTR, .writable = 0 },
        { "DCHxDPTR", A_DCHDPTR, .writable = 0 },
        { "DCHxCSIZ", A_DCHCSIZ, .writable = UINT16_MAX },
        { "DCHxCPTR", A_DCHCPTR, .writable = 0 },
        { "DCHxDAT", A_DCHDAT, .writable = UINT16_MAX },
    };
    unsigned i, n;

    memcpy(dma_defs, common, sizeof(common));
    for (i = 0; i < PIC32_DMA_CHANNELS; i++) {
        PIC32SfrDef *def = dma_defs + ARRAY_SIZE(common) + i * CHANNEL_REGS;

        memcpy(def, channel, sizeof(channel));
        for (n = 0; n < CHANNEL_REGS; n++) {
            def[n].offset += i * CHANNEL_STRIDE;
        }
    }
}

/* --- interrupts */

static void dma_update_irq(PIC32Dma *s, unsigned channel)
{
    uint32_t flags = pic32_dma_reg(s, channel, A_DCHINT);

    qemu_set_irq(s->irq[channel], (flags & flags >> 16 & 0xff) != 0);
}

void pic32_dma_raise(PIC32Dma *s, unsigned channel, uint32_t flags)
{
    pic32_dma_set(s, channel, A_DCHINT,
                  pic32_dma_reg(s, channel, A_DCHINT) | flags);
    dma_update_irq(s, channel);
}

/* --- events */

static bool dma_takes_events(const PIC32Dma *s, unsigned channel)
{
    return pic32_dma_enabled(s, channel) ||
           FIELD_EX32(pic32_dma_reg(s, channel, A_DCHCON), DCHCON, CHAED);
}

static void dma_start(PIC32Dma *s, unsigned channel)
{
    PIC32DmaChannel *c = &s->channel[channel];

    if (dma_takes_events(s, channel) && !c->pending) {
        c->pending = true;
        c->ready = s->running ? s->bus_free
                              : qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    }
}

void pic32_dma_start_by_level(PIC32Dma *s, unsigned channel)
{
    uint32_t econ = pic32_dma_reg(s, channel, A_DCHECON);
    unsigned vector = FIELD_EX32(econ, DCHECON, CHSIRQ);

    if (FIELD_EX32(econ, DCHECON, SIRQEN) && vector < PIC32_EVIC_VECTORS &&
        pic32_evic_active(s->evic, vector)) {
        dma_start(s, channel);
    }
}

void pic32_dma_rewind(PIC32Dma *s, unsigned channel)
{
    pic32_dma_set(s, channel, A_DCHSPTR, 0);
    pic32_dma_set(s, channel, A_DCHDPTR, 0);
    pic32_dma_set(s, channel, A_DCHCPTR, 0);
    s->channel[channel].in_cell = false;
    s->channel[channel].matched = 0;
}

static void dma_enable_changed(PIC32Dma *s, unsigned channel)
{
    if (pic32_dma_enabled(s, channel)) {
        pic32_dma_start_by_level(s, channel);
    } else if (!dma_takes_events(s, channel)) {
        s->channel[channel].pending = false;
    }
}

void pic32_dma_enable(PIC32Dma *s, unsigned channel, bool enable)
{
    uint32_t con = pic32_dma_reg(s, channel, A_DCHCON);

    if (FIELD_EX32(con, DCHCON, CHEN) != enable) {
        pic32_dma_set(s, channel, A_DCHCON,
                      FIELD_DP32(con, DCHCON, CHEN, enable));
        dma_enable_changed(s, channel);
    }
}

static void dma_abort(PIC32Dma *s, unsigned channel)
{
    bool tell = dma_takes_events(s, channel);

    pic32_dma_leave_bus(s, channel);
    pic32_dma_rewind(s, channel);
    pic32_dma_enable(s, channel, false);
    s->channel[channel].pending = false;
    if (tell) {
        pic32_dma_raise(s, channel, R_DCHINT_CHTAIF_MASK);
    }
}

static void dma_event(void *opaque, int source)
{
    PIC32Dma *s = opaque;
    unsigned vector = source;
    bool taken = false;
    int i;

    for (i = 0; i < PIC32_DMA_CHANNELS; i++) {
        uint32_t econ = pic32_dma_reg(s, i, A_DCHECON);
        bool start = FIELD_EX32(econ, DCHECON, SIRQEN) &&
                     FIELD_EX32(econ, DCHECON, CHSIRQ) == vector;
        bool abort = FIELD_EX32(econ, DCHECON, AIRQEN) &&
                     FIELD_EX32(econ, DCHECON, CHAIRQ) == vector;

        if ((start || abort) && dma_takes_events(s, i)) {
            pic32_dma_run(s, true);
            taken = true;
            if (abort) {
                dma_abort(s, i);
            } else {
                dma_start(s, i);
                s->channel[i].asked = true;
            }
        }
    }
    if (taken) {
        pic32_dma_schedule(s);
    }
}

/* --- registers */

static bool dma_before_write(void *opaque, hwaddr addr, uint32_t data,
                             unsigned size)
{
    pic32_dma_run(opaque, true);
    return false;
}

static uint32_t dma_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Dma *s = opaque;
    uint32_t value;
    int channel;

    pic32_dma_run(s, true);
    value = pic32_sfr_get(&s->regs, offset);
    if (offset == A_DMACON) {
        return FIELD_DP32(value, DMACON, DMABUSY, s->on_bus != NO_CHANNEL);
    }
    if (offset == A_DCRCDATA) {
        return pic32_dma_crc_result(s);
    }
    if (offset < A_DCHCON) {
        return value;
    }
    channel = (offset - A_DCHCON) / CHANNEL_STRIDE;
    if (offset - channel * CHANNEL_STRIDE == A_DCHCON) {
        value = FIELD_DP32(value, DCHCON, CHEDET, s->channel[channel].pending);
        value = FIELD_DP32(value, DCHCON, CHBUSY, s->on_bus == channel ||
                           FIELD_EX32(value, DCHCON, CHEN));
    }
    return value;
}

static void dma_write_econ(PIC32Dma *s, unsigned channel, uint32_t value)
{
    pic32_dma_set(s, channel, A_DCHECON, value & ~(R_DCHECON_CABORT_MASK |
                                                   R_DCHECON_CFORCE_MASK));
    if (FIELD_EX32(value, DCHECON, CABORT)) {
        dma_abort(s, channel);
    }
    if (FIELD_EX32(value, DCHECON, CFORCE)) {
        dma_start(s, channel);
        s->channel[channel].asked = true;
    }
    if (pic32_dma_enabled(s, channel)) {
        pic32_dma_start_by_level(s, channel);
    }
}

/* A new address: its pointer starts over, and so does a channel at rest. */
static void dma_new_address(PIC32Dma *s, unsigned channel, hwaddr pointer)
{
    pic32_dma_set(s, channel, pointer, 0);
    if (!pic32_dma_enabled(s, channel)) {
        pic32_dma_leave_bus(s, channel);
        pic32_dma_rewind(s, channel);
    }
}

static void dma_write_channel(PIC32Dma *s, unsigned channel, hwaddr offset,
                              uint32_t old, uint32_t value)
{
    switch (offset) {
    case A_DCHCON:
        if ((old ^ value) & R_DCHCON_CHEN_MASK) {
            dma_enable_changed(s, channel);
        }
        break;
    case A_DCHECON:
        dma_write_econ(s, channel, value);
        break;
    case A_DCHINT:
        dma_update_irq(s, channel);
        break;
    case A_DCHSSA:
        dma_new_address(s, channel, A_DCHSPTR);
        break;
    case A_DCHDSA:
        dma_new_address(s, channel, A_DCHDPTR);
        break;
    }
}

static void dma_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Dma *s = opaque;

    if (offset == A_DCRCDATA) {
        s->crc_odd = false;
    } else if (offset >= A_DCHCON) {
        unsigned channel = (offset - A_DCHCON) / CHANNEL_STRIDE;

        dma_write_channel(s, channel, offset - channel * CHANNEL_STRIDE, old,
                          value);
    }
    pic32_dma_schedule(s);
}

static const PIC32SfrOps dma_ops = {
    .before_write = dma_before_write,
    .read = dma_read,
    .write = dma_write,
};

/* --- device */

static void dma_timer(void *opaque)
{
    pic32_dma_run(opaque, false);
}

static void dma_reset_enter(Object *obj, ResetType type)
{
    PIC32Dma *s = PIC32_DMA(obj);

    pic32_sfr_reset(&s->regs);
    memset(s->channel, 0, sizeof(s->channel));
    s->on_bus = NO_CHANNEL;
    s->last_on_bus = PIC32_DMA_CHANNELS - 1;
    s->bus_free = 0;
    s->acted = 0;
    s->crc_odd = false;
    timer_del(s->timer);
}

static void dma_reset_hold(Object *obj)
{
    PIC32Dma *s = PIC32_DMA(obj);
    unsigned i;

    for (i = 0; i < PIC32_DMA_CHANNELS; i++) {
        dma_update_irq(s, i);
    }
}

static void dma_init(Object *obj)
{
    PIC32Dma *s = PIC32_DMA(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);
    unsigned i;

    dma_fill_defs();
    s->sysclk = qdev_init_clock_in(DEVICE(obj), "sysclk", NULL, NULL, 0);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_DMA, MMIO_SIZE, dma_defs, N_DEFS,
                   &dma_ops, s);
    sysbus_init_mmio(sbd, &s->regs.iomem);
    for (i = 0; i < PIC32_DMA_CHANNELS; i++) {
        sysbus_init_irq(sbd, &s->irq[i]);
    }
}

static void dma_realize(DeviceState *dev, Error **errp)
{
    PIC32Dma *s = PIC32_DMA(dev);

    if (!s->evic) {
        error_setg(errp, "%s: link 'evic' is not set", TYPE_PIC32_DMA);
        return;
    }
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, dma_timer, s);
    s->watch.event = dma_event;
    s->watch.opaque = s;
    pic32_evic_watch(s->evic, &s->watch);
}

static const VMStateDescription vmstate_dma_channel = {
    .name = TYPE_PIC32_DMA "/channel",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(pending, PIC32DmaChannel),
        VMSTATE_BOOL(in_cell, PIC32DmaChannel),
        VMSTATE_BOOL(asked, PIC32DmaChannel),
        VMSTATE_UINT8(matched, PIC32DmaChannel),
        VMSTATE_INT64(ready, PIC32DmaChannel),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_dma = {
    .name = TYPE_PIC32_DMA,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Dma),
        VMSTATE_CLOCK(sysclk, PIC32Dma),
        VMSTATE_STRUCT_ARRAY(channel, PIC32Dma, PIC32_DMA_CHANNELS, 1,
                             vmstate_dma_channel, PIC32DmaChannel),
        VMSTATE_INT8(on_bus, PIC32Dma),
        VMSTATE_INT8(last_on_bus, PIC32Dma),
        VMSTATE_INT64(bus_free, PIC32Dma),
        VMSTATE_TIMER_PTR(timer, PIC32Dma),
        VMSTATE_INT64(acted, PIC32Dma),
        VMSTATE_BOOL(crc_odd, PIC32Dma),
        VMSTATE_END_OF_LIST()
    }
};

static Property dma_properties[] = {
    DEFINE_PROP_LINK("evic", PIC32Dma, evic, TYPE_PIC32_EVIC, PIC32Evic *),
    DEFINE_PROP_END_OF_LIST(),
};

static void dma_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = dma_realize;
    dc->vmsd = &vmstate_dma;
    dc->desc = "PIC32MZ DMA controller";
    rc->phases.enter = dma_reset_enter;
    rc->phases.hold = dma_reset_hold;
    device_class_set_props(dc, dma_properties);
}

static const TypeInfo dma_types[] = {
    {
        .name = TYPE_PIC32_DMA,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Dma),
        .instance_init = dma_init,
        .class_init = dma_class_init,
    },
};

DEFINE_TYPES(dma_types)
