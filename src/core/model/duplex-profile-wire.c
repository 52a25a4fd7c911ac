/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-wire.h"

#include "core/proto/duplex-limits.h"

typedef enum {
  KIND_BOOLEAN,
  KIND_NUMBER,
  KIND_PONG_MODE,
} Kind;

/* Each field is as large as an int: gboolean, guint or an enum. */
typedef struct
{
  const char *name;
  Kind        kind;
  gsize       offset;
  guint       initial;
  guint       max; /* of a number */
} Setting;

#define FIELD(member) G_STRUCT_OFFSET (DuplexProfileWire, member)

static const Setting settings[DUPLEX_PROFILE_N_WIRE_PROPS] = {
  { "deflate", KIND_BOOLEAN, FIELD (offers_deflate), TRUE, 0 },
  { "deflate-server-no-context-takeover", KIND_BOOLEAN, FIELD (deflate.server_no_context_takeover),
    FALSE, 0 },
  { "deflate-client-no-context-takeover", KIND_BOOLEAN, FIELD (deflate.client_no_context_takeover),
    FALSE, 0 },
  { "deflate-server-max-window-bits", KIND_NUMBER, FIELD (deflate.server_max_window_bits), 0,
    DUPLEX_WINDOW_BITS_MAX },
  { "deflate-client-max-window-bits", KIND_NUMBER, FIELD (deflate.client_max_window_bits),
    DUPLEX_WINDOW_BITS_NO_VALUE, DUPLEX_WINDOW_BITS_MAX },
  { "pong-mode", KIND_PONG_MODE, FIELD (pong_mode), DUPLEX_PONG_AUTOMATIC, 0 },
  { "pong-delay", KIND_NUMBER, FIELD (pong_delay), 1000, DUPLEX_LIMIT_PONG_DELAY },
  { "ping-interval", KIND_NUMBER, FIELD (ping_interval), 0, DUPLEX_LIMIT_PING_INTERVAL },
  { "ping-limit", KIND_NUMBER, FIELD (ping_limit), DUPLEX_LIMIT_MISSING_PONGS,
    DUPLEX_LIMIT_PING_LIMIT },
};

G_STATIC_ASSERT (sizeof (gboolean) == sizeof (guint));
G_STATIC_ASSERT (sizeof (DuplexPongMode) == sizeof (guint));

GType
duplex_pong_mode_get_type (void)
{
  static gsize            type = 0;
  static const GEnumValue values[] = {
    { DUPLEX_PONG_AUTOMATIC, "DUPLEX_PONG_AUTOMATIC", "automatic" },
    { DUPLEX_PONG_DELAYED, "DUPLEX_PONG_DELAYED", "delayed" },
    { DUPLEX_PONG_NEVER, "DUPLEX_PONG_NEVER", "never" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("DuplexPongMode", values));
  return (GType)type;
}

static guint *
get_field (DuplexProfileWire *self,
           guint              i)
{
  return G_STRUCT_MEMBER_P (self, settings[i].offset);
}

static guint
read_field (const DuplexProfileWire *self,
            guint                    i)
{
  return G_STRUCT_MEMBER (guint, self, settings[i].offset);
}

void
duplex_profile_wire_init (DuplexProfileWire *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    *get_field (self, i) = settings[i].initial;
}

GParamSpec *
duplex_profile_wire_new_pspec (guint       i,
                               GParamFlags flags)
{
  const Setting *setting = &settings[i];

  if (setting->kind == KIND_BOOLEAN)
    return g_param_spec_boolean (setting->name, NULL, NULL, (gboolean)setting->initial, flags);
  if (setting->kind == KIND_PONG_MODE)
    return g_param_spec_enum (setting->name, NULL, NULL, DUPLEX_TYPE_PONG_MODE,
                              (int)setting->initial, flags);
  return g_param_spec_uint (setting->name, NULL, NULL, 0, setting->max, setting->initial, flags);
}

void
duplex_profile_wire_get_value (const DuplexProfileWire *self,
                               guint                    i,
                               GValue                  *value)
{
  guint field = read_field (self, i);

  if (settings[i].kind == KIND_BOOLEAN)
    g_value_set_boolean (value, field != 0);
  else if (settings[i].kind == KIND_PONG_MODE)
    g_value_set_enum (value, (int)field);
  else
    g_value_set_uint (value, field);
}

void
duplex_profile_wire_set_value (DuplexProfileWire *self,
                               guint              i,
                               const GValue      *value)
{
  guint *field = get_field (self, i);

  if (settings[i].kind == KIND_BOOLEAN)
    *field = g_value_get_boolean (value) ? TRUE : FALSE;
  else if (settings[i].kind == KIND_PONG_MODE)
    *field = (guint)g_value_get_enum (value);
  else
    *field = g_value_get_uint (value);
}

gboolean
duplex_profile_wire_has_same (const DuplexProfileWire *self,
                              guint                    i,
                              const DuplexProfileWire *other)
{
  return read_field (self, i) == read_field (other, i);
}

/* ---- of a profile ---- */

gboolean
duplex_profile_get_deflate (DuplexProfile       *self,
                            DuplexDeflateParams *ret_params)
{
  const DuplexProfileWire *wire;

  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), FALSE);

  wire = duplex_profile_get_wire (self);
  if (ret_params != NULL)
    *ret_params = wire->deflate;

  return wire->offers_deflate;
}

