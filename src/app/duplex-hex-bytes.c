/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-hex-bytes.h"

#include <string.h>

#include "core/proto/duplex-frame.h"

/* Bytes that are read at once: some screenfuls, and little of what stands together in a file. */
#define PAGE ((gsize)32 * 1024)

struct _DuplexHexBytes
{
  gatomicrefcount ref_count;
  GBytes         *head; /* or NULL */
  GBytes         *body; /* or NULL */
  guint8          mask[4];
  gboolean        is_masked;

  /* instead of body, or NULL */
  DuplexHexReadFunc read;
  gpointer          source;
  GDestroyNotify    destroy;
  guint64           body_size;
  guint8           *page; /* PAGE bytes from page_offset on, once there are any */
  guint64           page_offset;
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
duplex_hex_bytes_new_reading (GBytes           *head,
                              guint64           body_size,
                              const guint8     *mask,
                              DuplexHexReadFunc read,
                              gpointer          source,
                              GDestroyNotify    destroy)
{
  DuplexHexBytes *self;

  g_return_val_if_fail (read != NULL, NULL);

  self = duplex_hex_bytes_new (head, NULL, mask);
  self->body_size = body_size;
  self->read = read;
  self->source = source;
  self->destroy = destroy;
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
  g_clear_pointer (&self->page, g_free);
  if (self->destroy != NULL)
    self->destroy (self->source);
  g_free (self);
}

guint64
duplex_hex_bytes_get_size (const DuplexHexBytes *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return get_size (self->head) + (self->read != NULL ? self->body_size : get_size (self->body));
}

/* The page in which offset is. */
static void
load_page (DuplexHexBytes *self,
           guint64         offset)
{
  guint64 page_offset = offset / PAGE * PAGE;
  gsize   size = (gsize)MIN (self->body_size - page_offset, PAGE);
  gsize   n;

  if (self->page != NULL && self->page_offset == page_offset)
    return;
  if (self->page == NULL)
    self->page = g_malloc (PAGE);
  n = self->read (self->source, page_offset, self->page, size);
  memset (self->page + n, 0, PAGE - n);
  self->page_offset = page_offset;
}

static void
read_body (DuplexHexBytes *self,
           guint64         offset,
           guint8         *out,
           gsize           n)
{
  if (self->read == NULL)
    {
      memcpy (out, (const guint8 *)g_bytes_get_data (self->body, NULL) + offset, n);
      return;
    }

  while (n > 0)
    {
      gsize start = offset % PAGE;
      gsize piece = MIN (n, PAGE - start);

      load_page (self, offset);
      memcpy (out, self->page + start, piece);
      out += piece;
      offset += piece;
      n -= piece;
    }
}

void
duplex_hex_bytes_read (DuplexHexBytes *self,
                       guint64         offset,
                       guint8         *out,
                       gsize           n)
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
  read_body (self, offset, out, n);
  if (self->is_masked)
    duplex_mask (out, out, n, self->mask, offset);
}

char *
duplex_hex_bytes_dup_row (DuplexHexBytes        *self,
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
             gsize         n)
{
  DuplexHexLayout layout = duplex_hex_layout_fit (offset + n, G_MAXUINT);
  GString        *out = g_string_sized_new (n * 5);

  for (gsize i = 0; i < n; i += layout.n_bytes)
    duplex_hex_layout_append_row (&layout, out, offset + i, data + i,
                                  (guint)MIN (layout.n_bytes, n - i));

  return g_string_free (out, FALSE);
}

/* "48 65 6c" */
static char *
format_digits (const guint8 *data,
               gsize         n)
{
  static const char digits[] = "0123456789abcdef";
  char             *text = g_malloc (3 * n + 1);

  for (gsize i = 0; i < n; i++)
    {
      text[3 * i] = digits[data[i] >> 4];
      text[3 * i + 1] = digits[data[i] & 0xf];
      text[3 * i + 2] = ' ';
    }
  text[n > 0 ? 3 * n - 1 : 0] = '\0';

  return text;
}

char *
duplex_hex_bytes_dup_text (DuplexHexBytes *self,
                           guint64         offset,
                           guint64         n,
                           DuplexHexForm   form)
{
  g_autofree guint8 *data = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  if (n > DUPLEX_HEX_BYTES_MAX_TEXT)
    return NULL;

  data = g_malloc (MAX (n, 1));
  duplex_hex_bytes_read (self, offset, data, (gsize)n);

  switch (form)
    {
    case DUPLEX_HEX_TEXT:
      return g_utf8_make_valid ((const char *)data, (gssize)n);
    case DUPLEX_HEX_DIGITS:
      return format_digits (data, (gsize)n);
    case DUPLEX_HEX_DUMP:
    default:
      return format_rows (data, offset, (gsize)n);
    }
}
