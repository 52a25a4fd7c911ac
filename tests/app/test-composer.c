/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-composer.h"

#include <adwaita.h>
#include <string.h>

#include "widgets.h"

typedef struct
{
  DuplexComposer *composer;
  GPtrArray      *sent;
  gboolean        taken; /* what "send" answers */
} Fixture;

static gboolean
send_cb (DuplexComposer *composer,
         const char     *text,
         gpointer        user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->sent, g_strdup (text));
  return fixture->taken;
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->composer = g_object_ref_sink (duplex_composer_new ());
  fixture->sent = g_ptr_array_new_with_free_func (g_free);
  fixture->taken = TRUE;
  g_object_set (fixture->composer, "connected", TRUE, NULL);
  g_signal_connect (fixture->composer, "send", G_CALLBACK (send_cb), fixture);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_assert_finalize_object (fixture->composer);
  g_clear_pointer (&fixture->sent, g_ptr_array_unref);
}

static gboolean
press (Fixture        *fixture,
       guint           keyval,
       GdkModifierType modifiers)
{
  return duplex_composer_handle_key (fixture->composer, keyval, modifiers);
}

static void
assert_text (Fixture    *fixture,
             const char *expected)
{
  g_autofree char *text = duplex_composer_dup_text (fixture->composer);

  g_assert_cmpstr (text, ==, expected);
}

static void
assert_sent (Fixture    *fixture,
             const char *expected) /* NULL: nothing */
{
  if (expected == NULL)
    {
      g_assert_cmpuint (fixture->sent->len, ==, 0);
      return;
    }

  g_assert_cmpuint (fixture->sent->len, >, 0);
  g_assert_cmpstr (g_ptr_array_index (fixture->sent, fixture->sent->len - 1), ==, expected);
}

static GtkTextBuffer *
get_buffer (Fixture *fixture)
{
  GtkWidget *view = widgets_find_type (GTK_WIDGET (fixture->composer), GTK_TYPE_TEXT_VIEW);

  return gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));
}

static void
test_enter (Fixture      *fixture,
            gconstpointer data)
{
  static const guint keys[] = { GDK_KEY_Return, GDK_KEY_KP_Enter, GDK_KEY_ISO_Enter };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      duplex_composer_set_text (fixture->composer, " hello\nworld ");
      g_assert_true (press (fixture, keys[i], 0));
      assert_sent (fixture, " hello\nworld ");
      assert_text (fixture, "");
      g_assert_cmpuint (fixture->sent->len, ==, i + 1);
    }
}

/* The text view makes the line: the key is left to it. */
static void
test_shift_enter (Fixture      *fixture,
                  gconstpointer data)
{
  duplex_composer_set_text (fixture->composer, "hello");
  g_assert_false (press (fixture, GDK_KEY_Return, GDK_SHIFT_MASK));
  assert_sent (fixture, NULL);
}

/* Caps Lock is no modifier. */
static void
test_lock (Fixture      *fixture,
           gconstpointer data)
{
  duplex_composer_set_text (fixture->composer, "hello");
  g_assert_true (press (fixture, GDK_KEY_Return, GDK_LOCK_MASK));
  assert_sent (fixture, "hello");
}

static void
test_white_space (Fixture      *fixture,
                  gconstpointer data)
{
  static const char *const texts[] = { "", " ", "\n\n", " \t\n ", "\302\240" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      duplex_composer_set_text (fixture->composer, texts[i]);
      g_assert_false (duplex_composer_get_can_send (fixture->composer));
      g_assert_true (press (fixture, GDK_KEY_Return, 0));
      g_assert_false (duplex_composer_send_anyway (fixture->composer));
      assert_text (fixture, texts[i]);
    }
  assert_sent (fixture, NULL);

  duplex_composer_set_text (fixture->composer, " x ");
  g_assert_true (duplex_composer_get_can_send (fixture->composer));
}

