/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-bubble.h"

#include <adwaita.h>
#include <string.h>

#include "app/duplex-message-row.h"
#include "conversation.h"

typedef struct
{
  DuplexCapture *capture;
  GtkWidget     *row; /* a DuplexMessageRow, as the list uses it */
  DuplexBubble  *bubble;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->capture = duplex_capture_new ();
  fixture->row = g_object_ref_sink (duplex_message_row_new ());
  fixture->bubble = duplex_message_row_get_bubble (DUPLEX_MESSAGE_ROW (fixture->row));
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_assert_finalize_object (fixture->row);
  g_assert_finalize_object (fixture->capture);
}

static void
show_text (Fixture        *fixture,
           DuplexDirection direction,
           const char     *text)
{
  g_autoptr (DuplexRow) row = NULL;

  duplex_capture_clear (fixture->capture);
  conversation_text (fixture->capture, direction, text, -1);
  row = conversation_get_row (fixture->capture, 0);
  duplex_message_row_set_row (DUPLEX_MESSAGE_ROW (fixture->row), row);
}

static int
measure (GtkWidget     *widget,
         GtkOrientation orientation,
         int            for_size)
{
  int natural;

  gtk_widget_measure (widget, orientation, for_size, NULL, &natural, NULL, NULL);
  return natural;
}

/* Lays the row out in a list of that width; returns where the bubble is. */
static graphene_rect_t
lay_out (Fixture *fixture,
         int      width)
{
  GtkAllocation   allocation = { 0, 0, width, 0 };
  graphene_rect_t bounds;

  allocation.height = measure (fixture->row, GTK_ORIENTATION_VERTICAL, width);
  gtk_widget_size_allocate (fixture->row, &allocation, -1);
  g_assert_true (gtk_widget_compute_bounds (GTK_WIDGET (fixture->bubble), fixture->row, &bounds));
  return bounds;
}

static void
test_sides (Fixture      *fixture,
            gconstpointer data)
{
  graphene_rect_t bounds;

  show_text (fixture, DUPLEX_DIRECTION_SENT, "hello");
  bounds = lay_out (fixture, 800);
  g_assert_cmpfloat_with_epsilon (bounds.origin.x + bounds.size.width, 800, 0.5);
  g_assert_cmpfloat (bounds.size.width, <, 400);

  show_text (fixture, DUPLEX_DIRECTION_RECEIVED, "hello");
  bounds = lay_out (fixture, 800);
  g_assert_cmpfloat_with_epsilon (bounds.origin.x, 0, 0.5);

  gtk_widget_set_direction (fixture->row, GTK_TEXT_DIR_RTL);
  bounds = lay_out (fixture, 800);
  g_assert_cmpfloat_with_epsilon (bounds.origin.x + bounds.size.width, 800, 0.5);
}

static void
test_state_in_the_middle (Fixture      *fixture,
                          gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;
  graphene_rect_t       bounds;

  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTED, "ws://localhost/", 0);
  row = conversation_get_row (fixture->capture, 0);
  duplex_message_row_set_row (DUPLEX_MESSAGE_ROW (fixture->row), row);
  bounds = lay_out (fixture, 800);
  g_assert_cmpfloat_with_epsilon (bounds.origin.x + bounds.size.width / 2, 400, 1);
}

/* What is long takes three quarters, more where there is little, and no more than can be read. */
static void
test_widths (Fixture      *fixture,
             gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 200; i++)
    g_string_append (text, "word ");
  show_text (fixture, DUPLEX_DIRECTION_SENT, text->str);

  g_assert_cmpfloat_with_epsilon (lay_out (fixture, 800).size.width, 600, 0.5);
  g_assert_cmpfloat_with_epsilon (lay_out (fixture, 336).size.width, 304, 0.5);
  g_assert_cmpfloat_with_epsilon (lay_out (fixture, 2000).size.width, 720, 0.5);
  g_assert_cmpfloat_with_epsilon (lay_out (fixture, 2000).origin.x, 1600 - 720, 0.5);
}

static void
test_wrap (Fixture      *fixture,
           gconstpointer data)
{
  GtkWidget *bubble = GTK_WIDGET (fixture->bubble);
  int        one;

  show_text (fixture, DUPLEX_DIRECTION_SENT, "hello");
  one = measure (bubble, GTK_ORIENTATION_VERTICAL, 700);
  show_text (fixture, DUPLEX_DIRECTION_SENT,
             "a sentence that fits a wide window and not a narrow one");
  g_assert_cmpint (measure (bubble, GTK_ORIENTATION_VERTICAL, 700), ==, one);
  g_assert_cmpint (measure (bubble, GTK_ORIENTATION_VERTICAL, 200), >, one);
  g_assert_cmpint (measure (bubble, GTK_ORIENTATION_VERTICAL, 700), ==, one);
}

