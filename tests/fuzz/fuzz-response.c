/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-handshake.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

/* A field is in the list of all that have its name. */
static void
check_list (DuplexHead *head,
            const char *name,
            const char *value)
{
  g_autofree char *list = duplex_head_dup_list (head, name);

  g_assert_nonnull (list);
  g_assert_nonnull (strstr (list, value));
}

/* Every field is where its offset says, is a token, and has a value without controls and without
 * white space around it. */
static void
check_fields (DuplexHead   *head,
              const guint8 *data,
              gsize         size)
{
  gsize end = 0;

  for (guint i = 0; i < duplex_head_get_n_fields (head); i++)
    {
      const char *name = duplex_head_get_field_name (head, i);
      const char *value = duplex_head_get_field_value (head, i);
      gsize       offset = duplex_head_get_field_offset (head, i);
      gsize       value_offset = duplex_head_get_value_offset (head, i);
      gsize       len = strlen (value);

      g_assert_cmpuint (offset, >, end);
      g_assert_cmpuint (strlen (name), <, size - offset);
      g_assert_cmpmem (data + offset, strlen (name), name, strlen (name));
      end = offset + strlen (name);
      g_assert_cmpuint (value_offset, >, end);
      g_assert_cmpuint (value_offset, <, size - len);
      g_assert_cmpmem (data + value_offset, len, value, len);
      g_assert_true (duplex_header_is_valid (name, value));
      if (len > 0)
        g_assert_true (!strchr (" \t", value[0]) && !strchr (" \t", value[len - 1]));
      g_assert_nonnull (duplex_head_lookup (head, name));
      check_list (head, name, value);
    }
}

static void
check_judgement (DuplexHead          *head,
                 const DuplexRequest *request,
                 gsize                size)
{
  g_autoptr (GArray)     findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  g_autofree char       *subprotocol = NULL;
  DuplexDeflateAgreement agreement;
  gboolean               accepted;
  gboolean               has_error = FALSE;

  accepted = duplex_handshake_check_response (head, request, findings, &subprotocol, &agreement);
  for (guint i = 0; i < findings->len; i++)
    {
      DuplexFinding finding = g_array_index (findings, DuplexFinding, i);

      if (duplex_finding_get_severity (finding.id) == DUPLEX_SEVERITY_ERROR)
        has_error = TRUE;
      g_assert_cmpuint (finding.offset, <, size);
    }

  g_assert_cmpint (accepted, ==, !has_error);
  if (agreement.agreed)
    g_assert_true (request->deflate != NULL &&
                   duplex_head_lookup (head, "Sec-WebSocket-Extensions") != NULL);
  if (subprotocol != NULL)
    g_assert_true (g_strv_contains (request->subprotocols, subprotocol));
  if (accepted)
    g_assert_cmpstr (duplex_head_lookup (head, "Sec-WebSocket-Accept"), ==,
                     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* What a client does with a head from outside. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const char *const  offered[] = { "chat", "superchat", NULL };
  const DuplexDeflateParams deflate = { .client_max_window_bits = DUPLEX_WINDOW_BITS_NO_VALUE };
  FuzzInput                 input = { data, size };
  guint8                    flags = fuzz_take_byte (&input);
  const DuplexRequest       request = {
          .key = KEY,
          .subprotocols = (flags & 1) != 0 ? offered : NULL,
          .deflate = (flags & 2) != 0 ? &deflate : NULL,
  };
  g_autoptr (GError)     error = NULL;
  g_autoptr (DuplexHead) head = NULL;
  gsize                  end = duplex_head_find_end (input.data, input.size, NULL);

  /* One byte less is no head yet. */
  if (end > 0)
    g_assert_cmpuint (duplex_head_find_end (input.data, end - 1, NULL), ==, 0);

  head = duplex_head_parse_response (input.data, end > 0 ? end : input.size, &error);
  if (head == NULL)
    {
      g_assert_true (error->domain == DUPLEX_ERROR);
      return 0;
    }

  g_assert_cmpuint (end, >, 0);
  g_assert_cmpuint (duplex_head_get_status (head), >=, 100);
  g_assert_cmpuint (duplex_head_get_status (head), <=, 599);
  check_fields (head, input.data, end);
  check_judgement (head, &request, end);
  return 0;
}
