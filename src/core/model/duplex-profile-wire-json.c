/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-text.h"
#include "core/model/duplex-profile-wire.h"
#include "core/proto/duplex-limits.h"

/* One of the objects: what it is called, which members it has, how they are read and written. */
typedef struct
{
  const char        *name;
  const char *const *known;
  gboolean (*read) (const DuplexProfileReader *reader, DuplexProfileWire *wire, GError **error);
  void (*append) (GString *out, const DuplexProfileWire *wire);
} Part;

/* ---- "compression" ---- */

static const char *const compression_members[] = {
  "offer",
  "server-no-context-takeover",
  "client-no-context-takeover",
  "server-max-window-bits",
  "client-max-window-bits",
  NULL,
};

/* -1 for what is none. */
static int
get_window_bits (JsonNode *node,
                 gboolean  may_be_true)
{
  GType  type = json_node_get_value_type (node);
  gint64 bits = type == G_TYPE_INT64 ? json_node_get_int (node) : -1;

  if (JSON_NODE_HOLDS_NULL (node))
    return 0;
  if (type == G_TYPE_BOOLEAN && may_be_true && json_node_get_boolean (node))
    return DUPLEX_WINDOW_BITS_NO_VALUE;
  return bits >= DUPLEX_WINDOW_BITS_MIN && bits <= DUPLEX_WINDOW_BITS_MAX ? (int)bits : -1;
}

static gboolean
read_window_bits (const DuplexProfileReader *reader,
                  const char                *name,
                  gboolean                   may_be_true,
                  guint                     *ret_bits,
                  GError                   **error)
{
  JsonNode *node = json_object_get_member (reader->object, name);
  int       bits;

  if (node == NULL)
    return TRUE;

  bits = get_window_bits (node, may_be_true);
  if (bits < 0)
    return duplex_profile_reader_fail (reader, name, error,
                                       "is neither null%s a number from 8 to 15",
                                       may_be_true ? ", true nor" : " nor");

  *ret_bits = (guint)bits;

  return TRUE;
}

static gboolean
read_compression (const DuplexProfileReader *reader,
                  DuplexProfileWire         *wire,
                  GError                   **error)
{
  DuplexDeflateParams *params = &wire->deflate;

  return duplex_profile_reader_get_boolean (reader, "offer", &wire->offers_deflate, error) &&
         duplex_profile_reader_get_boolean (reader, "server-no-context-takeover",
                                            &params->server_no_context_takeover, error) &&
         duplex_profile_reader_get_boolean (reader, "client-no-context-takeover",
                                            &params->client_no_context_takeover, error) &&
         read_window_bits (reader, "server-max-window-bits", /* may_be_true= */ FALSE,
                           &params->server_max_window_bits, error) &&
         read_window_bits (reader, "client-max-window-bits", /* may_be_true= */ TRUE,
                           &params->client_max_window_bits, error);
}

static const char *
get_word (gboolean value)
{
  return value ? "true" : "false";
}

static void
append_window_bits (GString    *out,
                    const char *name,
                    guint       bits)
{
  g_string_append_printf (out, ",\"%s\":", name);
  if (bits == 0)
    g_string_append (out, "null");
  else if (bits == DUPLEX_WINDOW_BITS_NO_VALUE)
    g_string_append (out, "true");
  else
    g_string_append_printf (out, "%u", bits);
}

static void
append_compression (GString                 *out,
                    const DuplexProfileWire *wire)
{
  const DuplexDeflateParams *params = &wire->deflate;

  g_string_append_printf (out,
                          "\"offer\":%s,\"server-no-context-takeover\":%s,"
                          "\"client-no-context-takeover\":%s",
                          get_word (wire->offers_deflate),
                          get_word (params->server_no_context_takeover),
                          get_word (params->client_no_context_takeover));
  append_window_bits (out, "server-max-window-bits", params->server_max_window_bits);
  append_window_bits (out, "client-max-window-bits", params->client_max_window_bits);
}

/* ---- "pong" ---- */

static const char *const pong_members[] = { "mode", "delay-ms", NULL };

