/*
 * PIC32MZ I2C
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 20 and DS60001116
 * (PIC32 Family Reference Manual, section 24): the master, and a module as
 * the slave of another one that the board joins to it.
 *
 * Each step of the master (start, repeated start, stop, eight bits with their
 * acknowledge, eight bits received, an acknowledge sent) takes its time on the
 * bus in virtual time and ends with the master interrupt. One step at a time:
 * while one is under way the five bits that ask for others take no write, and
 * I2CxTRN answers with IWCOL.
 *
 * A pin that is held low from outside is a bus collision: SDA or SCL at a
 * start, SDA at a repeated start, at a stop and at every bit that is 1; so is a
 * start while the bus is taken. A module is the slave of another one of this
 * chip if the board joins their pins (pic32mz_i2c_slave.c).
 *
 * Left out: a slave of a foreign master, arbitration between masters, ten-bit
 * addresses (nobody acknowledges them), AHEN, DHEN, BOEN, SBCDE and STRICT
 * (they only keep their values; ADD10 and ACKTIM stay 0), parts on the bus of
 * a joined module, SMBus levels, slew rate, SIDL; the pins show no bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/clock.h"
#include "hw/i2c/i2c.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "pic32mz_i2c_internal.h"

#define MMIO_SIZE       0x200
#define TPGD            104         /* ns: pulse gobbler delay, DS60001116 */
#define STEPS           0x1f        /* SEN to ACKEN */
#define STAT_CLEARABLE  (R_STAT_I2COV_MASK | R_STAT_IWCOL_MASK | \
                         R_STAT_BCL_MASK)

/* What the master is doing; each step takes some half periods of SCL. */
typedef enum I2cStep {
    I2C_IDLE,
    I2C_START,
    I2C_RESTART,
    I2C_STOP,
    I2C_SEND_BITS,
    I2C_SEND_ACK,               /* the ninth clock, behind I2C_SEND_BITS */
    I2C_RECEIVE,
    I2C_ACKNOWLEDGE,
} I2cStep;

static const uint8_t half_periods[] = {
    [I2C_START] = 2,
    [I2C_RESTART] = 3,
    [I2C_STOP] = 3,
    [I2C_SEND_BITS] = 16,
    [I2C_SEND_ACK] = 2,
    [I2C_RECEIVE] = 16,
    [I2C_ACKNOWLEDGE] = 2,
};

/* SCL and SDA; I2C1 of a 64-pin package has others, the rest has none. */
static const struct {
    const char *scl, *sda, *scl_64, *sda_64;
} pin_names[PIC32_N_I2CS] = {
    { "RA14", "RA15", "RD10", "RD9" },
    { "RA2", "RA3", "", "" },
    { "RF8", "RF2", "RF8", "RF2" },
    { "RG8", "RG7", "RG8", "RG7" },
    { "RF5", "RF4", "RF5", "RF4" },
};

/* Whether something outside the chip pulls the line down. */
static bool i2c_held_low(PIC32I2c *s, PIC32Pin pin)
{
    return pic32_ports_outside(s->ports, pin) == 0;
}

/* --- the bus and its devices */

/* Ends the transfer: a stop, or a start that leads to another device. */
static void i2c_let_go(PIC32I2c *s)
{
    i2c_end_transfer(s->bus);
    s->listening = false;
    s->to_slave = false;
}

/* The bus is free again: a joined module sees that as a stop. */
static void i2c_release(PIC32I2c *s)
{
    PIC32I2c *peer = pic32_i2c_joined(s);

    i2c_let_go(s);
    if (s->owner && peer) {
        pic32_i2c_slave_stop(peer);
    }
    s->owner = false;
}

/* The byte has gone out: whether anyone acknowledges it. */
static bool i2c_byte_sent(PIC32I2c *s, uint8_t byte)
{
    PIC32I2c *peer = pic32_i2c_joined(s);

    if (!s->addressing) {
        if (s->to_slave && peer) {
            return !s->reading && pic32_i2c_slave_receive(peer, byte);
        }
        return s->listening && !s->reading && i2c_send(s->bus, byte) == 0;
    }
    s->addressing = false;
    s->reading = byte & 1;
    s->to_slave = false;
    if (s->listening && s->address != byte >> 1) {
        i2c_let_go(s);
    }
    s->address = byte >> 1;
    s->listening = i2c_start_transfer(s->bus, s->address, s->reading) == 0;
    if (!s->listening) {
        i2c_let_go(s);
        s->to_slave = peer && pic32_i2c_slave_address(peer, byte);
    }
    return s->listening || s->to_slave;
}