static void
test_refused (Fixture      *fixture,
              gconstpointer data)
{
  fixture->taken = FALSE;
  duplex_composer_set_text (fixture->composer, "hello");
  g_assert_false (duplex_composer_send (fixture->composer));
  assert_text (fixture, "hello");
  g_assert_false (press (fixture, GDK_KEY_Up, 0));
}

static void
test_disconnected (Fixture      *fixture,
                   gconstpointer data)
{
  GtkWidget *view = widgets_find_type (GTK_WIDGET (fixture->composer), GTK_TYPE_TEXT_VIEW);

  duplex_composer_set_text (fixture->composer, "typed before");
  g_object_set (fixture->composer, "connected", FALSE, NULL);

  g_assert_false (gtk_widget_is_sensitive (view));
  g_assert_false (duplex_composer_get_can_send (fixture->composer));
  g_assert_false (duplex_composer_send (fixture->composer));
  assert_text (fixture, "typed before");
  assert_sent (fixture, NULL);

  g_object_set (fixture->composer, "connected", TRUE, NULL);
  g_assert_true (gtk_widget_is_sensitive (view));
  g_assert_true (duplex_composer_send (fixture->composer));
}

static void
test_placeholder (Fixture      *fixture,
                  gconstpointer data)
{
  GtkWidget *root = GTK_WIDGET (fixture->composer);
  GtkWidget *label = widgets_find_label (root, "Type a message");

  g_assert_nonnull (label);
  g_assert_true (widgets_is_shown (label, root));

  duplex_composer_set_text (fixture->composer, "x");
  g_assert_false (widgets_is_shown (label, root));

  duplex_composer_set_text (fixture->composer, "");
  g_object_set (fixture->composer, "connected", FALSE, NULL);
  g_assert_true (widgets_is_shown (label, root));
  g_assert_cmpstr (gtk_label_get_label (GTK_LABEL (label)), ==, "Connect to send messages");

  g_object_set (fixture->composer, "connected", TRUE, "json", TRUE, NULL);
  g_assert_cmpstr (gtk_label_get_label (GTK_LABEL (label)), ==, "Type JSON");
}

static void
test_json (Fixture      *fixture,
           gconstpointer data)
{
  duplex_composer_set_json (fixture->composer, TRUE);
  duplex_composer_set_text (fixture->composer, "{\"a\": }");

  g_assert_true (press (fixture, GDK_KEY_Return, 0));
  assert_sent (fixture, NULL);
  assert_text (fixture, "{\"a\": }");
  g_assert_true (g_str_has_prefix (duplex_composer_get_problem (fixture->composer),
                                   "Line 1, column 7: "));

  duplex_composer_set_text (fixture->composer, "{\"a\": 1.50}");
  g_assert_true (press (fixture, GDK_KEY_Return, 0));
  assert_sent (fixture, "{\"a\": 1.50}");
  g_assert_null (duplex_composer_get_problem (fixture->composer));
}

static void
test_json_anyway (Fixture      *fixture,
                  gconstpointer data)
{
  duplex_composer_set_json (fixture->composer, TRUE);
  duplex_composer_set_text (fixture->composer, "{");
  g_assert_false (duplex_composer_send (fixture->composer));
  assert_sent (fixture, NULL);

  g_assert_true (press (fixture, GDK_KEY_Return, GDK_CONTROL_MASK));
  assert_sent (fixture, "{");
  assert_text (fixture, "");
  g_assert_null (duplex_composer_get_problem (fixture->composer));
}

/* Plain text is nobody's business. */
static void
test_json_off (Fixture      *fixture,
               gconstpointer data)
{
  duplex_composer_set_json (fixture->composer, TRUE);
  duplex_composer_set_text (fixture->composer, "{");
  g_assert_false (duplex_composer_send (fixture->composer));
  g_assert_nonnull (duplex_composer_get_problem (fixture->composer));

  duplex_composer_set_json (fixture->composer, FALSE);
  g_assert_null (duplex_composer_get_problem (fixture->composer));
  g_assert_true (duplex_composer_send (fixture->composer));
  assert_sent (fixture, "{");
}

