/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The members of one object of a profile's file, by type. Where a member is there, ret_value is it;
 * where it is not, ret_value stays as it is. FALSE, with the line and the member's name, where it
 * is of another type. Private to core/model. */

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* All borrowed. */
typedef struct
{
  const char *text;   /* the whole file: lines are counted in it */
  JsonObject *object; /* as json-glib has it */
  GArray     *parts;  /* and as duplex_profile_text_split() does */
} DuplexProfileReader;

gboolean duplex_profile_reader_get_string (const DuplexProfileReader *self,
                                           const char                *name,
                                           const char               **ret_value,
                                           GError                   **error);
gboolean duplex_profile_reader_get_boolean (const DuplexProfileReader *self,
                                            const char                *name,
                                            gboolean                  *ret_value,
                                            GError                   **error);
/* A whole number of 0 to max. */
gboolean duplex_profile_reader_get_number (const DuplexProfileReader *self,
                                           const char                *name,
                                           guint                      max,
                                           guint                     *ret_value,
                                           GError                   **error);
gboolean duplex_profile_reader_get_array (const DuplexProfileReader *self,
                                          const char                *name,
                                          JsonArray                **ret_array,
                                          GError                   **error);
gboolean duplex_profile_reader_get_object (const DuplexProfileReader *self,
                                           const char                *name,
                                           JsonObject               **ret_object,
                                           GError                   **error);

/* Sets DUPLEX_ERROR_SYNTAX: what is wrong with that member. Returns FALSE. */
gboolean duplex_profile_reader_fail (const DuplexProfileReader *self,
                                     const char                *name,
                                     GError                   **error,
                                     const char                *format,
                                     ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
