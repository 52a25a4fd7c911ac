/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-message.h"

#include "core/proto/duplex-limits.h"
#include "duplex-hex.h"
#include "duplex-trace.h"

typedef struct
{
  const char *name;
  const char *hex;
  const char *trace; /* duplex-trace.h has the format */
} Case;

/* From a server, whose frames are not masked; a message may have 16 bytes. */
static const Case server_cases[] = {
  /* §5.7 */
  { "rfc/hello", "81 05 48 65 6c 6c 6f",
    "header 8105\n"
    "message 1 text first last size=5 frames=1\n"
    "payload 48656c6c6f\n"
    "end\n"
    "idle\n" },
  { "rfc/fragmented-hello", "01 03 48 65 6c  80 02 6c 6f",
    "header 0103\n"
    "message 1 text first size=3 frames=1\n"
    "payload 48656c\n"
    "end\n"
    "header 8002\n"
    "message 1 text last size=5 frames=2\n"
    "payload 6c6f\n"
    "end\n"
    "idle\n" },
  { "numbers", "82 00  89 00  81 00  02 00  80 00",
    "header 8200\n"
    "message 1 binary first last size=0 frames=1\n"
    "end\n"
    "header 8900\n"
    "control ping\n"
    "end\n"
    "header 8100\n"
    "message 2 text first last size=0 frames=1\n"
    "end\n"
    "header 0200\n"
    "message 3 binary first size=0 frames=1\n"
    "end\n"
    "header 8000\n"
    "message 3 binary last size=0 frames=2\n"
    "end\n"
    "idle\n" },

  /* Controls between fragments, one of them within a character. */
  { "fragments/controls-between", "01 02 61 c3  89 01 80  8a 00  00 00  88 02 03 e8  80 01 a4",
    "header 0102\n"
    "message 1 text first size=2 frames=1\n"
    "payload 61c3\n"
    "end\n"
    "header 8901\n"
    "control ping\n"
    "payload 80\n"
    "end\n"
    "header 8a00\n"
    "control pong\n"
    "end\n"
    "header 0000\n"
    "message 1 text size=2 frames=2\n"
    "end\n"
    "header 8802\n"
    "control close\n"
    "payload 03e8\n"
    "end\n"
    "header 8001\n"
    "message 1 text last size=3 frames=3\n"
    "payload a4\n"
    "end\n"
    "idle\n" },
  { "fragments/new-message-inside", "01 01 61  82 01 62  80 01 63",
    "header 0101\n"
    "message 1 text first size=1 frames=1\n"
    "payload 61\n"
    "end\n"
    "header 8201\n"
    "message 2 binary first last size=1 frames=1\n"
    "finding continuation-expected @0\n"
    "payload 62\n"
    "end\n"
    "header 8001\n"
    "message 3 continuation first last size=1 frames=1\n"
    "finding continuation-unexpected @0\n"
    "payload 63\n"
    "end\n"
    "idle\n" },
  { "fragments/new-fragmented-inside", "01 01 c3  01 01 62  80 01 63",
    "header 0101\n"
    "message 1 text first size=1 frames=1\n"
    "payload c3\n"
    "end\n"
    "header 0101\n"
    "message 2 text first size=1 frames=1\n"
    "finding continuation-expected @0\n"
    "payload 62\n"
    "end\n"
    "header 8001\n"
    "message 2 text last size=2 frames=2\n"
    "payload 63\n"
    "end\n"
    "idle\n" },
  { "fragments/stray", "00 01 61  80 01 ff  81 01 62",
    "header 0001\n"
    "message 1 continuation first last size=1 frames=1\n"
    "finding continuation-unexpected @0\n"
    "payload 61\n"
    "end\n"
    "header 8001\n"
    "message 2 continuation first last size=1 frames=1\n"
    "finding continuation-unexpected @0\n"
    "payload ff\n"
    "end\n"
    "header 8101\n"
    "message 3 text first last size=1 frames=1\n"
    "payload 62\n"
    "end\n"
    "idle\n" },

  /* Ends of the stream. */
  { "open/after-first", "02 01 61",
    "header 0201\n"
    "message 1 binary first size=1 frames=1\n"
    "payload 61\n"
    "end\n"
    "idle\n"
    "open 1\n" },
  { "open/in-last", "81 00 02 00 80 05 61",
    "header 8100\n"
    "message 1 text first last size=0 frames=1\n"
    "end\n"
    "header 0200\n"
    "message 2 binary first size=0 frames=1\n"
    "end\n"
    "header 8005\n"
    "message 2 binary last size=5 frames=2\n"
    "payload 61\n"
    "cut payload 1/5\n"
    "open 2\n" },
  { "open/whole-message-cut", "82 05 61",
    "header 8205\n"
    "message 1 binary first last size=5 frames=1\n"
    "payload 61\n"
    "cut payload 1/5\n" },
  { "open/control-cut", "89 02 61",
    "header 8902\n"
    "control ping\n"
    "payload 61\n"
    "cut payload 1/2\n" },

  /* Headers. */
  { "header/masked-by-server", "81 81 01 02 03 04 60",
    "header 8181 01020304\n"
    "message 1 text first last size=1 frames=1\n"
    "finding masked-server-frame @1\n"
    "payload 61\n"
    "end\n"
    "idle\n" },
  { "header/not-minimal-16", "82 7e 00 7d",
    "header 827e007d\n"
    "message 1 binary first last size=125 frames=1\n"
    "finding length-not-minimal @1\n"
    "finding message-too-big @1\n"
    "cut payload 0/125\n" },
  { "header/not-minimal-64", "89 7f 00 00 00 00 00 00 00 01 61",
    "header 897f0000000000000001\n"
    "control ping\n"
    "finding length-not-minimal @1\n"
    "payload 61\n"
    "end\n"
    "idle\n" },
  { "header/top-bit", "82 7f 80 00 00 00 00 00 00 00 61",
    "header 827f8000000000000000\n"
    "message 1 binary first last size=9223372036854775808 frames=1\n"
    "finding length-top-bit @2\n"
    "lost\n" },
  { "header/everything-at-once", "7f fe 00 7d",
    "cut header 7ffe007d\n" },
  { "header/control-with-all", "7f fe 00 7e 00 00 00 00",
    "header 7ffe007e 00000000\n"
    "control reserved 0xf\n"
    "finding reserved-bit @0\n"
    "finding reserved-opcode @0\n"
    "finding masked-server-frame @1\n"
    "finding control-fragmented @0\n"
    "finding control-too-long @1\n"
    "cut payload 0/126\n" },
  { "header/reserved-data", "83 01 ff  03 00  80 01 ff",
    "header 8301\n"
    "message 1 reserved 0x3 first last size=1 frames=1\n"
    "finding reserved-opcode @0\n"
    "payload ff\n"
    "end\n"
    "header 0300\n"
    "message 2 reserved 0x3 first size=0 frames=1\n"
    "finding reserved-opcode @0\n"
    "end\n"
    "header 8001\n"
    "message 2 reserved 0x3 last size=1 frames=2\n"
    "payload ff\n"
    "end\n"
    "idle\n" },
  { "header/control-fragment-opens-nothing", "09 00  80 00",
    "header 0900\n"
    "control ping\n"
    "finding control-fragmented @0\n"
    "end\n"
    "header 8000\n"
    "message 1 continuation first last size=0 frames=1\n"
    "finding continuation-unexpected @0\n"
    "end\n"
    "idle\n" },

  /* Text. The offset counts from the beginning of the frame that has the byte. */
  { "text/bad-byte", "81 03 61 ff ff",
    "header 8103\n"
    "message 1 text first last size=3 frames=1\n"
    "finding invalid-utf8 @3\n"
    "payload 61ffff\n"
    "end\n"
    "idle\n" },
  { "text/bad-in-second-frame", "01 02 61 62  80 82 00 00 00 00 63 ff",
    "header 0102\n"
    "message 1 text first size=2 frames=1\n"
    "payload 6162\n"
    "end\n"
    "header 8082 00000000\n"
    "message 1 text last size=4 frames=2\n"
    "finding masked-server-frame @1\n"
    "finding invalid-utf8 @7\n"
    "payload 63ff\n"
    "end\n"
    "idle\n" },
  { "text/bad-across-frames", "01 01 e2  00 01 82  80 01 28",
    "header 0101\n"
    "message 1 text first size=1 frames=1\n"
    "payload e2\n"
    "end\n"
    "header 0001\n"
    "message 1 text size=2 frames=2\n"
    "payload 82\n"
    "end\n"
    "header 8001\n"
    "message 1 text last size=3 frames=3\n"
    "finding invalid-utf8 @2\n"
    "payload 28\n"
    "end\n"
    "idle\n" },
  { "text/ends-in-character", "81 03 61 e2 82",
    "header 8103\n"
    "message 1 text first last size=3 frames=1\n"
    "payload 61e282\n"
    "finding invalid-utf8 @3\n"
    "end\n"
    "idle\n" },
  { "text/ends-in-earlier-character", "01 02 61 e2  80 01 82",
    "header 0102\n"
    "message 1 text first size=2 frames=1\n"
    "payload 61e2\n"
    "end\n"
    "header 8001\n"
    "message 1 text last size=3 frames=2\n"
    "payload 82\n"
    "finding invalid-utf8 @2\n"
    "end\n"
    "idle\n" },
  { "text/reported-once", "01 01 ff  00 01 ff  80 01 e2  81 01 ff",
    "header 0101\n"
    "message 1 text first size=1 frames=1\n"
    "finding invalid-utf8 @2\n"
    "payload ff\n"
    "end\n"
    "header 0001\n"
    "message 1 text size=2 frames=2\n"
    "payload ff\n"
    "end\n"
    "header 8001\n"
    "message 1 text last size=3 frames=3\n"
    "payload e2\n"
    "end\n"
    "header 8101\n"
    "message 2 text first last size=1 frames=1\n"
    "finding invalid-utf8 @2\n"
    "payload ff\n"
    "end\n"
    "idle\n" },
  { "text/binary-is-not-text", "82 02 ff c3",
    "header 8202\n"
    "message 1 binary first last size=2 frames=1\n"
    "payload ffc3\n"
    "end\n"
    "idle\n" },
  { "text/reserved-bit-is-not-text", "c1 01 ff",
    "header c101\n"
    "message 1 text first last size=1 frames=1\n"
    "finding reserved-bit @0\n"
    "payload ff\n"
    "end\n"
    "idle\n" },
  { "text/reserved-bit-in-continuation", "01 01 61  b0 01 ff",
    "header 0101\n"
    "message 1 text first size=1 frames=1\n"
    "payload 61\n"
    "end\n"
    "header b001\n"
    "message 1 text last size=2 frames=2\n"
    "finding reserved-bit @0\n"
    "payload ff\n"
    "end\n"
    "idle\n" },

  /* Size. */
  { "size/at-the-limit", "82 10",
    "header 8210\n"
    "message 1 binary first last size=16 frames=1\n"
    "cut payload 0/16\n" },
  { "size/over-the-limit", "82 11",
    "header 8211\n"
    "message 1 binary first last size=17 frames=1\n"
    "finding message-too-big @1\n"
    "cut payload 0/17\n" },
  { "size/over-fragments-once",
    "02 0f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  89 00  00 02 01 02  80 01 03",
    "header 020f\n"
    "message 1 binary first size=15 frames=1\n"
    "payload 000000000000000000000000000000\n"
    "end\n"
    "header 8900\n"
    "control ping\n"
    "end\n"
    "header 0002\n"
    "message 1 binary size=17 frames=2\n"
    "finding message-too-big @1\n"
    "payload 0102\n"
    "end\n"
    "header 8001\n"
    "message 1 binary last size=18 frames=3\n"
    "payload 03\n"
    "end\n"
    "idle\n" },
  { "size/control-does-not-count", "89 11",
    "header 8911\n"
    "control ping\n"
    "cut payload 0/17\n" },
};