static void
raise_cb (gboolean *flag)
{
  *flag = TRUE;
}

static gboolean
is_raised (gpointer flag)
{
  return *(gboolean *)flag;
}

/* Whoever stops typing is told. */
static void
test_json_pause (Fixture      *fixture,
                 gconstpointer data)
{
  gboolean told = FALSE;

  duplex_composer_set_json (fixture->composer, TRUE);
  g_signal_connect_swapped (fixture->composer, "notify::problem", G_CALLBACK (raise_cb), &told);
  duplex_composer_set_text (fixture->composer, "[1,");
  g_assert_null (duplex_composer_get_problem (fixture->composer));

  widgets_wait_until (is_raised, &told, "the problem of a text that is no JSON");
  g_assert_nonnull (duplex_composer_get_problem (fixture->composer));
}

static void
test_history (Fixture      *fixture,
              gconstpointer data)
{
  duplex_composer_set_text (fixture->composer, "one");
  duplex_composer_send (fixture->composer);
  duplex_composer_set_text (fixture->composer, "two");
  duplex_composer_send (fixture->composer);
  duplex_composer_set_text (fixture->composer, "draft");

  g_assert_true (press (fixture, GDK_KEY_Up, 0));
  assert_text (fixture, "two");
  g_assert_true (press (fixture, GDK_KEY_Up, 0));
  assert_text (fixture, "one");
  g_assert_false (press (fixture, GDK_KEY_Up, 0));
  g_assert_true (press (fixture, GDK_KEY_Down, 0));
  g_assert_true (press (fixture, GDK_KEY_Down, 0));
  assert_text (fixture, "draft");
  g_assert_false (press (fixture, GDK_KEY_Down, 0));
}

/* Inside a text of several lines the keys move the cursor. */
static void
test_history_lines (Fixture      *fixture,
                    gconstpointer data)
{
  GtkTextBuffer *buffer = get_buffer (fixture);
  GtkTextIter    iter;

  duplex_composer_set_text (fixture->composer, "sent");
  duplex_composer_send (fixture->composer);
  duplex_composer_set_text (fixture->composer, "first\nlast");

  gtk_text_buffer_get_end_iter (buffer, &iter);
  gtk_text_buffer_place_cursor (buffer, &iter);
  g_assert_false (press (fixture, GDK_KEY_Up, 0));
  assert_text (fixture, "first\nlast");

  gtk_text_buffer_get_start_iter (buffer, &iter);
  gtk_text_buffer_place_cursor (buffer, &iter);
  g_assert_false (press (fixture, GDK_KEY_Down, 0));
  g_assert_true (press (fixture, GDK_KEY_Up, 0));
  assert_text (fixture, "sent");
}

static char *
make_line (gsize size)
{
  char *line = g_strnfill (size, 'x');

  memcpy (line + size / 2, "\303\251", 2);
  return line;
}

static GtkWidget *
find_pasted (Fixture    *fixture,
             const char *text)
{
  GtkWidget *root = GTK_WIDGET (fixture->composer);
  GtkWidget *label = widgets_find_label (root, text);

  return label != NULL && widgets_is_shown (label, root) ? label : NULL;
}

/* A text view that gets such a line is busy for seconds. */
static void
test_pasted (Fixture      *fixture,
             gconstpointer data)
{
  g_autofree char *line = make_line (1100000);
  GtkTextView     *view =
    GTK_TEXT_VIEW (widgets_find_type (GTK_WIDGET (fixture->composer), GTK_TYPE_TEXT_VIEW));

  gtk_text_buffer_insert_at_cursor (get_buffer (fixture), line, -1);
  g_assert_cmpint (gtk_text_buffer_get_char_count (get_buffer (fixture)), ==, 0);
  g_assert_nonnull (find_pasted (fixture, "Pasted text, 1.1\302\240MB"));
  g_assert_false (gtk_text_view_get_editable (view));
  g_assert_true (duplex_composer_get_can_send (fixture->composer));
  assert_text (fixture, line);

  g_assert_true (press (fixture, GDK_KEY_Return, 0));
  assert_sent (fixture, line);
  assert_text (fixture, "");
  g_assert_null (find_pasted (fixture, "Pasted text, 1.1\302\240MB"));
  g_assert_true (gtk_text_view_get_editable (view));
  g_assert_false (duplex_composer_get_can_send (fixture->composer));
}

