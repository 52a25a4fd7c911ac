/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "app/duplex-closures.h"

#include <glib/gi18n.h>

#include "core/proto/duplex-handshake.h"
#include "core/proto/duplex-url.h"

#define FINGERPRINT_GROUP 4

gboolean
duplex_closure_is_set (gpointer    instance,
                       const char *text)
{
  return text != NULL && *text != '\0';
}

char *
duplex_closure_profile_detail (gpointer    instance,
                               const char *url,
                               const char *error)
{
  if (error != NULL)
    /* Translators: %s says why a profile's file cannot be read, in English. */
    return g_strdup_printf (_ ("Cannot be read: %s"), error);

  return g_strdup (url);
}

char *
duplex_closure_profile_label (gpointer    instance,
                              const char *name,
                              const char *url,
                              const char *error)
{
  g_autofree char *detail = duplex_closure_profile_detail (instance, url, error);

  if (detail == NULL || *detail == '\0')
    return g_strdup (name);

  return g_strdup_printf ("%s, %s", name, detail);
}

char *
duplex_closure_fingerprint (gpointer    instance,
                            const char *fingerprint)
{
  GString *grouped;

  if (fingerprint == NULL)
    return NULL;

  grouped = g_string_new (NULL);
  for (gsize i = 0; fingerprint[i] != '\0'; i++)
    {
      if (i > 0 && i % FINGERPRINT_GROUP == 0)
        g_string_append_c (grouped, ' ');
      g_string_append_c (grouped, fingerprint[i]);
    }
  return g_string_free (grouped, FALSE);
}

char *
duplex_closure_url_problem (gpointer    instance,
                            const char *url)
{
  g_autoptr (GError) error = NULL;

  if (url == NULL || *url == '\0' || duplex_url_check (url, &error))
    return g_strdup ("");

  /* Translators: %s says what is wrong with it, in English. */
  return g_strdup_printf (_ ("Not a WebSocket URL: %s"), error->message);
}

char *
duplex_closure_header_problem (gpointer    instance,
                               const char *name,
                               const char *value)
{
  gboolean has_name = name != NULL && *name != '\0';
  gboolean has_value = value != NULL && *value != '\0';

  if (!has_name && !has_value)
    return g_strdup ("");
  if (!has_name)
    return g_strdup (_ ("The header has no name"));
  if (!duplex_token_is_valid (name))
    return g_strdup (_ ("A header name has letters, digits and some signs, but no spaces"));
  if (duplex_header_is_reserved (name))
    return g_strdup (_ ("The handshake writes this header by itself"));
  if (!duplex_header_is_valid (name, has_value ? value : ""))
    return g_strdup (_ ("The value has a character that no header can carry"));

  return g_strdup ("");
}

char *
duplex_closure_origin_problem (gpointer    instance,
                               const char *origin)
{
  if (origin == NULL || duplex_header_is_valid ("Origin", origin))
    return g_strdup ("");

  return g_strdup (_ ("The Origin has a character that no header can carry"));
}

char **
duplex_closure_split_subprotocols (const char *subprotocols)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv)           parts = g_strsplit (subprotocols != NULL ? subprotocols : "", ",", -1);

  for (gsize i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      g_strv_builder_add (builder, parts[i]);
  return g_strv_builder_end (builder);
}

/* RFC 6455 §4.1 (10): each is a token, and all are different. */
char *
duplex_closure_subprotocols_problem (gpointer    instance,
                                     const char *subprotocols)
{
  g_auto (GStrv) names = duplex_closure_split_subprotocols (subprotocols);

  for (gsize i = 0; names[i] != NULL; i++)
    {
      if (!duplex_token_is_valid (names[i]))
        /* Translators: %s is what was typed as the name of a subprotocol. */
        return g_strdup_printf (_ ("“%s” cannot be the name of a subprotocol"), names[i]);

      for (gsize j = 0; j < i; j++)
        if (g_str_equal (names[i], names[j]))
          return g_strdup_printf (_ ("The subprotocol “%s” stands there twice"), names[i]);
    }
  return g_strdup ("");
}
