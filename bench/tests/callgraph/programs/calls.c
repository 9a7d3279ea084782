/* SPDX-License-Identifier: MIT */
/*
 * Calls of every kind, for the call graph and the stack bound. It is only read, never run.
 */
#define OUT_OF_LINE __attribute__((noinline, noclone, noipa))

volatile int sink;

OUT_OF_LINE int leaf(int x) { sink = x; return x + 1; }

OUT_OF_LINE int with_locals(int x)
{
    volatile int words[50];
    words[x & 31] = x;
    return leaf(words[x & 15]) + x;
}

OUT_OF_LINE int tail(int x) { sink = x; return with_locals(x + 1); }

OUT_OF_LINE int one(int x)   { sink = x; return x * 3; }
OUT_OF_LINE int two(int x)   { volatile int words[20]; words[x & 7] = x; return words[1]; }
OUT_OF_LINE int three(int x) { return leaf(x) + leaf(x + 1); }

OUT_OF_LINE int by_switch(int kind, int x)
{
    switch (kind) {
    case 0: return leaf(x) + 11;
    case 1: return with_locals(x) + 22;
    case 2: sink = 5; return x - 33;
    case 3: return leaf(x + 2) * 44;
    case 4: sink = 7; return x + 55;
    case 5: return leaf(x + 3) / 3;
    case 6: sink = 9; return x ^ 77;
    default: return 0;
    }
}

typedef int (*function)(int);
static const function table[] = { one, two, three };

OUT_OF_LINE int by_table(unsigned kind, int x) { return table[kind % 3](x) + 1; }

function pointer = two;
OUT_OF_LINE void set_pointer(void) { pointer = three; }
OUT_OF_LINE int by_pointer(int x) { return pointer(x) + 1; }

/* The pointer is an argument, and every caller passes a function that the code names. */
OUT_OF_LINE int apply(function f, int x) { return f(x) + x; }
OUT_OF_LINE int pass(function f, int x) { return apply(f, x + 1) - x; }
OUT_OF_LINE int by_argument(int x) { return apply(one, x) + pass(two, x); }

/* Its own address is in a table, so anybody may call it with anything. */
OUT_OF_LINE int anybody(function f, int x) { return f(x) + x; }
int (*volatile exported)(function, int) = anybody;

/* The pointer is in an object of which only its address is known. */
struct driver { int number; function open, close; };
const struct driver driver = { 7, one, two };
const struct driver *volatile chosen = &driver;
OUT_OF_LINE int by_object(int x) { return chosen->close(x) + 1; }

OUT_OF_LINE int direct(int x) { volatile int words[10]; words[x & 3] = x; return x > 1 ? direct(x - 1) + words[0] : x; }

int odd(int x);
OUT_OF_LINE int even(int x) { sink = x; return x ? odd(x - 1) + sink : 1; }
OUT_OF_LINE int odd(int x)  { sink = x; return x ? even(x - 1) + sink : 0; }

OUT_OF_LINE int variable(int n, int x)
{
    volatile int words[n];
    words[n - 1] = x;
    return leaf(words[x]) + words[0];
}

OUT_OF_LINE __attribute__((noreturn)) void never(int x) { for (;;) sink = x; }
OUT_OF_LINE __attribute__((noreturn)) void gives_up(int x) { leaf(x); never(x); }
OUT_OF_LINE int behind(int x) { volatile int words[100]; words[x] = x; return leaf(words[1]) + 1; }

OUT_OF_LINE int all(int x)
{
    set_pointer();
    if (x == 77)
        gives_up(x);
    return tail(x) + by_switch(x, x) + by_table(x, x) + by_pointer(x) + by_argument(x) + by_object(x) + direct(x) + even(x) +
           variable(x, x) + behind(x);
}

int main(void) { return all(1) + exported(one, 1); }
