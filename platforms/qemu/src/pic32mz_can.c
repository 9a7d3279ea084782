/*
 * PIC32MZ CAN
 *
 * Models: DS60001320 chapter 29 and DS60001154 (PIC32 Family Reference
 * Manual, section 34): FIFOs, filters, modes, bit timing, time stamps, error
 * counters, interrupts, and a bus with frames in their time, arbitration,
 * acknowledgement and bus-off, shared by both modules or with QEMU's CAN bus.
 *
 * The FIFOs and filters are in pic32mz_can_fifo.c, modes and errors in
 * pic32mz_can_node.c, the bus in pic32mz_can_wire.c. A mode changes after 11
 * recessive bits, a FIFO with the higher number goes first among equals, ICODE
 * names the highest interrupt that is pending, and listen all messages mode
 * puts into FIFO 0 what no filter takes.
 *
 * Left out: resynchronization (SJW), sampling (SAM) and the wake-up filter
 * (WAKFIL) have no effect; stop in idle (SIDL); bandwidth errors never
 * happen; the pins show no bits; listen all messages mode keeps no damaged
 * frames; two senders of one identifier do not disturb each other; a
 * receiver's own error flags and the positions of errors within a frame are
 * simplified.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_can_internal.h"
#include "pic32mz_ticks.h"

#define STAMP_RANGE     0x10000

/* VEC.ICODE */
enum {
    ICODE_NONE = 0x40,
    ICODE_CERRIF = 0x41,
    ICODE_WAKIF = 0x42,
    ICODE_RBOVIF = 0x43,
    ICODE_ADDRESS = 0x44,
    ICODE_CTMRIF = 0x46,
    ICODE_MODIF = 0x47,
    ICODE_IVRIF = 0x48,
};

#define CON_WRITABLE    0x0f10a01f
#define CFG_WRITABLE    0x0047ffff
#define INT_FLAGS       (R_INT_IVRIF_MASK | R_INT_WAKIF_MASK | \
                         R_INT_CERRIF_MASK | R_INT_MODIF_MASK | \
                         R_INT_CTMRIF_MASK)     /* software clears these */
#define INT_ENABLES     0xf80f0000
#define ID_FIELDS       0xffebffff
#define FIFOCON_WRITABLE 0x001f708f
#define FIFOINT_WRITABLE (0x070f0000 | R_FIFOINT0_RXOVFLIF_MASK)

#define N_DEFS (9 + CAN_MASKS + CAN_FILTERS / 4 + CAN_FILTERS + 4 * CAN_FIFOS)

static PIC32SfrDef can_defs[N_DEFS];

static PIC32SfrDef *can_fill(PIC32SfrDef *def, const char *name, hwaddr offset,
                             unsigned n, unsigned step, uint32_t writable)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        *def++ = (PIC32SfrDef) { name, offset + i * step, 0, writable, false };
    }
    return def;
}

/* The registers are too regular to be listed. */
static void can_fill_defs(void)
{
    PIC32SfrDef *def = can_defs;

    *def++ = (PIC32SfrDef) { "CxCON", A_CON, 0x04800000, CON_WRITABLE, false };
    *def++ = (PIC32SfrDef) { "CxCFG", A_CFG, 0, CFG_WRITABLE, false };
    *def++ = (PIC32SfrDef) { "CxINT", A_INT, 0, INT_FLAGS | INT_ENABLES,
                             false };
    *def++ = (PIC32SfrDef) { "CxVEC", A_VEC, ICODE_NONE, 0, false };
    *def++ = (PIC32SfrDef) { "CxTREC", A_TREC, 0, 0, false };
    *def++ = (PIC32SfrDef) { "CxFSTAT", A_FSTAT, 0, 0, false };
    *def++ = (PIC32SfrDef) { "CxRXOVF", A_RXOVF, 0, 0, false };
    *def++ = (PIC32SfrDef) { "CxTMR", A_TMR, 0, UINT32_MAX, false };
    *def++ = (PIC32SfrDef) { "CxFIFOBA", A_FIFOBA, 0, ~3u, false };
    def = can_fill(def, "CxRXM", A_RXM0, CAN_MASKS, CAN_STEP, ID_FIELDS);
    def = can_fill(def, "CxFLTCON", A_FLTCON0, CAN_FILTERS / 4, CAN_STEP,
                   UINT32_MAX);
    def = can_fill(def, "CxRXF", A_RXF0, CAN_FILTERS, CAN_STEP, ID_FIELDS);
    def = can_fill(def, "CxFIFOCON", A_FIFOCON0, CAN_FIFOS, CAN_FIFO_STEP,
                   FIFOCON_WRITABLE);
    def = can_fill(def, "CxFIFOINT", A_FIFOINT0, CAN_FIFOS, CAN_FIFO_STEP,
                   FIFOINT_WRITABLE);
    def = can_fill(def, "CxFIFOUA", A_FIFOUA0, CAN_FIFOS, CAN_FIFO_STEP, 0);
    def = can_fill(def, "CxFIFOCI", A_FIFOCI0, CAN_FIFOS, CAN_FIFO_STEP, 0);
    assert(def == can_defs + N_DEFS);
}

