/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States, and which leg of a relay they and what follows belong to. */
#include <string.h>

#include "core/model/duplex-capture-file.h"
#include "core/model/duplex-capture.h"
#include "core/model/duplex-filter.h"
#include "duplex-model-support.h"
#include "duplex-record-support.h"

/* A state is a row of its own, with a text or without. */
static void
test_state (void)
{
  static const char *const  texts[] = { "why", NULL };
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      DuplexEvent          event = DUPLEX_EVENT_INIT;
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;
      gsize                size = texts[i] != NULL ? strlen (texts[i]) : 0;

      event.kind = DUPLEX_EVENT_CLOSED;
      event.flags = DUPLEX_EVENT_FLAG_PEER;
      event.connection = 3;
      g_assert_cmpuint (duplex_capture_append_state (capture, &event, texts[i]), ==, i);
      g_assert_true (duplex_capture_read (capture, i, &seen));
      g_assert_cmpuint (seen.flags, ==, DUPLEX_EVENT_FLAG_PEER | DUPLEX_EVENT_FLAG_ROW);
      g_assert_cmpuint (seen.first, ==, i);
      g_assert_cmpuint (seen.connection, ==, 3);
      g_assert_cmpmem (seen.payload, seen.payload_size, texts[i], size);
    }
}

/* ---- the Close of this end ---- */

static const struct
{
  const char *reason; /* of the peer's */
  guint16     sent_code;
  const char *sent_reason;
  guint       n_findings;
} sent_closes[] = {
  { "done", 1008, "Too many messages", 0 },
  { "", 1001, "No pong", 2 },
  { "done", 1005, NULL, 1 },
  { NULL, 4999, NULL, 0 },
  { "done", 0, NULL, 0 },
};

static void
append_sent_closes (DuplexCapture *capture)
{
  static const DuplexFinding findings[] = { { DUPLEX_FINDING_PONG_MISSING, 0 },
                                            { DUPLEX_FINDING_CLOSE_TIMEOUT, 7 } };

  for (guint i = 0; i < G_N_ELEMENTS (sent_closes); i++)
    {
      DuplexEvent event = DUPLEX_EVENT_INIT;

      event.kind = DUPLEX_EVENT_CLOSED;
      event.value = 1000;
      event.message_size = 950;
      event.findings = findings;
      event.n_findings = sent_closes[i].n_findings;
      event.sent_code = sent_closes[i].sent_code;
      event.sent_reason = sent_closes[i].sent_reason;
      event.sent_reason_size = event.sent_reason != NULL ? strlen (event.sent_reason) : 0;
      duplex_capture_append_state (capture, &event, sent_closes[i].reason);
    }
}

static void
assert_sent_closes (DuplexCapture *capture)
{
  for (guint i = 0; i < G_N_ELEMENTS (sent_closes); i++)
    {
      g_auto (DuplexEvent) seen = DUPLEX_EVENT_INIT;
      const char          *reason = sent_closes[i].reason != NULL ? sent_closes[i].reason : "";
      const char          *sent = sent_closes[i].sent_reason;

      g_assert_true (duplex_capture_read (capture, i, &seen));
      g_assert_cmpint (seen.value, ==, 1000);
      g_assert_cmpuint (seen.message_size, ==, 950);
      g_assert_cmpuint (seen.n_findings, ==, sent_closes[i].n_findings);
      g_assert_cmpmem (seen.payload, seen.payload_size, reason, strlen (reason));
      g_assert_cmpuint (seen.sent_code, ==, sent_closes[i].sent_code);
      g_assert_cmpmem (seen.sent_reason, seen.sent_reason_size, sent,
                       sent != NULL ? strlen (sent) : 0);
      /* What only frames have is not told of it. */
      g_assert_cmpuint (seen.message, ==, 0);
      g_assert_cmpuint (seen.n_frames, ==, 0);
    }
}

static void
test_sent_close (void)
{
  RecordFixture *f = record_fixture_new (NULL);

  append_sent_closes (f->capture);
  assert_sent_closes (f->capture);
  record_fixture_reopen (f);
  assert_sent_closes (f->stored);
  record_fixture_free (f);
}

/* Stores a block that is one end of a connection, with four bytes behind the record, of which the
 * last three are to be the reason of our Close or as many more as it says. */
