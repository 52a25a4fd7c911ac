/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-compression-options.h"
#include "app/duplex-header-row.h"
#include "app/duplex-ping-options.h"
#include "app/duplex-profile-editor.h"
#include "shell-support.h"

#include <glib/gstdio.h>

typedef struct
{
  DuplexProfileStore  *store;
  DuplexProfileEditor *editor;
  GtkWidget           *parent;
  guint                n_saved;
} Fixture;

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->store = shell_store_new ();
  f->parent = gtk_window_new ();
  gtk_window_present (GTK_WINDOW (f->parent));
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_weak_pointer (&f->editor);
  gtk_window_destroy (GTK_WINDOW (f->parent));
  shell_store_free (f->store);
}

static void
saved_cb (Fixture       *f,
          DuplexProfile *profile)
{
  g_assert_true (duplex_profile_store_lookup (f->store, duplex_profile_get_id (profile)) ==
                 profile);
  f->n_saved++;
}

static void
open_editor (Fixture       *f,
             DuplexProfile *profile)
{
  g_clear_weak_pointer (&f->editor);
  g_set_weak_pointer (&f->editor,
                      duplex_profile_editor_new (GTK_WINDOW (f->parent), f->store, profile));
  g_signal_connect_swapped (f->editor, "saved", G_CALLBACK (saved_cb), f);
  gtk_window_present (GTK_WINDOW (f->editor));
  shell_settle ();
}

static gpointer
child (Fixture    *f,
       const char *name)
{
  return SHELL_CHILD (f->editor, DUPLEX_TYPE_PROFILE_EDITOR, name);
}

static void
type (Fixture    *f,
      const char *row,
      const char *text)
{
  gtk_editable_set_text (child (f, row), text);
}

static gboolean
can_save (Fixture *f)
{
  return gtk_widget_get_sensitive (child (f, "save_button"));
}

static void
save (Fixture *f)
{
  gtk_widget_activate_action (GTK_WIDGET (f->editor), "editor.save", NULL);
  shell_settle ();
}

static void
add_header (Fixture    *f,
            const char *name,
            const char *value)
{
  GtkWidget *group = child (f, "headers_group");
  GtkWidget *empty;

  gtk_widget_activate_action (GTK_WIDGET (f->editor), "editor.add-header", NULL);
  /* The new row is the one with an empty name. */
  for (empty = shell_find_widget (group, DUPLEX_TYPE_HEADER_ROW, NULL);
       *duplex_header_row_get_name (DUPLEX_HEADER_ROW (empty)) != '\0';)
    empty = gtk_widget_get_next_sibling (empty);
  gtk_editable_set_text (SHELL_CHILD (empty, DUPLEX_TYPE_HEADER_ROW, "name"), name);
  gtk_editable_set_text (SHELL_CHILD (empty, DUPLEX_TYPE_HEADER_ROW, "value"), value);
}

/* A visible label that says what is wrong. */
static GtkWidget *
find_problem (GtkWidget *root)
{
  GtkWidget *found = NULL;

  if (!gtk_widget_get_visible (root))
    return NULL;
  if (GTK_IS_LABEL (root) && gtk_widget_has_css_class (root, "error") &&
      *gtk_label_get_label (GTK_LABEL (root)) != '\0')
    return root;

  for (GtkWidget *w = gtk_widget_get_first_child (root); w != NULL && found == NULL;
       w = gtk_widget_get_next_sibling (w))
    found = find_problem (w);
  return found;
}