/* --- time stamps */

static bool can_stamp_runs(PIC32Can *s)
{
    return can_on(s) && FIELD_EX32(can_reg(s, A_CON), CON, CANCAP) &&
           clock_is_enabled(s->pbclk);
}

static uint64_t can_stamp_prescale(PIC32Can *s)
{
    return FIELD_EX32(can_reg(s, A_TMR), TMR, CANTSPRE) + 1;
}

static uint64_t can_stamp_ticks(PIC32Can *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    return s->stamp_ticks +
           (can_stamp_runs(s) ? clock_ns_to_ticks(s->pbclk, now - s->stamp_ns)
                              : 0);
}

/* CANTS since it was written, not wrapped; the register has where it began. */
static uint64_t can_stamp_count(PIC32Can *s)
{
    return FIELD_EX32(can_reg(s, A_TMR), TMR, CANTS) +
           can_stamp_ticks(s) / can_stamp_prescale(s);
}

uint16_t pic32_can_timestamp(PIC32Can *s)
{
    return FIELD_EX32(can_reg(s, A_CON), CON, CANCAP) ? can_stamp_count(s) : 0;
}

/* Sets CTMRIF for the turns of CANTS up to now. */
static void can_stamp_deliver(PIC32Can *s)
{
    uint64_t wraps = can_stamp_count(s) / STAMP_RANGE;

    if (wraps > s->stamp_wraps) {
        s->stamp_wraps = wraps;
        can_set(s, A_INT, R_INT_CTMRIF_MASK);
    }
}

/* A timer only for those who want the interrupt; reads look for themselves. */
static void can_stamp_arm(PIC32Can *s)
{
    uint32_t flags = can_reg(s, A_INT);
    uint64_t ticks, ns;

    timer_del(s->stamp_timer);
    if (!can_stamp_runs(s) || FIELD_EX32(flags, INT, CTMRIF) ||
        !(flags & R_INT_CTMRIF_MASK << R_INT_IE_SHIFT)) {
        return;
    }
    ticks = ((s->stamp_wraps + 1) * STAMP_RANGE -
             FIELD_EX32(can_reg(s, A_TMR), TMR, CANTS)) *
            can_stamp_prescale(s) - s->stamp_ticks;
    ns = pic32_ticks_to_ns(s->pbclk, ticks);
    if (ns > PIC32_TICKS_NEVER) {
        return;
    }
    timer_mod_ns(s->stamp_timer, s->stamp_ns + (int64_t)ns);
}

static void can_stamp_timer(void *opaque)
{
    pic32_can_update(opaque);
}