static void
store_closed (const char *path,
              guint64     reason_size)
{
  struct
  {
    guint32 size, connection;
    gint64  time, value;
    guint64 message, first, message_size, payload_size;
    guint32 n_frames, n_findings, extra;
    guint16 flags;
    guint8  kind, direction;
    guint8  header[16];
    char    texts[8];
  } record = { .size = sizeof record,
               .connection = 1,
               .value = 1000,
               .message = reason_size,
               .payload_size = 1,
               .n_frames = 1008,
               .flags = DUPLEX_EVENT_FLAG_ROW,
               .kind = DUPLEX_EVENT_CLOSED,
               .texts = "xbye" };
  DuplexCaptureBlockInfo        info = { .id = 1, .n_events = 1, .n_rows = 1 };
  g_autoptr (DuplexCaptureFile) file = duplex_capture_file_create (path, NULL);

  G_STATIC_ASSERT (sizeof record == 96);
  info.totals.events = info.totals.rows = 1;
  info.size = sizeof record;
  g_assert_true (duplex_capture_file_begin (file, NULL));
  g_assert_true (duplex_capture_file_put_block (file, &info, (const guint8 *)&record, NULL));
  g_assert_true (duplex_capture_file_commit (file, NULL));
  g_assert_true (duplex_capture_file_finish (file, NULL));
}

/* The layout is what duplex-capture(5) says, and a length that cannot be is not followed. */
static void
test_sent_close_stored (void)
{
  static const struct
  {
    guint64         reason_size;
    DuplexEventKind kind;
  } cases[] = {
    { 0, DUPLEX_EVENT_CLOSED },
    { 3, DUPLEX_EVENT_CLOSED },
    { 7, DUPLEX_EVENT_CLOSED },
    { 8, DUPLEX_EVENT_LOST },
    { G_MAXUINT64, DUPLEX_EVENT_LOST },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RecordFixture            *f = record_fixture_new (NULL);
      g_autofree char          *path = g_build_filename (f->folder, "closed.duplex", NULL);
      g_autoptr (DuplexCapture) capture = NULL;
      g_auto (DuplexEvent)      seen = DUPLEX_EVENT_INIT;

      store_closed (path, cases[i].reason_size);
      capture = duplex_capture_open (path, NULL);
      g_assert_nonnull (capture);
      duplex_capture_read (capture, 0, &seen);
      g_assert_cmpint (seen.kind, ==, cases[i].kind);
      if (cases[i].reason_size == 3)
        {
          g_assert_cmpmem (seen.payload, seen.payload_size, "x", 1);
          g_assert_cmpuint (seen.sent_code, ==, 1008);
          g_assert_cmpmem (seen.sent_reason, seen.sent_reason_size, "bye", 3);
        }
      record_fixture_free (f);
    }
}

static void
begin (DuplexCapture *capture,
       guint          flags)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_CONNECTING;
  event.flags = flags;
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.connection = duplex_capture_begin_connection (capture);
  duplex_capture_append (capture, &event);
}

/* A row of the connection, whose text is its number. */
static void
say (DuplexCapture *capture,
     guint32        connection)
{
  g_autofree char *text = g_strdup_printf ("%u", connection);
  DuplexEvent      event = duplex_test_text (text);

  event.connection = connection;
  duplex_capture_append (capture, &event);
}

/* Two pairs, a client whose backend was not dialled between them, and one at the end. */
static void
fill (DuplexCapture *capture)
{
  static const guint flags[] = { DUPLEX_EVENT_FLAG_SERVER, 0, DUPLEX_EVENT_FLAG_SERVER,
                                 DUPLEX_EVENT_FLAG_SERVER, 0, DUPLEX_EVENT_FLAG_SERVER };

  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    begin (capture, flags[i]);
  for (guint32 i = 0; i <= 7; i++)
    say (capture, i);
}

