/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "cli/duplex-cli-frame.h"
#include "core/proto/duplex-error.h"

/* What somebody types behind /frame and /split. */

static void
check_error (const GError *error)
{
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, !=, "");
}

/* What was understood can be written, and is as long as it has to be. */
static void
check_frame (const char *text)
{
  g_autoptr (GError)           error = NULL;
  gboolean                     deliberate = FALSE;
  g_autoptr (DuplexFrameDraft) draft = duplex_cli_frame_parse (text, &deliberate, &error);
  g_autoptr (GBytes)           wire = NULL;
  DuplexFrameHeader            header;
  guint64                      size;

  if (draft == NULL)
    {
      check_error (error);
      return;
    }
  g_assert_true (duplex_frame_draft_check (draft, NULL));
  duplex_frame_draft_get_header (draft, DUPLEX_ROLE_CLIENT, duplex_mask_source_random, NULL,
                                 &header);
  wire = duplex_frame_draft_encode (draft, DUPLEX_ROLE_CLIENT, duplex_mask_source_random, NULL);
  size = duplex_frame_header_get_size (&header);
  size += draft->payload != NULL ? g_bytes_get_size (draft->payload) : 0;
  g_assert_cmpuint (g_bytes_get_size (wire), ==, MIN (size, draft->stop));
}

static void
check_points (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) points = duplex_cli_frame_parse_points (text, &error);

  if (points == NULL)
    {
      check_error (error);
      return;
    }
  g_assert_cmpuint (points->len, >, 0);
  for (guint i = 1; i < points->len; i++)
    g_assert_cmpuint (g_array_index (points, gsize, i - 1), <=,
                      g_array_index (points, gsize, i));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = size > 0 ? g_strndup ((const char *)data, size) : g_strdup ("");

  check_frame (text);
  check_points (text);

  return 0;
}
