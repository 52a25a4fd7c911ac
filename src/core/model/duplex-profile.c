/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile.h"

#include <string.h>

#include "core/model/duplex-profile-private.h"
#include "core/model/duplex-profile-wire.h"

struct _DuplexProfile
{
  GObject parent_instance;

  /* owned */
  char                *id;
  char                *folder;
  char                *name;
  char                *url;
  char                *origin;
  char                *trusted_certificate;
  char                *error;
  GStrv                subprotocols;
  GArray              *headers; /* of DuplexHeader */
  DuplexProfileExtras *extras;

  /* state */
  gboolean          verify_certificates;
  DuplexProfileWire wire;
};

G_DEFINE_FINAL_TYPE (DuplexProfile, duplex_profile, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_ID,
  PROP_FOLDER,
  PROP_NAME,
  PROP_URL,
  PROP_ORIGIN,
  PROP_SUBPROTOCOLS,
  PROP_VERIFY_CERTIFICATES,
  PROP_TRUSTED_CERTIFICATE,
  PROP_ERROR,
  PROP_WIRE, /* the first of those */
  N_PROPS = PROP_WIRE + DUPLEX_PROFILE_N_WIRE_PROPS
};

static GParamSpec *properties[N_PROPS];

/* Extras */

DuplexProfileExtras *
duplex_profile_extras_new (void)
{
  DuplexProfileExtras *self = g_atomic_rc_box_new0 (DuplexProfileExtras);

  self->members = g_strdup ("");
  for (guint i = 0; i < G_N_ELEMENTS (self->wire_members); i++)
    self->wire_members[i] = g_strdup ("");
  self->header_names = g_new0 (char *, 1);
  self->header_members = g_new0 (char *, 1);

  return self;
}