static void
test_new (Fixture      *f,
          gconstpointer data)
{
  const char *const   subprotocols[] = { "chat", "v2", NULL };
  const DuplexHeader *headers;
  DuplexProfile      *profile;
  gsize               n_headers;

  open_editor (f, NULL);
  g_assert_false (can_save (f));
  type (f, "name_row", " Mine ");
  type (f, "url_row", "wss://example.org/socket");
  type (f, "folder_row", "/Work/Team/");
  type (f, "subprotocols_row", "chat, v2");
  type (f, "origin_row", "https://example.org");
  add_header (f, "X-Token", "secret");
  add_header (f, "", "");
  gtk_switch_set_active (child (f, "verify_switch"), FALSE);
  g_assert_true (can_save (f));
  save (f);

  g_assert_null (f->editor);
  g_assert_cmpuint (f->n_saved, ==, 1);
  profile = duplex_profile_store_lookup (f->store, "Work/Team/Mine");
  g_assert_nonnull (profile);
  g_assert_cmpstr (duplex_profile_get_url (profile), ==, "wss://example.org/socket");
  g_assert_cmpstr (duplex_profile_get_origin (profile), ==, "https://example.org");
  g_assert_cmpstrv ((char **)duplex_profile_get_subprotocols (profile), (char **)subprotocols);
  g_assert_false (duplex_profile_get_verify_certificates (profile));
  headers = duplex_profile_get_headers (profile, &n_headers);
  g_assert_cmpuint (n_headers, ==, 1);
  g_assert_cmpstr (headers[0].name, ==, "X-Token");
  g_assert_cmpstr (headers[0].value, ==, "secret");
}

static void
test_name_of_host (Fixture      *f,
                   gconstpointer data)
{
  open_editor (f, NULL);
  type (f, "url_row", "ws://localhost:8080/x");
  save (f);
  g_assert_nonnull (shell_find_profile (f->store, "localhost:8080"));
}

static void
test_problems (Fixture      *f,
               gconstpointer data)
{
  open_editor (f, NULL);
  type (f, "url_row", "http://example.org/");
  g_assert_false (can_save (f));
  g_assert_true (gtk_widget_has_css_class (child (f, "url_row"), "error"));
  type (f, "url_row", "ws://example.org/");
  g_assert_true (can_save (f));
  g_assert_false (gtk_widget_has_css_class (child (f, "url_row"), "error"));

  type (f, "subprotocols_row", "a b");
  g_assert_false (can_save (f));
  type (f, "subprotocols_row", "a");
  add_header (f, "Host", "example.org");
  g_assert_false (can_save (f));
  g_assert_cmpuint (f->n_saved, ==, 0);
}

static gboolean
has_focus (Fixture   *f,
           GtkWidget *row)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (f->editor));

  return focus != NULL && (focus == row || gtk_widget_is_ancestor (focus, row));
}

static void
press_enter (GtkEditable *row)
{
  g_signal_emit_by_name (gtk_editable_get_delegate (row), "activate");
}

/* Where Enter cannot save, it leads to the first row that is in the way. */
static void
test_enter (Fixture      *f,
            gconstpointer data)
{
  GtkWidget *header;

  open_editor (f, NULL);
  g_assert_true (has_focus (f, child (f, "name_row")));
  press_enter (child (f, "name_row"));
  g_assert_true (has_focus (f, child (f, "url_row")));

  type (f, "url_row", "ws://example.org/");
  add_header (f, "Host", "example.org");
  type (f, "origin_row", "a\nb");
  header = shell_find_widget (child (f, "headers_group"), DUPLEX_TYPE_HEADER_ROW, NULL);
  press_enter (child (f, "name_row"));
  g_assert_true (has_focus (f, header));
  gtk_widget_grab_focus (child (f, "name_row"));
  g_signal_emit_by_name (
    gtk_editable_get_delegate (SHELL_CHILD (header, DUPLEX_TYPE_HEADER_ROW, "value")), "activate");
  g_assert_true (has_focus (f, header));
  g_assert_cmpuint (f->n_saved, ==, 0);
}

static void
test_problem_is_said (Fixture      *f,
                      gconstpointer data)
{
  open_editor (f, NULL);
  type (f, "url_row", "gopher://example.org/");
  g_assert_nonnull (find_problem (GTK_WIDGET (f->editor)));
  type (f, "url_row", "ws://example.org/");
  g_assert_null (find_problem (GTK_WIDGET (f->editor)));
  type (f, "subprotocols_row", "a b");
  g_assert_nonnull (find_problem (GTK_WIDGET (f->editor)));
}

