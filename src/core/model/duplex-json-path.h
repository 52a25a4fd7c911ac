/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A path into JSON ("$.a[0]["x y"].b", "$.a[*].b", "$..b") and the values that it leads to in a
 * text. The text is read once by the lexer of core/proto, token by token: nothing is built of it,
 * and nothing recurses. Immutable. */

#include <glib.h>

#include "core/proto/duplex-json.h"

G_BEGIN_DECLS

/* Steps of a path: a bit each, beside one for its end. */
#define DUPLEX_JSON_PATH_MAX_STEPS 31

typedef struct _DuplexJsonPath DuplexJsonPath;

/* A value as it stands in the text. token: OBJECT_OPEN, ARRAY_OPEN, STRING, NUMBER, TRUE, FALSE or
 * NULL. */
typedef struct
{
  DuplexJsonToken token;
  const char     *text; /* with the quotes of a string */
  gsize           len;
} DuplexJsonValue;

/* Reads a path, which begins with '$', from the beginning of text (terminated, UTF-8); ret_end is
 * set behind it. Fails with DUPLEX_ERROR_INVALID_ARGUMENT, and ret_end is what the message is about
 * then. */
DuplexJsonPath *duplex_json_path_parse (const char  *text,
                                        const char **ret_end,
                                        GError     **error);
void            duplex_json_path_free (DuplexJsonPath *self);

/* The name that every value of the path is a member by: it stands in the text, unless by way of
 * escapes. NULL where the path ends otherwise. */
const char *duplex_json_path_get_name (const DuplexJsonPath *self);

typedef enum {
  /* An object or array is given at its beginning: len is 1. */
  DUPLEX_JSON_PATH_BEGIN,
  /* It is given at its end, as a whole. Values within it come before. */
  DUPLEX_JSON_PATH_WHOLE,
} DuplexJsonPathMode;

/* Returns TRUE to end the search. */
typedef gboolean (*DuplexJsonPathFunc) (const DuplexJsonValue *value,
                                        gpointer               user_data);

/* Calls func for the values that the path leads to, as far as text is JSON. Returns whether func
 * ended the search. */
gboolean duplex_json_path_find (const DuplexJsonPath *self,
                                const char           *text,
                                gsize                 len,
                                DuplexJsonPathMode    mode,
                                DuplexJsonPathFunc    func,
                                gpointer              user_data);

/* Appends what a string (token STRING or KEY, with its quotes) is worth. Half of a surrogate pair
 * becomes U+FFFD. */
void duplex_json_string_decode (const char *text,
                                gsize       len,
                                GString    *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexJsonPath, duplex_json_path_free)

G_END_DECLS
