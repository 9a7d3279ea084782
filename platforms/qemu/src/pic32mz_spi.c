/*
 * PIC32MZ SPI with audio (I2S) words
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 19 and DS60001106
 * (PIC32 Family Reference Manual, section 23): master and slave, 8, 16 and 32
 * bits, FIFOs, interrupts, overflow, audio words, MSSEN.
 *
 * A word takes its time on the clock line in virtual time and is exchanged
 * when its last bit has passed: with the device on the module's bus that is
 * selected then, with the module itself when SDI hears SDO (one pin, or a
 * jumper on the board), or with a slave of this chip whose pins are joined to
 * the master's. Nobody there: SDI reads the level of its pin. An audio master
 * goes on with zeros when its FIFO is empty.
 *
 * Left out: the pins show no bits (SDO and SCK do not move; SS does, with
 * MSSEN), frames (FRMEN and its options only keep their values, FRMERR stays
 * 0), the channel clock of the audio modes, SMP, SIDL; a slave without a
 * joined master is never clocked. Devices on the bus know modes 0 and 3, in
 * the others every bit comes one late.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/clock.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "pic32mz_spi_internal.h"

#define MMIO_SIZE       0x200
#define FIFO_BITS       128         /* of each FIFO, whatever the words */
#define STAT_ERRORS     (R_STAT_SPIROV_MASK | R_STAT_SPITUR_MASK | \
                         R_STAT_FRMERR_MASK)

static uint32_t spi_errors(PIC32Spi *s)
{
    return pic32_sfr_get(&s->regs, A_STAT) & STAT_ERRORS;
}

static void spi_set_error(PIC32Spi *s, uint32_t error)
{
    pic32_sfr_set(&s->regs, A_STAT, spi_errors(s) | error);
}

/* Clocks that a word takes: an audio channel has 32, or 16. */
static unsigned spi_clocks(PIC32Spi *s)
{
    if (!spi_audio(s)) {
        return spi_word_bits(s);
    }
    return spi_con(s) & (R_CON_MODE32_MASK | R_CON_MODE16_MASK) ? 32 : 16;
}

static unsigned spi_depth(PIC32Spi *s)
{
    unsigned bits = spi_word_bits(s);

    if (!FIELD_EX32(spi_con(s), CON, ENHBUF)) {
        return 1;
    }
    return FIFO_BITS / (bits == 24 ? 32 : bits);
}

/* Time of a word on the clock line, ns; 0 while its clock stands still. */
static int64_t spi_word_ns(PIC32Spi *s)
{
    Clock *clock = FIELD_EX32(spi_con(s), CON, MCLKSEL) ? s->refclk : s->pbclk;
    uint64_t ticks = 2 * (pic32_sfr_get(&s->regs, A_BRG) + 1);

    return clock_ticks_to_ns(clock, ticks * spi_clocks(s));
}

/*
 * DS60001106 23.4: the requests are conditions, not events. Without ENHBUF
 * there is one buffer each way, and SRXISEL has no say: a word that has come
 * is a request.
 */
static void spi_update_irq(PIC32Spi *s)
{
    uint32_t con = spi_con(s), con2 = spi_con2(s), errors = spi_errors(s);
    unsigned depth = spi_depth(s);
    bool on = spi_on(s);
    bool rx, tx, error;

    switch (FIELD_EX32(con, CON, ENHBUF) ? FIELD_EX32(con, CON, SRXISEL) : 1) {
    case 0:
        rx = s->rx_count == 0;
        break;
    case 1:
        rx = s->rx_count > 0;
        break;
    case 2:
        rx = s->rx_count >= depth / 2;
        break;
    default:
        rx = s->rx_count == depth;
    }
    switch (FIELD_EX32(con, CON, STXISEL)) {
    case 0:
        tx = !s->tx_count && !s->busy;
        break;
    case 1:
        tx = !s->tx_count;
        break;
    case 2:
        tx = s->tx_count <= depth / 2;
        break;
    default:
        tx = s->tx_count < depth;
    }
    error = (errors & R_STAT_SPIROV_MASK && FIELD_EX32(con2, CON2, SPIROVEN)) ||
            (errors & R_STAT_SPITUR_MASK && FIELD_EX32(con2, CON2, SPITUREN)) ||
            (errors & R_STAT_FRMERR_MASK && FIELD_EX32(con2, CON2, FRMERREN));
    qemu_set_irq(s->irq_error, on && error);
    qemu_set_irq(s->irq_rx, on && rx);
    qemu_set_irq(s->irq_tx, on && tx);
}

