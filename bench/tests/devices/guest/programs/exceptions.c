/* SPDX-License-Identifier: MIT
 * Synchronous exceptions: ExcCode, EPC, BD and BadVAddr (FRM section 50.10, DS60001192).
 */
#include "guest.h"

#define EXCCODE()   (RESULT->cause >> 2 & 0x1F)
#define BD()        (RESULT->cause >> 31)

static uint32_t expected_epc;

#define FAULT(instruction, ...)                                                                         \
    __asm__ volatile("la $8, 1f\n\tsw $8, %0\n\t.set push\n\t.set noreorder\n1:\t" instruction           \
                     "\n\tnop\n\t.set pop" : "=m"(expected_epc) : __VA_ARGS__ : "$8", "$9", "memory")

int main(void)
{
    uint32_t seen = 0;

    FAULT("syscall", "r"(0));
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 8 && RESULT->epc == expected_epc && !BD());
    FAULT("break", "r"(0));
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 9 && RESULT->epc == expected_epc);
    FAULT(".word 0xFC000000", "r"(0));                      /* reserved instruction */
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 10 && RESULT->epc == expected_epc);
    FAULT("lw $9, 0(%1)", "r"(0x80000402));                 /* address error, load */
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 4 && RESULT->badvaddr == 0x80000402);
    FAULT("sh $9, 0(%1)", "r"(0x80000403));                 /* address error, store */
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 5 && RESULT->badvaddr == 0x80000403);
    FAULT("add $9, %1, %1", "r"(0x7FFFFFFF));               /* overflow */
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 12);
    FAULT("teq %1, %1", "r"(1));                            /* trap */
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 13);
    FAULT("lw $9, 0(%1)", "r"(0xA8000000));                 /* nothing there: data bus error */
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 7 && RESULT->epc == expected_epc);

    /* in a delay slot EPC names the branch and BD is set */
    __asm__ volatile("la $8, 2f\n\tsw $8, %0\n\tla $8, 1f\n\tsw $8, %1\n\t.set push\n\t.set noreorder\n"
                     "1:\tb 2f\n\tsyscall\n2:\tnop\n\t.set pop"
                     : "=m"(RESULT->resume), "=m"(expected_epc) : : "$8", "memory");
    CHECK(RESULT->exceptions == ++seen && EXCCODE() == 8 && BD() && RESULT->epc == expected_epc);
    return 0;
}
