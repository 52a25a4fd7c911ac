/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-words.h"

#include <string.h>

/* What a test says of a frame: header, payload and findings of an event that lives as long. */
typedef struct
{
  const char       *name;
  DuplexFrameHeader header;
  const char       *payload;
  DuplexDirection   direction;
  guint8            message_opcode;
  DuplexFindingId   finding;
  const char       *words; /* one line a field */
} Case;

/* The masked "Hello" of RFC 6455 §5.7. */
#define CLIENT_TEXT                     \
  {                                     \
    .fin = TRUE,                        \
    .opcode = DUPLEX_OPCODE_TEXT,       \
    .masked = TRUE,                     \
    .mask = { 0x37, 0xfa, 0x21, 0x3d }, \
    .length_bits = 7,                   \
    .length = 5,                        \
  }

static const Case cases[] = {
  {
    "client-text",
    CLIENT_TEXT,
    "Hello",
    DUPLEX_DIRECTION_SENT,
    1,
    DUPLEX_FINDING_NONE,
    "FIN 1: this frame ends its message\n"
    "RSV1 0: not in use\n"
    "RSV2 0: not in use\n"
    "RSV3 0: not in use\n"
    "Opcode 0x1 text: the payload is text in UTF-8\n"
    "MASK 1: masked, as a client’s frames must be (RFC 6455 §5.1)\n"
    "Length 5: 5 bytes of payload\n"
    "Masking key 37 fa 21 3d: XORed with the payload, four bytes in turn (RFC 6455 §5.3)\n"
    "Payload 5 bytes: “Hello”",
  },
  {
    "server-empty",
    { .fin = TRUE, .opcode = 2, .length_bits = 7 },
    "",
    DUPLEX_DIRECTION_RECEIVED,
    2,
    DUPLEX_FINDING_NONE,
    "FIN 1: this frame ends its message\n"
    "RSV1 0: not in use\n"
    "RSV2 0: not in use\n"
    "RSV3 0: not in use\n"
    "Opcode 0x2 binary: the payload is binary data\n"
    "MASK 0: not masked, as a server’s frames must be (RFC 6455 §5.1)\n"
    "Length 0: 0 bytes of payload",
  },
  {
    "continuation-not-minimal",
    { .opcode = 0, .length_bits = 64, .length = 1 },
    "x",
    DUPLEX_DIRECTION_RECEIVED,
    1,
    DUPLEX_FINDING_LENGTH_NOT_MINIMAL,
    "FIN 0: more frames of this message follow\n"
    "RSV1 0: not in use\n"
    "RSV2 0: not in use\n"
    "RSV3 0: not in use\n"
    "Opcode 0x0 continuation: continues a text message\n"
    "MASK 0: not masked, as a server’s frames must be (RFC 6455 §5.1)\n"
    "Length 127: the real length follows in 64 bits: 1\n"
    "Extended length 1: 1 byte of payload; 7 bits would do (RFC 6455 §5.2)\n"
    "Payload 1 byte: “x”",
  },
  {
    "masked-by-server",
    { .fin = TRUE, .rsv1 = TRUE, .opcode = 9, .masked = TRUE, .length_bits = 7, .length = 2 },
    "\x01\xff",
    DUPLEX_DIRECTION_RECEIVED,
    9,
    DUPLEX_FINDING_RESERVED_BIT,
    "FIN 1: a control frame is always whole\n"
    "RSV1 1: set, and no agreed extension gives it a meaning (RFC 6455 §5.2)\n"
    "RSV2 0: not in use\n"
    "RSV3 0: not in use\n"
    "Opcode 0x9 ping: asks for a pong with the same payload\n"
    "MASK 1: masked, but a server’s frames must not be (RFC 6455 §5.1)\n"
    "Length 2: 2 bytes of payload\n"
    "Masking key 00 00 00 00: XORed with the payload, four bytes in turn (RFC 6455 §5.3)\n"
    "Payload 2 bytes: 01 ff",
  },
  {
    "close",
    { .fin = TRUE, .opcode = 8, .length_bits = 7, .length = 6 },
    "\x03\xe8"
    "done",
    DUPLEX_DIRECTION_SENT,
    8,
    DUPLEX_FINDING_UNMASKED_CLIENT_FRAME,
    "FIN 1: a control frame is always whole\n"
    "RSV1 0: not in use\n"
    "RSV2 0: not in use\n"
    "RSV3 0: not in use\n"
    "Opcode 0x8 close: the sender ends the conversation\n"
    "MASK 0: not masked, but a client’s frames must be (RFC 6455 §5.1)\n"
    "Length 6: 6 bytes of payload\n"
    "Payload 6 bytes: Close 1000 Normal Closure: done",
  },
  {
    "cut-payload",
    { .fin = TRUE, .opcode = 0xB, .length_bits = 16, .length = 300 },
    "abc",
    DUPLEX_DIRECTION_RECEIVED,
    0xB,
    DUPLEX_FINDING_FRAME_CUT,
    "FIN 1: a control frame is always whole\n"
    "RSV1 0: not in use\n"
    "RSV2 0: not in use\n"
    "RSV3 0: not in use\n"
    "Opcode 0xb: reserved for control frames to come (RFC 6455 §5.2)\n"
    "MASK 0: not masked, as a server’s frames must be (RFC 6455 §5.1)\n"
    "Length 126: the real length follows in 16 bits: 300\n"
    "Extended length 300: 300 bytes of payload\n"
    "Payload 3 bytes: 3 bytes of 300 bytes arrived",
  },
};

