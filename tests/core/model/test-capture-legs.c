/* SPDX-License-Identifier: GPL-3.0-or-later */
/* States, and which leg of a relay they and what follows belong to. */
#include <string.h>

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
  g_test_add_func ("/model/capture-legs/state", test_state);
  g_test_add_func ("/model/capture-legs/legs", test_legs);
  g_test_add_func ("/model/capture-legs/session", test_session);
  g_test_add_func ("/model/capture-legs/filter", test_filter);
  return g_test_run ();
}
