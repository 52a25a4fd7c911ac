/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-record-support.h"

#include <glib/gstdio.h>
#include <string.h>

#include "duplex-model-support.h"

RecordFixture *
record_fixture_new (const DuplexCaptureOrigin *origin)
{
  static const DuplexCaptureOrigin none = { 0 };
  RecordFixture                   *f = g_new0 (RecordFixture, 1);
  g_autoptr (GError)               error = NULL;

  f->folder = duplex_test_make_folder ();
  f->path = g_build_filename (f->folder, "a.duplex", NULL);
  f->capture = duplex_capture_new ();
  duplex_capture_record (f->capture, f->path, origin != NULL ? origin : &none, &error);
  g_assert_no_error (error);
  g_assert_cmpint (duplex_capture_get_recording (f->capture), ==, DUPLEX_RECORDING_ON);
  return f;
}

void
record_fixture_open (RecordFixture *f)
{
  g_autoptr (GError) error = NULL;

  f->stored = duplex_capture_open (f->path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (duplex_capture_get_recording (f->stored), ==, DUPLEX_RECORDING_STORED);
}

/* The recording ends, and its file is opened. */
void
record_fixture_reopen (RecordFixture *f)
{
  g_autoptr (GError) error = NULL;

  duplex_capture_finish (f->capture, &error);
  g_assert_no_error (error);
  record_fixture_open (f);
  g_assert_null (duplex_capture_dup_trouble (f->stored));
}

DuplexCapture *
record_fixture_open_copy (RecordFixture *f)
{
  static const char *const suffixes[] = { "", "-wal" };
  g_autofree char         *copy = g_build_filename (f->folder, "copy.duplex", NULL);
  DuplexCapture           *capture;

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *from = g_strconcat (f->path, suffixes[i], NULL);
      g_autofree char *to = g_strconcat (copy, suffixes[i], NULL);
      g_autofree char *contents = NULL;
      gsize            length;

      if (g_file_get_contents (from, &contents, &length, NULL))
        g_assert_true (g_file_set_contents (to, contents, (gssize)length, NULL));
    }
  capture = duplex_capture_open (copy, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *to = g_strconcat (copy, suffixes[i], NULL);

      g_unlink (to);
    }
  return capture;
}

void
record_fixture_free (RecordFixture *f)
{
  g_assert_finalize_object (f->capture);
  if (f->stored != NULL)
    g_assert_finalize_object (f->stored);
  duplex_test_remove_folder (f->folder);
  g_free (f->path);
  g_free (f);
}

/* Message i: its number, and as many letters as make its size. */
char *
record_make_text (guint64 i,
                  gsize   size)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%" G_GUINT64_FORMAT ":", i);
  while (text->len < size)
    g_string_append_c (text, (char)('a' + (i + text->len) % 26));
  return g_string_free (text, FALSE);
}

void
record_append_texts (DuplexCapture *capture,
                     guint64        from,
                     guint64        n,
                     gsize          size)
{
  for (guint64 i = from; i < from + n; i++)
    {
      g_autofree char *text = record_make_text (i, size);
      DuplexEvent      event = duplex_test_text (text);

      event.time_us = (gint64)i * 1000;
      g_assert_cmpuint (duplex_capture_append (capture, &event), ==, i);
    }
}

void
record_assert_text (DuplexCapture *capture,
                    guint64        i,
                    gsize          size)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  g_autofree char     *text = record_make_text (i, size);

  g_assert_true (duplex_capture_read (capture, i, &event));
  g_assert_cmpuint (event.number, ==, i);
  g_assert_cmpint (event.kind, ==, DUPLEX_EVENT_FRAME);
  g_assert_cmpmem (event.payload, event.payload_size, text, strlen (text));
}

guint8 *
record_make_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8)(i * 31 + (i >> 8) * 7 + (i >> 16));
  return bytes;
}

void
record_assert_payload (DuplexCapture *capture,
                       guint64        number,
                       DuplexPayload  which,
                       const guint8  *bytes,
                       gsize          size)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;
  g_autoptr (GBytes)   all = NULL;
  const gsize          offsets[] = {
             0,
             1,
             262143,
             262144,
             300000,
             524288,
             size - 1,
             size,
             size + 9,
  };

  g_assert_true (duplex_capture_read (capture, number, &event));
  g_assert_cmpuint (which == DUPLEX_PAYLOAD_WIRE ? event.payload_size : event.inflated_size, ==,
                    size);
  all = duplex_capture_dup_payload (capture, &event, which, 0, size + 10);
  g_assert_cmpuint (g_bytes_get_size (all), ==, size);
  g_assert_true (memcmp (g_bytes_get_data (all, NULL), bytes, size) == 0);
  for (guint i = 0; i < G_N_ELEMENTS (offsets); i++)
    {
      guint8 buffer[100];
      gsize  expected = offsets[i] < size ? MIN (sizeof buffer, size - offsets[i]) : 0;
      gsize  n = duplex_capture_read_payload (capture, &event, which, offsets[i], buffer,
                                              sizeof buffer);

      g_assert_cmpuint (n, ==, expected);
      g_assert_true (n == 0 || memcmp (buffer, bytes + offsets[i], n) == 0);
    }
}