/* ret_finding is borrowed by ret_event. */
static void
make_event (const Case    *c,
            DuplexEvent   *ret_event,
            DuplexFinding *ret_finding)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_FRAME;
  event.direction = c->direction;
  event.opcode = c->message_opcode;
  event.header_size = duplex_frame_header_encode (&c->header, event.header);
  event.payload = (const guint8 *)c->payload;
  event.payload_size = strlen (c->payload);
  if (c->finding != DUPLEX_FINDING_NONE)
    {
      *ret_finding = (DuplexFinding){ c->finding, 0 };
      event.findings = ret_finding;
      event.n_findings = 1;
    }

  *ret_event = event;
}

static void
test_words (gconstpointer data)
{
  DuplexEvent      event;
  DuplexFinding    finding;
  g_autofree char *words = NULL;

  make_event (data, &event, &finding);
  words = duplex_frame_words_dup_all (&event);
  g_assert_cmpstr (words, ==, ((const Case *)data)->words);
}

/* Every bit of the header belongs to exactly one field, in the order of the wire. */
static void
test_fields_cover (gconstpointer data)
{
  DuplexFrameField fields[DUPLEX_N_FRAME_FIELDS];
  DuplexEvent      event;
  DuplexFinding    finding;
  guint64          bit = 0;
  guint            n;

  make_event (data, &event, &finding);
  n = duplex_frame_words_get_fields (&event, fields);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (fields[i].bit, ==, bit);
      g_assert_cmpuint (fields[i].n_bits, >, 0);
      bit += fields[i].n_bits;
    }
  g_assert_cmpuint (bit, ==, (event.header_size + event.payload_size) * 8);
}

/* The finding of a case marks one field, the one that it is about. */
static void
test_finding_marks (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexFrameField fields[DUPLEX_N_FRAME_FIELDS];
      DuplexEvent      event;
      DuplexFinding    finding;
      guint            n_marked = 0;
      guint            n;

      make_event (&cases[i], &event, &finding);
      n = duplex_frame_words_get_fields (&event, fields);
      for (guint k = 0; k < n; k++)
        {
          if (fields[k].finding == DUPLEX_FINDING_NONE)
            continue;
          n_marked++;
          g_assert_cmpint (fields[k].finding, ==, cases[i].finding);
          g_assert_cmpint (fields[k].id, ==,
                           duplex_frame_words_get_finding_field (cases[i].finding));
        }
      g_assert_cmpuint (n_marked, ==, cases[i].finding == DUPLEX_FINDING_NONE ? 0 : 1);
    }
}

