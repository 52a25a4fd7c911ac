/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-closing-words.h"

#include <locale.h>
#include <string.h>

#include "app/duplex-texts.h"
#include "core/proto/duplex-limits.h"

#define BY_PEER   DUPLEX_EVENT_FLAG_PEER
#define AS_SERVER DUPLEX_EVENT_FLAG_SERVER

typedef struct
{
  gint64      code; /* that came */
  guint       flags;
  const char *reason; /* with it */
  guint16     sent_code;
  const char *sent_reason;
  const char *text;
} Case;

static DuplexEvent
make_event (const Case *row)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_CLOSED;
  event.flags = row->flags;
  event.value = row->code;
  event.message_size = 2000;
  event.payload = (const guint8 *)row->reason;
  event.payload_size = strlen (row->reason);
  event.sent_code = row->sent_code;
  event.sent_reason = row->sent_reason;
  event.sent_reason_size = row->sent_reason != NULL ? strlen (row->sent_reason) : 0;
  return event;
}

static void
check (const Case *cases,
       gsize       n)
{
  for (gsize i = 0; i < n; i++)
    {
      DuplexEvent      event = make_event (&cases[i]);
      g_autofree char *text = duplex_closing_words_dup (&event, cases[i].reason);
      g_autofree char *state = duplex_text_state (&event);

      g_assert_cmpstr (text, ==, cases[i].text);
      g_assert_cmpstr (state, ==, cases[i].text);
    }
}

/* Who closed first, with what. */
static void
test_first (void)
{
  static const Case cases[] = {
    { 1000, BY_PEER, "bye", 1000, NULL,
      "Closed by the server with 1000 Normal Closure after 2.0 ms: bye" },
    { 1000, 0, "", 1000, "bye", "Closed by the client with 1000 Normal Closure after 2.0 ms: bye" },
    { 1000, 0, "bye", 1000, "bye",
      "Closed by the client with 1000 Normal Closure after 2.0 ms: bye" },
    { 1000, BY_PEER | AS_SERVER, "bye", 1000, NULL,
      "Closed by the client with 1000 Normal Closure after 2.0 ms: bye" },
    { 1001, AS_SERVER, "", 1001, "Idle timeout",
      "Closed by the server with 1001 Going Away after 2.0 ms: Idle timeout" },
    { 1005, BY_PEER, "", 1005, NULL,
      "Closed by the server with 1005 No Status Received after 2.0 ms" },
    /* We failed the connection; whether the peer said the same does not matter. */
    { 1002, 0, "", 1002, NULL, "Closed by the client with 1002 Protocol Error after 2.0 ms" },
    /* Ours did not leave. */
    { 1000, BY_PEER, "bye", 0, NULL,
      "Closed by the server with 1000 Normal Closure after 2.0 ms: bye" },
  };

  check (cases, G_N_ELEMENTS (cases));
}

/* What the other end answered, where that differs. */
static void
test_answered (void)
{
  static const Case cases[] = {
    { 1000, AS_SERVER, "", 1008, "Too many messages",
      "Closed by the server with 1008 Policy Violation, answered with 1000 Normal Closure, after"
      " 2.0 ms: Too many messages" },
    { 1000, 0, "", 1001, NULL,
      "Closed by the client with 1001 Going Away, answered with 1000 Normal Closure, after"
      " 2.0 ms" },
    { 1000, BY_PEER | AS_SERVER, "done", 1001, "Backend gone",
      "Closed by the client with 1000 Normal Closure, answered with 1001 Going Away"
      " “Backend gone”, after 2.0 ms: done" },
    { 999, BY_PEER, "", 1002, NULL,
      "Closed by the server with 999 Unknown, answered with 1002 Protocol Error, after 2.0 ms" },
    { 1000, 0, "and you", 1000, "bye",
      "Closed by the client with 1000 Normal Closure, answered with 1000 Normal Closure"
      " “and you”, after 2.0 ms: bye" },
    { 1005, 0, "", 1000, "bye",
      "Closed by the client with 1000 Normal Closure, answered with 1005 No Status Received,"
      " after 2.0 ms: bye" },
  };

  check (cases, G_N_ELEMENTS (cases));
}

static void
test_unanswered (void)
{
  static const Case cases[] = {
    { 1006, 0, "", 1001, "No pong",
      "Closed by the client with 1001 Going Away, not answered, after 2.0 ms: No pong" },
    { 1006, AS_SERVER, "", 1011, NULL,
      "Closed by the server with 1011 Internal Error, not answered, after 2.0 ms" },
    /* Nor did ours leave, or an older recording does not say. */
    { 1006, 0, "", 0, NULL,
      "Closed without a Close of the server (1006 Abnormal Closure) after 2.0 ms" },
    { 1006, AS_SERVER, "", 0, NULL,
      "Closed without a Close of the client (1006 Abnormal Closure) after 2.0 ms" },
    { 1006, BY_PEER, "", 0, NULL,
      "Closed without a Close of the server (1006 Abnormal Closure) after 2.0 ms" },
  };

  check (cases, G_N_ELEMENTS (cases));
}

/* In older recordings the code may be of the answer, though we closed. */
static void
test_unknown (void)
{
  static const Case cases[] = {
    { 1000, 0, "bye", 0, NULL, "Closed by the client (1000 Normal Closure) after 2.0 ms: bye" },
    { 1001, AS_SERVER, "", 0, NULL, "Closed by the server (1001 Going Away) after 2.0 ms" },
  };

  check (cases, G_N_ELEMENTS (cases));
}

/* Nothing announced it. */
static void
test_unannounced (void)
{
  static const Case cases[] = {
    { 1006, BY_PEER, "", 0, NULL, "The connection ended without a Close (1006 Abnormal Closure)" },
    { 1000, 0, "bye", 0, NULL, "Disconnected (1000 Normal Closure): bye" },
    { 1000, 0, "", 1001, "x", "Disconnected (1000 Normal Closure): No reason" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexEvent      event = make_event (&cases[i]);
      g_autofree char *text = NULL;

      event.message_size = 0;
      text = duplex_closing_words_dup (&event, cases[i].reason);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

/* A file may say anything. */
static void
test_foreign (void)
{
  static const Case cases[] = {
    { 1000, 0, "", 1008, "a\xff z",
      "Closed by the client with 1008 Policy Violation, answered with 1000 Normal Closure, after"
      " 2.0 ms: a\357\277\275 z" },
  };
  g_autofree char *endless = g_strnfill (10000, 'x');
  const Case       longest = { .code = 1000, .reason = "", .sent_code = 1000 };
  DuplexEvent      event = make_event (&longest);
  g_autofree char *text = NULL;

  check (cases, G_N_ELEMENTS (cases));
  event.sent_reason = endless;
  event.sent_reason_size = strlen (endless);
  text = duplex_closing_words_dup (&event, "");
  g_assert_cmpuint (strlen (strchr (text, 'x')), ==, DUPLEX_LIMIT_CLOSE_REASON);
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/app/closing-words/first", test_first);
  g_test_add_func ("/app/closing-words/answered", test_answered);
  g_test_add_func ("/app/closing-words/unanswered", test_unanswered);
  g_test_add_func ("/app/closing-words/unknown", test_unknown);
  g_test_add_func ("/app/closing-words/unannounced", test_unannounced);
  g_test_add_func ("/app/closing-words/foreign", test_foreign);
  return g_test_run ();
}
