/* SPDX-License-Identifier: MIT
 * What guest programs share: the result block that the host reads, checks, registers.
 */
#ifndef GUEST_H
#define GUEST_H

#define RESULT_OFFSET   0x100       /* in RAM; below everything the linker places */
#define RESULT_DONE     0x600DD0E5

#ifndef __ASSEMBLER__

#include <stdint.h>

struct result {
    uint32_t done;              /* RESULT_DONE when main() has returned */
    uint32_t checks;
    uint32_t failures;
    uint32_t first_failed_line;
    uint32_t exceptions;        /* filled by _exception */
    uint32_t cause;
    uint32_t epc;
    uint32_t badvaddr;
    uint32_t resume;            /* EPC for the return from the next exceptions; 0: behind the instruction */
};

#define RESULT ((volatile struct result *)(0xA0000000 + RESULT_OFFSET))

#define CHECK(condition)                                    \
    do {                                                    \
        RESULT->checks++;                                   \
        if (!(condition)) {                                 \
            if (!RESULT->failures++) {                      \
                RESULT->first_failed_line = __LINE__;       \
            }                                               \
        }                                                   \
    } while (0)

#define SFR(address) (*(volatile uint32_t *)(0xA0000000 + (address)))
#define CLR 1
#define SET 2

#define MFC0(reg, sel) ({ uint32_t v_; __asm__ volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v_)); v_; })
#define MTC0(reg, sel, value) \
    __asm__ volatile("mtc0 %0, $" #reg ", " #sel "\n\tehb" : : "r"((uint32_t)(value)) : "memory")

#define CP0_COUNT()     MFC0(9, 0)
#define CP0_COMPARE(v)  MTC0(11, 0, v)
#define CP0_STATUS()    MFC0(12, 0)
#define CP0_CAUSE()     MFC0(13, 0)
#define CP0_SRSCTL()    MFC0(12, 2)

#define STATUS_IPL(level) ((level) << 10)

static inline void set_status(uint32_t clear, uint32_t set)
{
    MTC0(12, 0, (CP0_STATUS() & ~clear) | set);
}

static inline void interrupts_on(void)
{
    __asm__ volatile("ei\n\tehb" : : : "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("di\n\tehb" : : : "memory");
}

/* The key to locked registers; any other write of SYSKEY locks them again. DS60001320 section 34 */
#define SYSKEY  SFR(0x1F800030)

static inline void unlock(void)
{
    SYSKEY = 0;
    SYSKEY = 0xAA996655;
    SYSKEY = 0x556699AA;
}

/* Interrupt controller, DS60001320 chapter 7 */
#define IFS(vector)     SFR(0x1F810040 + (vector) / 32 * 0x10)
#define IFSCLR(vector)  SFR(0x1F810044 + (vector) / 32 * 0x10)
#define IFSSET(vector)  SFR(0x1F810048 + (vector) / 32 * 0x10)
#define IECSET(vector)  SFR(0x1F8100C8 + (vector) / 32 * 0x10)
#define IECCLR(vector)  SFR(0x1F8100C4 + (vector) / 32 * 0x10)
#define IPC(vector)     SFR(0x1F810140 + (vector) / 4 * 0x10)
#define OFF(vector)     SFR(0x1F810540 + (vector) * 4)
#define INTCON          SFR(0x1F810000)
#define INTCON_MVEC     (1 << 12)
#define PRISS           SFR(0x1F810010)
#define INTSTAT         SFR(0x1F810020)
#define BIT(vector)     (1u << ((vector) % 32))

#define VECTOR_CORE_TIMER   0
#define VECTOR_SOFTWARE_0   1
#define VECTOR_SOFTWARE_1   2
#define VECTOR_TIMER_2      9
#define VECTOR_TIMER_3      14

static inline void attach(unsigned vector, void (*handler)(void), unsigned priority, unsigned subpriority)
{
    unsigned shift = vector % 4 * 8;

    OFF(vector) = (uint32_t)handler - 0x9D000000;
    IPC(vector) = (IPC(vector) & ~(0x1Fu << shift)) | (priority << 2 | subpriority) << shift;
    IFSCLR(vector) = BIT(vector);
    IECSET(vector) = BIT(vector);
}

#endif
#endif