/* Whatever is sent, a bubble stays about as high as its fold: no row makes the list stall or
 * vanish. */
static void
test_bounded (Fixture      *fixture,
              gconstpointer data)
{
  g_autofree char *line = g_strnfill (2000000, 'x');
  g_autofree char *newlines = g_strnfill (2000000, '\n');
  g_autofree char *brackets = g_strnfill (400, '[');

  show_text (fixture, DUPLEX_DIRECTION_SENT, line);
  g_assert_cmpint (measure (fixture->row, GTK_ORIENTATION_VERTICAL, 1000), <, 400);
  show_text (fixture, DUPLEX_DIRECTION_SENT, newlines);
  g_assert_cmpint (measure (fixture->row, GTK_ORIENTATION_VERTICAL, 1000), <, 400);
  show_text (fixture, DUPLEX_DIRECTION_SENT, brackets);
  g_assert_cmpint (measure (fixture->row, GTK_ORIENTATION_VERTICAL, 1000), <, 400);
}

static void
test_classes (Fixture      *fixture,
              gconstpointer data)
{
  GtkWidget            *bubble = GTK_WIDGET (fixture->bubble);
  g_autoptr (DuplexRow) ping = NULL;
  g_autoptr (DuplexRow) failed = NULL;

  show_text (fixture, DUPLEX_DIRECTION_SENT, "hello");
  g_assert_true (gtk_widget_has_css_class (bubble, "sent"));

  conversation_control (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_PING, "", 0, -1);
  ping = conversation_get_row (fixture->capture, 1);
  duplex_bubble_set_row (fixture->bubble, ping);
  g_assert_true (gtk_widget_has_css_class (bubble, "received"));
  g_assert_true (gtk_widget_has_css_class (bubble, "control"));
  g_assert_false (gtk_widget_has_css_class (bubble, "sent"));

  conversation_state (fixture->capture, DUPLEX_EVENT_FAILED, "refused", 5);
  failed = conversation_get_row (fixture->capture, 2);
  duplex_bubble_set_row (fixture->bubble, failed);
  g_assert_true (gtk_widget_has_css_class (bubble, "error"));
  g_assert_false (gtk_widget_has_css_class (bubble, "control"));
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *n)
{
  (*n)++;
}

static void
test_set_row (Fixture      *fixture,
              gconstpointer data)
{
  guint n_notified = 0;

  show_text (fixture, DUPLEX_DIRECTION_SENT, "first");
  g_assert_nonnull (strstr (duplex_bubble_get_text (fixture->bubble), "first"));
  g_signal_connect (fixture->bubble, "notify::row", G_CALLBACK (count_cb), &n_notified);
  show_text (fixture, DUPLEX_DIRECTION_SENT, "second");
  g_assert_nonnull (strstr (duplex_bubble_get_text (fixture->bubble), "second"));
  duplex_bubble_set_row (fixture->bubble, duplex_bubble_get_row (fixture->bubble));
  g_assert_cmpuint (n_notified, ==, 1);
  duplex_bubble_set_row (fixture->bubble, NULL);
  g_assert_cmpstr (duplex_bubble_get_text (fixture->bubble), ==, "");
}

static gboolean
has_tooltip_at (Fixture *fixture,
                int      x)
{
  g_autoptr (GtkTooltip) tooltip = g_object_new (GTK_TYPE_TOOLTIP, NULL);
  gboolean               is_shown = FALSE;

  g_signal_emit_by_name (fixture->bubble, "query-tooltip", x, 5, FALSE, tooltip, &is_shown);
  return is_shown;
}

