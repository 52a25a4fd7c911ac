/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of any kind, as their bytes. */
#include "core/proto/duplex-frame-draft.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "duplex-hex.h"

/* The only key of the source, and that it was asked for it. */
static void
mask_source (guint8   mask[4],
             gpointer data)
{
  static const guint8 key[4] = { 0xa1, 0xa2, 0xa3, 0xa4 };
  guint              *n = data;

  memcpy (mask, key, 4);
  (*n)++;
}

typedef struct
{
  const char      *name;
  DuplexRole       role;
  DuplexFrameDraft draft; /* but for its payload */
  const char      *payload;
  const char      *hex;
} Case;

#define CLIENT DUPLEX_ROLE_CLIENT
#define SERVER DUPLEX_ROLE_SERVER
#define WHOLE  .stop = DUPLEX_DRAFT_WHOLE
#define PLAIN  .mask = DUPLEX_DRAFT_MASK_NONE, WHOLE

static const Case cases[] = {
  /* each bit alone */
  { "bits/none", CLIENT, { PLAIN }, NULL, "00 00" },
  { "bits/fin", CLIENT, { .fin = TRUE, PLAIN }, NULL, "80 00" },
  { "bits/rsv1", CLIENT, { .rsv1 = TRUE, PLAIN }, NULL, "40 00" },
  { "bits/rsv2", CLIENT, { .rsv2 = TRUE, PLAIN }, NULL, "20 00" },
  { "bits/rsv3", CLIENT, { .rsv3 = TRUE, PLAIN }, NULL, "10 00" },
  { "bits/all",
    CLIENT,
    { .fin = TRUE, .rsv1 = TRUE, .rsv2 = TRUE, .rsv3 = TRUE, .opcode = 15, PLAIN },
    NULL,
    "ff 00" },
  /* masks */
  { "mask/default/client", CLIENT, { WHOLE }, "ab", "00 82 a1a2a3a4 c0c0" },
  { "mask/default/server", SERVER, { WHOLE }, "ab", "00 02 6162" },
  { "mask/none/client", CLIENT, { PLAIN }, "ab", "00 02 6162" },
  { "mask/none/server", SERVER, { PLAIN }, "ab", "00 02 6162" },
  { "mask/random/client",
    CLIENT,
    { .mask = DUPLEX_DRAFT_MASK_RANDOM, WHOLE },
    "ab",
    "00 82 a1a2a3a4 c0c0" },
  { "mask/random/server",
    SERVER,
    { .mask = DUPLEX_DRAFT_MASK_RANDOM, WHOLE },
    "ab",
    "00 82 a1a2a3a4 c0c0" },
  { "mask/key/client",
    CLIENT,
    { .mask = DUPLEX_DRAFT_MASK_KEY, .key = { 0x61, 0, 0, 1 }, WHOLE },
    "abcde",
    "00 85 61000001 00 62 63 65 04" },
  { "mask/key/server",
    SERVER,
    { .mask = DUPLEX_DRAFT_MASK_KEY, .key = { 0x61, 0, 0, 1 }, WHOLE },
    "abcde",
    "00 85 61000001 00 62 63 65 04" },
  { "mask/key/0",
    CLIENT,
    { .mask = DUPLEX_DRAFT_MASK_KEY, WHOLE },
    "ab",
    "00 82 00000000 6162" },
  { "mask/empty", CLIENT, { WHOLE }, NULL, "00 80 a1a2a3a4" },
  /* a key that stands there and is not asked for */
  { "mask/key-unused", SERVER, { .key = { 1, 2, 3, 4 }, WHOLE }, "ab", "00 02 6162" },
  /* how the length is written */
  { "length/7", SERVER, { .length_bits = 7, WHOLE }, "ab", "00 02 6162" },
  { "length/16", SERVER, { .length_bits = 16, WHOLE }, "ab", "00 7e 0002 6162" },
  { "length/64", SERVER, { .length_bits = 64, WHOLE }, "ab", "00 7f 0000000000000002 6162" },
  { "length/16/masked",
    CLIENT,
    { .length_bits = 16, WHOLE },
    "ab",
    "00 fe 0002 a1a2a3a4 c0c0" },
  { "length/64/empty", SERVER, { .length_bits = 64, WHOLE }, NULL, "00 7f 0000000000000000" },
  /* what it says, whatever is there */
  { "stated/longer", SERVER, { .states_length = TRUE, .length = 5, WHOLE }, "ab", "00 05 6162" },
  { "stated/shorter", SERVER, { .states_length = TRUE, .length = 1, WHOLE }, "ab", "00 01 6162" },
  { "stated/0", SERVER, { .states_length = TRUE, WHOLE }, "ab", "00 00 6162" },
  { "stated/ignored", SERVER, { .length = 9, WHOLE }, "ab", "00 02 6162" },
  { "stated/126", SERVER, { .states_length = TRUE, .length = 126, WHOLE }, NULL, "00 7e 007e" },
  { "stated/65535", SERVER, { .states_length = TRUE, .length = 65535, WHOLE }, NULL, "00 7e ffff" },
  { "stated/65536",
    SERVER,
    { .states_length = TRUE, .length = 65536, WHOLE },
    NULL,
    "00 7f 0000000000010000" },
  { "stated/top-bit",
    SERVER,
    { .states_length = TRUE, .length = G_GUINT64_CONSTANT (1) << 63, WHOLE },
    "x",
    "00 7f 8000000000000000 78" },
  { "stated/most",
    CLIENT,
    { .states_length = TRUE, .length = G_MAXUINT64, .length_bits = 64, WHOLE },
    NULL,
    "00 ff ffffffffffffffff a1a2a3a4" },
  { "stated/7-of-16",
    SERVER,
    { .states_length = TRUE, .length = 3, .length_bits = 16, WHOLE },
    NULL,
    "00 7e 0003" },
};

