/* SPDX-License-Identifier: MIT */
/* What the handlers of handlers.S call, and tasks as FreeRTOS has them. */
#define OUT_OF_LINE __attribute__((noinline, noclone, noipa))

volatile int sink;

OUT_OF_LINE void small(void) { sink = 1; }
OUT_OF_LINE void big(void) { volatile int words[20]; words[sink & 7] = 2; sink = words[0]; }
OUT_OF_LINE void report(void) { volatile int words[10]; words[sink & 7] = 2; for (;;) sink = words[0]; }
OUT_OF_LINE void attach(void (*one)(void), void (*other)(void)) { sink = (int)one ^ (int)other; }

OUT_OF_LINE int xTaskCreate(void (*code)(void *), const char *name, unsigned short words, void *more, int priority, void *handle)
{
    sink = (int)code + (int)name + words + (int)more + priority + (int)handle;
    return 1;
}

OUT_OF_LINE void sampler(void *more) { volatile int words[30]; for (;;) { words[sink & 7] = 1; big(); sink = words[1]; } }
OUT_OF_LINE void sender(void *more) { for (;;) small(); }

int main(void)
{
    xTaskCreate(sampler, "Sampler", 256, 0, 1, 0);
    xTaskCreate(sender, "Sender", 128, 0, 2, 0);
    for (;;)
        sink = 0;
}