/* It belongs to the mark of a compressed message, which is the end of the header. */
static void
test_tooltip (Fixture      *fixture,
              gconstpointer data)
{
  g_autofree char      *letters = g_strnfill (30, 'a');
  g_autoptr (DuplexRow) row = NULL;
  graphene_rect_t       bounds;
  int                   width;
  guint                 n_shown = 0;

  show_text (fixture, DUPLEX_DIRECTION_RECEIVED, letters);
  bounds = lay_out (fixture, 800);
  for (int x = 0; x < (int)bounds.size.width; x++)
    g_assert_false (has_tooltip_at (fixture, x));

  duplex_capture_clear (fixture->capture);
  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT,
                           letters, 30, 1);
  row = conversation_get_row (fixture->capture, 0);
  duplex_message_row_set_row (DUPLEX_MESSAGE_ROW (fixture->row), row);
  bounds = lay_out (fixture, 800);
  width = (int)bounds.size.width;
  g_assert_false (has_tooltip_at (fixture, 5));
  for (int x = 0; x < width; x++)
    n_shown += has_tooltip_at (fixture, x);
  g_assert_cmpuint (n_shown, >, 10);
  g_assert_cmpuint (n_shown, <, (guint)width / 3);
}

static void
test_link (Fixture      *fixture,
           gconstpointer data)
{
  g_autofree char *lines = g_strnfill (100, '\n');
  int              height;

  show_text (fixture, DUPLEX_DIRECTION_SENT, lines);
  lay_out (fixture, 600);
  height = gtk_widget_get_height (GTK_WIDGET (fixture->bubble));
  g_assert_true (duplex_bubble_is_folded (fixture->bubble));
  g_assert_true (duplex_bubble_is_link_at (fixture->bubble, 10, height - 5));
  g_assert_false (duplex_bubble_is_link_at (fixture->bubble, 10, 5));
  g_assert_false (duplex_bubble_is_link_at (fixture->bubble, 10, height - 40));
  g_assert_false (duplex_bubble_is_link_at (fixture->bubble, 10, height + 20));

  show_text (fixture, DUPLEX_DIRECTION_SENT, "short");
  lay_out (fixture, 600);
  g_assert_false (duplex_bubble_is_folded (fixture->bubble));
  g_assert_false (duplex_bubble_is_link_at (fixture->bubble, 10, 10));
}

/* Whether something in the bubble is drawn in rgb, as the node's text form has it: what
 * gsk_text_node_get_color() returns on GTK 4.18 is no colour. */
static gboolean
is_drawn_in (DuplexBubble *bubble,
             guint32       rgb)
{
  g_autofree char   *wanted = g_strdup_printf ("color: rgb(%u,%u,%u);", rgb >> 16, rgb >> 8 & 0xff,
                                               rgb & 0xff);
  g_autoptr (GBytes) bytes = NULL;
  GtkSnapshot       *snapshot = gtk_snapshot_new ();
  GskRenderNode     *node;
  gsize              size;
  const char        *text;

  GTK_WIDGET_GET_CLASS (bubble)->snapshot (GTK_WIDGET (bubble), snapshot);
  node = gtk_snapshot_free_to_node (snapshot);
  g_assert_nonnull (node);
  bytes = gsk_render_node_serialize (node);
  gsk_render_node_unref (node);
  text = g_bytes_get_data (bytes, &size);
  return g_strstr_len (text, (gssize)size, wanted) != NULL;
}

static void
test_dark (Fixture      *fixture,
           gconstpointer data)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();
  guint32          light = 0x12683f; /* a string's, see duplex-highlight.c */
  guint32          dark = 0x8ff0a4;

  show_text (fixture, DUPLEX_DIRECTION_SENT, "[\"text\"]");
  lay_out (fixture, 600);
  adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_LIGHT);
  g_assert_true (is_drawn_in (fixture->bubble, light));
  g_assert_false (is_drawn_in (fixture->bubble, dark));
  adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_FORCE_DARK);
  g_assert_true (is_drawn_in (fixture->bubble, dark));
  g_assert_false (is_drawn_in (fixture->bubble, light));
  adw_style_manager_set_color_scheme (manager, ADW_COLOR_SCHEME_DEFAULT);
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GtkCssProvider) provider = NULL;

  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  provider = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (provider, "/io/github/duplexws/Duplex/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);

  add ("/app/bubble/sides", test_sides);
  add ("/app/bubble/sides/state", test_state_in_the_middle);
  add ("/app/bubble/widths", test_widths);
  add ("/app/bubble/wrap", test_wrap);
  add ("/app/bubble/bounded", test_bounded);
  add ("/app/bubble/classes", test_classes);
  add ("/app/bubble/set-row", test_set_row);
  add ("/app/bubble/tooltip", test_tooltip);
  add ("/app/bubble/link", test_link);
  add ("/app/bubble/dark", test_dark);

  return g_test_run ();
}
