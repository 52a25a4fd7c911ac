/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-admission.h"

typedef struct
{
  guint64 network; /* the key */
  guint   n;
} Place;

struct _DuplexAdmission
{
  GMutex      mutex;
  GHashTable *places; /* set of Place, of those that have any */
  guint       n;
};

DuplexAdmission *
duplex_admission_new (void)
{
  DuplexAdmission *self = g_new0 (DuplexAdmission, 1);

  G_STATIC_ASSERT (G_STRUCT_OFFSET (Place, network) == 0);

  g_mutex_init (&self->mutex);
  self->places = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

void
duplex_admission_free (DuplexAdmission *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->places);
  g_free (self);
}

gboolean
duplex_admission_take (DuplexAdmission  *self,
                       const DuplexPeer *peer,
                       guint             max,
                       guint             max_per_address)
{
  g_autoptr (GMutexLocker) locker = NULL;
  guint64                  network;
  Place                   *place;

  g_return_val_if_fail (self != NULL && peer != NULL, FALSE);

  network = duplex_peer_get_network (peer);
  locker = g_mutex_locker_new (&self->mutex);
  place = g_hash_table_lookup (self->places, &network);
  if (self->n >= max || (max_per_address > 0 && place != NULL && place->n >= max_per_address))
    return FALSE;
  if (place == NULL)
    {
      place = g_new0 (Place, 1);
      place->network = network;
      g_hash_table_add (self->places, place);
    }
  place->n++;
  self->n++;
  return TRUE;
}

void
duplex_admission_release (DuplexAdmission  *self,
                          const DuplexPeer *peer)
{
  g_autoptr (GMutexLocker) locker = NULL;
  guint64                  network;
  Place                   *place;

  g_return_if_fail (self != NULL && peer != NULL);

  network = duplex_peer_get_network (peer);
  locker = g_mutex_locker_new (&self->mutex);
  place = g_hash_table_lookup (self->places, &network);
  g_return_if_fail (place != NULL);
  self->n--;
  if (--place->n == 0)
    g_hash_table_remove (self->places, place);
}
