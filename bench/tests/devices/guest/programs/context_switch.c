/* SPDX-License-Identifier: MIT
 * A preemptive kernel in small: a tick and a yield (software interrupt 0, as RTOS ports for this core do it) switch
 * between three contexts that live in every register there is: GPRs, HI and LO, the DSP's accumulators and
 * control, the FPU. An interrupt of a higher level, with a register set of its own, comes in between at any moment,
 * also while a context is being saved.
 */
#include "guest.h"

#define T2CON   SFR(0x1F840200)
#define PR2     SFR(0x1F840220)
#define T3CON   SFR(0x1F840400)
#define PR3     SFR(0x1F840420)

/* The saved context, in bytes from the stack pointer. */
#define FRAME_EPC       424
#define FRAME_STATUS    428
#define FRAME_SIZE      432

#define TASKS 3
#define ROUNDS 30

/* Named in the assembly below. */
uint32_t task_sp[TASKS], task_current, task_rounds[TASKS], task_failures, device_interrupts, device_set, switches;
void switch_context(void);
void device_interrupt(void);
void task_one(void);
void task_two(void);

static uint64_t stacks[TASKS - 1][256];

/* Priority 1, register set 0. Everything is on the interrupted stack, and interrupts above it are let in. */
__asm__(
    ".text\n.set push\n.set noat\n.set noreorder\n.ent switch_context\nswitch_context:\n"
    "   addiu   $sp, $sp, -432\n"
    "   mfc0    $k0, $14\n"
    "   sw      $k0, 424($sp)\n"
    "   mfc0    $k1, $12\n"
    "   sw      $k1, 428($sp)\n"
    "   mfc0    $k0, $13\n"
    "   srl     $k0, $k0, 10\n"
    "   ins     $k1, $k0, 10, 6\n"              /* IPL = RIPL */
    "   ins     $k1, $zero, 1, 4\n"             /* EXL */
    "   mtc0    $k1, $12\n"
    "   ehb\n"
    "   .irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 30, 31\n"
    "   sw      $\\r, 296 + 4 * \\r($sp)\n"
    "   .endr\n"
    "   .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, "
    "26, 27, 28, 29, 30, 31\n"
    "   sdc1    $f\\r, 8 * \\r($sp)\n"
    "   .endr\n"
    "   cfc1    $t0, $31\n"
    "   sw      $t0, 256($sp)\n"
    "   rddsp   $t0, 0x3F\n"
    "   sw      $t0, 260($sp)\n"
    "   .irp a, 0, 1, 2, 3\n"
    "   mfhi    $t0, $ac\\a\n"
    "   mflo    $t1, $ac\\a\n"
    "   sw      $t0, 264 + 8 * \\a($sp)\n"
    "   sw      $t1, 268 + 8 * \\a($sp)\n"
    "   .endr\n"
    /* acknowledge: Cause.IP0, IFS0 of software interrupt 0 (1) and Timer2 (9) */
    "   mfc0    $t0, $13\n"
    "   ins     $t0, $zero, 8, 1\n"
    "   mtc0    $t0, $13\n"
    "   ehb\n"
    "   lui     $t0, 0xBF81\n"
    "   li      $t1, 0x202\n"
    "   sw      $t1, 0x44($t0)\n"
    "   lw      $zero, 0x40($t0)\n"
    /* the next one's turn */
    "   la      $t0, switches\n"
    "   lw      $t1, 0($t0)\n"
    "   addiu   $t1, $t1, 1\n"
    "   sw      $t1, 0($t0)\n"
    "   la      $t0, task_current\n"
    "   lw      $t1, 0($t0)\n"
    "   la      $t2, task_sp\n"
    "   sll     $t3, $t1, 2\n"
    "   addu    $t3, $t3, $t2\n"
    "   sw      $sp, 0($t3)\n"
    "   addiu   $t1, $t1, 1\n"
    "   xori    $t3, $t1, 3\n"
    "   movz    $t1, $zero, $t3\n"
    "   sw      $t1, 0($t0)\n"
    "   sll     $t3, $t1, 2\n"
    "   addu    $t3, $t3, $t2\n"
    "   lw      $sp, 0($t3)\n"
    "   .irp a, 0, 1, 2, 3\n"
    "   lw      $t0, 264 + 8 * \\a($sp)\n"
    "   lw      $t1, 268 + 8 * \\a($sp)\n"
    "   mthi    $t0, $ac\\a\n"
    "   mtlo    $t1, $ac\\a\n"
    "   .endr\n"
    "   lw      $t0, 260($sp)\n"
    "   wrdsp   $t0, 0x3F\n"
    "   lw      $t0, 256($sp)\n"
    "   ctc1    $t0, $31\n"
    "   .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, "
    "26, 27, 28, 29, 30, 31\n"
    "   ldc1    $f\\r, 8 * \\r($sp)\n"
    "   .endr\n"
    "   .irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 30, 31\n"
    "   lw      $\\r, 296 + 4 * \\r($sp)\n"
    "   .endr\n"
    "   di\n"
    "   ehb\n"
    "   lw      $k0, 424($sp)\n"
    "   lw      $k1, 428($sp)\n"
    "   addiu   $sp, $sp, 432\n"
    "   mtc0    $k1, $12\n"                     /* EXL again */
    "   mtc0    $k0, $14\n"
    "   ehb\n"
    "   eret\n"
    ".end switch_context\n.set pop\n");