/* From a client, whose frames are masked. */
static const Case client_cases[] = {
  { "client/masked", "81 85 37 fa 21 3d 7f 9f 4d 51 58",
    "header 8185 37fa213d\n"
    "message 1 text first last size=5 frames=1\n"
    "payload 48656c6c6f\n"
    "end\n"
    "idle\n" },
  { "client/unmasked", "81 01 61 89 00",
    "header 8101\n"
    "message 1 text first last size=1 frames=1\n"
    "finding unmasked-client-frame @1\n"
    "payload 61\n"
    "end\n"
    "header 8900\n"
    "control ping\n"
    "finding unmasked-client-frame @1\n"
    "end\n"
    "idle\n" },
  { "client/bad-text-behind-mask", "81 82 ff 00 ff 00 9e ff",
    "header 8182 ff00ff00\n"
    "message 1 text first last size=2 frames=1\n"
    "finding invalid-utf8 @7\n"
    "payload 61ff\n"
    "end\n"
    "idle\n" },
};

static void
check_case (const Case *c,
            DuplexRole  sender)
{
  g_autoptr (GBytes)          stream = duplex_hex_decode (c->hex);
  g_autoptr (DuplexGuardPage) guard = duplex_guard_page_new (g_bytes_get_size (stream));
  gsize                       len;
  const guint8               *data = g_bytes_get_data (stream, &len);

  for (guint8 piece = 1; piece <= len; piece++)
    {
      const DuplexTraceOptions options = {
        .sender = sender, .max_message = 16, .pieces = &piece, .n_pieces = 1, .guard = guard
      };
      g_autofree char *trace = duplex_trace (data, len, &options);

      g_assert_cmpstr (trace, ==, c->trace);
    }
}