DuplexProfileExtras *
duplex_profile_extras_ref (DuplexProfileExtras *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_extras (gpointer data)
{
  DuplexProfileExtras *self = data;

  g_clear_pointer (&self->members, g_free);
  for (guint i = 0; i < G_N_ELEMENTS (self->wire_members); i++)
    g_clear_pointer (&self->wire_members[i], g_free);
  g_clear_pointer (&self->header_names, g_strfreev);
  g_clear_pointer (&self->header_members, g_strfreev);
}

void
duplex_profile_extras_unref (DuplexProfileExtras *self)
{
  g_atomic_rc_box_release_full (self, clear_extras);
}

/* Helpers */

static void
clear_header (gpointer data)
{
  DuplexHeader *header = data;

  g_clear_pointer (&header->name, g_free);
  g_clear_pointer (&header->value, g_free);
}

static void
set_string (DuplexProfile *self,
            char         **field,
            const char    *value,
            guint          property)
{
  if (g_strcmp0 (*field, value) == 0)
    return;

  g_free (*field);
  *field = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static gboolean
has_headers (DuplexProfile      *self,
             const DuplexHeader *headers,
             gsize               n_headers)
{
  if (self->headers->len != n_headers)
    return FALSE;

  for (gsize i = 0; i < n_headers; i++)
    {
      const DuplexHeader *header = &g_array_index (self->headers, DuplexHeader, i);

      if (strcmp (header->name, headers[i].name) != 0 ||
          strcmp (header->value, headers[i].value) != 0)
        return FALSE;
    }

  return TRUE;
}

static gboolean
has_wire (DuplexProfile           *self,
          const DuplexProfileWire *wire)
{
  for (guint i = 0; i < DUPLEX_PROFILE_N_WIRE_PROPS; i++)
    {
      if (!duplex_profile_wire_has_same (&self->wire, i, wire))
        return FALSE;
    }

  return TRUE;
}

/* GObject */

static void
duplex_profile_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DuplexProfile *self = DUPLEX_PROFILE (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_FOLDER:
      g_value_set_string (value, self->folder);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_URL:
      g_value_set_string (value, self->url);
      break;
    case PROP_ORIGIN:
      g_value_set_string (value, self->origin);
      break;
    case PROP_SUBPROTOCOLS:
      g_value_set_boxed (value, self->subprotocols);
      break;
    case PROP_VERIFY_CERTIFICATES:
      g_value_set_boolean (value, self->verify_certificates);
      break;
    case PROP_TRUSTED_CERTIFICATE:
      g_value_set_string (value, self->trusted_certificate);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    default:
      if (prop_id >= PROP_WIRE && prop_id < N_PROPS)
        duplex_profile_wire_get_value (&self->wire, prop_id - PROP_WIRE, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_profile_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  DuplexProfile    *self = DUPLEX_PROFILE (object);
  DuplexProfileWire wire = self->wire;

  switch (prop_id)
    {
    case PROP_NAME:
      duplex_profile_set_name (self, g_value_get_string (value));
      break;
    case PROP_URL:
      duplex_profile_set_url (self, g_value_get_string (value));
      break;
    case PROP_ORIGIN:
      duplex_profile_set_origin (self, g_value_get_string (value));
      break;
    case PROP_SUBPROTOCOLS:
      duplex_profile_set_subprotocols (self, g_value_get_boxed (value));
      break;
    case PROP_VERIFY_CERTIFICATES:
      duplex_profile_set_verify_certificates (self, g_value_get_boolean (value));
      break;
    case PROP_TRUSTED_CERTIFICATE:
      duplex_profile_set_trusted_certificate (self, g_value_get_string (value));
      break;
    default:
      if (prop_id < PROP_WIRE || prop_id >= N_PROPS)
        {
          G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
          break;
        }
      duplex_profile_wire_set_value (&wire, prop_id - PROP_WIRE, value);
      duplex_profile_set_wire (self, &wire);
    }
}

static void
duplex_profile_finalize (GObject *object)
{
  DuplexProfile *self = DUPLEX_PROFILE (object);

  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->url, g_free);
  g_clear_pointer (&self->origin, g_free);
  g_clear_pointer (&self->trusted_certificate, g_free);
  g_clear_pointer (&self->error, g_free);
  g_clear_pointer (&self->subprotocols, g_strfreev);
  g_clear_pointer (&self->headers, g_array_unref);
  g_clear_pointer (&self->extras, duplex_profile_extras_unref);

  G_OBJECT_CLASS (duplex_profile_parent_class)->finalize (object);
}

static void
duplex_profile_class_init (DuplexProfileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags   read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GParamFlags   read_write = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = duplex_profile_get_property;
  object_class->set_property = duplex_profile_set_property;
  object_class->finalize = duplex_profile_finalize;

  properties[PROP_ID] = g_param_spec_string ("id", NULL, NULL, "", read_only);
  properties[PROP_FOLDER] = g_param_spec_string ("folder", NULL, NULL, "", read_only);
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "", read_write);
  properties[PROP_URL] = g_param_spec_string ("url", NULL, NULL, "", read_write);
  properties[PROP_ORIGIN] = g_param_spec_string ("origin", NULL, NULL, "", read_write);
  properties[PROP_SUBPROTOCOLS] =
    g_param_spec_boxed ("subprotocols", NULL, NULL, G_TYPE_STRV, read_write);
  properties[PROP_VERIFY_CERTIFICATES] =
    g_param_spec_boolean ("verify-certificates", NULL, NULL, TRUE, read_write);
  properties[PROP_TRUSTED_CERTIFICATE] =
    g_param_spec_string ("trusted-certificate", NULL, NULL, "", read_write);
  properties[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, read_only);
  for (guint i = 0; i < DUPLEX_PROFILE_N_WIRE_PROPS; i++)
    properties[PROP_WIRE + i] = duplex_profile_wire_new_pspec (i, read_write);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
duplex_profile_init (DuplexProfile *self)
{
  self->id = g_strdup ("");
  self->folder = g_strdup ("");
  self->name = g_strdup ("");
  self->url = g_strdup ("");
  self->origin = g_strdup ("");
  self->trusted_certificate = g_strdup ("");
  self->subprotocols = g_new0 (char *, 1);
  self->headers = g_array_new (FALSE, FALSE, sizeof (DuplexHeader));
  g_array_set_clear_func (self->headers, clear_header);
  self->extras = duplex_profile_extras_new ();
  self->verify_certificates = TRUE;
  duplex_profile_wire_init (&self->wire);
}

DuplexProfile *
duplex_profile_new (const char *name,
                    const char *url)
{
  return g_object_new (DUPLEX_TYPE_PROFILE,
                       "name", name,
                       "url", url,
                       NULL);
}

DuplexProfile *
duplex_profile_copy (DuplexProfile *self)
{
  DuplexProfile *copy;

  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  copy = duplex_profile_new (NULL, NULL);
  duplex_profile_assign (copy, self);

  return copy;
}

void
duplex_profile_assign (DuplexProfile *self,
                       DuplexProfile *from)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));
  g_return_if_fail (DUPLEX_IS_PROFILE (from));

  if (self == from)
    return;

  g_object_freeze_notify (G_OBJECT (self));
  duplex_profile_set_name (self, from->name);
  duplex_profile_set_url (self, from->url);
  duplex_profile_set_origin (self, from->origin);
  duplex_profile_set_subprotocols (self, (const char *const *)from->subprotocols);
  duplex_profile_set_verify_certificates (self, from->verify_certificates);
  duplex_profile_set_trusted_certificate (self, from->trusted_certificate);
  duplex_profile_set_headers (self, (const DuplexHeader *)(gpointer)from->headers->data,
                              from->headers->len);
  duplex_profile_set_wire (self, &from->wire);
  duplex_profile_set_extras (self, from->extras);
  g_object_thaw_notify (G_OBJECT (self));
}

