/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-admission.h"

#include <string.h>

typedef struct
{
  guint8 address[16]; /* the key */
  guint  n;
} Place;

struct _DuplexAdmission
{
  GMutex      mutex;
  GHashTable *addresses; /* set of Place, of those that have any */
  guint       n;
};

DuplexAdmission *
duplex_admission_new (void)
{
  DuplexAdmission *self = g_new0 (DuplexAdmission, 1);

  G_STATIC_ASSERT (G_STRUCT_OFFSET (Place, address) == 0);

  g_mutex_init (&self->mutex);
  self->addresses = g_hash_table_new_full (duplex_peer_hash_address, duplex_peer_equal_address,
                                           g_free, NULL);
  return self;
}

void
duplex_admission_free (DuplexAdmission *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->addresses);
  g_free (self);
}

gboolean
duplex_admission_take (DuplexAdmission  *self,
                       const DuplexPeer *peer,
                       guint             max,
                       guint             max_per_address)
{
  g_autoptr (GMutexLocker) locker = NULL;
  Place                   *place;

  g_return_val_if_fail (self != NULL && peer != NULL, FALSE);

  locker = g_mutex_locker_new (&self->mutex);
  place = g_hash_table_lookup (self->addresses, peer->address);
  if (self->n >= max || (max_per_address > 0 && place != NULL && place->n >= max_per_address))
    return FALSE;
  if (place == NULL)
    {
      place = g_new0 (Place, 1);
      memcpy (place->address, peer->address, sizeof place->address);
      g_hash_table_add (self->addresses, place);
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
  Place                   *place;

  g_return_if_fail (self != NULL && peer != NULL);

  locker = g_mutex_locker_new (&self->mutex);
  place = g_hash_table_lookup (self->addresses, peer->address);
  g_return_if_fail (place != NULL);
  self->n--;
  if (--place->n == 0)
    g_hash_table_remove (self->addresses, place);
}

guint
duplex_admission_get_n (DuplexAdmission *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (self != NULL, 0);

  locker = g_mutex_locker_new (&self->mutex);
  return self->n;
}