/* What stood around the cursor is part of the message, in its place, with its line ends. */
static void
test_pasted_between (Fixture      *fixture,
                     gconstpointer data)
{
  GtkTextBuffer   *buffer = get_buffer (fixture);
  g_autofree char *line = make_line (20000);
  g_autofree char *paste = g_strdup_printf ("one\r\n%s\r\n\ttwo", line);
  g_autofree char *expected = g_strdup_printf ("<%s>", paste);
  GtkTextIter      iter;

  duplex_composer_set_text (fixture->composer, "<>");
  gtk_text_buffer_get_iter_at_offset (buffer, &iter, 1);
  gtk_text_buffer_insert (buffer, &iter, paste, -1);
  g_assert_true (gtk_text_iter_is_end (&iter));
  assert_text (fixture, expected);

  g_assert_true (duplex_composer_send (fixture->composer));
  assert_sent (fixture, expected);
}

/* A line that grows too long by parts, and a paste that comes in parts. */
static void
test_pasted_parts (Fixture      *fixture,
                   gconstpointer data)
{
  GtkTextBuffer   *buffer = get_buffer (fixture);
  g_autofree char *part = make_line (10000);
  g_autofree char *expected = g_strconcat (part, part, part, "end", NULL);

  gtk_text_buffer_insert_at_cursor (buffer, part, -1);
  g_assert_cmpint (gtk_text_buffer_get_char_count (buffer), >, 0);
  gtk_text_buffer_insert_at_cursor (buffer, part, -1);
  gtk_text_buffer_insert_at_cursor (buffer, part, -1);
  gtk_text_buffer_insert_at_cursor (buffer, "end", -1);
  g_assert_cmpint (gtk_text_buffer_get_char_count (buffer), ==, 0);
  assert_text (fixture, expected);
}

/* Many short lines are what the entry is for. */
static void
test_pasted_lines (Fixture      *fixture,
                   gconstpointer data)
{
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < 2000; i++)
    g_string_append (lines, "twenty bytes a line\n");

  duplex_composer_set_text (fixture->composer, lines->str);
  g_assert_cmpint (gtk_text_buffer_get_char_count (get_buffer (fixture)), ==, (int)lines->len);
  assert_text (fixture, lines->str);
  g_string_free (lines, TRUE);
}

static void
test_pasted_removed (Fixture      *fixture,
                     gconstpointer data)
{
  GtkWidget       *root = GTK_WIDGET (fixture->composer);
  g_autofree char *line = make_line (50000);
  GtkWidget       *pasted;

  duplex_composer_set_text (fixture->composer, line);
  pasted = find_pasted (fixture, "Pasted text, 50.0\302\240kB");
  g_assert_nonnull (pasted);
  g_signal_emit_by_name (widgets_find_type (gtk_widget_get_parent (pasted), GTK_TYPE_BUTTON),
                         "clicked");
  g_assert_false (widgets_is_shown (pasted, root));
  g_assert_false (duplex_composer_get_can_send (fixture->composer));
  assert_text (fixture, "");

  duplex_composer_set_text (fixture->composer, line);
  duplex_composer_set_text (fixture->composer, "short");
  g_assert_false (widgets_is_shown (pasted, root));
  assert_text (fixture, "short");
}