/* MSSEN: the module drives its select pin by itself. */
static void spi_update_ss(PIC32Spi *s)
{
    bool active_high = FIELD_EX32(spi_con(s), CON, FRMPOL);

    if (spi_on(s) && spi_master(s) && !spi_audio(s) &&
        FIELD_EX32(spi_con(s), CON, MSSEN)) {
        pic32_pps_set_output(s->pps, s->ss, s->busy == active_high);
    } else {
        pic32_pps_set_output(s->pps, s->ss, -1);
    }
}

static void spi_abort(PIC32Spi *s)
{
    timer_del(s->timer);
    s->busy = false;
    s->tx_count = 0;
    s->rx_count = 0;
    s->audio_sent = false;
    s->audio_again = false;
}

static void spi_receive(PIC32Spi *s, uint32_t word)
{
    if (FIELD_EX32(spi_con(s), CON, DISSDI)) {
        return;
    }
    if (s->rx_count == spi_depth(s)) {
        spi_set_error(s, R_STAT_SPIROV_MASK);
    } else {
        s->rx_fifo[s->rx_count++] = extract32(word, 0, spi_word_bits(s));
    }
}

static uint32_t spi_next_tx(PIC32Spi *s)
{
    uint32_t word = s->tx_fifo[0];

    s->tx_count--;
    memmove(&s->tx_fifo[0], &s->tx_fifo[1],
            s->tx_count * sizeof(s->tx_fifo[0]));
    return word;
}

uint32_t pic32_spi_clock_slave(PIC32Spi *s, uint32_t word)
{
    uint32_t answer = s->tx_count ? spi_next_tx(s) : 0;

    spi_receive(s, word);
    spi_update_irq(s);
    return answer;
}

/* --- the shift register of a master */

/* Whether an audio master stands still: an error that it shall not ignore. */
static bool spi_audio_stopped(PIC32Spi *s)
{
    uint32_t con2 = spi_con2(s), errors = spi_errors(s);

    return (errors & R_STAT_SPIROV_MASK && !FIELD_EX32(con2, CON2, IGNROV)) ||
           (errors & R_STAT_SPITUR_MASK && !FIELD_EX32(con2, CON2, IGNTUR));
}

static void spi_start(PIC32Spi *s, int64_t now)
{
    int64_t duration;

    if (s->busy || !spi_on(s) || !spi_master(s)) {
        return;
    }
    duration = spi_word_ns(s);
    if (!duration) {
        return;
    }
    if (spi_audio(s)) {
        if (spi_audio_stopped(s)) {
            return;
        }
        if (!s->audio_again && !s->tx_count) {
            s->sr = 0;
            if (s->audio_sent) {
                spi_set_error(s, R_STAT_SPITUR_MASK);
            }
        } else if (!s->audio_again) {
            s->sr = spi_next_tx(s);
            s->audio_sent = true;
        }
        s->audio_again = !s->audio_again &&
                         FIELD_EX32(spi_con2(s), CON2, AUDMONO);
    } else if (s->tx_count) {
        s->sr = spi_next_tx(s);
    } else {
        return;
    }
    s->busy = true;
    s->end = now + duration;
    timer_mod(s->timer, s->end);
}

/* The last bit of the word in SR has passed. */
static void spi_done(void *opaque)
{
    PIC32Spi *s = opaque;

    spi_receive(s, pic32_spi_exchange(s));
    s->busy = false;
    spi_start(s, s->end);
    spi_update_ss(s);
    spi_update_irq(s);
}

