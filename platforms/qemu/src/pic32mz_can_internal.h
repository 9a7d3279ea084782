/*
 * PIC32MZ CAN: what the files of the module and its wire share
 *
 * pic32mz_can.c has the registers, time stamps and interrupts,
 * pic32mz_can_fifo.c the FIFOs and filters, pic32mz_can_node.c the modes and
 * errors, pic32mz_can_wire.c the bus and pic32mz_can_frame.c the frame on it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_CAN_INTERNAL_H
#define HW_MIPS_PIC32MZ_CAN_INTERNAL_H

#include "qemu/timer.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "net/can_emu.h"
#include "pic32mz_can.h"
#include "pic32mz_pps.h"
#include "pic32mz_sfr.h"

/* DS60001320 table 29-1 */
REG32(CON, 0x000)
    FIELD(CON, DNCNT, 0, 5)
    FIELD(CON, CANBUSY, 11, 1)
    FIELD(CON, SIDL, 13, 1)
    FIELD(CON, ON, 15, 1)
    FIELD(CON, CANCAP, 20, 1)
    FIELD(CON, OPMOD, 21, 3)
    FIELD(CON, REQOP, 24, 3)
    FIELD(CON, ABAT, 27, 1)
REG32(CFG, 0x010)
    FIELD(CFG, BRP, 0, 6)
    FIELD(CFG, SJW, 6, 2)
    FIELD(CFG, PRSEG, 8, 3)
    FIELD(CFG, SEG1PH, 11, 3)
    FIELD(CFG, SEG2PHTS, 15, 1)
    FIELD(CFG, SEG2PH, 16, 3)
REG32(INT, 0x020)
    FIELD(INT, TBIF, 0, 1)
    FIELD(INT, RBIF, 1, 1)
    FIELD(INT, CTMRIF, 2, 1)
    FIELD(INT, MODIF, 3, 1)
    FIELD(INT, RBOVIF, 11, 1)
    FIELD(INT, SERRIF, 12, 1)
    FIELD(INT, CERRIF, 13, 1)
    FIELD(INT, WAKIF, 14, 1)
    FIELD(INT, IVRIF, 15, 1)
    FIELD(INT, IE, 16, 16)      /* an enable bit over each flag */
REG32(VEC, 0x030)
    FIELD(VEC, ICODE, 0, 7)
    FIELD(VEC, FILHIT, 8, 5)
REG32(TREC, 0x040)
    FIELD(TREC, RERRCNT, 0, 8)
    FIELD(TREC, TERRCNT, 8, 8)
    FIELD(TREC, EWARN, 16, 1)
    FIELD(TREC, RXWARN, 17, 1)
    FIELD(TREC, TXWARN, 18, 1)
    FIELD(TREC, RXBP, 19, 1)
    FIELD(TREC, TXBP, 20, 1)
    FIELD(TREC, TXBO, 21, 1)
REG32(FSTAT, 0x050)
REG32(RXOVF, 0x060)
REG32(TMR, 0x070)
    FIELD(TMR, CANTSPRE, 0, 16)
    FIELD(TMR, CANTS, 16, 16)
REG32(RXM0, 0x080)
    FIELD(RXM0, EID, 0, 18)
    FIELD(RXM0, MIDE, 19, 1)
    FIELD(RXM0, SID, 21, 11)
REG32(FLTCON0, 0x0c0)           /* a byte a filter */
    FIELD(FLTCON0, FSEL, 0, 5)
    FIELD(FLTCON0, MSEL, 5, 2)
    FIELD(FLTCON0, FLTEN, 7, 1)
REG32(RXF0, 0x140)
    FIELD(RXF0, EID, 0, 18)
    FIELD(RXF0, EXID, 19, 1)
    FIELD(RXF0, SID, 21, 11)
REG32(FIFOBA, 0x340)
REG32(FIFOCON0, 0x350)
    FIELD(FIFOCON0, TXPRI, 0, 2)
    FIELD(FIFOCON0, RTREN, 2, 1)
    FIELD(FIFOCON0, TXREQ, 3, 1)
    FIELD(FIFOCON0, TXERR, 4, 1)
    FIELD(FIFOCON0, TXLARB, 5, 1)
    FIELD(FIFOCON0, TXABAT, 6, 1)
    FIELD(FIFOCON0, TXEN, 7, 1)
    FIELD(FIFOCON0, DONLY, 12, 1)
    FIELD(FIFOCON0, UINC, 13, 1)
    FIELD(FIFOCON0, FRESET, 14, 1)
    FIELD(FIFOCON0, FSIZE, 16, 5)