static gboolean
read_pong (const DuplexProfileReader *reader,
           DuplexProfileWire         *wire,
           GError                   **error)
{
  g_autoptr (GEnumClass) modes = g_type_class_ref (DUPLEX_TYPE_PONG_MODE);
  GEnumValue            *value;
  const char            *mode = NULL;

  if (!duplex_profile_reader_get_string (reader, "mode", &mode, error) ||
      !duplex_profile_reader_get_number (reader, "delay-ms", DUPLEX_LIMIT_PONG_DELAY,
                                         &wire->pong_delay, error))
    return FALSE;
  if (mode == NULL)
    return TRUE;

  value = g_enum_get_value_by_nick (modes, mode);
  if (value == NULL)
    return duplex_profile_reader_fail (reader, "mode", error,
                                       "is none of automatic, delayed and never");
  wire->pong_mode = (DuplexPongMode)value->value;

  return TRUE;
}

static void
append_pong (GString                 *out,
             const DuplexProfileWire *wire)
{
  g_autoptr (GEnumClass) modes = g_type_class_ref (DUPLEX_TYPE_PONG_MODE);

  g_string_append_printf (out, "\"mode\":\"%s\",\"delay-ms\":%u",
                          g_enum_get_value (modes, (int)wire->pong_mode)->value_nick,
                          wire->pong_delay);
}

/* ---- "ping" ---- */

static const char *const ping_members[] = { "interval-s", "limit", NULL };

static gboolean
read_ping (const DuplexProfileReader *reader,
           DuplexProfileWire         *wire,
           GError                   **error)
{
  return duplex_profile_reader_get_number (reader, "interval-s", DUPLEX_LIMIT_PING_INTERVAL,
                                           &wire->ping_interval, error) &&
         duplex_profile_reader_get_number (reader, "limit", DUPLEX_LIMIT_PING_LIMIT,
                                           &wire->ping_limit, error);
}

static void
append_ping (GString                 *out,
             const DuplexProfileWire *wire)
{
  g_string_append_printf (out, "\"interval-s\":%u,\"limit\":%u", wire->ping_interval,
                          wire->ping_limit);
}

/* ---- all of them ---- */

static const Part parts[DUPLEX_PROFILE_N_WIRE_PARTS] = {
  { "compression", compression_members, read_compression, append_compression },
  { "pong", pong_members, read_pong, append_pong },
  { "ping", ping_members, read_ping, append_ping },
};

static gboolean
read_part (const DuplexProfileReader *reader,
           const Part                *part,
           DuplexProfileWire         *wire,
           char                     **unknown,
           GError                   **error)
{
  const DuplexProfilePart *place = duplex_profile_text_find (reader->parts, part->name);
  g_autoptr (GArray)       members = NULL;
  DuplexProfileReader      inner = { .text = reader->text };

  if (!duplex_profile_reader_get_object (reader, part->name, &inner.object, error))
    return FALSE;
  if (place == NULL || inner.object == NULL)
    return TRUE;

  members = duplex_profile_text_split (place->value, place->end - place->value);
  inner.parts = members;
  if (!part->read (&inner, wire, error))
    return FALSE;

  g_free (*unknown);
  *unknown = duplex_profile_text_get_unknown (members, part->known);

  return TRUE;
}

gboolean
duplex_profile_wire_read (const DuplexProfileReader *reader,
                          DuplexProfile             *profile,
                          DuplexProfileExtras       *extras,
                          GError                   **error)
{
  DuplexProfileWire wire = *duplex_profile_get_wire (profile);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      if (!read_part (reader, &parts[i], &wire, &extras->wire_members[i], error))
        return FALSE;
    }

  duplex_profile_set_wire (profile, &wire);

  return TRUE;
}

void
duplex_profile_wire_append (GString       *out,
                            DuplexProfile *profile)
{
  const DuplexProfileWire *wire = duplex_profile_get_wire (profile);
  DuplexProfileExtras     *extras = duplex_profile_get_extras (profile);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_string_append_printf (out, "%s\"%s\":{", i > 0 ? "," : "", parts[i].name);
      parts[i].append (out, wire);
      if (*extras->wire_members[i] != '\0')
        g_string_append_printf (out, ",%s", extras->wire_members[i]);
      g_string_append_c (out, '}');
    }
}