static void spi_kick(PIC32Spi *s)
{
    spi_start(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    spi_update_ss(s);
    spi_update_irq(s);
}

/* --- registers */

static uint32_t spi_status(PIC32Spi *s)
{
    uint32_t stat = spi_errors(s);
    unsigned depth = spi_depth(s);
    bool enhanced = FIELD_EX32(spi_con(s), CON, ENHBUF);

    stat = FIELD_DP32(stat, STAT, SPIRBF, s->rx_count == depth);
    stat = FIELD_DP32(stat, STAT, SPITBF, s->tx_count == depth);
    stat = FIELD_DP32(stat, STAT, SPITBE, s->tx_count == 0);
    stat = FIELD_DP32(stat, STAT, SPIRBE, s->rx_count == 0);
    stat = FIELD_DP32(stat, STAT, SRMT, spi_on(s) && !s->busy);
    stat = FIELD_DP32(stat, STAT, SPIBUSY, s->busy);
    if (enhanced) {
        stat = FIELD_DP32(stat, STAT, TXBUFELM, s->tx_count);
        stat = FIELD_DP32(stat, STAT, RXBUFELM, s->rx_count);
    }
    return stat;
}

static uint32_t spi_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Spi *s = opaque;
    uint32_t value;

    switch (offset) {
    case A_STAT:
        return spi_status(s);
    case A_BUF:
        if (!s->rx_count) {
            return 0;
        }
        value = s->rx_fifo[0];
        s->rx_count--;
        memmove(&s->rx_fifo[0], &s->rx_fifo[1],
                s->rx_count * sizeof(s->rx_fifo[0]));
        if (FIELD_EX32(spi_con2(s), CON2, SPISGNEXT)) {
            value = sextract32(value, 0, spi_word_bits(s));
        }
        spi_update_irq(s);
        return value;
    default:
        return pic32_sfr_get(&s->regs, offset);
    }
}

/*
 * DS60001106 23.3.1: a word that is written in pieces goes into the FIFO with
 * its most significant byte; what is beyond a word's size is nothing.
 */
static bool spi_write_buf(void *opaque, hwaddr addr, uint32_t data,
                          unsigned size)
{
    PIC32Spi *s = opaque;
    unsigned last = spi_word_bits(s) / 8 - 1;

    if ((addr & ~3) != A_BUF) {
        return false;
    }
    s->tx_word = pic32_sfr_merge(s->tx_word, addr, 0, data, size);
    if ((addr & 3) > last || (addr & 3) + size <= last) {
        return true;
    }
    if (!spi_on(s) || s->tx_count == spi_depth(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "SPI%u: SPI%uBUF written while %s: the"
                      " word is lost\n", s->index, s->index,
                      spi_on(s) ? "SPITBF is set" : "the SPI is off");
    } else {
        s->tx_fifo[s->tx_count++] = extract32(s->tx_word, 0, spi_word_bits(s));
    }
    s->tx_word = 0;
    spi_kick(s);
    return true;
}

static void spi_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    /* DS60001320 register 19-1, note 1: only while the module is off */
    const uint32_t fixed = R_CON_ENHBUF_MASK | R_CON_MCLKSEL_MASK;
    PIC32Spi *s = opaque;

    switch (offset) {
    case A_CON:
        if (old & value & R_CON_ON_MASK) {
            value = (value & ~fixed) | (old & fixed);
            pic32_sfr_set(&s->regs, A_CON, value);
        }
        if (old & ~value & R_CON_ON_MASK) {
            spi_abort(s);
            pic32_sfr_set(&s->regs, A_STAT, 0);
        }
        /* smaller FIFOs of bigger words cannot hold more than they do */
        s->tx_count = MIN(s->tx_count, spi_depth(s));
        s->rx_count = MIN(s->rx_count, spi_depth(s));
        break;
    case A_STAT:
        pic32_sfr_set(&s->regs, A_STAT, old & value);   /* clear only */
        break;
    }
    spi_kick(s);
}

static const PIC32SfrDef spi_defs[] = {
    { "SPIxCON", A_CON, .writable = 0xff83bfff },
    { "SPIxSTAT", A_STAT, .writable = STAT_ERRORS },   /* resets: spi_status */
    { "SPIxBUF", A_BUF, .plain = true },
    { "SPIxBRG", A_BRG, .writable = 0x1fff },
    { "SPIxCON2", A_CON2, .reset = 0x0c00, .writable = 0x9f8b },
};

static const PIC32SfrOps spi_ops = {
    .before_write = spi_write_buf,
    .read = spi_read,
    .write = spi_write,
};

SSIBus *pic32_spi_bus(PIC32Spi *s)
{
    return s->bus;
}

void pic32_spi_select(PIC32Spi *s, bool selected)
{
    s->selected += selected ? 1 : -1;
}

