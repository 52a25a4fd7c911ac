/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-reader.h"

#include "core/model/duplex-profile-text.h"

gboolean
duplex_profile_reader_fail (const DuplexProfileReader *self,
                            const char                *name,
                            GError                   **error,
                            const char                *format,
                            ...)
{
  const DuplexProfilePart *part = duplex_profile_text_find (self->parts, name);
  const char              *where = part != NULL ? part->value : self->text;
  g_autofree char         *what = NULL;
  va_list                  args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  return duplex_profile_text_fail (error, self->text, where, "\"%s\" %s", name, what);
}

gboolean
duplex_profile_reader_get_string (const DuplexProfileReader *self,
                                  const char                *name,
                                  const char               **ret_value,
                                  GError                   **error)
{
  JsonNode *node = json_object_get_member (self->object, name);

  if (node == NULL)
    return TRUE;
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return duplex_profile_reader_fail (self, name, error, "is not a string");

  *ret_value = json_node_get_string (node);

  return TRUE;
}

gboolean
duplex_profile_reader_get_boolean (const DuplexProfileReader *self,
                                   const char                *name,
                                   gboolean                  *ret_value,
                                   GError                   **error)
{
  JsonNode *node = json_object_get_member (self->object, name);

  if (node == NULL)
    return TRUE;
  if (json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return duplex_profile_reader_fail (self, name, error, "is neither true nor false");

  *ret_value = json_node_get_boolean (node);

  return TRUE;
}

gboolean
duplex_profile_reader_get_number (const DuplexProfileReader *self,
                                  const char                *name,
                                  guint                      max,
                                  guint                     *ret_value,
                                  GError                   **error)
{
  JsonNode *node = json_object_get_member (self->object, name);
  gint64    number = -1;

  if (node == NULL)
    return TRUE;
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    number = json_node_get_int (node);
  if (number < 0 || number > max)
    return duplex_profile_reader_fail (self, name, error, "is not a number from 0 to %u", max);

  *ret_value = (guint)number;

  return TRUE;
}

gboolean
duplex_profile_reader_get_array (const DuplexProfileReader *self,
                                 const char                *name,
                                 JsonArray                **ret_array,
                                 GError                   **error)
{
  JsonNode *node = json_object_get_member (self->object, name);

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return duplex_profile_reader_fail (self, name, error, "is not an array");

  *ret_array = json_node_get_array (node);

  return TRUE;
}

gboolean
duplex_profile_reader_get_object (const DuplexProfileReader *self,
                                  const char                *name,
                                  JsonObject               **ret_object,
                                  GError                   **error)
{
  JsonNode *node = json_object_get_member (self->object, name);

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return duplex_profile_reader_fail (self, name, error, "is not an object");

  *ret_object = json_node_get_object (node);

  return TRUE;
}
