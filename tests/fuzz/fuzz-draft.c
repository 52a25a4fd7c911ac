/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-error.h"
#include "core/proto/duplex-frame-draft.h"

/* A key that no draft of ours has by itself. */
static const guint8 random_key[4] = { 0xa5, 0x5a, 0x11, 0xee };

static void
random_mask (guint8   mask[4],
             gpointer user_data)
{
  memcpy (mask, random_key, sizeof random_key);
}

static guint64
take_number (FuzzInput *input)
{
  guint64 number = 0;

  for (guint8 n = fuzz_take_byte (input) % 9; n > 0; n--)
    number = number << 8 | fuzz_take_byte (input);
  return number;
}

static void
take_draft (FuzzInput        *input,
            DuplexFrameDraft *draft)
{
  guint8 flags = fuzz_take_byte (input);

  draft->fin = (flags & 1) != 0;
  draft->rsv1 = (flags & 2) != 0;
  draft->rsv2 = (flags & 4) != 0;
  draft->rsv3 = (flags & 8) != 0;
  draft->mask = (flags >> 4) & 3;
  draft->states_length = (flags & 0x40) != 0;
  draft->opcode = fuzz_take_byte (input);
  draft->length_bits = fuzz_take_byte (input);
  for (gsize i = 0; i < sizeof draft->key; i++)
    draft->key[i] = fuzz_take_byte (input);
  if (draft->states_length)
    draft->length = take_number (input);
  draft->stop = (flags & 0x80) != 0 ? take_number (input) : DUPLEX_DRAFT_WHOLE;
}

static guint64
get_length (const DuplexFrameDraft *draft)
{
  return draft->states_length ? draft->length : g_bytes_get_size (draft->payload);
}

/* The header that a draft asks for, byte by byte as §5.2 draws it. */
static GByteArray *
write_header (const DuplexFrameDraft *draft,
              const guint8           *key)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64     length = get_length (draft);
  guint8      bits = draft->length_bits;
  guint8      head[2];
  guint       n;

  if (bits == 0)
    bits = length < 126 ? 7 : length < 65536 ? 16
                                             : 64;
  n = bits == 7 ? 0 : bits / 8;
  head[0] = draft->fin << 7 | draft->rsv1 << 6 | draft->rsv2 << 5 | draft->rsv3 << 4 |
            draft->opcode;
  head[1] = (key != NULL) << 7 | (bits == 7 ? (guint8)length : bits == 16 ? 126
                                                                          : 127);
  g_byte_array_append (bytes, head, sizeof head);
  while (n > 0)
    {
      guint8 byte = length >> (8 * --n);

      g_byte_array_append (bytes, &byte, 1);
    }
  if (key != NULL)
    g_byte_array_append (bytes, key, 4);
  return bytes;
}

static void
check_written (const DuplexFrameDraft *draft,
               DuplexRole              role)
{
  g_autoptr (GByteArray) expected = NULL;
  g_autoptr (GBytes)     wire = duplex_frame_draft_encode (draft, role, random_mask, NULL);
  const guint8          *key = NULL;
  gsize                  len;
  const guint8          *payload = g_bytes_get_data (draft->payload, &len);

  if (draft->mask == DUPLEX_DRAFT_MASK_KEY)
    key = draft->key;
  else if (draft->mask == DUPLEX_DRAFT_MASK_RANDOM ||
           (draft->mask == DUPLEX_DRAFT_MASK_DEFAULT && role == DUPLEX_ROLE_CLIENT))
    key = random_key;
  expected = write_header (draft, key);
  for (gsize i = 0; i < len; i++)
    {
      guint8 byte = payload[i] ^ (key != NULL ? key[i % 4] : 0);

      g_byte_array_append (expected, &byte, 1);
    }
  g_assert_cmpmem (g_bytes_get_data (wire, NULL), g_bytes_get_size (wire), expected->data,
                   MIN (expected->len, draft->stop));
}

/* What cannot be written is refused, and only that. */
static gboolean
can_be_written (const DuplexFrameDraft *draft)
{
  guint64 length = get_length (draft);

  if (draft->opcode > 15 || draft->stop == 0)
    return FALSE;
  switch (draft->length_bits)
    {
    case 0:
    case 64:
      return TRUE;
    case 7:
      return length < 126;
    case 16:
      return length < 65536;
    default:
      return FALSE;
    }
}

/* Any frame that somebody composes goes out bit by bit as it was asked for. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput                    input = { data, size };
  DuplexRole                   role = fuzz_take_byte (&input) & 1;
  guint8                       repeat = fuzz_take_byte (&input);
  DuplexFrameDraft             draft = DUPLEX_FRAME_DRAFT_INIT;
  g_autoptr (GByteArray)       payload = g_byte_array_new ();
  g_autoptr (GBytes)           bytes = NULL;
  g_autoptr (GError)           error = NULL;
  g_autoptr (DuplexFrameDraft) copy = NULL;

  take_draft (&input, &draft);
  /* A payload over the borders of the length without an input of that size. */
  for (guint i = 0; i <= repeat && payload->len < 70000; i++)
    g_byte_array_append (payload, input.data, (guint)input.size);
  bytes = g_bytes_new (payload->data, payload->len);
  draft.payload = bytes;
  copy = duplex_frame_draft_copy (&draft);

  g_assert_cmpint (duplex_frame_draft_check (copy, &error), ==, can_be_written (&draft));
  if (error != NULL)
    g_assert_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT);
  else
    check_written (copy, role);
  return 0;
}
