/*
 * PIC32MZ input capture, IC1 to IC9
 *
 * Models section 15 "Input Capture" of the PIC32 Family Reference Manual
 * (DS60001122) and DS60001320 chapter 17: all modes with 16 and 32 bits, time
 * base by ICTMR and CFGCON.ICACLK, prescaler, FIFO of four captures, capture
 * and error interrupts. A capture is the timer's count at the very time of the
 * edge.
 *
 * The capture interrupt lasts while the FIFO holds at least as many captures
 * as ICI asks for, the error interrupt while ICOV is set (DS60001320 table
 * 7-2: both are persistent). In the edge detect mode every edge is an interrupt
 * of its own, and a full FIFO is no error.
 *
 * Left out: stop in idle (SIDL) and wake-up; the two to three clocks by which
 * the chip synchronizes its input; the interrupt-only mode does not tell
 * running from sleep and idle.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_ic.h"

REG32(CON, 0x00)
    FIELD(CON, ICM, 0, 3)
    FIELD(CON, ICBNE, 3, 1)
    FIELD(CON, ICOV, 4, 1)
    FIELD(CON, ICI, 5, 2)
    FIELD(CON, ICTMR, 7, 1)
    FIELD(CON, C32, 8, 1)
    FIELD(CON, FEDGE, 9, 1)
    FIELD(CON, SIDL, 13, 1)
    FIELD(CON, ON, 15, 1)
REG32(BUF, 0x10)

enum {
    ICM_OFF, ICM_EDGE_DETECT, ICM_FALLING, ICM_RISING, ICM_RISING_4,
    ICM_RISING_16, ICM_EVERY, ICM_INTERRUPT,
};

static const PIC32SfrDef ic_defs[] = {
    { "ICxCON", A_CON, 0, 0xA3E7, false },
    { "ICxBUF", A_BUF, 0, 0, true },
};

static uint32_t ic_con(PIC32Ic *s)
{
    return pic32_sfr_get(&s->regs, A_CON);
}

/* ICM; ICM_OFF while the module is off. */
static unsigned ic_mode(PIC32Ic *s)
{
    return FIELD_EX32(ic_con(s), CON, ON) ? FIELD_EX32(ic_con(s), CON, ICM)
                                          : ICM_OFF;
}

static void ic_update_irq(PIC32Ic *s)
{
    unsigned mode = ic_mode(s);

    if (mode != ICM_EDGE_DETECT && mode != ICM_INTERRUPT) {
        qemu_set_irq(s->capture_irq,
                     s->captures > FIELD_EX32(ic_con(s), CON, ICI));
    }
    qemu_set_irq(s->error_irq, s->overflow);
}

/* Table 17-1: ICTMR = 1 is the even timer, and so are 32 bits. */
static uint32_t ic_count(PIC32Ic *s)
{
    uint32_t con = ic_con(s);
    bool wide = FIELD_EX32(con, CON, C32);
    bool odd = !wide && !FIELD_EX32(con, CON, ICTMR);
    PIC32Timer *timer = s->timer[pic32_cfg_icaclk(s->cfg) * 2 + odd];
    uint32_t count = pic32_timer_count(timer, pic32_pps_edge_ns(s->pps));

    return wide ? count : (uint16_t)count;
}

static void ic_capture(PIC32Ic *s)
{
    bool edge_detect = ic_mode(s) == ICM_EDGE_DETECT;

    if (s->captures < PIC32_IC_FIFO && !s->overflow) {
        s->fifo[s->captures++] = ic_count(s);
    } else if (!edge_detect) {
        /* FRM 15.6: no captures until the FIFO has been emptied. */
        s->overflow = true;
    }
    if (edge_detect) {
        qemu_irq_pulse(s->capture_irq);
    }
    ic_update_irq(s);
}

/* Whether the prescaler of a mode lets a rising edge through. */
static bool ic_prescaled(PIC32Ic *s, unsigned edges)
{
    s->prescaler++;
    if (s->prescaler < edges) {
        return false;
    }
    s->prescaler = 0;
    return true;
}

static void ic_edge(PIC32Ic *s, bool rising)
{
    bool capture = false;

    switch (ic_mode(s)) {
    case ICM_EDGE_DETECT:
        capture = true;
        break;
    case ICM_FALLING:
        capture = !rising;
        break;
    case ICM_RISING:
        capture = rising;
        break;
    case ICM_RISING_4:
        capture = rising && ic_prescaled(s, 4);
        break;
    case ICM_RISING_16:
        capture = rising && ic_prescaled(s, 16);
        break;
    case ICM_EVERY:
        s->begun |= rising == FIELD_EX32(ic_con(s), CON, FEDGE);
        capture = s->begun;
        break;
    case ICM_INTERRUPT:
        if (rising) {
            qemu_irq_pulse(s->capture_irq);
        }
        break;
    }
    if (capture) {
        ic_capture(s);
    }
}

static void ic_pin_level(void *opaque, int level)
{
    PIC32Ic *s = opaque;

    if (level != s->pin) {
        s->pin = level;
        ic_edge(s, level);
    }
}

static bool ic_heeds(void *opaque)
{
    return ic_mode(opaque) != ICM_OFF;
}

