/* SPDX-License-Identifier: MIT */
/* lwIP's own file system is empty: http.c has the files. */
#define FS_ROOT     NULL
#define FS_NUMFILES 0