static void i2c_byte_received(PIC32I2c *s)
{
    PIC32I2c *peer = pic32_i2c_joined(s);
    uint8_t byte = 0xff;

    if (s->to_slave && peer && s->reading) {
        byte = pic32_i2c_slave_transmit(peer);
    } else if (s->listening && s->reading) {
        byte = i2c_recv(s->bus);
    }
    if (FIELD_EX32(i2c_stat(s), STAT, RBF)) {
        qemu_log_mask(LOG_GUEST_ERROR, "I2C%u: overflow: nobody has read"
                      " I2C%uRCV\n", s->index, s->index);
        i2c_set_stat(s, 0, R_STAT_I2COV_MASK);
    } else {
        pic32_sfr_set(&s->regs, A_RCV, byte);
        i2c_set_stat(s, 0, R_STAT_RBF_MASK);
    }
}

/* --- the master's steps */

static void i2c_begin(PIC32I2c *s, I2cStep step, int64_t now)
{
    uint64_t ticks = (uint64_t)pic32_sfr_get(&s->regs, A_BRG) + 2;
    int64_t half = clock_ticks_to_ns(s->pbclk, ticks) + TPGD;

    PIC32I2c *peer = s->to_slave ? pic32_i2c_joined(s) : NULL;

    s->step = step;
    s->end = now + half * half_periods[step];
    s->waiting = peer && pic32_i2c_slave_holds_clock(peer);
    if (!s->waiting) {
        timer_mod(s->timer, s->end);
    }
}