static GBytes *
new_payload (const char *text)
{
  return text != NULL ? g_bytes_new (text, strlen (text)) : NULL;
}

static void
test_bytes (gconstpointer data)
{
  const Case        *row = data;
  DuplexFrameDraft   draft = row->draft;
  g_autoptr (GBytes) payload = new_payload (row->payload);
  g_autoptr (GBytes) wanted = duplex_hex_decode (row->hex);
  g_autoptr (GBytes) wire = NULL;
  guint              n_masks = 0;
  DuplexFrameHeader  header, decoded;
  gsize              size;

  draft.payload = payload;
  g_assert_true (duplex_frame_draft_check (&draft, NULL));
  wire = duplex_frame_draft_encode (&draft, row->role, mask_source, &n_masks);
  g_assert_cmpmem (g_bytes_get_data (wire, NULL), g_bytes_get_size (wire),
                   g_bytes_get_data (wanted, NULL), g_bytes_get_size (wanted));
  g_assert_cmpuint (n_masks, ==, strstr (row->hex, "a1a2a3a4") != NULL);
  g_assert_cmpuint (duplex_frame_draft_get_size (&draft, row->role), ==, g_bytes_get_size (wire));

  /* The header alone is that of the bytes. */
  duplex_frame_draft_get_header (&draft, row->role, mask_source, &n_masks, &header);
  size = duplex_frame_header_decode (g_bytes_get_data (wire, NULL), g_bytes_get_size (wire),
                                     &decoded);
  g_assert_cmpuint (size, ==, duplex_frame_header_get_size (&header));
  g_assert_cmpint (header.fin, ==, decoded.fin);
  g_assert_cmpint (header.rsv1, ==, decoded.rsv1);
  g_assert_cmpint (header.rsv2, ==, decoded.rsv2);
  g_assert_cmpint (header.rsv3, ==, decoded.rsv3);
  g_assert_cmpuint (header.opcode, ==, decoded.opcode);
  g_assert_cmpint (header.masked, ==, decoded.masked);
  g_assert_cmpmem (header.mask, 4, decoded.mask, 4);
  g_assert_cmpuint (header.length_bits, ==, decoded.length_bits);
  g_assert_cmpuint (header.length, ==, decoded.length);
}