/* Priority 4, register set 4: saves only what all sets share. */
__asm__(
    ".text\n.set push\n.set noat\n.set noreorder\n.ent device_interrupt\ndevice_interrupt:\n"
    "   rdpgpr  $sp, $sp\n"
    "   addiu   $sp, $sp, -32\n"
    "   sdc1    $f4, 0($sp)\n"
    "   mfhi    $t0\n"
    "   mflo    $t1\n"
    "   lui     $t2, 0xBF81\n"
    "   li      $t3, 0x4000\n"
    "   sw      $t3, 0x44($t2)\n"               /* IFS0: Timer3 (14) */
    "   lw      $zero, 0x40($t2)\n"
    "   la      $t2, device_interrupts\n"
    "   lw      $t3, 0($t2)\n"
    "   addiu   $t3, $t3, 1\n"
    "   mtc1    $t3, $f4\n"
    "   cvt.d.w $f4, $f4\n"
    "   cvt.w.d $f4, $f4\n"
    "   mult    $t3, $t3\n"
    "   mfc1    $t3, $f4\n"
    "   sw      $t3, 0($t2)\n"
    "   mfc0    $t3, $12, 2\n"
    "   la      $t2, device_set\n"
    "   sw      $t3, 0($t2)\n"
    "   mthi    $t0\n"
    "   mtlo    $t1\n"
    "   ldc1    $f4, 0($sp)\n"
    "   li      $ra, -1\n"
    "   li      $v0, -1\n"
    "   eret\n"
    ".end device_interrupt\n.set pop\n");

