/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file-private.h"

#include <string.h>
#include <zlib.h>

/* Finds rows of "block_data" and "chunk" in a file that was cut short before the pages that lead to
 * them, or where these are damaged. SQLite moves them further back as a table grows: of a capture
 * of a gigabyte without its last quarter it would read nothing, though three quarters of the rows
 * are there. So the pages with rows are looked for one by one;
 * https://www.sqlite.org/fileformat2.html, sections 1.6 and 2.1, has the format. Nothing in them is
 * believed; what they are good for is decided by who asks. */

/* A page of a table with rows, not one that leads to others. */
#define LEAF             0x0d
#define LEAF_HEADER_SIZE 8

/* A terabyte of full blocks, 64 MB of memory. */
#define MAX_CELLS ((guint)4 * 1024 * 1024)

/* Rows of one id that are looked at: a page that is no longer used may hold an old one. */
#define MAX_SAME 4

typedef struct
{
  gint64  id;
  guint64 position; /* of the cell in the file */
} Cell;

/* What stands before the bytes of a row. */
typedef struct
{
  gint64 id;
  gsize  size;   /* of the data */
  gsize  begin;  /* of the data in the page */
  gsize  inside; /* bytes of it that are in the page, the others follow in pages of their own */
} Head;

struct _DuplexCaptureFileSalvage
{
  sqlite3_file *file; /* borrowed */
  GArray       *cells;
  guint8       *page;
  gsize         page_size;
  gsize         usable; /* of each page */
  guint64       n_pages;
};

void
duplex_capture_file_salvage_free (DuplexCaptureFileSalvage *self)
{
  g_clear_pointer (&self->cells, g_array_unref);
  g_free (self->page);
  g_free (self);
}

static guint32
get_uint (const guint8 *bytes,
          guint         n)
{
  guint32 value = 0;

  for (guint i = 0; i < n; i++)
    value = value << 8 | bytes[i];

  return value;
}

/* Seven bits a byte, and eight in the ninth. FALSE where the page ends before it does. */
static gboolean
take_varint (DuplexCaptureFileSalvage *self,
             gsize                    *at,
             guint64                  *ret_value)
{
  guint64 value = 0;

  for (guint i = 0; i < 9; i++)
    {
      guint8 byte;

      if (*at >= self->usable)
        return FALSE;
      byte = self->page[(*at)++];
      if (i == 8)
        {
          *ret_value = value << 8 | byte;
          return TRUE;
        }
      value = value << 7 | (byte & 0x7f);
      if ((byte & 0x80) == 0)
        break;
    }
  *ret_value = value;

  return TRUE;
}

/* Bytes of a row that are in the page itself. */
static gsize
get_inside (DuplexCaptureFileSalvage *self,
            gsize                     size)
{
  gsize most = self->usable - 35;
  gsize least = (self->usable - 12) * 32 / 255 - 23;
  gsize rest;

  if (size <= most)
    return size;
  rest = least + (size - least) % (self->usable - 4);

  return rest <= most ? rest : least;
}

/* A row of an id, which SQLite has as NULL, and bytes. FALSE for all others. */
static gboolean
read_head (DuplexCaptureFileSalvage *self,
           gsize                     at,
           Head                     *ret_head)
{
  guint64 row_size;
  guint64 id;
  guint64 head_size;
  guint64 type;
  gsize   begin;

  if (!take_varint (self, &at, &row_size) || !take_varint (self, &at, &id))
    return FALSE;

  begin = at;
  if (!take_varint (self, &at, &head_size) || at >= self->usable || self->page[at++] != 0 ||
      !take_varint (self, &at, &type) || at - begin != head_size)
    return FALSE;
  if (type < 12 || type % 2 != 0 || row_size != head_size + (type - 12) / 2 ||
      row_size > DUPLEX_CAPTURE_FILE_BLOCK_MAX)
    return FALSE;

  *ret_head = (Head){ .id = id,
                      .size = row_size - head_size,
                      .begin = at,
                      .inside = get_inside (self, row_size) };
  if (ret_head->inside < head_size || ret_head->inside > self->usable - begin)
    return FALSE;
  ret_head->inside -= head_size;

  /* The way to the next page takes four bytes. */
  return ret_head->inside == ret_head->size ||
         self->usable - ret_head->begin - ret_head->inside >= 4;
}