static void
test_opcodes (void)
{
  for (guint8 opcode = 0; opcode < 16; opcode++)
    {
      DuplexFrameDraft   draft = { .opcode = opcode, PLAIN };
      g_autoptr (GBytes) wire = NULL;

      g_assert_true (duplex_frame_draft_check (&draft, NULL));
      wire = duplex_frame_draft_encode (&draft, CLIENT, mask_source, NULL);
      g_assert_cmpuint (g_bytes_get_size (wire), ==, 2);
      g_assert_cmphex (((const guint8 *)g_bytes_get_data (wire, NULL))[0], ==, opcode);
    }
}

/* What nothing is said of: a whole text frame, as its role has to send it. */
static void
test_defaults (void)
{
  DuplexFrameDraft   draft = DUPLEX_FRAME_DRAFT_INIT;
  guint              n_masks = 0;
  g_autoptr (GBytes) wire = duplex_frame_draft_encode (&draft, CLIENT, mask_source, &n_masks);

  g_assert_cmpmem (g_bytes_get_data (wire, NULL), g_bytes_get_size (wire),
                   "\x81\x80\xa1\xa2\xa3\xa4", 6);
}

/* The shortest encoding that fits, on both sides of each border. */
static void
test_minimal_lengths (void)
{
  static const struct
  {
    gsize size;
    gsize header;
  } rows[] = { { 0, 2 }, { 125, 2 }, { 126, 4 }, { 127, 4 }, { 65535, 4 }, { 65536, 10 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      DuplexFrameDraft   draft = { PLAIN };
      g_autofree guint8 *data = g_malloc0 (rows[i].size + 1);
      g_autoptr (GBytes) payload = g_bytes_new (data, rows[i].size);
      g_autoptr (GBytes) wire = NULL;
      DuplexFrameHeader  header;

      draft.payload = payload;
      wire = duplex_frame_draft_encode (&draft, CLIENT, mask_source, NULL);
      g_assert_cmpuint (g_bytes_get_size (wire), ==, rows[i].header + rows[i].size);
      g_assert_cmpuint (duplex_frame_header_decode (g_bytes_get_data (wire, NULL),
                                                    g_bytes_get_size (wire), &header),
                        ==, rows[i].header);
      g_assert_cmpuint (header.length, ==, rows[i].size);
    }
}

/* Half-way after each byte: in the header, the key, the payload, and behind it. */
static void
test_stops (void)
{
  static const guint8 length_bits[] = { 7, 16, 64 };

  for (gsize i = 0; i < G_N_ELEMENTS (length_bits); i++)
    {
      DuplexFrameDraft   draft = { .opcode = 1, .length_bits = length_bits[i], WHOLE };
      g_autoptr (GBytes) payload = g_bytes_new_static ("abcdef", 6);
      g_autoptr (GBytes) whole = NULL;
      guint              n_masks = 0;
      gsize              size;

      draft.payload = payload;
      whole = duplex_frame_draft_encode (&draft, CLIENT, mask_source, &n_masks);
      size = g_bytes_get_size (whole);
      for (draft.stop = 1; draft.stop < size + 3; draft.stop++)
        {
          g_autoptr (GBytes) wire = NULL;

          g_assert_true (duplex_frame_draft_check (&draft, NULL));
          wire = duplex_frame_draft_encode (&draft, CLIENT, mask_source, &n_masks);
          g_assert_cmpmem (g_bytes_get_data (wire, NULL), g_bytes_get_size (wire),
                           g_bytes_get_data (whole, NULL), MIN (draft.stop, size));
          g_assert_cmpuint (duplex_frame_draft_get_size (&draft, CLIENT), ==,
                            MIN (draft.stop, size));
        }
    }
}

/* ---- what cannot be written ---- */

typedef struct
{
  const char      *name;
  DuplexFrameDraft draft;
  gsize            payload; /* bytes */
  const char      *says;    /* the value that was seen */
} Refused;

static const Refused refused[] = {
  { "opcode/16", { .opcode = 16, WHOLE }, 0, "16" },
  { "opcode/255", { .opcode = 255, WHOLE }, 0, "255" },
  { "bits/1", { .length_bits = 1, WHOLE }, 0, "not 1" },
  { "bits/8", { .length_bits = 8, WHOLE }, 0, "not 8" },
  { "bits/32", { .length_bits = 32, WHOLE }, 0, "not 32" },
  { "bits/63", { .length_bits = 63, WHOLE }, 0, "not 63" },
  { "bits/255", { .length_bits = 255, WHOLE }, 0, "not 255" },
  { "length/126-in-7", { .length_bits = 7, WHOLE }, 126, "126 does not fit 7 bits" },
  { "length/65536-in-16", { .length_bits = 16, WHOLE }, 65536, "65536 does not fit 16 bits" },
  { "length/stated-in-7",
    { .length_bits = 7, .states_length = TRUE, .length = 126, WHOLE },
    0,
    "126 does not fit 7 bits" },
  { "length/stated-in-16",
    { .length_bits = 16, .states_length = TRUE, .length = 65536, WHOLE },
    0,
    "65536 does not fit 16 bits" },
  { "stop/0", { .stop = 0 }, 0, "0 bytes" },
};

static void
test_refused (gconstpointer data)
{
  const Refused     *row = data;
  DuplexFrameDraft   draft = row->draft;
  g_autofree guint8 *bytes = g_malloc0 (row->payload + 1);
  g_autoptr (GBytes) payload = g_bytes_new (bytes, row->payload);
  g_autoptr (GError) error = NULL;

  draft.payload = payload;
  g_assert_false (duplex_frame_draft_check (&draft, &error));
  g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, row->says));
}