static void
test_server_case (gconstpointer data)
{
  check_case (data, DUPLEX_ROLE_SERVER);
}

static void
test_client_case (gconstpointer data)
{
  check_case (data, DUPLEX_ROLE_CLIENT);
}

static gboolean
has_finding (GArray         *findings,
             DuplexFindingId id)
{
  for (guint i = 0; i < findings->len; i++)
    {
      if (g_array_index (findings, DuplexFinding, i).id == id)
        return TRUE;
    }

  return FALSE;
}

/* What a fresh tracker must say of one header, as §5 has it. */
static void
check_one_header (DuplexRole               sender,
                  const DuplexFrameHeader *header)
{
  g_autoptr (DuplexMessageTracker) tracker = duplex_message_tracker_new (sender, 1000);
  g_autoptr (GArray)               findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  gboolean                         control = header->opcode >= 8;
  gboolean                         reserved = duplex_opcode_is_reserved (header->opcode);
  gboolean                         rsv = header->rsv1 || header->rsv2 || header->rsv3;
  gboolean                         minimal = header->length_bits == (header->length < 126     ? 7
                                                                     : header->length < 65536 ? 16
                                                                                              : 64);
  gboolean                         top_bit = header->length >> 63 != 0;
  const struct
  {
    DuplexFindingId id;
    gboolean        expected;
  } checks[] = {
    { DUPLEX_FINDING_MASKED_SERVER_FRAME, sender == DUPLEX_ROLE_SERVER && header->masked },
    { DUPLEX_FINDING_UNMASKED_CLIENT_FRAME, sender == DUPLEX_ROLE_CLIENT && !header->masked },
    { DUPLEX_FINDING_RESERVED_BIT, rsv },
    { DUPLEX_FINDING_RESERVED_OPCODE, reserved },
    { DUPLEX_FINDING_LENGTH_NOT_MINIMAL, !minimal },
    { DUPLEX_FINDING_LENGTH_TOP_BIT, top_bit },
    { DUPLEX_FINDING_CONTROL_FRAGMENTED, control && !header->fin },
    { DUPLEX_FINDING_CONTROL_TOO_LONG, control && header->length > 125 },
    { DUPLEX_FINDING_CONTINUATION_UNEXPECTED, header->opcode == 0 },
    { DUPLEX_FINDING_MESSAGE_TOO_BIG, !control && header->length > 1000 && !top_bit },
  };
  DuplexMessagePlace place;
  guint              n_expected = 0;

  duplex_message_tracker_header (tracker, header, &place, findings);
  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      g_assert_cmpint (has_finding (findings, checks[i].id), ==, checks[i].expected);
      n_expected += checks[i].expected;
    }
  g_assert_cmpuint (findings->len, ==, n_expected);
  g_assert_cmpint (place.is_control, ==, control);
  g_assert_cmpuint (place.opcode, ==, header->opcode);
  g_assert_cmpuint (place.number, ==, control ? 0 : 1);
  g_assert_true (place.first);
  g_assert_cmpint (place.last, ==, header->fin || header->opcode == 0);
  g_assert_cmpuint (place.message_size, ==, header->length);
  g_assert_cmpuint (place.n_frames, ==, 1);
}

