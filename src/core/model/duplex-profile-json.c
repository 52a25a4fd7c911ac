/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "core/model/duplex-profile-private.h"
#include "core/model/duplex-profile-reader.h"
#include "core/model/duplex-profile-text.h"
#include "core/model/duplex-profile-wire.h"
#include "core/proto/duplex-error.h"
#include "core/proto/duplex-json.h"

/* The format that this version writes, and the latest that it reads. */
#define FORMAT_VERSION 1

static const char *const known_members[] = {
  "version",
  "name",
  "url",
  "headers",
  "subprotocols",
  "origin",
  "verify-certificates",
  "trusted-certificate",
  "compression",
  "pong",
  "ping",
  NULL,
};

static const char *const known_header_members[] = { "name", "value", NULL };

/* Reading */

static gboolean
check_version (const DuplexProfileReader *reader,
               GError                   **error)
{
  JsonNode *node = json_object_get_member (reader->object, "version");
  gint64    version;

  if (node == NULL)
    return TRUE;

  version = json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : 0;
  if (version < 1)
    return duplex_profile_reader_fail (reader, "version", error, "is not a number from 1");
  if (version > FORMAT_VERSION)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_NEWER_VERSION,
                   "Format version %" G_GINT64_FORMAT " is newer than %d, the latest that is known",
                   version, FORMAT_VERSION);
      return FALSE;
    }

  return TRUE;
}

static gboolean
is_fingerprint (const char *text)
{
  return strlen (text) == 64 && strspn (text, "0123456789abcdefABCDEF") == 64;
}

static gboolean
read_strings (const DuplexProfileReader *reader,
              DuplexProfile             *profile,
              GError                   **error)
{
  const char *name = "";
  const char *url = "";
  const char *origin = "";
  const char *trusted = "";
  gboolean    verify = TRUE;

  if (!duplex_profile_reader_get_string (reader, "name", &name, error) ||
      !duplex_profile_reader_get_string (reader, "url", &url, error) ||
      !duplex_profile_reader_get_string (reader, "origin", &origin, error) ||
      !duplex_profile_reader_get_boolean (reader, "verify-certificates", &verify, error) ||
      !duplex_profile_reader_get_string (reader, "trusted-certificate", &trusted, error))
    return FALSE;

  /* Trust is not guessed at. */
  if (*trusted != '\0' && !is_fingerprint (trusted))
    return duplex_profile_reader_fail (reader, "trusted-certificate", error,
                                       "is not 64 hex digits");

  duplex_profile_set_name (profile, name);
  duplex_profile_set_url (profile, url);
  duplex_profile_set_origin (profile, origin);
  duplex_profile_set_verify_certificates (profile, verify);
  duplex_profile_set_trusted_certificate (profile, trusted);

  return TRUE;
}

static gboolean
read_subprotocols (const DuplexProfileReader *reader,
                   DuplexProfile             *profile,
                   GError                   **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv)           subprotocols = NULL;
  JsonArray               *array = NULL;

  if (!duplex_profile_reader_get_array (reader, "subprotocols", &array, error))
    return FALSE;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (json_node_get_value_type (node) != G_TYPE_STRING)
        return duplex_profile_reader_fail (reader, "subprotocols", error,
                                           "holds something else than a string");
      g_strv_builder_add (builder, json_node_get_string (node));
    }

  subprotocols = g_strv_builder_end (builder);
  duplex_profile_set_subprotocols (profile, (const char *const *)subprotocols);

  return TRUE;
}

