/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-hex-bytes.h"

#include <string.h>

#include "core/proto/duplex-frame.h"

struct _DuplexHexBytes
{
  gatomicrefcount ref_count;
  GBytes         *head; /* or NULL */
  GBytes         *body; /* or NULL */
  guint8          mask[4];
  gboolean        is_masked;
};

static guint64
get_size (GBytes *bytes)
{
  return bytes != NULL ? g_bytes_get_size (bytes) : 0;
}

DuplexHexBytes *
duplex_hex_bytes_new (GBytes       *head,
                      GBytes       *body,
                      const guint8 *mask)
{
  DuplexHexBytes *self = g_new0 (DuplexHexBytes, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->head = head != NULL ? g_bytes_ref (head) : NULL;
  self->body = body != NULL ? g_bytes_ref (body) : NULL;
  self->is_masked = mask != NULL;
  if (mask != NULL)
    memcpy (self->mask, mask, sizeof self->mask);

  return self;
}

DuplexHexBytes *
duplex_hex_bytes_ref (DuplexHexBytes *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
duplex_hex_bytes_unref (DuplexHexBytes *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->head, g_bytes_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self);
}

guint64
duplex_hex_bytes_get_size (const DuplexHexBytes *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return get_size (self->head) + get_size (self->body);
}

void
duplex_hex_bytes_read (const DuplexHexBytes *self,
                       guint64               offset,
                       guint8               *out,
                       gsize                 n)
{
  guint64 head_size;

  g_return_if_fail (self != NULL);
  g_return_if_fail (offset <= duplex_hex_bytes_get_size (self));
  g_return_if_fail (n <= duplex_hex_bytes_get_size (self) - offset);

  head_size = get_size (self->head);
  if (offset < head_size)
    {
      gsize from_head = (gsize)MIN (n, head_size - offset);

      memcpy (out, (const guint8 *)g_bytes_get_data (self->head, NULL) + offset, from_head);
      out += from_head;
      offset += from_head;
      n -= from_head;
    }
  if (n == 0)
    return;

  offset -= head_size;
  memcpy (out, (const guint8 *)g_bytes_get_data (self->body, NULL) + offset, n);
  if (self->is_masked)
    duplex_mask (out, out, n, self->mask, offset);
}

char *
duplex_hex_bytes_dup_row (const DuplexHexBytes  *self,
                          const DuplexHexLayout *layout,
                          guint64                offset)
{
  GString *out = g_string_new (NULL);
  guint8   data[DUPLEX_HEX_LAYOUT_MAX_BYTES];
  guint    n;

  g_return_val_if_fail (self != NULL, NULL);

  n = (guint)MIN (layout->n_bytes, duplex_hex_bytes_get_size (self) - offset);
  duplex_hex_bytes_read (self, offset, data, n);
  duplex_hex_layout_append_row (layout, out, offset, data, n);
  g_string_truncate (out, out->len - 1);

  return g_string_free (out, FALSE);
}

static char *
format_rows (const guint8 *data,
             guint64       offset,
             gsize         n,
             DuplexHexForm form)
{
  DuplexHexLayout layout = duplex_hex_layout_fit (offset + n, G_MAXUINT);
  GString        *out = g_string_sized_new (form == DUPLEX_HEX_DUMP ? n * 5 : n * 3);

  for (gsize i = 0; i < n; i += layout.n_bytes)
    {
      guint row = (guint)MIN (layout.n_bytes, n - i);

      if (form == DUPLEX_HEX_DUMP)
        duplex_hex_layout_append_row (&layout, out, offset + i, data + i, row);
      else
        for (guint k = 0; k < row; k++)
          g_string_append_printf (out, i + k > 0 ? " %02x" : "%02x", data[i + k]);
    }

  return g_string_free (out, FALSE);
}

char *
duplex_hex_bytes_dup_text (const DuplexHexBytes *self,
                           guint64               offset,
                           guint64               n,
                           DuplexHexForm         form)
{
  g_autofree guint8 *data = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (n > DUPLEX_HEX_BYTES_MAX_TEXT)
    return NULL;

  data = g_malloc (MAX (n, 1));
  duplex_hex_bytes_read (self, offset, data, (gsize)n);

  return form == DUPLEX_HEX_TEXT ? g_utf8_make_valid ((const char *)data, (gssize)n)
                                 : format_rows (data, offset, (gsize)n, form);
}