/* Every FIN, RSV, opcode and mask with every form of a length, from both ends. */
static void
test_every_header (void)
{
  static const struct
  {
    guint8  bits;
    guint64 length;
  } lengths[] = {
    { 7, 0 },
    { 7, 125 },
    { 16, 0 },
    { 16, 125 },
    { 16, 126 },
    { 16, 65535 },
    { 64, 125 },
    { 64, 65535 },
    { 64, 65536 },
    { 64, G_MAXINT64 },
    { 64, (guint64)G_MAXINT64 + 1 },
    { 64, G_MAXUINT64 },
  };

  for (guint bits = 0; bits < 0x200; bits++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
        {
          const DuplexFrameHeader header = {
            .fin = (bits & 0x80) != 0,
            .rsv1 = (bits & 0x40) != 0,
            .rsv2 = (bits & 0x20) != 0,
            .rsv3 = (bits & 0x10) != 0,
            .opcode = bits & 0x0f,
            .masked = (bits & 0x100) != 0,
            .length_bits = lengths[i].bits,
            .length = lengths[i].length,
          };

          check_one_header (DUPLEX_ROLE_CLIENT, &header);
          check_one_header (DUPLEX_ROLE_SERVER, &header);
        }
    }
}

/* Three fragments of nearly 2^63 bytes each do not wrap around. */
static void
test_size_saturates (void)
{
  g_autoptr (DuplexMessageTracker) tracker = NULL;
  g_autoptr (GArray)               findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexFrameHeader                header = { FALSE, .opcode = 2, .length_bits = 64 };
  DuplexMessagePlace               place;

  header.length = G_MAXINT64;
  tracker = duplex_message_tracker_new (DUPLEX_ROLE_SERVER, G_MAXUINT64 - 1);
  for (guint i = 0; i < 3; i++)
    {
      duplex_message_tracker_header (tracker, &header, &place, findings);
      duplex_message_tracker_end (tracker, findings);
      header.opcode = DUPLEX_OPCODE_CONTINUATION;
      g_assert_cmpuint (findings->len, ==, i == 2 ? 1 : 0);
    }

  g_assert_cmpuint (place.message_size, ==, G_MAXUINT64);
  g_assert_cmpint (g_array_index (findings, DuplexFinding, 0).id, ==,
                   DUPLEX_FINDING_MESSAGE_TOO_BIG);
}

