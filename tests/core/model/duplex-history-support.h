/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files of captures, as a recording leaves them. */

#include <glib.h>

#include "core/model/duplex-capture-file.h"

G_BEGIN_DECLS

typedef struct
{
  const char *title;    /* or NULL */
  const char *profile;  /* or NULL */
  const char *url;      /* NULL: nothing was connected */
  guint64     messages; /* received, each of 100 bytes */
  gsize       ballast;  /* bytes of the block's data */
  gint64      seconds;  /* from the first event to the last */
  guint       code;     /* of the Close, or 0: no CLOSED event */
  const char *error;    /* of a FAILED event, or NULL */
} DuplexTestSession;

/* Makes path; what is not said is left out. With finish FALSE the recording is left open, which the
 * caller ends with duplex_capture_file_free(). */
DuplexCaptureFile *duplex_test_record_session (const char              *path,
                                               const DuplexTestSession *session);
void               duplex_test_write_session (const char              *path,
                                              const DuplexTestSession *session);

G_END_DECLS
