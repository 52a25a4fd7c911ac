/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One end of a relayed connection as the pump sees it: bytes in, bytes out, and being told when
 * either is possible. What stands behind it, a GIO stream or something faster, is the leg's own
 * matter. One thread. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DuplexLeg DuplexLeg;

/* conditions: G_IO_IN, G_IO_OUT or both. The leg may be freed in the call. */
typedef void (*DuplexLegReady) (DuplexLeg   *self,
                                GIOCondition conditions,
                                gpointer     user_data);

typedef enum {
  DUPLEX_LEG_OK,
  DUPLEX_LEG_WOULD_BLOCK,
  DUPLEX_LEG_ENDED, /* the peer's end of the stream, or an error: no more in this direction */
} DuplexLegResult;

typedef struct
{
  DuplexLegResult (*read) (DuplexLeg *self, guint8 *data, gsize size, gsize *ret_len);
  DuplexLegResult (*write) (DuplexLeg *self, const guint8 *data, gsize size, gsize *ret_len);
  void (*watch) (DuplexLeg *self, GIOCondition conditions);
  void (*shutdown) (DuplexLeg *self);
  void (*free) (DuplexLeg *self);
} DuplexLegClass;

/* The beginning of every leg's struct. */
struct _DuplexLeg
{
  const DuplexLegClass *class;
  DuplexLegReady ready; /* set by duplex_leg_set_ready() */
  gpointer       user_data;
};

void duplex_leg_set_ready (DuplexLeg     *self,
                           DuplexLegReady ready,
                           gpointer       user_data);

/* Never block. ret_len is set with DUPLEX_LEG_OK and is then at least 1; size must be, too. After
 * DUPLEX_LEG_WOULD_BLOCK a write is to be repeated with the same bytes, and may have more. */
DuplexLegResult duplex_leg_read (DuplexLeg *self,
                                 guint8    *data,
                                 gsize      size,
                                 gsize     *ret_len);
DuplexLegResult duplex_leg_write (DuplexLeg    *self,
                                  const guint8 *data,
                                  gsize         size,
                                  gsize        *ret_len);

/* From now on ready is called for these conditions, again and again while they hold; 0 for none. */
void duplex_leg_watch (DuplexLeg   *self,
                       GIOCondition conditions);

/* No more will be written: the peer reads the end of the stream. Does nothing where the transport
 * has no such half-close, as TLS. */
void duplex_leg_shutdown (DuplexLeg *self);

/* Closes and frees; ready is not called any more. */
void duplex_leg_free (DuplexLeg *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DuplexLeg, duplex_leg_free)

G_END_DECLS
