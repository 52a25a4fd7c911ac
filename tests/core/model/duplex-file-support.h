/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files of captures whose blocks can be told from each other. */

#include "core/model/duplex-capture-file.h"

G_BEGIN_DECLS

/* Events of each block, and rows. */
#define DUPLEX_TEST_EVENTS 10
#define DUPLEX_TEST_ROWS   4

/* A fixture of g_test_add(): where a capture is to be, in a folder of its own. */
typedef struct
{
  char *folder;
  char *path;
  char *wal; /* what SQLite has beside it */
  char *shm;
} DuplexTestFile;

void duplex_test_file_set_up (DuplexTestFile *self,
                              gconstpointer   unused);
/* The folder may have been made one that cannot be written. */
void duplex_test_file_tear_down (DuplexTestFile *self,
                                 gconstpointer   unused);

/* The entry of block id, and its bytes: some hundred for most, every fifth is of many pages. */
GBytes *duplex_test_fill_block (guint64                 id,
                                DuplexCaptureBlockInfo *ret_info);

/* Puts the blocks from first to last in one transaction. */
void duplex_test_put_blocks (DuplexCaptureFile *file,
                             guint64            first,
                             guint64            last);

/* A file that is being recorded: n blocks, a payload of three chunks (number 7), a connection, a
 * title and a note; and one that is finished. */
DuplexCaptureFile *duplex_test_begin_file (const char *path,
                                           guint64     n);
void               duplex_test_make_file (const char *path,
                                          guint64     n);

/* Walks over all blocks, which must be what put made of them, and reads those that there are.
 * Returns their number. */
guint64 duplex_test_check_blocks (DuplexCaptureFile *file,
                                  char             **ret_missing);

/* The same of the file at path, which must open. */
guint64 duplex_test_check_file (const char *path,
                                char      **ret_missing);

/* Runs SQL in a file, as another program would. */
void duplex_test_run_sql (const char *path,
                          const char *sql);

G_END_DECLS