REG32(FIFOINT0, 0x360)
    FIELD(FIFOINT0, RXNEMPTYIF, 0, 1)
    FIELD(FIFOINT0, RXHALFIF, 1, 1)
    FIELD(FIFOINT0, RXFULLIF, 2, 1)
    FIELD(FIFOINT0, RXOVFLIF, 3, 1)
    FIELD(FIFOINT0, TXEMPTYIF, 8, 1)
    FIELD(FIFOINT0, TXHALFIF, 9, 1)
    FIELD(FIFOINT0, TXNFULLIF, 10, 1)
    FIELD(FIFOINT0, IE, 16, 16)
REG32(FIFOUA0, 0x370)
REG32(FIFOCI0, 0x380)

#define CAN_MASKS       4
#define CAN_FILTERS     32
#define CAN_FIFOS       32
#define CAN_FIFO_STEP   0x40    /* from a FIFO's registers to the next one's */
#define CAN_STEP        0x10    /* from a register to the next one */

/* CON.REQOP and CON.OPMOD */
typedef enum PIC32CanMode {
    CAN_NORMAL = 0,
    CAN_DISABLE = 1,
    CAN_LOOPBACK = 2,
    CAN_LISTEN_ONLY = 3,
    CAN_CONFIGURATION = 4,
    CAN_LISTEN_ALL = 7,
} PIC32CanMode;

/* --- a frame */

typedef struct PIC32CanFrame {
    uint32_t id;                /* 11 or 29 bits */
    uint8_t extended;
    uint8_t remote;
    uint8_t dlc;                /* as on the wire, 0 to 15 */
    uint8_t data[8];
} PIC32CanFrame;

extern const VMStateDescription vmstate_pic32_can_frame;

/* Data bytes on the wire. */
unsigned pic32_can_frame_length(const PIC32CanFrame *frame);

/* Bits from start of frame to the CRC's last, with the stuff bits. */
unsigned pic32_can_frame_bits(const PIC32CanFrame *frame);

/* The arbitration field as a number: the lower one wins. */
uint32_t pic32_can_frame_priority(const PIC32CanFrame *frame);

/* --- the wire */

#define CAN_WIRE_NODES  2
#define CAN_WIRE_QUEUE  64      /* frames from outside that wait for the bus */
#define CAN_OUTSIDE     (-1)    /* the sender is not a module of this chip */

struct PIC32CanWire {
    SysBusDevice parent_obj;

    PIC32Can *node[CAN_WIRE_NODES];
    unsigned n_nodes;
    bool loopback;              /* inside one module, which hears itself */
    CanBusState *canbus;
    CanBusClientState client;

    QEMUTimer *timer;           /* the end of this state */
    uint8_t state;
    int8_t sender;              /* index into node, or CAN_OUTSIDE */
    uint8_t fifo;               /* the sender's */
    uint8_t fate;               /* of this frame */
    PIC32CanFrame frame;
    int64_t start;              /* of the frame, ns */
    uint64_t bit;               /* the sender's, in units of QEMU's clocks */
    uint32_t bits;              /* up to the end of this state */
    PIC32CanFrame queue[CAN_WIRE_QUEUE];
    uint32_t queued;
};

/* Puts a module on the wire. */
void pic32_can_wire_join(PIC32CanWire *wire, PIC32Can *can);

/* A module has something to send, or can send again. */
void pic32_can_wire_request(PIC32CanWire *wire, PIC32Can *can);

bool pic32_can_wire_busy(PIC32CanWire *wire);

/* Whether this module has a frame on the wire, and from which FIFO. */
bool pic32_can_wire_sending(PIC32CanWire *wire, PIC32Can *can, unsigned *fifo);

/* --- the module */

typedef struct PIC32CanFifo {
    uint8_t first;              /* index of the oldest message */
    uint8_t count;
} PIC32CanFifo;

struct PIC32Can {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    uint32_t index;
    PIC32Pps *pps;
    Clock *pbclk;
    qemu_irq irq;
    PIC32CanWire *wire;         /* the bus */
    PIC32CanWire inner;         /* loopback mode */