static void ic_clear(PIC32Ic *s)
{
    s->captures = 0;
    s->overflow = false;
    s->prescaler = 0;
    s->begun = false;
}

static uint32_t ic_read_buf(PIC32Ic *s)
{
    uint32_t capture = s->fifo[0];

    if (s->captures) {
        s->captures--;
        memmove(s->fifo, s->fifo + 1, sizeof(s->fifo) - sizeof(s->fifo[0]));
        s->fifo[PIC32_IC_FIFO - 1] = 0;
        if (!s->captures) {
            s->overflow = false;
        }
        ic_update_irq(s);
    }
    return capture;
}

static uint32_t ic_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Ic *s = opaque;
    uint32_t con = ic_con(s);

    if (offset == A_BUF) {
        return ic_read_buf(s);
    }
    con = FIELD_DP32(con, CON, ICBNE, s->captures > 0);
    return FIELD_DP32(con, CON, ICOV, s->overflow);
}

static void ic_write(void *opaque, hwaddr offset, uint32_t old,
                     uint32_t value)
{
    PIC32Ic *s = opaque;

    if (offset != A_CON) {
        return;
    }
    /* Up to now the old mode saw the pin. */
    pic32_sfr_set(&s->regs, A_CON, old);
    pic32_pps_look(s->pps, s->input);
    pic32_sfr_set(&s->regs, A_CON, value);
    if (ic_mode(s) == ICM_OFF) {
        ic_clear(s);
        qemu_set_irq(s->capture_irq, 0);
    } else if (FIELD_EX32(old, CON, ICM) != FIELD_EX32(value, CON, ICM)) {
        s->begun = false;
    }
    ic_update_irq(s);
    pic32_pps_look(s->pps, s->input);
}

static const PIC32SfrOps ic_ops = {
    .read = ic_read,
    .write = ic_write,
};

/* Device */

static void ic_reset_enter(Object *obj, ResetType type)
{
    PIC32Ic *s = PIC32_IC(obj);

    pic32_sfr_reset(&s->regs);
    memset(s->fifo, 0, sizeof(s->fifo));
    ic_clear(s);
}

static void ic_reset_hold(Object *obj)
{
    PIC32Ic *s = PIC32_IC(obj);

    qemu_set_irq(s->capture_irq, 0);
    ic_update_irq(s);
}

static void ic_init(Object *obj)
{
    PIC32Ic *s = PIC32_IC(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->capture_irq);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->error_irq);
}

static void ic_realize(DeviceState *dev, Error **errp)
{
    PIC32Ic *s = PIC32_IC(dev);
    g_autofree char *name = g_strdup_printf("%s%u", TYPE_PIC32_IC, s->index);

    if (s->index < 1 || s->index > 9) {
        error_setg(errp, "index %u: input captures are 1 to 9", s->index);
        return;
    }
    assert(s->cfg && s->pps && s->timer[0] && s->timer[1] && s->timer[2]
           && s->timer[3]);
    s->input = g_strdup_printf("IC%u", s->index);
    pic32_sfr_init(&s->regs, OBJECT(s), name, PIC32_IC_SIZE, ic_defs,
                   ARRAY_SIZE(ic_defs), &ic_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->regs.iomem);
    pic32_pps_watch_input(s->pps, s->input, ic_pin_level, ic_heeds, s);
}

static const VMStateDescription vmstate_ic = {
    .name = TYPE_PIC32_IC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Ic),
        VMSTATE_UINT32_ARRAY(fifo, PIC32Ic, PIC32_IC_FIFO),
        VMSTATE_UINT8(captures, PIC32Ic),
        VMSTATE_BOOL(overflow, PIC32Ic),
        VMSTATE_UINT8(prescaler, PIC32Ic),
        VMSTATE_BOOL(begun, PIC32Ic),
        VMSTATE_UINT8(pin, PIC32Ic),
        VMSTATE_END_OF_LIST()
    }
};

static Property ic_properties[] = {
    DEFINE_PROP_UINT32("index", PIC32Ic, index, 0),
    DEFINE_PROP_LINK("cfg", PIC32Ic, cfg, TYPE_PIC32_CFG, PIC32Cfg *),
    DEFINE_PROP_LINK("pps", PIC32Ic, pps, TYPE_PIC32_PPS, PIC32Pps *),
    DEFINE_PROP_LINK("timer0", PIC32Ic, timer[0], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_LINK("timer1", PIC32Ic, timer[1], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_LINK("timer2", PIC32Ic, timer[2], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_LINK("timer3", PIC32Ic, timer[3], TYPE_PIC32_TIMER,
                     PIC32Timer *),
    DEFINE_PROP_END_OF_LIST(),
};

static void ic_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = ic_realize;
    dc->vmsd = &vmstate_ic;
    rc->phases.enter = ic_reset_enter;
    rc->phases.hold = ic_reset_hold;
    device_class_set_props(dc, ic_properties);
}

static const TypeInfo ic_types[] = {
    {
        .name = TYPE_PIC32_IC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Ic),
        .instance_init = ic_init,
        .class_init = ic_class_init,
    },
};

DEFINE_TYPES(ic_types)
