/* SPDX-License-Identifier: MIT
 * Stores, loads and fills of every shape, each in bytes of its own of `area`: test_bytes.py knows which.
 */
#include "shape.h"

volatile uint8_t area[512] __attribute__((aligned(16)));

SHAPE void fill(uint32_t value);
SHAPE void fill(uint32_t value)
{
    /* 0 to 63 are filled, of these 16 to 31 are then data */
    for (unsigned i = 0; i < 64; i += 4) {
        *(volatile uint32_t *)&area[i] = value;
    }
}

SHAPE void stores(uint32_t v, double d);
SHAPE void stores(uint32_t v, double d)
{
    volatile uint8_t *uncached = (volatile uint8_t *)((uint32_t)area | 0x20000000);

    area[64] = v;                                               /* sb */
    *(volatile uint16_t *)&area[66] = v;                        /* sh */
    *(volatile uint32_t *)&area[68] = v;                        /* sw */
    *(volatile double *)&area[72] = d;                          /* sdc1 */
    uncached[80] = v;                                           /* by its other address */
    __asm__ volatile("swl %0, 3(%1)\n\tswr %0, 0(%1)" : : "r"(v), "r"(&area[85]) : "memory");   /* 85 to 88 */
    __asm__ volatile("swr %0, 0(%1)" : : "r"(v), "r"(&area[94]) : "memory");                    /* 94, 95 */
    __asm__ volatile("swl %0, 0(%1)" : : "r"(v), "r"(&area[97]) : "memory");                    /* 96, 97 */
    __asm__ volatile(".set push\n\t.set noreorder\n\tll $2, 0(%1)\n\tsc %0, 0(%1)\n\t.set pop"  /* 100 to 103 */
                     : "+r"(v) : "r"(&area[100]) : "memory", "$2");
    /* its hint says that the word is to be stored to, but nothing is */
    __asm__ volatile("pref 1, 0(%0)\n\tcache 0x15, 0(%0)" : : "r"(&area[104]) : "memory");
#if IS_MICROMIPS
    __asm__ volatile("move $16, %0\n\tmove $17, %0\n\tswm $16-$17, 0(%1)"                       /* 108 to 115 */
                     : : "r"(v), "r"(&area[108]) : "memory", "$16", "$17");
#endif
}

SHAPE uint32_t loads(void);
SHAPE uint32_t loads(void)
{
    uint32_t sum = area[16] + area[40];                         /* data, and a fill */
    uint32_t v = 0;

    sum += *(volatile uint16_t *)&area[66] + area[70];
    sum += *(volatile double *)&area[72];
    __asm__ volatile("lwl %0, 3(%1)\n\tlwr %0, 0(%1)" : "+r"(v) : "r"(&area[85]) : "memory");   /* 85 to 88 */
    __asm__ volatile("lwl %0, 0(%1)" : "+r"(v) : "r"(&area[130]) : "memory");                   /* 128 to 130 */
    __asm__ volatile("lwr %0, 0(%1)" : "+r"(v) : "r"(&area[141]) : "memory");                   /* 141 to 143 */
#if IS_MICROMIPS
    __asm__ volatile("lwm $16-$17, 0(%0)" : : "r"(&area[108]) : "memory", "$16", "$17");        /* 108 to 115 */
#endif
    return sum + v;
}

int main(void)
{
    volatile uint32_t sum;

    fill(0);
    for (unsigned i = 16; i < 32; i++) {
        area[i] = i;
    }
    stores(0x12345678, 1.5);
    sum = loads();
    (void)sum;
    fill(0);                    /* what was used stays used, what is read now is not */
    sum = area[20] + area[44];
    return 0;
}
