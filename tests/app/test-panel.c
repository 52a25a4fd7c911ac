/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-panel.h"

#define WIDE   1200
#define MIDDLE 700
#define NARROW 500

static void
assert_shown (const DuplexPanels *panels,
              gboolean            sidebar,
              gboolean            inspector)
{
  g_assert_cmpint (duplex_panel_is_shown (&panels->sidebar), ==, sidebar);
  g_assert_cmpint (duplex_panel_is_shown (&panels->inspector), ==, inspector);
}

static void
test_hide_by_width (void)
{
  DuplexPanels panels = DUPLEX_PANELS_INIT;

  assert_shown (&panels, TRUE, TRUE);
  duplex_panels_set_width (&panels, MIDDLE);
  assert_shown (&panels, TRUE, FALSE);
  duplex_panels_set_width (&panels, NARROW);
  assert_shown (&panels, FALSE, FALSE);
  duplex_panels_set_width (&panels, WIDE);
  assert_shown (&panels, TRUE, TRUE);
}

static void
test_bounds (void)
{
  DuplexPanels panels = DUPLEX_PANELS_INIT;

  duplex_panels_set_width (&panels, DUPLEX_PANELS_ROOM_FOR_BOTH);
  assert_shown (&panels, TRUE, TRUE);
  duplex_panels_set_width (&panels, DUPLEX_PANELS_ROOM_FOR_BOTH - 1);
  assert_shown (&panels, TRUE, FALSE);
  duplex_panels_set_width (&panels, DUPLEX_PANELS_ROOM_FOR_ONE);
  assert_shown (&panels, TRUE, FALSE);
  duplex_panels_set_width (&panels, DUPLEX_PANELS_ROOM_FOR_ONE - 1);
  assert_shown (&panels, FALSE, FALSE);
}

static void
test_wish_outlives_narrow (void)
{
  DuplexPanels panels = DUPLEX_PANELS_INIT;

  duplex_panels_ask_sidebar (&panels, FALSE);
  assert_shown (&panels, FALSE, TRUE);
  duplex_panels_set_width (&panels, NARROW);
  duplex_panels_ask_sidebar (&panels, TRUE);
  assert_shown (&panels, TRUE, FALSE);
  g_assert_false (panels.sidebar.wanted);
  duplex_panels_set_width (&panels, WIDE);
  assert_shown (&panels, FALSE, TRUE);
}

static void
test_peek_is_forgotten (void)
{
  DuplexPanels panels = DUPLEX_PANELS_INIT;

  duplex_panels_set_width (&panels, NARROW);
  duplex_panels_ask_inspector (&panels, TRUE);
  assert_shown (&panels, FALSE, TRUE);
  duplex_panels_set_width (&panels, WIDE);
  duplex_panels_set_width (&panels, NARROW);
  assert_shown (&panels, FALSE, FALSE);
}

static void
test_one_hides_the_other (void)
{
  DuplexPanels panels = DUPLEX_PANELS_INIT;

  duplex_panels_set_width (&panels, MIDDLE);
  duplex_panels_ask_inspector (&panels, TRUE);
  assert_shown (&panels, FALSE, TRUE);
  duplex_panels_ask_sidebar (&panels, TRUE);
  assert_shown (&panels, TRUE, FALSE);
  duplex_panels_ask_inspector (&panels, TRUE);
  assert_shown (&panels, FALSE, TRUE);
  /* Hiding it again gives the room back. */
  duplex_panels_ask_inspector (&panels, FALSE);
  assert_shown (&panels, TRUE, FALSE);
  g_assert_true (panels.sidebar.wanted);
  g_assert_true (panels.inspector.wanted);
}

static void
test_narrower_while_peeking (void)
{
  DuplexPanels panels = DUPLEX_PANELS_INIT;

  duplex_panels_set_width (&panels, NARROW);
  duplex_panels_ask_sidebar (&panels, TRUE);
  duplex_panels_set_width (&panels, NARROW - 1);
  assert_shown (&panels, TRUE, FALSE);
  duplex_panels_ask_inspector (&panels, TRUE);
  assert_shown (&panels, FALSE, TRUE);
}

static void
test_alone (void)
{
  DuplexPanels panels = DUPLEX_PANELS_INIT;

  g_assert_false (duplex_panels_is_sidebar_alone (&panels));
  duplex_panels_set_width (&panels, MIDDLE);
  duplex_panels_ask_inspector (&panels, TRUE);
  g_assert_false (duplex_panels_is_inspector_alone (&panels));

  duplex_panels_set_width (&panels, NARROW);
  g_assert_true (duplex_panels_is_inspector_alone (&panels));
  g_assert_false (duplex_panels_is_sidebar_alone (&panels));
  duplex_panels_ask_sidebar (&panels, TRUE);
  g_assert_false (duplex_panels_is_inspector_alone (&panels));
  g_assert_true (duplex_panels_is_sidebar_alone (&panels));
  duplex_panels_ask_sidebar (&panels, FALSE);
  g_assert_false (duplex_panels_is_sidebar_alone (&panels));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/panels/hide-by-width", test_hide_by_width);
  g_test_add_func ("/app/panels/bounds", test_bounds);
  g_test_add_func ("/app/panels/wish-outlives-narrow", test_wish_outlives_narrow);
  g_test_add_func ("/app/panels/peek-is-forgotten", test_peek_is_forgotten);
  g_test_add_func ("/app/panels/one-hides-the-other", test_one_hides_the_other);
  g_test_add_func ("/app/panels/narrower-while-peeking", test_narrower_while_peeking);

  g_test_add_func ("/app/panels/alone", test_alone);

  return g_test_run ();
}
