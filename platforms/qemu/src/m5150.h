/*
 * M5150: the MIPS32 core of the PIC32MZ EF
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_M5150_H
#define HW_MIPS_PIC32MZ_M5150_H

#include "cpu.h"
#include "qom/object.h"

#define TYPE_M5150_CPU "M5150-" TYPE_MIPS_CPU
OBJECT_DECLARE_SIMPLE_TYPE(M5150CPU, M5150_CPU)

#define M5150_SHADOW_SETS 8

/* What the external interrupt controller asks the core to take. */
typedef struct M5150Request {
    uint8_t ripl;           /* requested priority level, 0: none */
    uint8_t shadow_set;     /* register set for the handler */
    uint32_t offset;        /* of the handler, from EBase */
} M5150Request;

/* What the chip does with the clock while the core waits. */
typedef struct M5150PowerOps {
    /* The core is in WAIT, and no interrupt is there that it would take. */
    void (*waits)(void *opaque);
    /*
     * An interrupt or NMI has come to the core in WAIT; taken: it ends the
     * wait, else Status.IPL masks it.
     */
    void (*wanted)(void *opaque, bool taken);
} M5150PowerOps;

struct M5150CPU {
    MIPSCPU parent_obj;

    struct mips_def_t *def;     /* its own, as the boot ISA is configurable */
    M5150Request request;
    bool nmi;
    bool waiting;               /* in WAIT, and the chip knows */
    bool changing;              /* the chip changes its clocks right now */
    bool stopped;               /* has no clock */
    bool stopped_in_wait;
    uint32_t stopped_count;     /* CP0 Count meanwhile */
    const M5150PowerOps *power;
    void *power_opaque;
    bool held;                  /* stands still although the machine runs */
    int64_t held_until;         /* QEMU_CLOCK_REALTIME, ns */
    void (*acknowledge)(void *opaque);
    void *acknowledge_opaque;
    /* Register sets that are not the current one; [CSS] is stale. */
    uint32_t shadow[M5150_SHADOW_SETS][32];
};

/* Presents the controller's highest request, or none, to the core. */
void m5150_set_request(M5150CPU *cpu, M5150Request request);

/* Calls fn when the core accepts the request: the controller latches it. */
void m5150_set_acknowledge(M5150CPU *cpu, void (*fn)(void *), void *opaque);

/* Raises a non-maskable interrupt. */
void m5150_raise_nmi(M5150CPU *cpu);

/* Tells the chip when the core waits and when it is wanted again. */
void m5150_set_power_ops(M5150CPU *cpu, const M5150PowerOps *ops,
                         void *opaque);

/* WAIT is executed. QEMU's helper_wait calls it. */
void m5150_wait(CPUMIPSState *env);

/*
 * Takes the core's clock away, and gives it back: it executes nothing and Count
 * stands still. A reset of the core gives it back as well.
 */
void m5150_stop(M5150CPU *cpu);
void m5150_go(M5150CPU *cpu);

/*
 * While the chip changes clocks virtual time must not move: arming a timer
 * with the core idle would skip to the next deadline at once. Between these
 * two the core counts as at work; they nest.
 */
bool m5150_begin_change(M5150CPU *cpu);
void m5150_end_change(M5150CPU *cpu, bool before);

/* Whether an interrupt or NMI is there that the core does not mask by IPL. */
bool m5150_wanted(M5150CPU *cpu);

/*
 * The core executes nothing, and virtual time stands still, until this time
 * of QEMU_CLOCK_REALTIME, ns. Devices and the monitor go on. 0: it is let go.
 */
void m5150_hold_until(M5150CPU *cpu, int64_t wall_ns);

/* SYSCLK in Hz: CP0 Count runs at half of it and keeps its value. */
void m5150_set_sysclk(M5150CPU *cpu, uint64_t hz);

/* ERET with EXL: back to the previous register set. QEMU's helper_eret calls it. */
void m5150_leave_set(CPUMIPSState *env);

/* DEVCFG0.BOOTISA: the instruction set after the next reset. */
void m5150_set_boot_isa(M5150CPU *cpu, bool micromips);

/* JSON text: the core's registers, all sets. The caller frees. */
char *m5150_registers(M5150CPU *cpu);

#endif
