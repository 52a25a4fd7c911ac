/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-settings.h"
#include "app/duplex-window-state.h"

static void
assert_equal (const DuplexWindowState *a,
              const DuplexWindowState *b)
{
  g_assert_cmpint (a->width, ==, b->width);
  g_assert_cmpint (a->height, ==, b->height);
  g_assert_cmpint (a->maximized, ==, b->maximized);
  g_assert_cmpint (a->panels.sidebar.wanted, ==, b->panels.sidebar.wanted);
  g_assert_cmpint (a->panels.inspector.wanted, ==, b->panels.inspector.wanted);
  g_assert_cmpint (a->sidebar_width, ==, b->sidebar_width);
  g_assert_cmpint (a->inspector_width, ==, b->inspector_width);
  g_assert_cmpstr (a->inspector_page, ==, b->inspector_page);
}

static void
test_defaults_are_the_schema_s (void)
{
  g_autoptr (GSettings) settings = duplex_settings_new ();
  DuplexWindowState     without;
  DuplexWindowState     with;

  g_assert_nonnull (settings);
  duplex_window_state_load (&without, NULL);
  duplex_window_state_load (&with, settings);
  assert_equal (&without, &with);
  duplex_window_state_clear (&without);
  duplex_window_state_clear (&with);
}

static void
test_saved_and_loaded (void)
{
  g_autoptr (GSettings) settings = duplex_settings_new ();
  DuplexWindowState     saved;
  DuplexWindowState     loaded;

  duplex_window_state_load (&saved, NULL);
  saved.width = 900;
  saved.height = 500;
  saved.maximized = TRUE;
  saved.panels.sidebar.wanted = FALSE;
  saved.sidebar_width = 300;
  saved.inspector_width = 350;
  g_free (saved.inspector_page);
  saved.inspector_page = g_strdup ("handshake");
  duplex_window_state_save (&saved, settings);

  duplex_window_state_load (&loaded, settings);
  assert_equal (&saved, &loaded);
  duplex_window_state_clear (&saved);
  duplex_window_state_clear (&loaded);
}

/* What narrowness did and what was peeked at is not kept. */
static void
test_width_is_not_saved_as_a_wish (void)
{
  g_autoptr (GSettings) settings = duplex_settings_new ();
  DuplexWindowState     saved;
  DuplexWindowState     loaded;

  duplex_window_state_load (&saved, NULL);
  duplex_panels_set_width (&saved.panels, DUPLEX_PANELS_ROOM_FOR_ONE - 1);
  g_assert_false (duplex_panel_is_shown (&saved.panels.sidebar));
  duplex_window_state_save (&saved, settings);

  duplex_window_state_load (&loaded, settings);
  g_assert_true (duplex_panel_is_shown (&loaded.panels.sidebar));
  g_assert_true (duplex_panel_is_shown (&loaded.panels.inspector));
  duplex_window_state_clear (&saved);
  duplex_window_state_clear (&loaded);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/app/window-state/defaults-are-the-schema-s", test_defaults_are_the_schema_s);
  g_test_add_func ("/app/window-state/saved-and-loaded", test_saved_and_loaded);
  g_test_add_func ("/app/window-state/width-is-not-saved-as-a-wish",
                   test_width_is_not_saved_as_a_wish);

  return g_test_run ();
}
