/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-event.h"

#include <string.h>

static void
test_init (void)
{
  g_auto (DuplexEvent) event = DUPLEX_EVENT_INIT;

  g_assert_cmpint (event.value, ==, -1);
  g_assert_cmpuint (event.number, ==, 0);
  g_assert_null (event.payload);
}

static void
test_clear (void)
{
  g_autoptr (GBytes) owner = g_bytes_new_static ("abc", 3);
  DuplexEvent        event = DUPLEX_EVENT_INIT;

  event.kind = DUPLEX_EVENT_CLOSED;
  event.value = 1000;
  event.owner = owner;
  event.payload = g_bytes_get_data (owner, &event.payload_size);

  /* The owner is borrowed: a reference too few would show in g_autoptr. */
  duplex_event_clear (&event);
  duplex_event_clear (&event);

  g_assert_cmpint (event.value, ==, -1);
  g_assert_cmpint (event.kind, ==, DUPLEX_EVENT_FRAME);
  g_assert_null (event.owner);
  g_assert_null (event.payload);
  g_assert_cmpuint (event.payload_size, ==, 0);
}

static void
test_header (void)
{
  static const guint8 bytes[] = { 0x82, 0x7e, 0x01, 0x00 };
  DuplexEvent         event = DUPLEX_EVENT_INIT;
  DuplexFrameHeader   header = { 0 };

  g_assert_false (duplex_event_get_header (&event, &header));

  memcpy (event.header, bytes, sizeof bytes);
  event.header_size = 3;
  g_assert_false (duplex_event_get_header (&event, &header));

  event.header_size = 4;
  g_assert_true (duplex_event_get_header (&event, &header));
  g_assert_cmpuint (header.opcode, ==, DUPLEX_OPCODE_BINARY);
  g_assert_cmpuint (header.length, ==, 256);
}

static void
test_wire_size (void)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.header_size = 6;
  event.payload = (const guint8 *)"hello";
  event.payload_size = 5;
  g_assert_cmpuint (duplex_event_get_wire_size (&event), ==, 11);

  event.kind = DUPLEX_EVENT_RESPONSE;
  g_assert_cmpuint (duplex_event_get_wire_size (&event), ==, 0);
}

static void
test_worst_severity (void)
{
  const DuplexFinding findings[] = {
    { DUPLEX_FINDING_SUBPROTOCOL_NOT_CHOSEN, 0 },
    { DUPLEX_FINDING_MASKED_SERVER_FRAME, 1 },
    { DUPLEX_FINDING_SUBPROTOCOL_NOT_CHOSEN, 2 },
  };
  DuplexEvent event = DUPLEX_EVENT_INIT;

  g_assert_cmpint (duplex_event_get_worst_severity (&event), ==, -1);

  event.findings = findings;
  event.n_findings = 1;
  g_assert_cmpint (duplex_event_get_worst_severity (&event), <, (int)DUPLEX_SEVERITY_ERROR);

  event.n_findings = G_N_ELEMENTS (findings);
  g_assert_cmpint (duplex_event_get_worst_severity (&event), ==, (int)DUPLEX_SEVERITY_ERROR);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/event/init", test_init);
  g_test_add_func ("/core/event/clear", test_clear);
  g_test_add_func ("/core/event/header", test_header);
  g_test_add_func ("/core/event/wire-size", test_wire_size);
  g_test_add_func ("/core/event/worst-severity", test_worst_severity);

  return g_test_run ();
}