/* Of several findings on one field the most severe one stays. */
static void
test_worst_finding (void)
{
  DuplexFinding findings[] = {
    { DUPLEX_FINDING_LENGTH_NOT_MINIMAL, 1 },
    { DUPLEX_FINDING_LENGTH_TOP_BIT, 2 },
  };
  DuplexFrameField fields[DUPLEX_N_FRAME_FIELDS];
  DuplexEvent      event;
  DuplexFinding    unused;
  DuplexFindingId  worst;
  guint            n;

  worst = findings[0].id;
  if (duplex_finding_get_severity (findings[1].id) > duplex_finding_get_severity (worst))
    worst = findings[1].id;
  make_event (&cases[2], &event, &unused);
  event.findings = findings;
  event.n_findings = G_N_ELEMENTS (findings);
  n = duplex_frame_words_get_fields (&event, fields);
  g_assert_cmpuint (n, ==, 9);
  g_assert_cmpint (fields[7].id, ==, DUPLEX_FRAME_FIELD_EXTENDED_LENGTH);
  g_assert_cmpint (fields[7].finding, ==, worst);
}

/* A header that was cut gives the fields that had begun, at each of its lengths. */
static void
test_cut_header (void)
{
  const DuplexFrameHeader header = {
    .fin = TRUE,
    .opcode = DUPLEX_OPCODE_TEXT,
    .masked = TRUE,
    .mask = { 1, 2, 3, 4 },
    .length_bits = 16,
    .length = 300,
  };
  const guint n_fields[] = { 0, 5, 7, 8, 8, 9, 9, 9, 9 };
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_FRAME;
  g_assert_cmpuint (duplex_frame_header_encode (&header, event.header), ==, 8);
  for (guint8 size = 0; size <= 8; size++)
    {
      DuplexFrameField fields[DUPLEX_N_FRAME_FIELDS];
      g_autofree char *words = NULL;
      guint            n;

      event.header_size = size;
      n = duplex_frame_words_get_fields (&event, fields);
      g_assert_cmpuint (n, ==, n_fields[size]);
      if (n > 0)
        g_assert_cmpuint (fields[n - 1].bit + fields[n - 1].n_bits, ==, size * 8);
      words = duplex_frame_words_dup_all (&event);
      g_assert_cmpuint (n > 0, ==, *words != '\0');
    }
}

static void
test_state_has_no_fields (void)
{
  DuplexFrameField fields[DUPLEX_N_FRAME_FIELDS];
  DuplexEvent      event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_CONNECTED;
  event.payload = (const guint8 *)"ws://x/";
  event.payload_size = 7;
  g_assert_cmpuint (duplex_frame_words_get_fields (&event, fields), ==, 0);
}

/* A frame of a compressed text, which begins or goes on with it. */
static void
set_compressed (DuplexEvent *event,
                guint8       opcode,
                const char  *inflated)
{
  const DuplexFrameHeader header = {
    .fin = TRUE,
    .rsv1 = opcode != DUPLEX_OPCODE_CONTINUATION,
    .opcode = opcode,
    .length_bits = 7,
    .length = 2,
  };

  *event = (DuplexEvent)DUPLEX_EVENT_INIT;
  event->kind = DUPLEX_EVENT_FRAME;
  event->direction = DUPLEX_DIRECTION_RECEIVED;
  event->opcode = DUPLEX_OPCODE_TEXT;
  event->message = 1;
  event->header_size = (guint8)duplex_frame_header_encode (&header, event->header);
  event->payload = (const guint8 *)"ab";
  event->payload_size = 2;
  event->inflated = (const guint8 *)inflated;
  event->inflated_size = inflated != NULL ? strlen (inflated) : 0;
}

static void
assert_says (const DuplexEvent *event,
             const char        *line)
{
  g_autofree char *words = duplex_frame_words_dup_all (event);
  g_auto (GStrv)   lines = g_strsplit (words, "\n", -1);

  if (!g_strv_contains ((const char *const *)lines, line))
    g_error ("“%s” is not in:\n%s", line, words);
}

static void
test_compressed (void)
{
  DuplexEvent event;

  set_compressed (&event, DUPLEX_OPCODE_TEXT, "{\"a\":1}");
  assert_says (&event,
               "RSV1 1: the message is compressed, as permessage-deflate marks it (RFC 7692 §6)");
  assert_says (&event, "Payload 2 bytes: compressed; inflates to 7 bytes: “{\"a\":1}”");

  set_compressed (&event, DUPLEX_OPCODE_CONTINUATION, "");
  assert_says (&event, "RSV1 0: the first frame says for all that the message is compressed "
                       "(RFC 7692 §6)");
  assert_says (&event, "Payload 2 bytes: compressed; nothing comes out of this frame by "
                       "itself");

  /* What could not be inflated is no text, whatever it looks like. */
  set_compressed (&event, DUPLEX_OPCODE_TEXT, NULL);
  assert_says (&event, "Payload 2 bytes: 61 62");
}