void pic32_i2c_resume(PIC32I2c *s)
{
    if (s->waiting) {
        i2c_begin(s, s->step, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

static void i2c_idle(PIC32I2c *s)
{
    timer_del(s->timer);
    s->step = I2C_IDLE;
    s->waiting = false;
    pic32_sfr_set(&s->regs, A_CON, i2c_con(s) & ~STEPS);
    i2c_set_stat(s, R_STAT_TBF_MASK | R_STAT_TRSTAT_MASK, 0);
}

/* DS60001116 24.6: the step is given up, and with it the bus. */
static void i2c_collision(PIC32I2c *s)
{
    i2c_idle(s);
    i2c_release(s);
    i2c_set_stat(s, 0, R_STAT_BCL_MASK);
    qemu_irq_pulse(s->irq_collision);
}

/* Whether the step meets a line that somebody else holds. */
static bool i2c_collides(PIC32I2c *s)
{
    bool sda = i2c_held_low(s, s->sda);

    switch (s->step) {
    case I2C_START:
        /* a start amid the master's own transfer finds SCL low */
        return sda || i2c_held_low(s, s->scl) ||
               FIELD_EX32(i2c_stat(s), STAT, S);
    case I2C_RESTART:
    case I2C_STOP:
        return sda;
    case I2C_SEND_BITS:
        return sda && pic32_sfr_get(&s->regs, A_TRN) != 0;
    case I2C_ACKNOWLEDGE:
        return sda && FIELD_EX32(i2c_con(s), CON, ACKDT);
    default:
        return false;
    }
}

static void i2c_done(void *opaque)
{
    PIC32I2c *s = opaque;
    PIC32I2c *peer = pic32_i2c_joined(s);

    if (i2c_collides(s)) {
        i2c_collision(s);
        return;
    }
    switch (s->step) {
    case I2C_START:
    case I2C_RESTART:
        s->addressing = true;
        s->owner = true;
        i2c_set_stat(s, R_STAT_P_MASK, R_STAT_S_MASK);
        if (peer) {
            pic32_i2c_slave_start(peer);
        }
        break;
    case I2C_STOP:
        i2c_release(s);
        i2c_set_stat(s, R_STAT_S_MASK, R_STAT_P_MASK);
        break;
    case I2C_SEND_BITS:
        i2c_set_stat(s, R_STAT_TBF_MASK, 0);
        i2c_begin(s, I2C_SEND_ACK, s->end);
        return;
    case I2C_SEND_ACK:
        if (i2c_byte_sent(s, pic32_sfr_get(&s->regs, A_TRN))) {
            i2c_set_stat(s, R_STAT_ACKSTAT_MASK, 0);
        } else {
            i2c_set_stat(s, 0, R_STAT_ACKSTAT_MASK);
        }
        break;
    case I2C_RECEIVE:
        i2c_byte_received(s);
        break;
    case I2C_ACKNOWLEDGE:
        if (s->to_slave && peer) {
            pic32_i2c_slave_acknowledged(peer, !FIELD_EX32(i2c_con(s), CON,
                                                           ACKDT));
        } else if (FIELD_EX32(i2c_con(s), CON, ACKDT)) {
            i2c_nack(s->bus);
        }
        break;
    }
    i2c_idle(s);
    qemu_irq_pulse(s->irq_master);
}

/* The step that the lowest of CON's request bits asks for. */
static I2cStep i2c_requested(uint32_t con)
{
    static const I2cStep steps[] = {
        I2C_START, I2C_RESTART, I2C_STOP, I2C_RECEIVE, I2C_ACKNOWLEDGE,
    };

    return con & STEPS ? steps[ctz32(con & STEPS)] : I2C_IDLE;
}

/* Off: nothing is under way any more, and nothing is remembered. */
static void i2c_off(PIC32I2c *s)
{
    i2c_idle(s);
    i2c_release(s);
    s->addressing = false;
    s->addressed = false;
    pic32_sfr_set(&s->regs, A_STAT, 0);
}

/* --- registers */

static uint32_t i2c_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32I2c *s = opaque;

    if (offset == A_RCV) {
        i2c_set_stat(s, R_STAT_RBF_MASK, 0);
    }
    return pic32_sfr_get(&s->regs, offset);
}

static void i2c_write_con(PIC32I2c *s, uint32_t old, uint32_t value)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    PIC32I2c *peer = pic32_i2c_joined(s);
    I2cStep step;

    if (!(value & R_CON_STREN_MASK)) {
        /* register 20-1: without STREN software only lets go of the clock */
        value |= old & R_CON_SCLREL_MASK;
        pic32_sfr_set(&s->regs, A_CON, value);
    }
    if (!(value & R_CON_ON_MASK)) {
        if (old & R_CON_ON_MASK) {
            i2c_off(s);
        }
        pic32_sfr_set(&s->regs, A_CON, value & ~STEPS);
    }
    if (peer && !pic32_i2c_slave_holds_clock(s)) {
        pic32_i2c_resume(peer);
    }
    if (!(value & R_CON_ON_MASK)) {
        return;
    }
    if (s->step != I2C_IDLE) {
        /* DS60001116 24.5: events do not queue */
        pic32_sfr_set(&s->regs, A_CON, (value & ~STEPS) | (old & STEPS));
        return;
    }
    step = i2c_requested(value);
    if (step != I2C_IDLE) {
        /* of several requests the others are dropped */
        pic32_sfr_set(&s->regs, A_CON, (value & ~STEPS) |
                                       1u << ctz32(value & STEPS));
        i2c_begin(s, step, now);
    }
}

static void i2c_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32I2c *s = opaque;

    switch (offset) {
    case A_CON:
        i2c_write_con(s, old, value);
        break;
    case A_STAT:
        pic32_sfr_set(&s->regs, A_STAT, value &
                      (old | ~(uint32_t)STAT_CLEARABLE));   /* clear only */
        break;
    case A_TRN:
        if (!i2c_on(s)) {
            break;
        }
        if (s->addressed && !FIELD_EX32(i2c_stat(s), STAT, TBF)) {
            i2c_set_stat(s, 0, R_STAT_TBF_MASK);
            break;
        }
        if (s->step != I2C_IDLE || s->addressed) {
            pic32_sfr_set(&s->regs, A_TRN, old);
            i2c_set_stat(s, 0, R_STAT_IWCOL_MASK);
            break;
        }
        i2c_set_stat(s, 0, R_STAT_TBF_MASK | R_STAT_TRSTAT_MASK);
        i2c_begin(s, I2C_SEND_BITS, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
        break;
    }
}

static const PIC32SfrDef i2c_defs[] = {
    { "I2CxCON", A_CON, .reset = R_CON_SCLREL_MASK, .writable = 0x007fbfff },
    { "I2CxSTAT", A_STAT, .writable = STAT_CLEARABLE },
    { "I2CxADD", A_ADD, .writable = 0x3ff },
    { "I2CxMSK", A_MSK, .writable = 0x3ff },
    { "I2CxBRG", A_BRG, .writable = 0xffff },
    { "I2CxTRN", A_TRN, .writable = 0xff },
    { "I2CxRCV", A_RCV, .writable = 0 },
};

static const PIC32SfrOps i2c_ops = {
    .read = i2c_read,
    .write = i2c_write,
};

I2CBus *pic32_i2c_bus(PIC32I2c *s)
{
    return s->bus;
}

void pic32_i2c_set_peers(PIC32I2c *s, PIC32I2c *const peers[PIC32_N_I2CS])
{
    s->peers = peers;
}

void pic32_i2c_pull_up(PIC32I2c *s)
{
    pic32_ports_drive_pin(s->ports, s->scl, 1);
    pic32_ports_drive_pin(s->ports, s->sda, 1);
}

static void i2c_reset_enter(Object *obj, ResetType type)
{
    PIC32I2c *s = PIC32_I2C(obj);

    i2c_off(s);
    pic32_sfr_reset(&s->regs);
}

static void i2c_init(Object *obj)
{
    PIC32I2c *s = PIC32_I2C(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", NULL, s, 0);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_I2C, MMIO_SIZE, i2c_defs,
                   ARRAY_SIZE(i2c_defs), &i2c_ops, s);
    sysbus_init_mmio(sbd, &s->regs.iomem);
    sysbus_init_irq(sbd, &s->irq_collision);
    sysbus_init_irq(sbd, &s->irq_slave);
    sysbus_init_irq(sbd, &s->irq_master);
    s->bus = i2c_init_bus(DEVICE(obj), "i2c");
}

static void i2c_realize(DeviceState *dev, Error **errp)
{
    PIC32I2c *s = PIC32_I2C(dev);
    unsigned i = s->index - 1;
    bool large;

    assert(s->ports && s->jumpers && s->peers && i < PIC32_N_I2CS);
    large = pic32_ports_has(s->ports, pic32_pin_parse(pin_names[0].scl));
    s->scl = pic32_pin_parse(large ? pin_names[i].scl : pin_names[i].scl_64);
    s->sda = pic32_pin_parse(large ? pin_names[i].sda : pin_names[i].sda_64);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, i2c_done, s);
}

