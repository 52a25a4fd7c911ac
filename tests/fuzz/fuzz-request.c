/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-handshake.h"
#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-via.h"

/* Texts that an input is cut into, each from after one NUL to the next. */
#define MAX_TEXTS 8

static char *
take_text (FuzzInput *input)
{
  char *text = g_strndup ((const char *)input->data, input->size);
  gsize size = MIN (strlen (text) + 1, input->size);

  input->data += size;
  input->size -= size;
  return text;
}

/* What a proxy passes on holds no more entries than came, and its own last, to be found and counted
 * there by the next one. */
static void
check_via (DuplexHead *head)
{
  g_autofree char       *value = duplex_via_extend (head, "1.1 own");
  g_autofree char       *text = g_strdup_printf ("GET / HTTP/1.1\r\nVia: %s\r\n\r\n", value);
  g_autoptr (DuplexHead) next = NULL;
  g_auto (GStrv)         entries = g_strsplit (value, ", ", 0);
  guint                  n = g_strv_length (entries);

  g_assert_cmpuint (n, <=, duplex_via_count (head) + 1);
  g_assert_cmpstr (entries[n - 1], ==, "1.1 own");
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (strlen (entries[i]), <=, DUPLEX_LIMIT_VIA_ENTRY);
  next = duplex_head_parse_request ((const guint8 *)text, strlen (text), NULL);
  g_assert_nonnull (next);
  g_assert_cmpuint (duplex_via_count (next), ==, n);
  g_assert_true (duplex_via_has (next, "own"));
}

/* What a server does with a head from outside. */
static void
check_parsed (const guint8 *data,
              gsize         size)
{
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = NULL;
  g_autoptr (GBytes)     response = NULL;
  g_autofree char       *offers = NULL;
  g_autofree char       *accepted = NULL;
  DuplexDeflateAgreement agreement = { 0 };
  gsize                  end = duplex_head_find_end (data, size, NULL);
  guint                  status = 0;

  g_assert_cmpuint (end, <=, size);
  if (end > 0)
    g_assert_cmpint (data[end - 1], ==, '\n');

  head = duplex_head_parse_request (data, end > 0 ? end : size, &error);
  if (head == NULL)
    {
      g_assert_true (error->domain == DUPLEX_ERROR);
      return;
    }

  g_assert_cmpuint (end, >, 0);
  check_via (head);
  if (duplex_handshake_check_request (head, &status, &error))
    {
      offers = duplex_head_dup_list (head, "Sec-WebSocket-Extensions");
      if (offers != NULL)
        duplex_deflate_accept_offer (offers, NULL, &accepted, &agreement);
      response = duplex_handshake_build_response (head, NULL, accepted);
      g_assert_nonnull (response);
    }
  else
    {
      g_assert_true (status == 400 || status == 405 || status == 426);
      g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_INVALID);
    }
}

static void
check_built_field (DuplexHead *head,
                   guint       i,
                   const char *name,
                   const char *value)
{
  g_autofree char *trimmed = g_strdup (value);
  gsize            begin = strspn (value, " \t");

  for (gsize len = strlen (trimmed); len > begin && strchr (" \t", trimmed[len - 1]); len--)
    trimmed[len - 1] = '\0';
  g_assert_cmpstr (duplex_head_get_field_name (head, i), ==, name);
  g_assert_cmpstr (duplex_head_get_field_value (head, i), ==,
                   begin < strlen (trimmed) ? trimmed + begin : "");
}

/* Whatever a user types is refused, or is read back as what was typed and nothing more. */
static void
check_built (FuzzInput input)
{
  g_autofree char    *key = duplex_handshake_new_key ();
  char               *texts[MAX_TEXTS];
  DuplexHeader        header;
  const char *const   subprotocols[] = { "chat", "", NULL };
  DuplexDeflateParams deflate = { .client_max_window_bits = DUPLEX_WINDOW_BITS_NO_VALUE };
  g_autofree char    *offer = NULL;
  DuplexRequest       request = {
          .key = key, .deflate = &deflate, .headers = &header, .n_headers = 1
  };
  g_autoptr (GBytes)     bytes = NULL;
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = NULL;
  const char            *offered[G_N_ELEMENTS (subprotocols)];

  for (gsize i = 0; i < MAX_TEXTS; i++)
    texts[i] = take_text (&input);

  memcpy (offered, subprotocols, sizeof offered);
  offered[1] = texts[2];
  request.host = texts[0];
  request.target = texts[1];
  request.subprotocols = offered;
  request.origin = texts[3];
  if (!duplex_deflate_params_parse (texts[4], &deflate, NULL))
    deflate.server_max_window_bits = (guint)strlen (texts[4]);
  header = (DuplexHeader){ texts[5], texts[6] };
  bytes = duplex_handshake_build_request (&request, &error);
  if (bytes == NULL)
    g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  else if (g_bytes_get_size (bytes) < 60000)
    {
      gsize         size;
      const guint8 *data = g_bytes_get_data (bytes, &size);

      g_assert_cmpuint (duplex_head_find_end (data, size, NULL), ==, size);
      head = duplex_head_parse_request (data, size, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (duplex_head_get_n_fields (head), ==, 9);
      g_assert_cmpstr (duplex_head_get_target (head), ==, texts[1]);
      check_built_field (head, 0, "Host", texts[0]);
      check_built_field (head, 5, "Origin", texts[3]);
      offer = duplex_deflate_params_to_string (&deflate);
      check_built_field (head, 7, "Sec-WebSocket-Extensions", offer);
      check_built_field (head, 8, texts[5], texts[6]);
      g_assert_true (duplex_handshake_check_request (head, NULL, NULL));
    }

  for (gsize i = 0; i < MAX_TEXTS; i++)
    g_free (texts[i]);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput input = { data, size };

  if ((fuzz_take_byte (&input) & 1) == 0)
    check_parsed (input.data, input.size);
  else
    check_built (input);
  return 0;
}