static void
test_edit (Fixture      *f,
           gconstpointer data)
{
  DuplexProfile *profile = shell_find_profile (f->store, "Demo");

  open_editor (f, profile);
  g_assert_cmpstr (gtk_editable_get_text (child (f, "name_row")), ==, "Demo");
  type (f, "name_row", "Other");
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "Demo");
  save (f);
  g_assert_cmpstr (duplex_profile_get_name (profile), ==, "Other");
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "Other");
  g_assert_null (shell_find_profile (f->store, "Demo"));
}

static void
test_move (Fixture      *f,
           gconstpointer data)
{
  DuplexProfile *profile = shell_find_profile (f->store, "Demo");

  open_editor (f, profile);
  gtk_widget_activate_action (GTK_WIDGET (f->editor), "editor.folder", "s",
                              "Public test servers");
  g_assert_true (duplex_profile_editor_has_changes (f->editor));
  save (f);
  g_assert_true (shell_find_profile (f->store, "Demo") == profile);
  g_assert_cmpstr (duplex_profile_get_id (profile), ==, "Public test servers/Demo");
}

static void
test_forget_certificate (Fixture      *f,
                         gconstpointer data)
{
  DuplexProfile   *profile = shell_find_profile (f->store, "Demo");
  g_autofree char *fingerprint = g_strnfill (64, 'a');
  GtkWidget       *row;

  duplex_profile_set_trusted_certificate (profile, fingerprint);
  open_editor (f, profile);
  row = child (f, "trusted_row");
  g_assert_true (gtk_widget_get_visible (row));
  g_assert_true (
    g_str_has_prefix (adw_action_row_get_subtitle (ADW_ACTION_ROW (row)), "aaaa aaaa"));
  gtk_widget_activate_action (GTK_WIDGET (f->editor), "editor.forget-certificate", NULL);
  g_assert_false (gtk_widget_get_visible (row));
  save (f);
  g_assert_cmpstr (duplex_profile_get_trusted_certificate (profile), ==, "");
}

static gpointer
compression_child (Fixture    *f,
                   const char *name)
{
  return SHELL_CHILD (child (f, "compression"), DUPLEX_TYPE_COMPRESSION_OPTIONS, name);
}

static gpointer
ping_child (Fixture    *f,
            const char *name)
{
  return SHELL_CHILD (child (f, "pings"), DUPLEX_TYPE_PING_OPTIONS, name);
}

static const char *
get_choice (AdwComboRow *row)
{
  return gtk_string_object_get_string (adw_combo_row_get_selected_item (row));
}

static void
test_compression (Fixture      *f,
                  gconstpointer data)
{
  const DuplexDeflateParams before = { .client_no_context_takeover = TRUE,
                                       .server_max_window_bits = 9,
                                       .client_max_window_bits = 15 };
  DuplexProfile            *profile = shell_find_profile (f->store, "Demo");
  DuplexDeflateParams       after;

  duplex_profile_set_deflate (profile, TRUE, &before);
  open_editor (f, profile);
  g_assert_true (gtk_switch_get_active (compression_child (f, "offer_switch")));
  g_assert_false (gtk_switch_get_active (compression_child (f, "server_switch")));
  g_assert_true (gtk_switch_get_active (compression_child (f, "client_switch")));
  g_assert_cmpstr (get_choice (compression_child (f, "server_window")), ==, "9 (512 bytes)");
  g_assert_cmpstr (get_choice (compression_child (f, "client_window")), ==, "15 (32 KiB)");
  g_assert_false (duplex_profile_editor_has_changes (f->editor));

  gtk_switch_set_active (compression_child (f, "server_switch"), TRUE);
  gtk_switch_set_active (compression_child (f, "client_switch"), FALSE);
  adw_combo_row_set_selected (compression_child (f, "server_window"), 0);
  adw_combo_row_set_selected (compression_child (f, "client_window"), 1);
  g_assert_cmpstr (get_choice (compression_child (f, "server_window")), ==, "Not stated");
  g_assert_cmpstr (get_choice (compression_child (f, "client_window")), ==, "Any size");
  g_assert_true (duplex_profile_editor_has_changes (f->editor));
  save (f);

  g_assert_true (duplex_profile_get_deflate (profile, &after));
  g_assert_true (after.server_no_context_takeover);
  g_assert_false (after.client_no_context_takeover);
  g_assert_cmpuint (after.server_max_window_bits, ==, 0);
  g_assert_cmpuint (after.client_max_window_bits, ==, DUPLEX_WINDOW_BITS_NO_VALUE);
}