void pic32_spi_set_peers(PIC32Spi *s, PIC32Spi *const peers[PIC32_N_SPIS])
{
    s->peers = peers;
}

static void spi_clock_update(void *opaque, ClockEvent event)
{
    spi_start(opaque, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static void spi_reset_enter(Object *obj, ResetType type)
{
    PIC32Spi *s = PIC32_SPI(obj);

    pic32_sfr_reset(&s->regs);
    spi_abort(s);
    s->tx_word = 0;
    s->sr = 0;
    s->said_no_pin = false;
    s->said_mode = false;
}

static void spi_reset_hold(Object *obj)
{
    spi_update_irq(PIC32_SPI(obj));
}

static void spi_init(Object *obj)
{
    PIC32Spi *s = PIC32_SPI(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", spi_clock_update, s,
                                  ClockUpdate);
    s->refclk = qdev_init_clock_in(DEVICE(obj), "refclk", spi_clock_update, s,
                                   ClockUpdate);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_SPI, MMIO_SIZE, spi_defs,
                   ARRAY_SIZE(spi_defs), &spi_ops, s);
    sysbus_init_mmio(sbd, &s->regs.iomem);
    sysbus_init_irq(sbd, &s->irq_error);
    sysbus_init_irq(sbd, &s->irq_rx);
    sysbus_init_irq(sbd, &s->irq_tx);
    s->bus = ssi_create_bus(DEVICE(obj), "spi");
}

static void spi_realize(DeviceState *dev, Error **errp)
{
    PIC32Spi *s = PIC32_SPI(dev);

    assert(s->ports && s->pps && s->jumpers);
    assert(s->index >= 1 && s->index <= PIC32_N_SPIS);
    snprintf(s->sdi, sizeof(s->sdi), "SDI%u", s->index);
    snprintf(s->sdo, sizeof(s->sdo), "SDO%u", s->index);
    snprintf(s->ss, sizeof(s->ss), "SS%u", s->index);
    s->sck = pic32_spi_sck(s->index);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, spi_done, s);
}

static const VMStateDescription vmstate_spi = {
    .name = TYPE_PIC32_SPI,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Spi),
        VMSTATE_CLOCK(pbclk, PIC32Spi),
        VMSTATE_CLOCK(refclk, PIC32Spi),
        VMSTATE_UINT32_ARRAY(tx_fifo, PIC32Spi, PIC32_SPI_FIFO_MAX),
        VMSTATE_UINT8(tx_count, PIC32Spi),
        VMSTATE_UINT32(tx_word, PIC32Spi),
        VMSTATE_UINT32_ARRAY(rx_fifo, PIC32Spi, PIC32_SPI_FIFO_MAX),
        VMSTATE_UINT8(rx_count, PIC32Spi),
        VMSTATE_UINT32(sr, PIC32Spi),
        VMSTATE_BOOL(busy, PIC32Spi),
        VMSTATE_BOOL(audio_sent, PIC32Spi),
        VMSTATE_BOOL(audio_again, PIC32Spi),
        VMSTATE_INT64(end, PIC32Spi),
        VMSTATE_TIMER_PTR(timer, PIC32Spi),
        VMSTATE_END_OF_LIST()
    }
};

static Property spi_properties[] = {
    DEFINE_PROP_UINT8("index", PIC32Spi, index, 1),
    DEFINE_PROP_LINK("ports", PIC32Spi, ports, TYPE_PIC32_PORTS, PIC32Ports *),
    DEFINE_PROP_LINK("pps", PIC32Spi, pps, TYPE_PIC32_PPS, PIC32Pps *),
    DEFINE_PROP_LINK("jumpers", PIC32Spi, jumpers, TYPE_PIC32_JUMPERS,
                     PIC32Jumpers *),
    DEFINE_PROP_END_OF_LIST(),
};

static void spi_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = spi_realize;
    dc->vmsd = &vmstate_spi;
    dc->desc = "PIC32MZ SPI";
    rc->phases.enter = spi_reset_enter;
    rc->phases.hold = spi_reset_hold;
    device_class_set_props(dc, spi_properties);
}

static const TypeInfo spi_types[] = {
    {
        .name = TYPE_PIC32_SPI,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Spi),
        .instance_init = spi_init,
        .class_init = spi_class_init,
    },
};

DEFINE_TYPES(spi_types)
