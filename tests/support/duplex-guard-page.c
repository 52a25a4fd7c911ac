/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-guard-page.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct _DuplexGuardPage
{
  guint8 *memory;
  gsize   size;     /* with the guard */
  gsize   capacity; /* without it: whole pages */
};

DuplexGuardPage *
duplex_guard_page_new (gsize capacity)
{
  DuplexGuardPage *self = g_new0 (DuplexGuardPage, 1);
  gsize            page = sysconf (_SC_PAGESIZE);

  self->capacity = (capacity / page + 1) * page;
  self->size = self->capacity + page;
  self->memory = mmap (NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
  g_assert_true (self->memory != MAP_FAILED);
  g_assert_no_errno (mprotect (self->memory + self->capacity, page, PROT_NONE));
  return self;
}

void
duplex_guard_page_free (DuplexGuardPage *self)
{
  munmap (self->memory, self->size);
  g_free (self);
}

guint8 *
duplex_guard_page_place (DuplexGuardPage *self,
                         const void      *data,
                         gsize            len)
{
  guint8 *place;

  g_assert_cmpuint (len, <=, self->capacity);

  place = self->memory + (self->capacity - len);
  if (data != NULL && len > 0)
    memcpy (place, data, len);

  return place;
}