static gboolean
read_page (DuplexCaptureFileSalvage *self,
           guint64                   number)
{
  if (number == 0 || number > self->n_pages)
    return FALSE;

  return self->file->pMethods->xRead (self->file, self->page, self->page_size,
                                      (number - 1) * self->page_size) == SQLITE_OK;
}

static void
scan_page (DuplexCaptureFileSalvage *self,
           guint64                   number)
{
  guint n_cells;

  if (!read_page (self, number) || self->page[0] != LEAF)
    return;

  n_cells = MIN (get_uint (self->page + 3, 2), (self->usable - LEAF_HEADER_SIZE) / 2);
  for (guint i = 0; i < n_cells && self->cells->len < MAX_CELLS; i++)
    {
      gsize at = get_uint (self->page + LEAF_HEADER_SIZE + 2 * i, 2);
      Cell  cell = { .position = (number - 1) * self->page_size + at };
      Head  head;

      if (!read_head (self, at, &head))
        continue;
      cell.id = head.id;
      g_array_append_val (self->cells, cell);
    }
}

static int
compare_cells (gconstpointer a,
               gconstpointer b)
{
  const Cell *left = a;
  const Cell *right = b;

  if (left->id != right->id)
    return left->id < right->id ? -1 : 1;

  return left->position < right->position ? -1 : left->position > right->position;
}

DuplexCaptureFileSalvage *
duplex_capture_file_salvage_new (sqlite3_file *file,
                                 gsize         page_size,
                                 gsize         reserved)
{
  DuplexCaptureFileSalvage *self = g_new0 (DuplexCaptureFileSalvage, 1);
  sqlite3_int64             size = 0;

  self->file = file;
  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  /* Other values are none of a database: nothing is found in it then. */
  if (page_size < 512 || page_size > 65536 || reserved > 32 ||
      file->pMethods->xFileSize (file, &size) != SQLITE_OK)
    return self;

  self->page = g_malloc (page_size);
  self->page_size = page_size;
  self->usable = page_size - reserved;
  self->n_pages = size / page_size;
  for (guint64 number = 2; number <= self->n_pages; number++)
    scan_page (self, number);
  g_array_sort (self->cells, compare_cells);

  return self;
}

/* The first of the cells with id. */
static guint
find_first (DuplexCaptureFileSalvage *self,
            gint64                    id)
{
  guint low = 0;
  guint high = self->cells->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (g_array_index (self->cells, Cell, middle).id < id)
        low = middle + 1;
      else
        high = middle;
    }

  return low;
}

/* The bytes of a row over all its pages; NULL where one is not there. */
static guint8 *
read_row (DuplexCaptureFileSalvage *self,
          guint64                   position,
          gsize                     min_size,
          gsize                     max_size,
          gsize                    *ret_size)
{
  g_autofree guint8 *data = NULL;
  guint64            next = 0;
  gsize              done;
  Head               head;

  if (!read_page (self, position / self->page_size + 1) ||
      !read_head (self, position % self->page_size, &head) || head.size < min_size ||
      head.size > max_size)
    return NULL;

  data = g_malloc (head.size);
  done = head.inside;
  memcpy (data, self->page + head.begin, done);
  if (done < head.size)
    next = get_uint (self->page + head.begin + done, 4);
  while (done < head.size)
    {
      gsize n = MIN (head.size - done, self->usable - 4);

      if (!read_page (self, next))
        return NULL;
      next = get_uint (self->page, 4);
      memcpy (data + done, self->page + 4, n);
      done += n;
    }
  *ret_size = head.size;

  return g_steal_pointer (&data);
}

guint8 *
duplex_capture_file_salvage_read (DuplexCaptureFileSalvage *self,
                                  gint64                    id,
                                  gsize                     min_size,
                                  gsize                     max_size,
                                  const guint32            *checksum,
                                  gsize                    *ret_size)
{
  guint first = find_first (self, id);
  guint last = MIN (self->cells->len, first + MAX_SAME);

  for (guint i = first; i < last; i++)
    {
      const Cell        *cell = &g_array_index (self->cells, Cell, i);
      g_autofree guint8 *data = NULL;

      if (cell->id != id)
        break;
      data = read_row (self, cell->position, min_size, max_size, ret_size);
      if (data != NULL && (checksum == NULL || crc32_z (0, data, *ret_size) == *checksum))
        return g_steal_pointer (&data);
    }

  return NULL;
}