/* Each choice of the client's window is what it says. */
static void
test_windows (Fixture      *f,
              gconstpointer data)
{
  DuplexProfile      *profile = shell_find_profile (f->store, "Demo");
  DuplexDeflateParams params;

  for (guint bits = DUPLEX_WINDOW_BITS_MIN; bits <= DUPLEX_WINDOW_BITS_MAX; bits++)
    {
      g_autofree char *prefix = g_strdup_printf ("%u (", bits);

      open_editor (f, profile);
      adw_combo_row_set_selected (compression_child (f, "client_window"), bits - 6);
      g_assert_true (
        g_str_has_prefix (get_choice (compression_child (f, "client_window")), prefix));
      save (f);
      duplex_profile_get_deflate (profile, &params);
      g_assert_cmpuint (params.client_max_window_bits, ==, bits);
    }
}

static void
test_no_compression (Fixture      *f,
                     gconstpointer data)
{
  DuplexProfile *profile = shell_find_profile (f->store, "Demo");

  open_editor (f, profile);
  g_assert_true (gtk_widget_is_sensitive (compression_child (f, "server_window")));
  gtk_switch_set_active (compression_child (f, "offer_switch"), FALSE);
  g_assert_false (gtk_widget_is_sensitive (compression_child (f, "server_window")));
  g_assert_false (gtk_widget_is_sensitive (compression_child (f, "client_window")));
  g_assert_false (gtk_widget_is_sensitive (compression_child (f, "server_switch")));
  g_assert_false (gtk_widget_is_sensitive (compression_child (f, "client_switch")));
  save (f);
  g_assert_false (duplex_profile_get_deflate (profile, NULL));
}

static void
test_pings (Fixture      *f,
            gconstpointer data)
{
  DuplexProfile *profile = shell_find_profile (f->store, "Demo");

  open_editor (f, profile);
  g_assert_cmpstr (get_choice (ping_child (f, "pong_mode")), ==, "At once");
  g_assert_false (gtk_widget_is_sensitive (ping_child (f, "delay_row")));
  g_assert_false (gtk_widget_is_sensitive (ping_child (f, "limit_row")));

  adw_combo_row_set_selected (ping_child (f, "pong_mode"), DUPLEX_PONG_DELAYED);
  gtk_adjustment_set_value (ping_child (f, "delay"), 2500);
  gtk_adjustment_set_value (ping_child (f, "interval"), 30);
  gtk_adjustment_set_value (ping_child (f, "limit"), 0);
  g_assert_true (gtk_widget_is_sensitive (ping_child (f, "delay_row")));
  g_assert_true (gtk_widget_is_sensitive (ping_child (f, "limit_row")));
  save (f);
  g_assert_cmpint (duplex_profile_get_pong_mode (profile), ==, DUPLEX_PONG_DELAYED);
  g_assert_cmpuint (duplex_profile_get_pong_delay (profile), ==, 2500);
  g_assert_cmpuint (duplex_profile_get_ping_interval (profile), ==, 30);
  g_assert_cmpuint (duplex_profile_get_ping_limit (profile), ==, 0);

  duplex_profile_set_pong_mode (profile, DUPLEX_PONG_NEVER);
  open_editor (f, profile);
  g_assert_cmpstr (get_choice (ping_child (f, "pong_mode")), ==, "Never");
  g_assert_false (gtk_widget_is_sensitive (ping_child (f, "delay_row")));
  g_assert_cmpfloat (gtk_adjustment_get_value (ping_child (f, "delay")), ==, 2500);
  g_assert_cmpfloat (gtk_adjustment_get_value (ping_child (f, "interval")), ==, 30);
  save (f);
}

