/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-history-support.h"

#include <string.h>

static void
put_fact (DuplexCaptureFile *file,
          DuplexEventKind    kind,
          guint64            number,
          const char        *text,
          gint64             value)
{
  DuplexEvent        event = DUPLEX_EVENT_INIT;
  g_autoptr (GError) error = NULL;

  event.kind = kind;
  event.number = number;
  event.connection = 1;
  event.time_us = g_get_real_time ();
  event.value = value;
  event.payload = (const guint8 *)text;
  event.payload_size = strlen (text);
  duplex_capture_file_put_fact (file, &event, &error);
  g_assert_no_error (error);
}

static void
put_meta (DuplexCaptureFile *file,
          const char        *key,
          const char        *value)
{
  g_autoptr (GError) error = NULL;

  if (value != NULL)
    duplex_capture_file_put_meta (file, key, value, &error);
  g_assert_no_error (error);
}

static void
put_block (DuplexCaptureFile       *file,
           const DuplexTestSession *session)
{
  g_autoptr (GError)     error = NULL;
  g_autofree guint8     *data = g_malloc0 (MAX (session->ballast, 1));
  gint64                 now = g_get_real_time ();
  DuplexCaptureBlockInfo info = { 0 };

  info.id = 1;
  info.n_events = MAX (session->messages, 1);
  info.n_rows = info.n_events;
  info.first_time_us = now;
  info.last_time_us = now + session->seconds * G_USEC_PER_SEC;
  info.size = MAX (session->ballast, 1);
  info.totals.events = info.n_events;
  info.totals.rows = info.n_rows;
  info.totals.messages[1] = session->messages;
  info.totals.bytes[1] = session->messages * 100;
  info.totals.frames[1] = session->messages;
  info.totals.wire_bytes[1] = session->messages * 102;
  duplex_capture_file_put_block (file, &info, data, &error);
  g_assert_no_error (error);
}

DuplexCaptureFile *
duplex_test_record_session (const char              *path,
                            const DuplexTestSession *session)
{
  g_autoptr (GError) error = NULL;
  DuplexCaptureFile *file = duplex_capture_file_create (path, &error);

  g_assert_no_error (error);
  duplex_capture_file_begin (file, &error);
  g_assert_no_error (error);
  put_meta (file, "title", session->title);
  put_meta (file, "profile-name", session->profile);
  if (session->url != NULL)
    {
      put_fact (file, DUPLEX_EVENT_CONNECTING, 0, session->url, -1);
      if (session->error != NULL)
        put_fact (file, DUPLEX_EVENT_FAILED, 1, session->error, 0);
      if (session->code != 0)
        put_fact (file, DUPLEX_EVENT_CLOSED, 2, "", session->code);
    }
  put_block (file, session);
  duplex_capture_file_commit (file, &error);
  g_assert_no_error (error);
  return file;
}

void
duplex_test_write_session (const char              *path,
                           const DuplexTestSession *session)
{
  g_autoptr (DuplexCaptureFile) file = duplex_test_record_session (path, session);
  g_autoptr (GError)            error = NULL;

  duplex_capture_file_finish (file, &error);
  g_assert_no_error (error);
}