/* A task fills every register with values of its own, lets time pass or yields, and finds them again. */
__asm__(
    ".set push\n.set noat\n.set noreorder\n"
    ".macro task name, seed, slot, yield\n"
    "   .text\n   .ent \\name\n\\name:\n"
    "   .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, "
    "26, 27, 28, 29, 30, 31\n"
    "   li      $1, \\seed << 16 | \\r\n"
    "   mtc1    $1, $f\\r\n"
    "   mthc1   $1, $f\\r\n"
    "   .endr\n"
    "   .irp a, 0, 1, 2, 3\n"
    "   li      $1, \\seed << 16 | \\a\n"
    "   mthi    $1, $ac\\a\n"
    "   mtlo    $1, $ac\\a\n"
    "   .endr\n"
    "   li      $1, \\seed << 24 | \\seed << 7 | \\seed\n"   /* ouflag's and ccond's places, scount, pos */
    "   wrdsp   $1, 0x3F\n"
    "   li      $1, \\seed & 3\n"
    "   ctc1    $1, $31\n"                      /* FCSR.RM */
    "   .irp r, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 30, 31\n"
    "   li      $\\r, \\seed << 16 | \\r << 8 | \\r\n"
    "   .endr\n"
    "   li      $2, 100\n"
    "1: bnez    $2, 1b\n"
    "   addiu   $2, $2, -1\n"
    "   .if     \\yield\n"
    "   mfc0    $1, $13\n"
    "   ori     $1, $1, 0x100\n"
    "   mtc0    $1, $13\n"
    "   ehb\n"
    "   .endif\n"
    "   .irp r, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 30, 31\n"
    "   li      $1, \\seed << 16 | \\r << 8 | \\r\n"
    "   xor     $1, $1, $\\r\n"
    "   movn    $2, $1, $1\n"
    "   .endr\n"
    "   li      $3, -1\n"                       /* what the loop has left in $2 */
    "   bne     $2, $3, 9f\n"
    "   nop\n"
    "   .irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, "
    "26, 27, 28, 29, 30, 31\n"
    "   li      $1, \\seed << 16 | \\r\n"
    "   mfc1    $3, $f\\r\n"
    "   bne     $1, $3, 9f\n"
    "   mfhc1   $3, $f\\r\n"
    "   bne     $1, $3, 9f\n"
    "   nop\n"
    "   .endr\n"
    "   .irp a, 0, 1, 2, 3\n"
    "   li      $1, \\seed << 16 | \\a\n"
    "   mfhi    $3, $ac\\a\n"
    "   bne     $1, $3, 9f\n"
    "   mflo    $3, $ac\\a\n"
    "   bne     $1, $3, 9f\n"
    "   nop\n"
    "   .endr\n"
    "   rddsp   $3, 0x3F\n"
    "   li      $1, \\seed << 24 | \\seed << 7 | \\seed\n"
    "   bne     $1, $3, 9f\n"
    "   cfc1    $3, $31\n"
    "   andi    $3, $3, 3\n"
    "   li      $1, \\seed & 3\n"
    "   bne     $1, $3, 9f\n"
    "   nop\n"
    "   la      $1, task_rounds + 4 * \\slot\n"
    "   lw      $3, 0($1)\n"
    "   addiu   $3, $3, 1\n"
    "   sw      $3, 0($1)\n"
    "   b       \\name\n"
    "   nop\n"
    "9: la      $1, task_failures\n"
    "   lw      $3, 0($1)\n"
    "   addiu   $3, $3, 1\n"
    "   sw      $3, 0($1)\n"
    "   b       \\name\n"
    "   nop\n"
    "   .end \\name\n"
    ".endm\n"
    "task task_one, 5, 1, 0\n"
    "task task_two, 10, 2, 1\n"
    ".set pop\n");

static void create(unsigned task, void (*entry)(void))
{
    uint32_t frame = (uint32_t)&stacks[task - 1][256] - FRAME_SIZE;
    uint32_t i;

    for (i = 0; i < FRAME_SIZE; i += 4) {
        *(volatile uint32_t *)(frame + i) = 0;
    }
    *(volatile uint32_t *)(frame + FRAME_EPC) = (uint32_t)entry;
    *(volatile uint32_t *)(frame + FRAME_STATUS) = (CP0_STATUS() | 3) & ~STATUS_IPL(0x3F);  /* EXL, IE */
    task_sp[task] = frame;
}

int main(void)
{
    volatile uint32_t *rounds = task_rounds;
    uint32_t looks = 0;

    INTCON = INTCON_MVEC;
    PRISS = 4 << 16;                            /* priority 4: set 4; priority 1: the one set that all tasks share */
    create(1, task_one);
    create(2, task_two);
    PR2 = 1999;                                 /* tick: 20 us */
    PR3 = 372;                                  /* device: 3.73 us */
    T2CON = 1 << 15;
    T3CON = 1 << 15;
    attach(VECTOR_SOFTWARE_0, switch_context, 1, 0);
    attach(VECTOR_TIMER_2, switch_context, 1, 0);
    attach(VECTOR_TIMER_3, device_interrupt, 4, 0);
    interrupts_on();
    while ((rounds[1] < ROUNDS || rounds[2] < ROUNDS) && looks < 20000) {
        looks++;
    }
    interrupts_off();
    CHECK(task_rounds[1] >= ROUNDS);
    CHECK(task_rounds[2] >= ROUNDS);
    CHECK(task_failures == 0);
    CHECK(switches > 2 * ROUNDS);
    CHECK(device_interrupts > switches);
    CHECK((device_set & 0xF) == 4 && (device_set >> 6 & 0xF) == 0);    /* SRSCtl.CSS and PSS */
    CHECK(RESULT->exceptions == 0);
    return 0;
}