/* Before the clock, ON or CANCAP changes: the ticks up to now are counted. */
static void can_stamp_freeze(PIC32Can *s)
{
    can_stamp_deliver(s);
    s->stamp_ticks = can_stamp_ticks(s);
    s->stamp_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void can_stamp_restart(PIC32Can *s)
{
    s->stamp_ticks = 0;
    s->stamp_wraps = 0;
    s->stamp_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void can_clock_event(void *opaque, ClockEvent event)
{
    PIC32Can *s = opaque;

    if (event == ClockPreUpdate) {
        can_stamp_freeze(s);
    } else {
        can_stamp_arm(s);
        if (!timer_pending(s->mode_timer) && !s->mode_waits) {
            pic32_can_request_mode(s);
        }
        pic32_can_wire_request(pic32_can_current_wire(s), s);
    }
}

/* --- interrupts */

static uint32_t can_fifo_status(PIC32Can *s, bool tx)
{
    uint32_t status = 0;
    unsigned i;

    for (i = 0; i < CAN_FIFOS; i++) {
        uint32_t enables = can_reg(s, A_FIFOINT0 + i * CAN_FIFO_STEP) >>
                           R_FIFOINT0_IE_SHIFT;

        if (pic32_can_fifo_is_tx(s, i) == tx &&
            (pic32_can_fifo_flags(s, i) & enables)) {
            status |= 1u << i;
        }
    }
    return status;
}

static uint32_t can_overflows(PIC32Can *s)
{
    uint32_t overflows = 0;
    unsigned i;

    for (i = 0; i < CAN_FIFOS; i++) {
        overflows |= FIELD_EX32(pic32_can_fifo_flags(s, i), FIFOINT0,
                                RXOVFLIF) << i;
    }
    return overflows;
}

/* CxINT: the FIFOs' flags are theirs, the others are stored. */
static uint32_t can_int(PIC32Can *s)
{
    uint32_t value;

    can_stamp_deliver(s);
    value = can_reg(s, A_INT);
    value = FIELD_DP32(value, INT, TBIF, can_fifo_status(s, true) != 0);
    value = FIELD_DP32(value, INT, RBIF, can_fifo_status(s, false) != 0);
    return FIELD_DP32(value, INT, RBOVIF, can_overflows(s) != 0);
}

static uint32_t can_vec(PIC32Can *s)
{
    const struct {
        uint32_t flag;
        uint8_t code;
    } codes[] = {                       /* the highest first */
        { R_INT_IVRIF_MASK, ICODE_IVRIF },
        { R_INT_MODIF_MASK, ICODE_MODIF },
        { R_INT_CTMRIF_MASK, ICODE_CTMRIF },
        { R_INT_SERRIF_MASK, s->system_error },
        { R_INT_RBOVIF_MASK, ICODE_RBOVIF },
        { R_INT_WAKIF_MASK, ICODE_WAKIF },
        { R_INT_CERRIF_MASK, ICODE_CERRIF },
    };
    uint32_t value = can_int(s);
    uint32_t pending = value & value >> R_INT_IE_SHIFT;
    uint32_t fifos = can_fifo_status(s, true) | can_fifo_status(s, false);
    uint8_t code = fifos ? 31 - clz32(fifos) : ICODE_NONE;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(codes); i++) {
        if (pending & codes[i].flag) {
            code = codes[i].code;
            break;
        }
    }
    return FIELD_DP32(code, VEC, FILHIT, s->filter_hit);
}

void pic32_can_update(PIC32Can *s)
{
    uint32_t value = can_int(s);

    qemu_set_irq(s->irq, (value & value >> R_INT_IE_SHIFT) != 0);
    can_stamp_arm(s);
}

void pic32_can_address_error(PIC32Can *s)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s%u: a message buffer is not in memory\n",
                  TYPE_PIC32_CAN, s->index);
    s->system_error = ICODE_ADDRESS;
    can_set(s, A_INT, R_INT_SERRIF_MASK);
    pic32_can_update(s);
}

/* --- registers */

static bool can_is_fifo(hwaddr offset, hwaddr first, unsigned *n)
{
    if (offset < A_FIFOCON0 || (offset - first) % CAN_FIFO_STEP) {
        return false;
    }
    *n = (offset - first) / CAN_FIFO_STEP;
    return true;
}

static bool can_is_one_of(hwaddr offset, hwaddr first, unsigned count,
                          unsigned *n)
{
    if (offset < first || offset >= first + count * CAN_STEP) {
        return false;
    }
    *n = (offset - first) / CAN_STEP;
    return true;
}

static uint32_t can_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Can *s = opaque;
    uint32_t value = can_reg(s, offset);
    unsigned n;

    switch (offset) {
    case A_CON:
        return FIELD_DP32(value, CON, CANBUSY, can_on(s) || pic32_can_sending(s));
    case A_INT:
        return can_int(s);
    case A_VEC:
        return can_vec(s);
    case A_TREC:
        return pic32_can_trec(s);
    case A_FSTAT:
        return can_fifo_status(s, true) | can_fifo_status(s, false);
    case A_RXOVF:
        return can_overflows(s);
    case A_TMR:
        return FIELD_DP32(value, TMR, CANTS, can_stamp_count(s));
    }
    if (can_is_fifo(offset, A_FIFOINT0, &n)) {
        return value | pic32_can_fifo_flags(s, n);
    }
    if (can_is_fifo(offset, A_FIFOUA0, &n)) {
        return pic32_can_fifo_user_address(s, n);
    }
    if (can_is_fifo(offset, A_FIFOCI0, &n)) {
        return pic32_can_fifo_index(s, n);
    }
    return value;
}