/* The limit itself: 1 GiB passes, one byte more does not. */
static void
test_default_limit (void)
{
  const DuplexFrameHeader headers[] = {
    { .fin = TRUE, .opcode = 2, .length_bits = 64, .length = DUPLEX_LIMIT_MESSAGE },
    { .fin = TRUE, .opcode = 2, .length_bits = 64, .length = DUPLEX_LIMIT_MESSAGE + 1 },
  };
  g_autoptr (DuplexMessageTracker) tracker = NULL;
  g_autoptr (GArray)               findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexMessagePlace               place;

  tracker = duplex_message_tracker_new (DUPLEX_ROLE_SERVER, DUPLEX_LIMIT_MESSAGE);
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      duplex_message_tracker_header (tracker, &headers[i], &place, findings);
      g_assert_cmpuint (findings->len, ==, i);
    }
}

/* Findings are added to what the caller has. */
static void
test_findings_are_appended (void)
{
  static const DuplexFrameHeader   header = { .fin = TRUE, .opcode = 3, .length_bits = 7 };
  const DuplexFinding              earlier = { DUPLEX_FINDING_DATA_AFTER_CLOSE, 5 };
  g_autoptr (DuplexMessageTracker) tracker = duplex_message_tracker_new (DUPLEX_ROLE_SERVER, 1);
  g_autoptr (GArray)               findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  DuplexMessagePlace               place;

  g_array_append_val (findings, earlier);
  duplex_message_tracker_header (tracker, &header, &place, findings);
  g_assert_cmpuint (findings->len, ==, 2);
  g_assert_cmpint (g_array_index (findings, DuplexFinding, 0).id, ==, earlier.id);
  g_assert_cmpint (g_array_index (findings, DuplexFinding, 1).id, ==,
                   DUPLEX_FINDING_RESERVED_OPCODE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (server_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/message/", server_cases[i].name, NULL);

      g_test_add_data_func (path, &server_cases[i], test_server_case);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (client_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/message/", client_cases[i].name, NULL);

      g_test_add_data_func (path, &client_cases[i], test_client_case);
    }
  g_test_add_func ("/core/message/every-header", test_every_header);
  g_test_add_func ("/core/message/size-saturates", test_size_saturates);
  g_test_add_func ("/core/message/default-limit", test_default_limit);
  g_test_add_func ("/core/message/findings-are-appended", test_findings_are_appended);

  return g_test_run ();
}
