/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-transfer-support.h"

#include <glib/gstdio.h>

static char *folder; /* of the files */

/* ---- files ---- */

GFile *
transfer_new_file (const void *data,
                   gsize       len)
{
  static guint       n;
  g_autofree char   *name = g_strdup_printf ("file-%u", n++);
  g_autofree char   *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, (gssize)len, &error);
  g_assert_no_error (error);
  return g_file_new_for_path (path);
}

GByteArray *
transfer_new_bytes (gsize len)
{
  GByteArray *bytes = g_byte_array_sized_new ((guint)len);

  g_byte_array_set_size (bytes, (guint)len);
  for (gsize i = 0; i < len; i++)
    bytes->data[i] = (guint8)('!' + (i % 89 + i / 1021) % 90);
  return bytes;
}

GFile *
transfer_new_large_file (gsize size)
{
  g_autoptr (GByteArray) bytes = transfer_new_bytes (size);

  return transfer_new_file (bytes->data, bytes->len);
}

int
transfer_run (void)
{
  g_autoptr (GDir) dir = NULL;
  const char      *name;
  int              result;

  folder = g_dir_make_tmp ("duplex-transfer-XXXXXX", NULL);
  g_assert_nonnull (folder);
  result = g_test_run ();
  dir = g_dir_open (folder, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_clear_pointer (&folder, g_free);
  return result;
}

/* ---- transfers ---- */

DuplexTransfer *
transfer_send (Fixture     *f,
               DuplexOpcode opcode,
               GFile       *file)
{
  g_autoptr (GError) error = NULL;
  DuplexTransfer    *transfer = duplex_session_send_file (f->session, opcode, file, &error);

  g_assert_no_error (error);
  return transfer;
}

static gboolean
is_over (Fixture *f,
         gpointer data)
{
  return duplex_transfer_is_over (data);
}

void
transfer_wait_state (Fixture            *f,
                     DuplexTransfer     *transfer,
                     DuplexTransferState state)
{
  fixture_wait (f, is_over, transfer, "the end of a transfer");
  g_assert_cmpint (duplex_transfer_get_state (transfer), ==, state);
  g_assert_true ((duplex_transfer_get_error (transfer) != NULL) ==
                 (state == DUPLEX_TRANSFER_FAILED));
}

static gboolean
is_sending (Fixture *f,
            gpointer data)
{
  return duplex_transfer_get_state (data) >= DUPLEX_TRANSFER_SENDING &&
         duplex_transfer_get_sent (data) > 0;
}

void
transfer_wait_sending (Fixture        *f,
                       DuplexTransfer *transfer)
{
  fixture_wait (f, is_sending, transfer, "a transfer that has begun");
  g_assert_false (duplex_transfer_is_over (transfer));
}

static gboolean
has_waiting_none (Fixture *f,
                  gpointer data)
{
  guint n;

  duplex_session_get_waiting (f->session, NULL, &n);
  return n == 0;
}

void
transfer_disconnect (Fixture *f)
{
  fixture_wait (f, has_waiting_none, NULL, "nothing to wait");
  fixture_disconnect (f);
  g_assert_cmpuint (f->close_code, ==, 1000);
  g_assert_no_error (f->error);
}

Fixture *
fixture_new_held (FarEnd *far)
{
  Fixture *f = fixture_new (far_end_get_url (far));

  far_end_set_reads (far, FALSE);
  duplex_session_get_options (f->session)->close_timeout = 10;
  fixture_connect (f);
  return f;
}

int
tokens_find (char      **tokens,
             int         from,
             const char *prefix)
{
  for (int i = from; tokens[i] != NULL; i++)
    if (g_str_has_prefix (tokens[i], prefix))
      return i;
  return -1;
}

char **
far_end_split_frames (FarEnd *far)
{
  g_autofree char *frames = far_end_dup_frames (far);

  return g_strsplit (frames, " ", -1);
}