/* CANTS counts by itself, and CTMRIF is set when somebody looks. */
static bool can_before_write(void *opaque, hwaddr addr, uint32_t data,
                             unsigned size)
{
    PIC32Can *s = opaque;

    if ((addr & ~0xf) == A_CON) {
        can_stamp_freeze(s);
    } else if ((addr & ~0xf) == A_TMR) {
        can_stamp_deliver(s);
        pic32_sfr_set(&s->regs, A_TMR,
                      FIELD_DP32(can_reg(s, A_TMR), TMR, CANTS,
                                 can_stamp_count(s)));
        can_stamp_restart(s);
    }
    return false;
}

static void can_write_con(PIC32Can *s, uint32_t old, uint32_t value)
{
    unsigned i;

    /* ABAT is for software to set and for the module to clear */
    can_set(s, A_CON, old & R_CON_ABAT_MASK);
    if (value & ~old & R_CON_ABAT_MASK) {
        for (i = 0; i < CAN_FIFOS; i++) {
            if (FIELD_EX32(can_reg(s, A_FIFOCON0 + i * CAN_FIFO_STEP),
                           FIFOCON0, TXREQ)) {
                pic32_can_fifo_abort(s, i);
            }
        }
    }
    if ((value ^ old) & (R_CON_REQOP_MASK | R_CON_ON_MASK)) {
        pic32_can_request_mode(s);
    }
    pic32_can_settle(s);
    pic32_can_wire_request(pic32_can_current_wire(s), s);
}

/* A filter's FSEL and MSEL change only while it is off. */
static void can_write_filter_con(PIC32Can *s, hwaddr offset, uint32_t old,
                                 uint32_t value)
{
    unsigned i;

    for (i = 0; i < 4; i++) {
        if (FIELD_EX32(old >> i * 8, FLTCON0, FLTEN)) {
            value = deposit32(value, i * 8, 7, old >> i * 8);
        }
    }
    pic32_sfr_set(&s->regs, offset, value);
}

static bool can_filter_enabled(PIC32Can *s, unsigned n)
{
    return FIELD_EX32(can_reg(s, A_FLTCON0 + n / 4 * CAN_STEP) >> n % 4 * 8,
                      FLTCON0, FLTEN);
}

static void can_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Can *s = opaque;
    bool configuration = can_mode(s) == CAN_CONFIGURATION;
    unsigned n;

    if (offset == A_CON) {
        can_write_con(s, old, value);
    } else if (offset == A_INT) {
        /* flags: software clears, it does not set */
        pic32_sfr_set(&s->regs, A_INT, (value & INT_ENABLES) |
                                       (value & old & ~INT_ENABLES));
    } else if (offset == A_CFG || offset == A_FIFOBA ||
               can_is_one_of(offset, A_RXM0, CAN_MASKS, &n)) {
        if (!configuration) {
            pic32_sfr_refuse(&s->regs, offset, old,
                             "the module is not in configuration mode");
        }
    } else if (can_is_one_of(offset, A_FLTCON0, CAN_FILTERS / 4, &n)) {
        can_write_filter_con(s, offset, old, value);
    } else if (can_is_one_of(offset, A_RXF0, CAN_FILTERS, &n)) {
        if (can_filter_enabled(s, n)) {
            pic32_sfr_refuse(&s->regs, offset, old, "the filter is enabled");
        }
    } else if (can_is_fifo(offset, A_FIFOCON0, &n)) {
        pic32_can_fifo_write_con(s, n, old, value);
    } else if (can_is_fifo(offset, A_FIFOINT0, &n)) {
        /* RXOVFLIF: software clears it, it does not set it */
        can_clear(s, offset, ~old & R_FIFOINT0_RXOVFLIF_MASK);
    }
    pic32_can_update(s);
}

static const PIC32SfrOps can_ops = {
    .before_write = can_before_write,
    .read = can_read,
    .write = can_write,
};