static void
test_pasted_json (Fixture      *fixture,
                  gconstpointer data)
{
  g_autofree char *line = make_line (50000);
  g_autofree char *json = g_strdup_printf ("[\"%s\"]", line);

  duplex_composer_set_json (fixture->composer, TRUE);
  duplex_composer_set_text (fixture->composer, line);
  g_assert_false (duplex_composer_send (fixture->composer));
  g_assert_nonnull (duplex_composer_get_problem (fixture->composer));
  assert_sent (fixture, NULL);

  duplex_composer_set_text (fixture->composer, json);
  g_assert_true (duplex_composer_send (fixture->composer));
  assert_sent (fixture, json);
}

static void
test_pasted_history (Fixture      *fixture,
                     gconstpointer data)
{
  g_autofree char *line = make_line (20000);

  duplex_composer_set_text (fixture->composer, "short");
  duplex_composer_send (fixture->composer);
  duplex_composer_set_text (fixture->composer, line);
  duplex_composer_send (fixture->composer);

  g_assert_true (press (fixture, GDK_KEY_Up, 0));
  assert_text (fixture, line);
  g_assert_true (press (fixture, GDK_KEY_Up, 0));
  assert_text (fixture, "short");
  g_assert_true (press (fixture, GDK_KEY_Down, 0));
  assert_text (fixture, line);
}

typedef struct
{
  GtkWidget *entry;
  int        below;
} Growth;

static gboolean
has_grown (gpointer data)
{
  Growth *growth = data;

  return gtk_widget_get_height (growth->entry) > growth->below;
}

/* One line at first, more as they are written, and no more than about six. A text view knows its
 * height when the window has laid it out. */
static void
test_height (Fixture      *fixture,
             gconstpointer data)
{
  GtkWidget *root = GTK_WIDGET (fixture->composer);
  GtkWidget *window = gtk_window_new ();
  Growth     growth = { widgets_find_type (root, GTK_TYPE_SCROLLED_WINDOW), 0 };

  gtk_widget_set_valign (root, GTK_ALIGN_START);
  gtk_window_set_default_size (GTK_WINDOW (window), 400, 400);
  gtk_window_set_child (GTK_WINDOW (window), root);
  gtk_window_present (GTK_WINDOW (window));
  widgets_wait_until (has_grown, &growth, "the first layout");

  growth.below = gtk_widget_get_height (growth.entry);
  g_assert_cmpint (growth.below, <=, 64);
  duplex_composer_set_text (fixture->composer, "1\n2\n3\n4");
  widgets_wait_until (has_grown, &growth, "the entry to grow to four lines");

  growth.below = gtk_widget_get_height (growth.entry);
  duplex_composer_set_text (fixture->composer, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12");
  widgets_wait_until (has_grown, &growth, "the entry to grow to its most");
  g_assert_cmpint (gtk_widget_get_height (growth.entry), <=, 140);

  gtk_window_set_child (GTK_WINDOW (window), NULL);
  gtk_window_destroy (GTK_WINDOW (window));
}

#define ADD(path, test) g_test_add ("/app/composer/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();

  ADD ("enter", test_enter);
  ADD ("shift-enter", test_shift_enter);
  ADD ("caps-lock", test_lock);
  ADD ("white-space", test_white_space);
  ADD ("refused", test_refused);
  ADD ("disconnected", test_disconnected);
  ADD ("placeholder", test_placeholder);
  ADD ("json/checked", test_json);
  ADD ("json/anyway", test_json_anyway);
  ADD ("json/off", test_json_off);
  ADD ("json/pause", test_json_pause);
  ADD ("history/walk", test_history);
  ADD ("history/lines", test_history_lines);
  ADD ("pasted/whole", test_pasted);
  ADD ("pasted/between", test_pasted_between);
  ADD ("pasted/parts", test_pasted_parts);
  ADD ("pasted/lines", test_pasted_lines);
  ADD ("pasted/removed", test_pasted_removed);
  ADD ("pasted/json", test_pasted_json);
  ADD ("pasted/history", test_pasted_history);
  ADD ("height", test_height);

  return g_test_run ();
}