static gboolean
is_dialog_open (gpointer user_data)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    if (shell_find_widget (l->data, GTK_TYPE_BUTTON, "_Discard") != NULL)
      return TRUE;
  return FALSE;
}

static void
answer (const char *label)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *l = windows; l != NULL; l = l->next)
    {
      GtkWidget *button = shell_find_widget (l->data, GTK_TYPE_BUTTON, label);

      if (button == NULL)
        continue;
      g_signal_emit_by_name (button, "clicked");
      break;
    }
  shell_settle ();
}

static gboolean
is_gone (gpointer user_data)
{
  return ((Fixture *)user_data)->editor == NULL;
}

static void
test_close_asks (Fixture      *f,
                 gconstpointer data)
{
  open_editor (f, NULL);
  type (f, "name_row", "x");
  gtk_window_close (GTK_WINDOW (f->editor));
  shell_wait (is_dialog_open, NULL, "the question");
  answer ("_Keep Editing");
  g_assert_nonnull (f->editor);
  g_assert_cmpstr (gtk_editable_get_text (child (f, "name_row")), ==, "x");

  gtk_window_close (GTK_WINDOW (f->editor));
  shell_wait (is_dialog_open, NULL, "the question again");
  answer ("_Discard");
  shell_wait (is_gone, f, "the editor to close");
  g_assert_cmpuint (f->n_saved, ==, 0);
  g_assert_null (shell_find_profile (f->store, "x"));
}

static void
test_close_without_changes (Fixture      *f,
                            gconstpointer data)
{
  open_editor (f, shell_find_profile (f->store, "Demo"));
  gtk_window_close (GTK_WINDOW (f->editor));
  shell_settle ();
  g_assert_null (f->editor);
}

static void
test_failed_save (Fixture      *f,
                  gconstpointer data)
{
  DuplexProfile   *profile = shell_find_profile (f->store, "Demo");
  g_autofree char *path = NULL;

  path = g_build_filename (duplex_profile_store_get_path (f->store), "Demo.json", NULL);
  open_editor (f, profile);
  type (f, "url_row", "ws://localhost/");
  /* Became unreadable behind our back: the store leaves it alone. */
  g_assert_true (g_file_set_contents (path, "no JSON", -1, NULL));
  gtk_widget_activate_action (GTK_WIDGET (f->editor), "editor.save", NULL);

  g_assert_nonnull (f->editor);
  g_assert_cmpuint (f->n_saved, ==, 0);
  g_assert_cmpstr (duplex_profile_get_url (profile), ==, "demo:/echo");
  g_assert_nonnull (
    shell_find_widget (child (f, "toasts"), g_type_from_name ("AdwToastWidget"), NULL));
}

#define ADD(name, test) \
  g_test_add ("/app/profile-editor/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int    argc,
      char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  ADD ("new", test_new);
  ADD ("name-of-host", test_name_of_host);
  ADD ("problems", test_problems);
  ADD ("enter", test_enter);
  ADD ("problem-is-said", test_problem_is_said);
  ADD ("edit", test_edit);
  ADD ("move", test_move);
  ADD ("forget-certificate", test_forget_certificate);
  ADD ("compression", test_compression);
  ADD ("windows", test_windows);
  ADD ("no-compression", test_no_compression);
  ADD ("pings", test_pings);
  ADD ("close-asks", test_close_asks);
  ADD ("close-without-changes", test_close_without_changes);
  ADD ("failed-save", test_failed_save);

  return g_test_run ();
}