/* --- the device */

static void can_reset_enter(Object *obj, ResetType type)
{
    PIC32Can *s = PIC32_CAN(obj);

    pic32_sfr_reset(&s->regs);
    memset(s->fifo, 0, sizeof(s->fifo));
    pic32_can_forget_errors(s);
    s->system_error = 0;
    s->filter_hit = 0;
    s->mode_waits = false;
    timer_del(s->mode_timer);
    timer_del(s->stamp_timer);
}

static void can_reset_hold(Object *obj)
{
    PIC32Can *s = PIC32_CAN(obj);

    can_stamp_restart(s);
    qemu_set_irq(s->irq, 0);
}

static void can_init(Object *obj)
{
    PIC32Can *s = PIC32_CAN(obj);

    if (!can_defs[0].name) {
        can_fill_defs();
    }
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", can_clock_event, s,
                                  ClockPreUpdate | ClockUpdate);
    object_initialize_child(obj, "loopback", &s->inner, TYPE_PIC32_CAN_WIRE);
}

static void can_realize(DeviceState *dev, Error **errp)
{
    PIC32Can *s = PIC32_CAN(dev);
    g_autofree char *name = g_strdup_printf("%s%u", TYPE_PIC32_CAN, s->index);

    if (!s->wire) {
        error_setg(errp, "%s: link 'wire' is not set", TYPE_PIC32_CAN);
        return;
    }
    s->inner.loopback = true;
    if (!sysbus_realize(SYS_BUS_DEVICE(&s->inner), errp)) {
        return;
    }
    pic32_can_wire_join(&s->inner, s);
    pic32_can_wire_join(s->wire, s);
    pic32_sfr_init(&s->regs, OBJECT(s), name, PIC32_CAN_SIZE, can_defs, N_DEFS,
                   &can_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->regs.iomem);
    pic32_can_node_init(s);
    s->stamp_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, can_stamp_timer, s);
}

static const VMStateDescription vmstate_can_fifo = {
    .name = "pic32mz-can-fifo",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(first, PIC32CanFifo),
        VMSTATE_UINT8(count, PIC32CanFifo),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_can = {
    .name = TYPE_PIC32_CAN,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Can),
        VMSTATE_CLOCK(pbclk, PIC32Can),
        VMSTATE_STRUCT_ARRAY(fifo, PIC32Can, CAN_FIFOS, 1, vmstate_can_fifo,
                             PIC32CanFifo),
        VMSTATE_UINT16(tec, PIC32Can),
        VMSTATE_UINT16(rec, PIC32Can),
        VMSTATE_UINT8(bus_off, PIC32Can),
        VMSTATE_UINT8(system_error, PIC32Can),
        VMSTATE_UINT8(filter_hit, PIC32Can),
        VMSTATE_UINT8(mode_waits, PIC32Can),
        VMSTATE_TIMER_PTR(mode_timer, PIC32Can),
        VMSTATE_TIMER_PTR(recovery, PIC32Can),
        VMSTATE_INT64(suspended, PIC32Can),
        VMSTATE_TIMER_PTR(stamp_timer, PIC32Can),
        VMSTATE_INT64(stamp_ns, PIC32Can),
        VMSTATE_UINT64(stamp_ticks, PIC32Can),
        VMSTATE_UINT64(stamp_wraps, PIC32Can),
        VMSTATE_END_OF_LIST()
    }
};

static Property can_properties[] = {
    DEFINE_PROP_UINT32("index", PIC32Can, index, 1),
    DEFINE_PROP_LINK("wire", PIC32Can, wire, TYPE_PIC32_CAN_WIRE,
                     PIC32CanWire *),
    DEFINE_PROP_LINK("pps", PIC32Can, pps, TYPE_PIC32_PPS, PIC32Pps *),
    DEFINE_PROP_END_OF_LIST(),
};

static void can_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = can_realize;
    dc->vmsd = &vmstate_can;
    dc->desc = "PIC32MZ CAN module";
    rc->phases.enter = can_reset_enter;
    rc->phases.hold = can_reset_hold;
    device_class_set_props(dc, can_properties);
}

static const TypeInfo can_types[] = {
    {
        .name = TYPE_PIC32_CAN,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Can),
        .instance_init = can_init,
        .class_init = can_class_init,
    },
};

DEFINE_TYPES(can_types)
