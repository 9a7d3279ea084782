# SPDX-License-Identifier: MIT
"""A little server like the original's: a buffer in the table, and a second one that the table forgets."""

SERVER_C = """
char server_buffer[4000];
int server_clients;
static short server_port = 8088;
static const char names[40] = "upgrade";
const char *server_name(void);
static int __attribute__((noinline)) digest(int x) { return server_buffer[x] + names[x]; }
int server_send(int x) { static char forgotten[5000]; forgotten[x] = (char) x; return digest(x) + forgotten[1]; }
int server_task(int x) {
    static char seen[24];
    seen[x] = 1;
    server_clients += seen[0];
    return server_send(server_port);
}
"""
OTHER_C = """
extern int server_task(int), server_clients;
char log_lines[300];
static int __attribute__((noinline)) digest(int x) { return log_lines[x] * 3; }
const char *server_name(void) { return "a literal of some length"; }
int idle(int x) { return x; }
extern int also_idle(int) __attribute__((alias("idle")));
int main(void) { return server_task(digest(server_clients)) + also_idle(1) + server_name()[2]; }
"""
SOURCES = {"server.c": SERVER_C, "other.c": OTHER_C}

STYLES = {
    "plain": (),
    "sections": ("-ffunction-sections", "-fdata-sections"),
    "common": ("-fcommon",),
    "debug": ("-g",),
    "everything": ("-g", "-ffunction-sections", "-fdata-sections", "-fcommon"),
    "small data": ("-G8", "-g"),
    "micromips": ("-mmicromips", "-mips32r2", "-g", "-ffunction-sections"),
}
"""Ways of building that change where names, sizes and files are to be found."""
