/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-url.h"

/* What goes into the request's head has nothing that could end a line or a word there. */
static void
check_head_text (const char *text)
{
  g_assert_cmpuint (strlen (text), >, 0);
  for (const char *p = text; *p != '\0'; p++)
    g_assert_true (g_ascii_isgraph (*p));
}

static void
check_parts (const DuplexUrl *url)
{
  g_autofree char *port = g_strdup_printf (":%u", url->port);

  g_assert_cmpuint (url->port, !=, 0);
  g_assert_true (g_str_has_prefix (url->text, url->tls ? "wss://" : "ws://"));
  g_assert_true (g_str_has_suffix (url->text, url->target));
  g_assert_true (*url->target == '/');
  g_assert_cmpuint (strlen (url->host), >, 0);
  check_head_text (url->target);
  check_head_text (url->host_field);
  g_assert_cmpint (g_str_has_suffix (url->host_field, port), ==,
                   url->port != (url->tls ? 443 : 80));
  if (url->credentials != NULL)
    g_assert_nonnull (strchr (url->credentials, ':'));
}

/* What is shown and recorded of a URL leads to the same place, and says no password. */
static void
check_again (const DuplexUrl *url)
{
  g_autoptr (GError)    error = NULL;
  g_autoptr (DuplexUrl) again = duplex_url_parse (url->text, &error);

  g_assert_no_error (error);
  g_assert_cmpint (again->tls, ==, url->tls);
  g_assert_cmpstr (again->text, ==, url->text);
  g_assert_cmpstr (again->host, ==, url->host);
  g_assert_cmpuint (again->port, ==, url->port);
  g_assert_cmpstr (again->host_field, ==, url->host_field);
  g_assert_cmpstr (again->target, ==, url->target);
  g_assert_null (again->credentials);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GString)   input = g_string_new_len ((const char *)data, (gssize)size);
  const char           *text = input->str;
  g_autoptr (GError)    error = NULL;
  g_autoptr (DuplexUrl) url = duplex_url_parse (text, &error);
  const char           *path = duplex_url_get_demo_path (text);

  g_assert_cmpint (duplex_url_check (text, NULL), ==, url != NULL || path != NULL);
  if (path != NULL)
    g_assert_true (*path == '/');
  if (url == NULL)
    {
      g_assert_true (error->domain == DUPLEX_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL) ||
                     !g_utf8_validate (text, -1, NULL));
      return 0;
    }

  check_parts (url);
  check_again (url);
  return 0;
}
