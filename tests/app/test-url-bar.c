/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-url-bar.h"

#include <adwaita.h>

#include "widgets.h"

static DuplexUrlBar *
make_bar (void)
{
  return g_object_ref_sink (duplex_url_bar_new ());
}

static void
test_states (void)
{
  static const struct
  {
    DuplexSessionState state;
    const char        *word;
    const char        *button;
    const char        *css_class; /* of the button */
    gboolean           editable;
  } cases[] = {
    { DUPLEX_SESSION_DISCONNECTED, "Disconnected", "Connect", "suggested-action", TRUE },
    { DUPLEX_SESSION_CONNECTING, "Connecting…", "Cancel", NULL, FALSE },
    { DUPLEX_SESSION_OPEN, "Connected", "Disconnect", "destructive-action", FALSE },
    { DUPLEX_SESSION_CLOSING, "Closing…", "Disconnect", "destructive-action", FALSE },
    { DUPLEX_SESSION_DISCONNECTED, "Disconnected", "Connect", "suggested-action", TRUE },
  };
  DuplexUrlBar *bar = make_bar ();
  GtkWidget    *root = GTK_WIDGET (bar);
  GtkWidget    *button = widgets_find_action (root, "page.connect");
  GtkWidget    *entry = widgets_find_type (root, GTK_TYPE_ENTRY);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean suggested = g_strcmp0 (cases[i].css_class, "suggested-action") == 0;
      gboolean destructive = g_strcmp0 (cases[i].css_class, "destructive-action") == 0;

      g_object_set (bar, "state", cases[i].state, NULL);

      g_assert_nonnull (widgets_find_label (root, cases[i].word));
      g_assert_nonnull (widgets_find_label (button, cases[i].button));
      gtk_test_accessible_assert_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                           cases[i].button);
      g_assert_cmpint (gtk_widget_has_css_class (button, "suggested-action"), ==, suggested);
      g_assert_cmpint (gtk_widget_has_css_class (button, "destructive-action"), ==, destructive);
      g_assert_cmpint (gtk_editable_get_editable (GTK_EDITABLE (entry)), ==, cases[i].editable);
    }

  g_assert_finalize_object (bar);
}

/* The button stands still while the words on it change. */
static void
test_button_width (void)
{
  DuplexUrlBar *bar = make_bar ();
  GtkWidget    *button = widgets_find_action (GTK_WIDGET (bar), "page.connect");
  int           first = 0;

  for (int state = DUPLEX_SESSION_DISCONNECTED; state <= DUPLEX_SESSION_CLOSING; state++)
    {
      int width;

      g_object_set (bar, "state", state, NULL);
      gtk_widget_measure (button, GTK_ORIENTATION_HORIZONTAL, -1, &width, NULL, NULL, NULL);
      if (state == DUPLEX_SESSION_DISCONNECTED)
        first = width;
      g_assert_cmpint (width, ==, first);
    }

  g_assert_finalize_object (bar);
}

static void
test_url (void)
{
  DuplexUrlBar    *bar = make_bar ();
  GtkEditable     *entry = GTK_EDITABLE (widgets_find_type (GTK_WIDGET (bar), GTK_TYPE_ENTRY));
  g_autofree char *url = NULL;

  g_object_set (bar, "url", "ws://one/", NULL);
  g_assert_cmpstr (gtk_editable_get_text (entry), ==, "ws://one/");

  gtk_editable_set_text (entry, "ws://two/");
  g_object_get (bar, "url", &url, NULL);
  g_assert_cmpstr (url, ==, "ws://two/");

  g_assert_finalize_object (bar);
}

static void
test_problem (void)
{
  DuplexUrlBar *bar = make_bar ();
  GtkWidget    *root = GTK_WIDGET (bar);
  GtkWidget    *entry = widgets_find_type (root, GTK_TYPE_ENTRY);
  GtkWidget    *label;

  duplex_url_bar_set_problem (bar, "No scheme");
  label = widgets_find_label (root, "No scheme");
  g_assert_nonnull (label);
  g_assert_true (widgets_is_shown (label, root));
  g_assert_true (gtk_widget_has_css_class (entry, "error"));
  gtk_test_accessible_assert_state (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_STATE_INVALID,
                                    GTK_ACCESSIBLE_INVALID_TRUE);

  gtk_editable_set_text (GTK_EDITABLE (entry), "ws://two/");
  g_assert_false (widgets_is_shown (label, root));
  g_assert_false (gtk_widget_has_css_class (entry, "error"));

  g_assert_finalize_object (bar);
}