void
duplex_profile_set_deflate (DuplexProfile             *self,
                            gboolean                   offered,
                            const DuplexDeflateParams *params)
{
  DuplexProfileWire wire;

  g_return_if_fail (DUPLEX_IS_PROFILE (self));
  g_return_if_fail (params != NULL && duplex_deflate_params_is_valid (params));

  wire = *duplex_profile_get_wire (self);
  wire.offers_deflate = !!offered;
  wire.deflate = *params;
  wire.deflate.server_no_context_takeover = !!params->server_no_context_takeover;
  wire.deflate.client_no_context_takeover = !!params->client_no_context_takeover;
  duplex_profile_set_wire (self, &wire);
}

DuplexPongMode
duplex_profile_get_pong_mode (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), DUPLEX_PONG_AUTOMATIC);

  return duplex_profile_get_wire (self)->pong_mode;
}

void
duplex_profile_set_pong_mode (DuplexProfile *self,
                              DuplexPongMode mode)
{
  DuplexProfileWire wire;

  g_return_if_fail (DUPLEX_IS_PROFILE (self));
  g_return_if_fail (mode <= DUPLEX_PONG_NEVER);

  wire = *duplex_profile_get_wire (self);
  wire.pong_mode = mode;
  duplex_profile_set_wire (self, &wire);
}

guint
duplex_profile_get_pong_delay (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), 0);

  return duplex_profile_get_wire (self)->pong_delay;
}

void
duplex_profile_set_pong_delay (DuplexProfile *self,
                               guint          ms)
{
  DuplexProfileWire wire;

  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  wire = *duplex_profile_get_wire (self);
  wire.pong_delay = MIN (ms, DUPLEX_LIMIT_PONG_DELAY);
  duplex_profile_set_wire (self, &wire);
}

guint
duplex_profile_get_ping_interval (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), 0);

  return duplex_profile_get_wire (self)->ping_interval;
}

void
duplex_profile_set_ping_interval (DuplexProfile *self,
                                  guint          seconds)
{
  DuplexProfileWire wire;

  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  wire = *duplex_profile_get_wire (self);
  wire.ping_interval = MIN (seconds, DUPLEX_LIMIT_PING_INTERVAL);
  duplex_profile_set_wire (self, &wire);
}

guint
duplex_profile_get_ping_limit (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), 0);

  return duplex_profile_get_wire (self)->ping_limit;
}

void
duplex_profile_set_ping_limit (DuplexProfile *self,
                               guint          limit)
{
  DuplexProfileWire wire;

  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  wire = *duplex_profile_get_wire (self);
  wire.ping_limit = MIN (limit, DUPLEX_LIMIT_PING_LIMIT);
  duplex_profile_set_wire (self, &wire);
}