/* The largest that still fits, and a stated length that hides a payload which does not. */
static void
test_accepted_borders (void)
{
  static const DuplexFrameDraft rows[] = {
    { .opcode = 15, WHOLE },
    { .length_bits = 7, .states_length = TRUE, .length = 125, WHOLE },
    { .length_bits = 16, .states_length = TRUE, .length = 65535, WHOLE },
    { .length_bits = 64, .states_length = TRUE, .length = G_MAXUINT64, WHOLE },
    { .states_length = TRUE, .length = G_MAXUINT64, WHOLE },
    { .length_bits = 7, .states_length = TRUE, .length = 0, WHOLE },
    { .stop = 1 },
  };
  g_autofree guint8 *bytes = g_malloc0 (126);
  g_autoptr (GBytes) payload = g_bytes_new (bytes, 126);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      DuplexFrameDraft   draft = rows[i];
      g_autoptr (GError) error = NULL;

      draft.payload = draft.states_length ? payload : NULL;
      g_assert_true (duplex_frame_draft_check (&draft, &error));
      g_assert_no_error (error);
    }
}

/* A copy shares the payload and is changed alone. */
static void
test_copy (void)
{
  DuplexFrameDraft             draft = DUPLEX_FRAME_DRAFT_INIT;
  g_autoptr (GBytes)           payload = g_bytes_new ("abc", 3);
  g_autoptr (DuplexFrameDraft) copy = NULL;
  g_autoptr (DuplexFrameDraft) empty = NULL;

  empty = duplex_frame_draft_copy (&draft);
  g_assert_null (empty->payload);
  draft.payload = payload;
  draft.opcode = 9;
  draft.mask = DUPLEX_DRAFT_MASK_KEY;
  memcpy (draft.key, "key!", 4);
  copy = duplex_frame_draft_copy (&draft);
  g_assert_true (copy->payload == payload);
  g_assert_cmpuint (copy->opcode, ==, 9);
  g_assert_cmpmem (copy->key, 4, "key!", 4);
  copy->opcode = 10;
  g_assert_cmpuint (draft.opcode, ==, 9);
  duplex_frame_draft_free (NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/frame-draft/bytes/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_bytes);
    }
  g_test_add_func ("/core/frame-draft/opcodes", test_opcodes);
  g_test_add_func ("/core/frame-draft/defaults", test_defaults);
  g_test_add_func ("/core/frame-draft/minimal-lengths", test_minimal_lengths);
  g_test_add_func ("/core/frame-draft/stops", test_stops);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *path = g_strconcat ("/core/frame-draft/refused/", refused[i].name, NULL);

      g_test_add_data_func (path, &refused[i], test_refused);
    }
  g_test_add_func ("/core/frame-draft/accepted-borders", test_accepted_borders);
  g_test_add_func ("/core/frame-draft/copy", test_copy);

  return g_test_run ();
}