/* One header; what its object has besides is added to the builders. */
static gboolean
read_header (const char              *text,
             const DuplexProfilePart *part,
             JsonNode                *node,
             GArray                  *headers,
             GStrvBuilder            *extra_names,
             GStrvBuilder            *extra_members,
             GError                 **error)
{
  g_autoptr (GArray)  parts = NULL;
  g_autofree char    *unknown = NULL;
  DuplexHeader        header = { 0 };
  const char         *name = NULL;
  const char         *value = NULL;
  DuplexProfileReader reader = { .text = text };

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return duplex_profile_text_fail (error, text, part->value,
                                     "\"headers\" holds something else than an object");

  parts = duplex_profile_text_split (part->value, part->end - part->value);
  reader.object = json_node_get_object (node);
  reader.parts = parts;
  if (!duplex_profile_reader_get_string (&reader, "name", &name, error) ||
      !duplex_profile_reader_get_string (&reader, "value", &value, error))
    return FALSE;
  if (name == NULL || value == NULL)
    return duplex_profile_text_fail (error, text, part->value, "a header has no \"%s\"",
                                     name == NULL ? "name" : "value");

  header.name = g_strdup (name);
  header.value = g_strdup (value);
  g_array_append_val (headers, header);

  unknown = duplex_profile_text_get_unknown (parts, known_header_members);
  if (*unknown != '\0')
    {
      g_strv_builder_add (extra_names, name);
      g_strv_builder_add (extra_members, unknown);
    }

  return TRUE;
}

static void
clear_header (gpointer data)
{
  DuplexHeader *header = data;

  g_clear_pointer (&header->name, g_free);
  g_clear_pointer (&header->value, g_free);
}

static gboolean
read_headers (const DuplexProfileReader *reader,
              DuplexProfile             *profile,
              DuplexProfileExtras       *extras,
              GError                   **error)
{
  g_autoptr (GArray)       headers = g_array_new (FALSE, FALSE, sizeof (DuplexHeader));
  g_autoptr (GStrvBuilder) extra_names = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) extra_members = g_strv_builder_new ();
  g_autoptr (GArray)       parts = NULL;
  const DuplexProfilePart *part = duplex_profile_text_find (reader->parts, "headers");
  JsonArray               *array = NULL;

  g_array_set_clear_func (headers, clear_header);
  if (part == NULL)
    return TRUE;
  if (!duplex_profile_reader_get_array (reader, "headers", &array, error))
    return FALSE;

  parts = duplex_profile_text_split (part->value, part->end - part->value);
  for (guint i = 0; i < MIN (json_array_get_length (array), parts->len); i++)
    {
      const DuplexProfilePart *element = &g_array_index (parts, DuplexProfilePart, i);

      if (!read_header (reader->text, element, json_array_get_element (array, i), headers,
                        extra_names, extra_members, error))
        return FALSE;
    }

  duplex_profile_set_headers (profile, (const DuplexHeader *)(gpointer)headers->data, headers->len);
  g_strfreev (extras->header_names);
  extras->header_names = g_strv_builder_end (extra_names);
  g_strfreev (extras->header_members);
  extras->header_members = g_strv_builder_end (extra_members);

  return TRUE;
}

DuplexProfile *
duplex_profile_from_json (const char *text,
                          gsize       len,
                          GError    **error)
{
  g_autoptr (DuplexProfile)       profile = NULL;
  g_autoptr (DuplexProfileExtras) extras = NULL;
  g_autoptr (JsonParser)          parser = NULL;
  g_autoptr (GArray)              parts = NULL;
  g_autoptr (GError)              local_error = NULL;
  DuplexProfileReader             reader = { .text = text };
  JsonNode                       *root;

  g_return_val_if_fail (text != NULL || len == 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (text == NULL)
    text = "";
  if (!duplex_profile_text_check (text, len, error))
    return NULL;

  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, len, &local_error))
    {
      g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_SYNTAX, local_error->message);
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      duplex_profile_text_fail (error, text, text, "a profile is an object");
      return NULL;
    }

  parts = duplex_profile_text_split (text, len);
  reader.object = json_node_get_object (root);
  reader.parts = parts;
  profile = duplex_profile_new (NULL, NULL);
  extras = duplex_profile_extras_new ();
  if (!check_version (&reader, error) ||
      !read_strings (&reader, profile, error) ||
      !read_subprotocols (&reader, profile, error) ||
      !read_headers (&reader, profile, extras, error) ||
      !duplex_profile_wire_read (&reader, profile, extras, error))
    return NULL;

  g_free (extras->members);
  extras->members = duplex_profile_text_get_unknown (parts, known_members);
  duplex_profile_set_extras (profile, extras);

  return g_steal_pointer (&profile);
}

