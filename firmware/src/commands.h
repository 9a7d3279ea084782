/* SPDX-License-Identifier: MIT */
/* The console's commands. */
#ifndef COMMANDS_H
#define COMMANDS_H

/* Runs one line; says so when it is no command. An empty line does nothing. */
void command_run(char *line);

#endif
