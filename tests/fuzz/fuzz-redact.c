/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/model/duplex-profile-text.h"
#include "core/model/duplex-redact-url.h"
#include "core/model/duplex-redact.h"

/* What must not be left. */
#define SECRET "geheimnis"

static GBytes *
redact (DuplexEventKind kind,
        const GString  *text)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = kind;
  event.payload = (const guint8 *)text->str;
  event.payload_size = text->len;
  return duplex_redact_event (&event);
}

static gboolean
has_secret (gconstpointer data,
            gsize         size)
{
  for (gsize i = 0; i + strlen (SECRET) <= size; i++)
    if (memcmp ((const char *)data + i, SECRET, strlen (SECRET)) == 0)
      return TRUE;
  return FALSE;
}

/* What comes back is not what went in. */
static void
check_event (DuplexEventKind kind,
             const GString  *text,
             gboolean        is_secret)
{
  g_autoptr (GBytes) clean = redact (kind, text);
  gsize              size;
  const char        *data;

  g_assert_true (clean != NULL || !is_secret);
  if (clean == NULL)
    return;
  data = g_bytes_get_data (clean, &size);
  g_assert_true (size != text->len || memcmp (data, text->str, size) != 0);
  g_assert_false (is_secret && has_secret (data, size));
}

/* Whatever stands before a parameter, and behind it. */
static void
check_url (const char *data,
           gsize       size)
{
  g_autoptr (GString) url = g_string_new_len (data, (gssize)(size / 2));

  g_string_append (url, "?token=" SECRET "&");
  g_string_append_len (url, data + size / 2, (gssize)(size - size / 2));
  check_event (DUPLEX_EVENT_CONNECTING, url, /* is_secret= */ TRUE);
  check_event (DUPLEX_EVENT_FAILED, url, /* is_secret= */ TRUE);
}

/* The same of a field on a line of its own, and of a first line. */
static void
check_head (const char *data,
            gsize       size)
{
  g_autoptr (GString) head = g_string_new ("GET /?token=" SECRET " HTTP/1.1\r\n");

  g_string_append_len (head, data, (gssize)(size / 2));
  g_string_append (head, "\r\nX-Api-Key: " SECRET "\r\n");
  g_string_append_len (head, data + size / 2, (gssize)(size - size / 2));
  check_event (DUPLEX_EVENT_REQUEST, head, /* is_secret= */ TRUE);
  check_event (DUPLEX_EVENT_RESPONSE, head, /* is_secret= */ TRUE);
}

/* A relay's client may send anything. */
static void
check_wreck (const char *data,
             gsize       size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  gboolean           hides = FALSE;
  g_autoptr (GBytes) clean = duplex_redact_relay_request (bytes, &hides);

  g_assert_true (hides || g_bytes_equal (bytes, clean));
}

static void
append_graph (GString    *head,
              const char *data,
              gsize       size)
{
  for (gsize i = 0; i < size; i++)
    if (g_ascii_isgraph (data[i]))
      g_string_append_c (head, data[i]);
}

/* A target without blanks, at a relay: all of its query is hidden where it is not understood. */
static void
check_target (const char *data,
              gsize       size)
{
  g_autoptr (GString) head = g_string_new ("GET /?a=1&b=");
  g_autoptr (GBytes)  bytes = NULL;
  g_autoptr (GBytes)  clean = NULL;
  gboolean            hides = FALSE;

  append_graph (head, data, size / 2);
  g_string_append (head, "ws://me:" SECRET "@host/");
  append_graph (head, data + size / 2, size - size / 2);
  g_string_append (head, " HTTP/1.1\r\nHost: a\r\n\r\n");
  bytes = g_bytes_new (head->str, head->len);
  clean = duplex_redact_relay_request (bytes, &hides);
  g_assert_true (hides);
  g_assert_false (has_secret (g_bytes_get_data (clean, NULL), g_bytes_get_size (clean)));
}

static void
check_profile (const char *text)
{
  g_autofree char *clean = duplex_redact_profile (text);

  g_assert_true (duplex_profile_text_check (clean, strlen (clean), NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GString) text = g_string_new_len ((const char *)data, (gssize)size);
  g_autoptr (GString) graph = g_string_new (NULL);

  /* libFuzzer finds out what is looked for. */
  append_graph (graph, text->str, size);
  if (has_secret (graph->str, graph->len))
    return 0;
  check_event (DUPLEX_EVENT_CONNECTED, text, /* is_secret= */ FALSE);
  check_event (DUPLEX_EVENT_BODY, text, /* is_secret= */ FALSE);
  check_event (DUPLEX_EVENT_RESPONSE, text, /* is_secret= */ FALSE);
  check_event (DUPLEX_EVENT_REQUEST, text, /* is_secret= */ FALSE);
  check_url (text->str, size);
  check_head (text->str, size);
  check_wreck (text->str, size);
  check_target (text->str, size);
  check_profile (text->str);
  duplex_redact_is_marked (text->str);
  return 0;
}