/* Writing */

/* Whatever is set on a profile, its file can be read again. */
static void
append_string (GString    *out,
               const char *string)
{
  g_autoptr (JsonNode) node = json_node_alloc ();
  g_autofree char     *valid = g_utf8_make_valid (string, -1);
  g_autofree char     *text = NULL;

  json_node_init_string (node, valid);
  text = json_to_string (node, /* pretty= */ FALSE);
  g_string_append (out, text);
}

static void
append_member (GString    *out,
               const char *name,
               const char *value)
{
  g_string_append_printf (out, "\"%s\":", name);
  append_string (out, value);
}

/* used marks the extras that an earlier header of the same name has taken. */
static void
append_header (GString             *out,
               const DuplexHeader  *header,
               DuplexProfileExtras *extras,
               gboolean            *used)
{
  g_string_append_c (out, '{');
  append_member (out, "name", header->name);
  g_string_append_c (out, ',');
  append_member (out, "value", header->value);

  for (guint i = 0; extras->header_names[i] != NULL; i++)
    {
      if (used[i] || strcmp (extras->header_names[i], header->name) != 0)
        continue;
      g_string_append_printf (out, ",%s", extras->header_members[i]);
      used[i] = TRUE;
      break;
    }

  g_string_append_c (out, '}');
}

static void
append_headers (GString       *out,
                DuplexProfile *profile)
{
  DuplexProfileExtras *extras = duplex_profile_get_extras (profile);
  g_autofree gboolean *used = g_new0 (gboolean, g_strv_length (extras->header_names) + 1);
  gsize                n_headers;
  const DuplexHeader  *headers = duplex_profile_get_headers (profile, &n_headers);

  g_string_append (out, "\"headers\":[");
  for (gsize i = 0; i < n_headers; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      append_header (out, &headers[i], extras, used);
    }
  g_string_append_c (out, ']');
}

static void
append_subprotocols (GString       *out,
                     DuplexProfile *profile)
{
  const char *const *subprotocols = duplex_profile_get_subprotocols (profile);

  g_string_append (out, "\"subprotocols\":[");
  for (gsize i = 0; subprotocols[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      append_string (out, subprotocols[i]);
    }
  g_string_append_c (out, ']');
}

char *
duplex_profile_to_json (DuplexProfile *self)
{
  g_autoptr (GString)  text = g_string_new (NULL);
  GString             *pretty = g_string_new (NULL);
  DuplexProfileExtras *extras;

  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  g_string_append_printf (text, "{\"version\":%d,", FORMAT_VERSION);
  append_member (text, "name", duplex_profile_get_name (self));
  g_string_append_c (text, ',');
  append_member (text, "url", duplex_profile_get_url (self));
  g_string_append_c (text, ',');
  append_headers (text, self);
  g_string_append_c (text, ',');
  append_subprotocols (text, self);
  g_string_append_c (text, ',');
  append_member (text, "origin", duplex_profile_get_origin (self));
  g_string_append_printf (text, ",\"verify-certificates\":%s,",
                          duplex_profile_get_verify_certificates (self) ? "true" : "false");
  append_member (text, "trusted-certificate", duplex_profile_get_trusted_certificate (self));
  g_string_append_c (text, ',');
  duplex_profile_wire_append (text, self);

  extras = duplex_profile_get_extras (self);
  if (*extras->members != '\0')
    g_string_append_printf (text, ",%s", extras->members);
  g_string_append_c (text, '}');

  if (!duplex_json_pretty (text->str, text->len, G_MAXSIZE, pretty, NULL, NULL, NULL))
    g_assert_not_reached ();
  g_string_append_c (pretty, '\n');

  return g_string_free (pretty, FALSE);
}
