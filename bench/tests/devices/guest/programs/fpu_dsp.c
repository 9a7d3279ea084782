/* SPDX-License-Identifier: MIT
 * FPU (64-bit registers, IEEE 754-2008 NaNs) and DSP ASE r2 (FRM section 50.12 and 50.16, DS60001192).
 */
#include "guest.h"

static volatile double third_input;
static volatile float root_input;

static double reciprocal(double x)
{
    double one, y;

    __asm__ volatile("li $8, 1; mtc1 $8, %0; cvt.d.w %0, %0; div.d %1, %0, %2"
                     : "=&f"(one), "=&f"(y) : "f"(x) : "$8");
    return y;
}

int main(void)
{
    union { double d; uint64_t u; } third;
    union { float f; uint32_t u; } root;
    uint32_t fir, fcsr, sum, packed, control;

    third_input = 3.0;
    root_input = 2.0f;
    third.d = reciprocal(third_input);
    CHECK(third.u == 0x3FD5555555555555ull);
    __asm__ volatile("sqrt.s %0, %1" : "=f"(root.f) : "f"(root_input));
    CHECK(root.u == 0x3FB504F3);
    __asm__ volatile("cfc1 %0, $0" : "=r"(fir));
    CHECK((fir & 1 << 22) && (fir >> 8 & 0xFF) == 0xA7);        /* F64, M5150 */
    __asm__ volatile("cfc1 %0, $31" : "=r"(fcsr));
    CHECK((fcsr >> 18 & 3) == 3);                               /* ABS2008, NAN2008 */

    /* two saturating 16-bit additions in one instruction, overflow told in DSPControl */
    __asm__ volatile("addq_s.ph %0, %1, %2" : "=r"(packed) : "r"(0x7FFF0001), "r"(0x00010001));
    CHECK(packed == 0x7FFF0002);
    __asm__ volatile("rddsp %0" : "=r"(control));
    CHECK(control >> 20 & 1);
    __asm__ volatile("mult $ac1, $0, $0; dpa.w.ph $ac1, %1, %2; mflo %0, $ac1"
                     : "=r"(sum) : "r"(0x00030004), "r"(0x00050006));
    CHECK(sum == 3 * 5 + 4 * 6);
    CHECK(RESULT->exceptions == 0);
    return 0;
}