static void
assert_legs (DuplexCapture *capture)
{
  static const struct
  {
    DuplexCaptureLeg leg;
    guint32          pair;
  } expected[] = {
    { DUPLEX_CAPTURE_LEG_NONE, 0 },
    { DUPLEX_CAPTURE_LEG_CLIENT, 1 },
    { DUPLEX_CAPTURE_LEG_BACKEND, 1 },
    { DUPLEX_CAPTURE_LEG_CLIENT, 3 },
    { DUPLEX_CAPTURE_LEG_CLIENT, 4 },
    { DUPLEX_CAPTURE_LEG_BACKEND, 4 },
    { DUPLEX_CAPTURE_LEG_CLIENT, 6 },
  };

  g_assert_true (duplex_capture_has_legs (capture));
  /* What was looked up once is known. */
  for (guint round = 0; round < 2; round++)
    for (guint32 i = 0; i < G_N_ELEMENTS (expected); i++)
      {
        guint32 pair = 99;

        g_assert_cmpint (duplex_capture_get_leg (capture, i, &pair), ==, expected[i].leg);
        g_assert_cmpuint (pair, ==, expected[i].pair);
        g_assert_cmpint (duplex_capture_get_leg (capture, i, NULL), ==, expected[i].leg);
      }
}

static void
test_legs (void)
{
  RecordFixture *f = record_fixture_new (NULL);

  fill (f->capture);
  assert_legs (f->capture);
  record_fixture_reopen (f);
  assert_legs (f->stored);
  record_fixture_free (f);
}

/* Who dials and is not dialled has none, however often it connects. */
static void
test_session (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  g_assert_false (duplex_capture_has_legs (capture));
  begin (capture, 0);
  begin (capture, 0);
  g_assert_false (duplex_capture_has_legs (capture));
  for (guint32 i = 0; i < 4; i++)
    g_assert_cmpint (duplex_capture_get_leg (capture, i, NULL), ==, DUPLEX_CAPTURE_LEG_NONE);
  g_assert_cmpint (duplex_capture_get_leg (capture, G_MAXUINT32, NULL), ==,
                   DUPLEX_CAPTURE_LEG_NONE);
}

typedef struct
{
  DuplexCapture *capture;
  DuplexFilter  *filter;
  GString       *found;
} Search;

static gboolean
search_cb (const DuplexEvent *event,
           gpointer           user_data)
{
  Search *search = user_data;

  if ((event->flags & DUPLEX_EVENT_FLAG_ROW) != 0 &&
      duplex_filter_match (search->filter, search->capture, event))
    g_string_append_len (search->found, (const char *)event->payload,
                         (gssize)event->payload_size);
  return TRUE;
}

/* Where there is no leg, nothing is true of it. */
static void
test_filter (void)
{
  static const struct
  {
    const char *expression;
    const char *found;
  } cases[] = {
    { "leg == client", "1346" },
    { "leg == backend", "25" },
    { "leg != backend", "1346" },
    { "not leg == backend", "013467" },
    { "client", "1346" },
    { "Backend", "25" },
    { "client or backend", "123456" },
    { "pair == 1", "12" },
    { "pair == 2", "" },
    { "pair == 3", "3" },
    { "pair > 1", "3456" },
    { "pair != 4", "1236" },
    { "pair == 4 and backend", "5" },
    { "connection == 5", "5" },
  };
  RecordFixture *f = record_fixture_new (NULL);

  fill (f->capture);
  record_fixture_reopen (f);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GError *error = NULL;
      Search  search = { f->stored, duplex_filter_parse (cases[i].expression, NULL, &error),
                         g_string_new (NULL) };

      g_assert_no_error (error);
      duplex_capture_walk (f->stored, 0, G_MAXUINT64, search_cb, &search);
      g_assert_cmpstr (search.found->str, ==, cases[i].found);
      g_string_free (search.found, TRUE);
      duplex_filter_unref (search.filter);
    }
  g_assert_null (duplex_filter_parse ("leg == server", NULL, NULL));
  g_assert_null (duplex_filter_parse ("leg < client", NULL, NULL));
  g_assert_null (duplex_filter_parse ("pair == client", NULL, NULL));
  g_assert_null (duplex_filter_parse ("pair", NULL, NULL));
  record_fixture_free (f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/capture/sent-close/kept", test_sent_close);
  g_test_add_func ("/core/capture/sent-close/stored", test_sent_close_stored);
  g_test_add_func ("/model/capture-legs/state", test_state);
  g_test_add_func ("/model/capture-legs/legs", test_legs);
  g_test_add_func ("/model/capture-legs/session", test_session);
  g_test_add_func ("/model/capture-legs/filter", test_filter);
  return g_test_run ();
}