gboolean
duplex_profile_has_same_settings (DuplexProfile *self,
                                  DuplexProfile *other)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), FALSE);
  g_return_val_if_fail (DUPLEX_IS_PROFILE (other), FALSE);

  return strcmp (self->name, other->name) == 0 &&
         strcmp (self->url, other->url) == 0 &&
         strcmp (self->origin, other->origin) == 0 &&
         strcmp (self->trusted_certificate, other->trusted_certificate) == 0 &&
         self->verify_certificates == other->verify_certificates &&
         g_strv_equal ((const char *const *)self->subprotocols,
                       (const char *const *)other->subprotocols) &&
         has_wire (self, &other->wire) &&
         has_headers (self, (const DuplexHeader *)(gpointer)other->headers->data,
                      other->headers->len);
}

const char *
duplex_profile_get_id (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->id;
}

void
duplex_profile_set_id (DuplexProfile *self,
                       const char    *id)
{
  const char      *slash;
  g_autofree char *folder = NULL;

  g_return_if_fail (DUPLEX_IS_PROFILE (self));
  g_return_if_fail (id != NULL);

  slash = strrchr (id, '/');
  folder = slash != NULL ? g_strndup (id, slash - id) : g_strdup ("");

  g_object_freeze_notify (G_OBJECT (self));
  set_string (self, &self->id, id, PROP_ID);
  set_string (self, &self->folder, folder, PROP_FOLDER);
  g_object_thaw_notify (G_OBJECT (self));
}

const char *
duplex_profile_get_folder (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->folder;
}

const char *
duplex_profile_get_name (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->name;
}

void
duplex_profile_set_name (DuplexProfile *self,
                         const char    *name)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  set_string (self, &self->name, name != NULL ? name : "", PROP_NAME);
}

const char *
duplex_profile_get_url (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->url;
}

void
duplex_profile_set_url (DuplexProfile *self,
                        const char    *url)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  set_string (self, &self->url, url != NULL ? url : "", PROP_URL);
}