static void
test_unverified (void)
{
  DuplexUrlBar *bar = make_bar ();
  GtkWidget    *root = GTK_WIDGET (bar);
  GtkWidget    *label = widgets_find_label (root, "Certificate not verified");

  g_assert_nonnull (label);
  g_assert_false (widgets_is_shown (label, root));

  g_object_set (bar, "unverified", TRUE, NULL);
  g_assert_true (widgets_is_shown (label, root));
  g_assert_cmpstr (gtk_widget_get_tooltip_text (label), !=, NULL);

  g_assert_finalize_object (bar);
}

static void
count_cb (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  ++*(guint *)user_data;
}

/* Enter in the entry connects, and does nothing while there is a connection. */
static void
test_enter (void)
{
  static const GActionEntry      entries[] = { { .name = "connect", .activate = count_cb } };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  DuplexUrlBar                  *bar = make_bar ();
  GtkWidget                     *entry = widgets_find_type (GTK_WIDGET (bar), GTK_TYPE_ENTRY);
  guint                          n = 0;

  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, 1, &n);
  gtk_widget_insert_action_group (GTK_WIDGET (bar), "page", G_ACTION_GROUP (group));

  g_signal_emit_by_name (entry, "activate");
  g_assert_cmpuint (n, ==, 1);

  g_object_set (bar, "state", DUPLEX_SESSION_OPEN, NULL);
  g_signal_emit_by_name (entry, "activate");
  g_assert_cmpuint (n, ==, 1);

  g_assert_finalize_object (bar);
}

/* A URL that is not saved can be saved from the entry. */
static void
test_modified (void)
{
  DuplexUrlBar *bar = make_bar ();
  GtkEntry     *entry = GTK_ENTRY (widgets_find_type (GTK_WIDGET (bar), GTK_TYPE_ENTRY));

  g_assert_null (gtk_entry_get_icon_name (entry, GTK_ENTRY_ICON_SECONDARY));
  g_object_set (bar, "modified", TRUE, NULL);
  g_assert_nonnull (gtk_entry_get_icon_name (entry, GTK_ENTRY_ICON_SECONDARY));
  g_object_set (bar, "modified", FALSE, NULL);
  g_assert_null (gtk_entry_get_icon_name (entry, GTK_ENTRY_ICON_SECONDARY));

  g_assert_finalize_object (bar);
}

static int
natural_width (GtkWidget *widget)
{
  int width;

  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
  return width;
}

/* What is not needed goes in order; what is needed fits into 360 pixels. */
static void
test_narrow (void)
{
  DuplexUrlBar *bar = make_bar ();
  GtkWidget    *root = GTK_WIDGET (bar);
  GtkWidget    *button = widgets_find_action (root, "page.connect");
  GtkWidget    *word, *unverified;
  int           all, without;

  g_object_set (bar, "state", DUPLEX_SESSION_OPEN, "unverified", TRUE, NULL);
  word = widgets_find_label (root, "Connected");
  unverified = widgets_find_label (root, "Certificate not verified");
  all = natural_width (root);
  without = all - natural_width (unverified);

  widgets_allocate (root, all);
  g_assert_true (widgets_is_shown (word, root));
  g_assert_true (widgets_is_shown (unverified, root));

  widgets_allocate (root, all - 1);
  g_assert_true (widgets_is_shown (word, root));
  g_assert_false (widgets_is_shown (unverified, root));

  widgets_allocate (root, without - 20);
  g_assert_false (widgets_is_shown (word, root));

  widgets_allocate (root, 360);
  g_assert_false (widgets_is_shown (word, root));
  g_assert_true (widgets_is_shown (button, root));

  widgets_allocate (root, all);
  g_assert_true (widgets_is_shown (word, root));
  g_assert_true (widgets_is_shown (unverified, root));

  g_assert_finalize_object (bar);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add_func ("/app/url-bar/states", test_states);
  g_test_add_func ("/app/url-bar/button-width", test_button_width);
  g_test_add_func ("/app/url-bar/url", test_url);
  g_test_add_func ("/app/url-bar/problem", test_problem);
  g_test_add_func ("/app/url-bar/unverified", test_unverified);
  g_test_add_func ("/app/url-bar/enter", test_enter);
  g_test_add_func ("/app/url-bar/modified", test_modified);
  g_test_add_func ("/app/url-bar/narrow", test_narrow);

  return g_test_run ();
}