static const VMStateDescription vmstate_i2c = {
    .name = TYPE_PIC32_I2C,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32I2c),
        VMSTATE_CLOCK(pbclk, PIC32I2c),
        VMSTATE_UINT8(step, PIC32I2c),
        VMSTATE_INT64(end, PIC32I2c),
        VMSTATE_TIMER_PTR(timer, PIC32I2c),
        VMSTATE_BOOL(addressing, PIC32I2c),
        VMSTATE_BOOL(reading, PIC32I2c),
        VMSTATE_BOOL(listening, PIC32I2c),
        VMSTATE_UINT8(address, PIC32I2c),
        VMSTATE_BOOL(owner, PIC32I2c),
        VMSTATE_BOOL(to_slave, PIC32I2c),
        VMSTATE_BOOL(waiting, PIC32I2c),
        VMSTATE_BOOL(addressed, PIC32I2c),
        VMSTATE_END_OF_LIST()
    }
};

static Property i2c_properties[] = {
    DEFINE_PROP_UINT8("index", PIC32I2c, index, 1),
    DEFINE_PROP_LINK("ports", PIC32I2c, ports, TYPE_PIC32_PORTS,
                     PIC32Ports *),
    DEFINE_PROP_LINK("jumpers", PIC32I2c, jumpers, TYPE_PIC32_JUMPERS,
                     PIC32Jumpers *),
    DEFINE_PROP_END_OF_LIST(),
};

static void i2c_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = i2c_realize;
    dc->vmsd = &vmstate_i2c;
    dc->desc = "PIC32MZ I2C";
    rc->phases.enter = i2c_reset_enter;
    device_class_set_props(dc, i2c_properties);
}

static const TypeInfo i2c_types[] = {
    {
        .name = TYPE_PIC32_I2C,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32I2c),
        .instance_init = i2c_init,
        .class_init = i2c_class_init,
    },
};

DEFINE_TYPES(i2c_types)
