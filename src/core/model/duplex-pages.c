/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux's number, which glibc names only since 2.35 and other systems do not have. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void
duplex_pages_expect (gpointer data,
                     gsize    size)
{
#ifdef __linux__
  static gsize page = 0;
  int          saved = errno;
  guintptr     begin = (guintptr)data;
  guintptr     end = begin + size;

  if (g_once_init_enter (&page))
    g_once_init_leave (&page, (gsize)sysconf (_SC_PAGESIZE));
  /* Whole pages only: their neighbours may be anybody's. */
  begin = (begin + page - 1) & ~(guintptr)(page - 1);
  end &= ~(guintptr)(page - 1);
  if (end > begin)
    madvise ((void *)begin, end - begin, MADV_POPULATE_WRITE);
  errno = saved;
#endif
}