const char *
duplex_profile_get_origin (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->origin;
}

void
duplex_profile_set_origin (DuplexProfile *self,
                           const char    *origin)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  set_string (self, &self->origin, origin != NULL ? origin : "", PROP_ORIGIN);
}

const char *const *
duplex_profile_get_subprotocols (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return (const char *const *)self->subprotocols;
}

void
duplex_profile_set_subprotocols (DuplexProfile     *self,
                                 const char *const *subprotocols)
{
  static const char *const none[] = { NULL };

  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  if (subprotocols == NULL)
    subprotocols = none;
  if (g_strv_equal ((const char *const *)self->subprotocols, subprotocols))
    return;

  g_strfreev (self->subprotocols);
  self->subprotocols = g_strdupv ((char **)subprotocols);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SUBPROTOCOLS]);
}

gboolean
duplex_profile_get_verify_certificates (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), TRUE);

  return self->verify_certificates;
}

void
duplex_profile_set_verify_certificates (DuplexProfile *self,
                                        gboolean       verify)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  verify = !!verify;
  if (self->verify_certificates == verify)
    return;

  self->verify_certificates = verify;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VERIFY_CERTIFICATES]);
}

const char *
duplex_profile_get_trusted_certificate (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->trusted_certificate;
}

void
duplex_profile_set_trusted_certificate (DuplexProfile *self,
                                        const char    *fingerprint)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  set_string (self, &self->trusted_certificate, fingerprint != NULL ? fingerprint : "",
              PROP_TRUSTED_CERTIFICATE);
}

const char *
duplex_profile_get_error (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->error;
}

void
duplex_profile_set_error (DuplexProfile *self,
                          const char    *error)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  set_string (self, &self->error, error, PROP_ERROR);
}

const DuplexHeader *
duplex_profile_get_headers (DuplexProfile *self,
                            gsize         *ret_n_headers)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);
  g_return_val_if_fail (ret_n_headers != NULL, NULL);

  *ret_n_headers = self->headers->len;

  return (const DuplexHeader *)(gpointer)self->headers->data;
}

void
duplex_profile_set_headers (DuplexProfile      *self,
                            const DuplexHeader *headers,
                            gsize               n_headers)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));
  g_return_if_fail (headers != NULL || n_headers == 0);

  /* Also when headers is our own array. */
  if (has_headers (self, headers, n_headers))
    return;

  g_array_set_size (self->headers, 0);
  for (gsize i = 0; i < n_headers; i++)
    {
      DuplexHeader header = { g_strdup (headers[i].name), g_strdup (headers[i].value) };

      g_array_append_val (self->headers, header);
    }
}

const DuplexProfileWire *
duplex_profile_get_wire (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return &self->wire;
}

void
duplex_profile_set_wire (DuplexProfile           *self,
                         const DuplexProfileWire *wire)
{
  DuplexProfileWire before;

  g_return_if_fail (DUPLEX_IS_PROFILE (self));
  g_return_if_fail (wire != NULL && duplex_deflate_params_is_valid (&wire->deflate));

  before = self->wire;
  self->wire = *wire;
  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < DUPLEX_PROFILE_N_WIRE_PROPS; i++)
    {
      if (!duplex_profile_wire_has_same (&self->wire, i, &before))
        g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WIRE + i]);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

DuplexProfileExtras *
duplex_profile_get_extras (DuplexProfile *self)
{
  g_return_val_if_fail (DUPLEX_IS_PROFILE (self), NULL);

  return self->extras;
}

void
duplex_profile_set_extras (DuplexProfile       *self,
                           DuplexProfileExtras *extras)
{
  g_return_if_fail (DUPLEX_IS_PROFILE (self));

  duplex_profile_extras_ref (extras);
  duplex_profile_extras_unref (self->extras);
  self->extras = extras;
}