static void
test_misplaced_bit (void)
{
  const DuplexFinding     finding = { DUPLEX_FINDING_COMPRESSED_BIT_MISPLACED, 0 };
  const DuplexFrameHeader header = { .fin = TRUE, .rsv1 = TRUE, .length_bits = 7, .length = 2 };
  DuplexEvent             event;

  set_compressed (&event, DUPLEX_OPCODE_CONTINUATION, NULL);
  duplex_frame_header_encode (&header, event.header);
  event.findings = &finding;
  event.n_findings = 1;
  assert_says (&event, "RSV1 1: set, but only the first frame of a message may have it set "
                       "(RFC 7692 §6)");
}

static void
test_share (void)
{
  DuplexEvent      event;
  g_autofree char *whole = NULL;
  g_autofree char *part = NULL;
  g_autofree char *nothing = NULL;

  set_compressed (&event, DUPLEX_OPCODE_TEXT, NULL);
  g_assert_null (duplex_frame_words_dup_share (&event));
  set_compressed (&event, DUPLEX_OPCODE_TEXT, "abc");
  whole = duplex_frame_words_dup_share (&event);
  g_assert_cmpstr (whole, ==, "3 bytes, 2 bytes on the wire");
  set_compressed (&event, DUPLEX_OPCODE_CONTINUATION, "abc");
  part = duplex_frame_words_dup_share (&event);
  g_assert_cmpstr (part, ==, "The share of this frame: 3 bytes, 2 bytes on the wire");
  set_compressed (&event, DUPLEX_OPCODE_CONTINUATION, "");
  nothing = duplex_frame_words_dup_share (&event);
  g_assert_true (g_str_has_prefix (nothing, "Nothing comes out of this frame"));
}

static void
test_bytes (void)
{
  const DuplexFrameField opcode = { .id = DUPLEX_FRAME_FIELD_OPCODE, .bit = 4, .n_bits = 4 };
  const DuplexFrameField key = { .id = DUPLEX_FRAME_FIELD_MASKING_KEY, .bit = 32, .n_bits = 32 };
  guint64                n;

  g_assert_cmpuint (duplex_frame_field_get_bytes (&opcode, &n), ==, 0);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (duplex_frame_field_get_bytes (&key, &n), ==, 4);
  g_assert_cmpuint (n, ==, 4);
}

static void
test_hex (void)
{
  const guint8     data[] = { 0, 0x0f, 0xff };
  g_autofree char *all = duplex_frame_words_dup_hex (data, 3, 3);
  g_autofree char *some = duplex_frame_words_dup_hex (data, 3, 2);
  g_autofree char *none = duplex_frame_words_dup_hex (NULL, 0, 2);

  g_assert_cmpstr (all, ==, "00 0f ff");
  g_assert_cmpstr (some, ==, "00 0f …");
  g_assert_cmpstr (none, ==, "");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *words = g_strconcat ("/app/frame-words/words/", cases[i].name, NULL);
      g_autofree char *cover = g_strconcat ("/app/frame-words/cover/", cases[i].name, NULL);

      g_test_add_data_func (words, &cases[i], test_words);
      g_test_add_data_func (cover, &cases[i], test_fields_cover);
    }
  g_test_add_func ("/app/frame-words/finding-marks", test_finding_marks);
  g_test_add_func ("/app/frame-words/worst-finding", test_worst_finding);
  g_test_add_func ("/app/frame-words/cut-header", test_cut_header);
  g_test_add_func ("/app/frame-words/state", test_state_has_no_fields);
  g_test_add_func ("/app/frame-words/compressed", test_compressed);
  g_test_add_func ("/app/frame-words/misplaced-bit", test_misplaced_bit);
  g_test_add_func ("/app/frame-words/share", test_share);
  g_test_add_func ("/app/frame-words/bytes", test_bytes);
  g_test_add_func ("/app/frame-words/hex", test_hex);

  return g_test_run ();
}
