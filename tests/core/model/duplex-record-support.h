/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A capture that is recorded to a file in a folder of its own, and the same opened again. */

#include "core/model/duplex-capture.h"

G_BEGIN_DECLS

typedef struct
{
  char          *folder;
  char          *path;
  DuplexCapture *capture; /* is recorded */
  DuplexCapture *stored;  /* of the same file, or NULL */
} RecordFixture;

/* origin NULL: with nothing to say of it. */
RecordFixture *record_fixture_new (const DuplexCaptureOrigin *origin);

/* Opens the file as it is. */
void record_fixture_open (RecordFixture *self);

/* Opens what is in the files now, as a kill would leave it; NULL where that cannot be opened. */
DuplexCapture *record_fixture_open_copy (RecordFixture *self);

/* The recording ends, and its file is opened. */
void record_fixture_reopen (RecordFixture *self);

/* Asserts that both captures are finalised. */
void record_fixture_free (RecordFixture *self);

/* Message i: its number, and as many letters as make its size. */
char *record_make_text (guint64 i,
                        gsize   size);

/* Bytes that repeat late. */
guint8 *record_make_bytes (gsize size);

/* Appends messages from to from + n, whose events have those numbers, a millisecond apart. */
void record_append_texts (DuplexCapture *capture,
                          guint64        from,
                          guint64        n,
                          gsize          size);

/* Asserts that event i is that message. */
void record_assert_text (DuplexCapture *capture,
                         guint64        i,
                         gsize          size);

/* Asserts that the payload of event number is bytes, as a whole and from many offsets. */
void record_assert_payload (DuplexCapture *capture,
                            guint64        number,
                            DuplexPayload  which,
                            const guint8  *bytes,
                            gsize          size);

G_END_DECLS