    PIC32CanFifo fifo[CAN_FIFOS];
    uint16_t tec;
    uint16_t rec;
    uint8_t bus_off;
    uint8_t system_error;       /* ICODE of SERRIF */
    uint8_t filter_hit;
    uint8_t mode_waits;         /* the mode changes when the bus is idle */
    QEMUTimer *mode_timer;
    QEMUTimer *recovery;        /* from bus-off */
    int64_t suspended;          /* may not send before, ns */

    QEMUTimer *stamp_timer;     /* CANTS rolls over */
    int64_t stamp_ns;           /* when stamp_ticks were counted */
    uint64_t stamp_ticks;
    uint64_t stamp_wraps;       /* that CTMRIF has told of */
};

static inline uint32_t can_reg(PIC32Can *s, hwaddr offset)
{
    return pic32_sfr_get(&s->regs, offset);
}

static inline void can_set(PIC32Can *s, hwaddr offset, uint32_t bits)
{
    pic32_sfr_set(&s->regs, offset, can_reg(s, offset) | bits);
}

static inline void can_clear(PIC32Can *s, hwaddr offset, uint32_t bits)
{
    pic32_sfr_set(&s->regs, offset, can_reg(s, offset) & ~bits);
}

static inline PIC32CanMode can_mode(PIC32Can *s)
{
    return FIELD_EX32(can_reg(s, A_CON), CON, OPMOD);
}

static inline bool can_on(PIC32Can *s)
{
    return FIELD_EX32(can_reg(s, A_CON), CON, ON);
}

/* The wire of this mode; configuration and disable mode wait for the bus. */
PIC32CanWire *pic32_can_current_wire(PIC32Can *s);

/* A bit's time in units of QEMU's clocks; 0: the module has no clock. */
uint64_t pic32_can_bit(PIC32Can *s);

uint16_t pic32_can_timestamp(PIC32Can *s);

/* Tells the interrupt controller; after every change of a flag. */
void pic32_can_update(PIC32Can *s);

/* A message buffer is where no memory is. */
void pic32_can_address_error(PIC32Can *s);

/* Modes and errors, pic32mz_can_node.c */
void pic32_can_node_init(PIC32Can *s);
/* REQOP or ON has changed. */
void pic32_can_request_mode(PIC32Can *s);
/* ON or ABAT: done at once, or when the frame on the wire is through. */
void pic32_can_settle(PIC32Can *s);
bool pic32_can_sending(PIC32Can *s);
void pic32_can_forget_errors(PIC32Can *s);
uint32_t pic32_can_trec(PIC32Can *s);

/* For the wire: what the module does and hears on it. */
bool pic32_can_on_wire(PIC32Can *s, PIC32CanWire *wire);
bool pic32_can_may_send(PIC32Can *s, PIC32CanWire *wire);
bool pic32_can_acknowledges(PIC32Can *s, PIC32CanWire *wire);
bool pic32_can_hears(PIC32Can *s, PIC32CanWire *wire);
bool pic32_can_drives(PIC32Can *s, PIC32CanWire *wire);
bool pic32_can_error_passive(PIC32Can *s);
void pic32_can_sent(PIC32Can *s, unsigned fifo);
void pic32_can_failed(PIC32Can *s, unsigned fifo, bool unacknowledged);
void pic32_can_received(PIC32Can *s, const PIC32CanFrame *frame);
void pic32_can_disturbed(PIC32Can *s);
void pic32_can_bus_active(PIC32Can *s);
void pic32_can_bus_idle(PIC32Can *s);

/* FIFOs and filters, pic32mz_can_fifo.c */
void pic32_can_fifo_reset(PIC32Can *s, unsigned n);
void pic32_can_fifo_write_con(PIC32Can *s, unsigned n, uint32_t old,
                              uint32_t value);
uint32_t pic32_can_fifo_flags(PIC32Can *s, unsigned n);
uint32_t pic32_can_fifo_user_address(PIC32Can *s, unsigned n);
uint32_t pic32_can_fifo_index(PIC32Can *s, unsigned n);
bool pic32_can_fifo_is_tx(PIC32Can *s, unsigned n);
void pic32_can_fifo_abort(PIC32Can *s, unsigned n);
void pic32_can_fifo_done(PIC32Can *s, unsigned n, bool sent);
bool pic32_can_fifo_next(PIC32Can *s, unsigned *fifo, PIC32CanFrame *frame);
bool pic32_can_fifo_any_request(PIC32Can *s);
void pic32_can_fifo_receive(PIC32Can *s, const PIC32CanFrame *frame);

#endif
