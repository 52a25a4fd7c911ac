/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-session-page.h"

#include <string.h>

#include "app/duplex-composer.h"
#include "app/duplex-inspector.h"
#include "app/duplex-message-list.h"
#include "app/duplex-status-bar.h"
#include "app/duplex-texts.h"
#include "app/duplex-trust-banner.h"
#include "app/duplex-url-bar.h"

#include "tls-server.h"
#include "widgets.h"

typedef struct
{
  DuplexProfile     *profile;
  DuplexSessionPage *page;
  DuplexSession     *session;
  DuplexComposer    *composer;
  DuplexMessageList *list;
  GtkWidget         *url_bar;
  guint              n_saved;
  GError            *failure; /* the last */

  /* what is waited for */
  DuplexSessionState state;
  guint64            n_received;
} Fixture;

static void
save_cb (Fixture       *fixture,
         DuplexProfile *profile)
{
  g_assert_true (profile == fixture->profile);
  fixture->n_saved++;
}

static void
failed_cb (Fixture      *fixture,
           const GError *error)
{
  g_clear_error (&fixture->failure);
  fixture->failure = g_error_copy (error);
}

static void
set_up_profile (Fixture    *fixture,
                const char *name,
                const char *url)
{
  GtkWidget *root;

  fixture->profile = duplex_profile_new (name, url);
  fixture->page = g_object_ref_sink (duplex_session_page_new (fixture->profile));
  fixture->session = duplex_session_page_get_session (fixture->page);
  g_signal_connect_swapped (fixture->page, "save-profile", G_CALLBACK (save_cb), fixture);
  g_signal_connect_swapped (fixture->session, "failed", G_CALLBACK (failed_cb), fixture);

  root = GTK_WIDGET (fixture->page);
  fixture->composer = DUPLEX_COMPOSER (widgets_find_type (root, DUPLEX_TYPE_COMPOSER));
  fixture->list = DUPLEX_MESSAGE_LIST (widgets_find_type (root, DUPLEX_TYPE_MESSAGE_LIST));
  fixture->url_bar = widgets_find_type (root, DUPLEX_TYPE_URL_BAR);
}

/* The test's data is the URL. */
static void
set_up (Fixture      *fixture,
        gconstpointer url)
{
  set_up_profile (fixture, "Test", url);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_assert_finalize_object (fixture->page);
  g_clear_object (&fixture->profile);
  g_clear_error (&fixture->failure);
}

static gboolean
is_in_state (gpointer data)
{
  Fixture *fixture = data;

  return duplex_session_get_state (fixture->session) == fixture->state;
}

static void
wait_state (Fixture           *fixture,
            DuplexSessionState state)
{
  fixture->state = state;
  widgets_wait_until (is_in_state, fixture, duplex_text_session_state (state));
}

static gboolean
has_received (gpointer data)
{
  Fixture     *fixture = data;
  DuplexTotals totals;

  duplex_capture_get_totals (duplex_session_get_capture (fixture->session), &totals);
  return totals.messages[1] >= fixture->n_received;
}

static void
wait_received (Fixture *fixture,
               guint64  n)
{
  fixture->n_received = n;
  widgets_wait_until (has_received, fixture, "messages to arrive");
  duplex_capture_publish (duplex_session_get_capture (fixture->session));
}

static gboolean
has_failed (gpointer data)
{
  return ((Fixture *)data)->failure != NULL;
}

static void
act (Fixture    *fixture,
     const char *action)
{
  g_assert_true (gtk_widget_activate_action (GTK_WIDGET (fixture->page), action, NULL));
}

static void
connect_page (Fixture *fixture)
{
  act (fixture, "page.connect");
  wait_state (fixture, DUPLEX_SESSION_OPEN);
}

static void
disconnect_page (Fixture *fixture)
{
  act (fixture, "page.connect");
  wait_state (fixture, DUPLEX_SESSION_DISCONNECTED);
}

static void
set_url (Fixture    *fixture,
         const char *url)
{
  g_object_set (fixture->url_bar, "url", url, NULL);
}

static gboolean
is_modified (Fixture *fixture)
{
  gboolean modified;

  g_object_get (fixture->page, "modified", &modified, NULL);
  return modified;
}

/* TRUE where a label that holds text stands anywhere in root. */
static gboolean
says (GtkWidget  *root,
      const char *text)
{
  if (GTK_IS_LABEL (root) && strstr (gtk_label_get_text (GTK_LABEL (root)), text) != NULL)
    return TRUE;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (says (child, text))
      return TRUE;

  return FALSE;
}

static DuplexRow *
get_row (Fixture *fixture,
         guint    position)
{
  GListModel *rows = G_LIST_MODEL (duplex_session_get_capture (fixture->session));

  return g_list_model_get_item (rows, position);
}

static void
test_title (void)
{
  static const struct
  {
    const char *name;
    const char *url;
    const char *title;
  } cases[] = {
    { "Echo", "wss://echo.example/x", "Echo" },
    { "", "wss://echo.example:8443/x", "echo.example:8443" },
    { "", "", "New Connection" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Fixture fixture = { 0 };

      set_up_profile (&fixture, cases[i].name, cases[i].url);
      g_assert_cmpstr (duplex_session_page_get_title (fixture.page), ==, cases[i].title);
      tear_down (&fixture, NULL);
    }
}

static void
test_title_follows (Fixture      *fixture,
                    gconstpointer data)
{
  duplex_profile_set_name (fixture->profile, "Renamed");
  g_assert_cmpstr (duplex_session_page_get_title (fixture->page), ==, "Renamed");
}

/* What is typed reaches the session, and the profile only when it is saved. */
static void
test_url (Fixture      *fixture,
          gconstpointer data)
{
  DuplexProfile *working = duplex_session_get_profile (fixture->session);

  set_url (fixture, "ws://other.example/");
  g_assert_cmpstr (duplex_profile_get_url (working), ==, "ws://other.example/");
  g_assert_cmpstr (duplex_profile_get_url (fixture->profile), ==, "demo:/echo");
  g_assert_true (is_modified (fixture));

  act (fixture, "page.save-profile");
  g_assert_cmpuint (fixture->n_saved, ==, 1);
  g_assert_cmpstr (duplex_profile_get_url (fixture->profile), ==, "ws://other.example/");
}

/* What the editor changed is what connects, but for a URL that was typed since. */
static void
test_settings (Fixture      *fixture,
               gconstpointer data)
{
  DuplexProfile   *working = duplex_session_get_profile (fixture->session);
  g_autofree char *url = NULL;

  duplex_profile_set_url (fixture->profile, "demo:/clock");
  g_object_get (fixture->url_bar, "url", &url, NULL);
  g_assert_cmpstr (url, ==, "demo:/clock");

  duplex_profile_set_origin (fixture->profile, "https://origin.example");
  set_url (fixture, " demo:/echo ");
  connect_page (fixture);
  g_assert_cmpstr (duplex_profile_get_origin (working), ==, "https://origin.example");
  g_assert_cmpstr (duplex_profile_get_url (working), ==, "demo:/echo");
  g_assert_cmpstr (duplex_profile_get_url (fixture->profile), ==, "demo:/clock");
  disconnect_page (fixture);
}

static void
test_talk (Fixture      *fixture,
           gconstpointer data)
{
  g_autoptr (DuplexRow) row = NULL;
  g_autoptr (DuplexRow) inspected = NULL;
  g_autofree char      *text = NULL;
  GtkWidget            *root = GTK_WIDGET (fixture->page);
  GtkWidget            *inspector = widgets_find_type (root, DUPLEX_TYPE_INSPECTOR);

  g_assert_false (gtk_widget_is_sensitive (widgets_find_action (GTK_WIDGET (fixture->composer),
                                                                "page.send")));
  connect_page (fixture);
  g_assert_true (says (fixture->url_bar, "Disconnect"));

  duplex_composer_set_text (fixture->composer, "hello");
  act (fixture, "page.send");
  text = duplex_composer_dup_text (fixture->composer);
  g_assert_cmpstr (text, ==, "");
  wait_received (fixture, 1);

  row = get_row (fixture, 1);
  g_assert_nonnull (row);
  duplex_message_list_set_selected_row (fixture->list, row);
  g_object_get (inspector, "row", &inspected, NULL);
  g_assert_true (inspected == row);

  disconnect_page (fixture);
  g_assert_null (fixture->failure);
  g_assert_cmpuint (fixture->n_saved, ==, 0);
}

static void
test_ping (Fixture      *fixture,
           gconstpointer data)
{
  connect_page (fixture);
  act (fixture, "page.ping");
  while (duplex_session_get_rtt (fixture->session) < 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (says (GTK_WIDGET (fixture->page), "RTT "));
  g_assert_false (says (GTK_WIDGET (fixture->page), "RTT –"));
  disconnect_page (fixture);
}

static gboolean
has_sent_pong (gpointer data)
{
  GListModel *rows = data;

  for (guint i = 0; i < g_list_model_get_n_items (rows); i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (rows, i);
      const DuplexEvent    *event = duplex_row_get_event (row);

      if (event->kind == DUPLEX_EVENT_FRAME && event->opcode == DUPLEX_OPCODE_PONG &&
          event->direction == DUPLEX_DIRECTION_SENT)
        return TRUE;
    }
  return FALSE;
}

static void
test_pong (Fixture      *fixture,
           gconstpointer data)
{
  connect_page (fixture);
  act (fixture, "page.pong");
  widgets_wait_until (has_sent_pong, duplex_session_get_capture (fixture->session), "the pong");
  disconnect_page (fixture);
}

static void
test_clear (Fixture      *fixture,
            gconstpointer data)
{
  GListModel           *rows = G_LIST_MODEL (duplex_session_get_capture (fixture->session));
  g_autoptr (DuplexRow) row = NULL;

  connect_page (fixture);
  duplex_capture_publish (duplex_session_get_capture (fixture->session));
  row = get_row (fixture, 0);
  duplex_message_list_set_selected_row (fixture->list, row);

  act (fixture, "page.clear");
  g_assert_cmpuint (g_list_model_get_n_items (rows), ==, 0);
  g_assert_null (duplex_message_list_get_selected_row (fixture->list));
  disconnect_page (fixture);
}

static void
test_inspector (Fixture      *fixture,
                gconstpointer data)
{
  GtkWidget       *root = GTK_WIDGET (fixture->page);
  GtkWidget       *inspector = widgets_find_type (root, DUPLEX_TYPE_INSPECTOR);
  g_autofree char *name = NULL;

  g_assert_true (gtk_widget_get_visible (inspector));
  act (fixture, "page.toggle-inspector");
  g_assert_false (gtk_widget_get_visible (inspector));
  g_assert_false (duplex_session_page_get_inspector_visible (fixture->page));

  duplex_session_page_set_inspector_visible (fixture->page, TRUE);
  g_assert_true (gtk_widget_get_visible (inspector));

  g_object_set (fixture->page, "inspector-page", "frames", NULL);
  g_object_get (inspector, "page-name", &name, NULL);
  g_assert_cmpstr (name, ==, "frames");
}

static void
test_refused (Fixture      *fixture,
              gconstpointer data)
{
  g_autofree char *text = NULL;

  act (fixture, "page.connect");
  widgets_wait_until (has_failed, fixture, "the attempt to fail");

  g_assert_error (fixture->failure, DUPLEX_ERROR, DUPLEX_ERROR_HANDSHAKE_REFUSED);
  text = duplex_text_error (fixture->failure);
  g_assert_true (says (GTK_WIDGET (fixture->page), text));
  g_assert_false (duplex_composer_get_can_send (fixture->composer));
}

static void
test_invalid_url (Fixture      *fixture,
                  gconstpointer data)
{
  static const char *const urls[] = { "", "http://h/", "not a url" };

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autofree char *problem = NULL;

      set_url (fixture, urls[i]);
      act (fixture, "page.connect");
      g_object_get (fixture->url_bar, "problem", &problem, NULL);
      g_assert_nonnull (problem);
      g_assert_cmpint (duplex_session_get_state (fixture->session), ==,
                       DUPLEX_SESSION_DISCONNECTED);
    }
}

/* The peer's own code is worth a toast. */
static void
test_closed (Fixture      *fixture,
             gconstpointer data)
{
  connect_page (fixture);
  duplex_composer_set_text (fixture->composer, "close");
  act (fixture, "page.send");
  wait_state (fixture, DUPLEX_SESSION_DISCONNECTED);
  g_assert_true (says (GTK_WIDGET (fixture->page), "Disconnected (4321 Private Use): why not"));
}

/* A toast lies over the messages, and never over what is pressed next. */
static void
test_toast_place (Fixture      *fixture,
                  gconstpointer data)
{
  GtkWidget *toasts = widgets_find_type (GTK_WIDGET (fixture->page), ADW_TYPE_TOAST_OVERLAY);

  g_assert_true (gtk_widget_is_ancestor (GTK_WIDGET (fixture->list), toasts));
  g_assert_false (gtk_widget_is_ancestor (GTK_WIDGET (fixture->composer), toasts));
}

static DuplexTrustBanner *
refuse_certificate (Fixture *fixture)
{
  GtkWidget       *page = GTK_WIDGET (fixture->page);
  GtkWidget       *banner = widgets_find_type (page, DUPLEX_TYPE_TRUST_BANNER);
  g_autofree char *fingerprint = NULL;
  g_autofree char *text = NULL;

  g_clear_error (&fixture->failure);
  act (fixture, "page.connect");
  widgets_wait_until (has_failed, fixture, "the certificate to be refused");
  g_assert_error (fixture->failure, DUPLEX_ERROR, DUPLEX_ERROR_TLS_CERTIFICATE);
  g_assert_true (duplex_trust_banner_is_shown (DUPLEX_TRUST_BANNER (banner)));
  g_assert_true (g_str_has_prefix (duplex_trust_banner_get_text (DUPLEX_TRUST_BANNER (banner)),
                                   "The certificate of 127.0.0.1:"));

  fingerprint = duplex_text_fingerprint (duplex_session_get_refused_certificate (fixture->session));
  g_assert_cmpuint (strlen (fingerprint), ==, 95);
  g_assert_nonnull (widgets_find_label (banner, fingerprint));

  text = duplex_text_error (fixture->failure);
  g_assert_cmpstr (text, ==,
                   "The server’s certificate is not trusted: "
                   "no authority that this system trusts has signed it");

  return DUPLEX_TRUST_BANNER (banner);
}

static void
click (DuplexTrustBanner *banner,
       const char        *label)
{
  GtkWidget *widget = widgets_find_label (GTK_WIDGET (banner), label);

  g_assert_nonnull (widget);
  g_signal_emit_by_name (gtk_widget_get_ancestor (widget, GTK_TYPE_BUTTON), "clicked");
}

static void
assert_unverified (Fixture *fixture)
{
  GtkWidget *label = widgets_find_label (fixture->url_bar, "Certificate not verified");

  wait_state (fixture, DUPLEX_SESSION_OPEN);
  g_assert_true (gtk_widget_get_visible (label));
  disconnect_page (fixture);
}

/* The count of findings leads to the first: here the certificate, which is in the handshake. */
static void
assert_finding_is_shown (Fixture *fixture)
{
  GtkWidget       *bar = widgets_find_type (GTK_WIDGET (fixture->page), DUPLEX_TYPE_STATUS_BAR);
  DuplexRow       *row;
  g_autofree char *page = NULL;

  g_signal_emit_by_name (widgets_find_type (bar, GTK_TYPE_BUTTON), "clicked");
  row = duplex_message_list_get_selected_row (fixture->list);
  g_assert_nonnull (row);
  g_assert_cmpint (duplex_row_get_event (row)->kind, ==, DUPLEX_EVENT_CONNECTED);
  g_object_get (fixture->page, "inspector-page", &page, NULL);
  g_assert_cmpstr (page, ==, "handshake");
}

static void
write_part_cb (GObject      *listener,
               GAsyncResult *result,
               gpointer      user_data)
{
  static const char   part[] = "HTTP/1.1 101 Swi";
  GSocketConnection **connection = user_data;
  GOutputStream      *out;

  *connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (listener), result, NULL, NULL);
  g_assert_nonnull (*connection);
  out = g_io_stream_get_output_stream (G_IO_STREAM (*connection));
  g_assert_true (g_output_stream_write_all (out, part, strlen (part), NULL, NULL, NULL));
}

static gboolean
is_set (gpointer data)
{
  return *(gpointer *)data != NULL;
}

/* Whoever breaks off an attempt has nothing to find in it. */
static void
test_cancel (void)
{
  g_autoptr (GSocketListener)   listener = g_socket_listener_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  guint16                       port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char              *url = g_strdup_printf ("ws://127.0.0.1:%u/", port);
  Fixture                       fixture = { 0 };
  DuplexTotals                  totals;

  g_socket_listener_accept_async (listener, NULL, write_part_cb, &connection);
  set_up_profile (&fixture, "Half", url);
  act (&fixture, "page.connect");
  widgets_wait_until (is_set, &connection, "the server to have written a part");
  act (&fixture, "page.connect");
  wait_state (&fixture, DUPLEX_SESSION_DISCONNECTED);

  duplex_capture_get_totals (duplex_session_get_capture (fixture.session), &totals);
  g_assert_cmpuint (totals.findings, ==, 0);
  tear_down (&fixture, NULL);
}

static void
test_trust_once (void)
{
  g_autoptr (TlsServer) server = tls_server_new ();
  Fixture               fixture = { 0 };
  DuplexTrustBanner    *banner;

  set_up_profile (&fixture, "TLS", tls_server_get_url (server));
  banner = refuse_certificate (&fixture);
  click (banner, "_Connect This Time");
  g_assert_false (duplex_trust_banner_is_shown (banner));
  assert_unverified (&fixture);

  assert_finding_is_shown (&fixture);

  /* The next time it is asked again. */
  refuse_certificate (&fixture);

  g_assert_cmpuint (fixture.n_saved, ==, 0);
  g_assert_cmpstr (duplex_profile_get_trusted_certificate (fixture.profile), ==, "");
  tear_down (&fixture, NULL);
}

static void
test_trust_always (void)
{
  g_autoptr (TlsServer) server = tls_server_new ();
  Fixture               fixture = { 0 };

  set_up_profile (&fixture, "TLS", tls_server_get_url (server));
  click (refuse_certificate (&fixture), "_Always for This Profile");
  assert_unverified (&fixture);

  g_assert_cmpuint (fixture.n_saved, ==, 1);
  g_assert_cmpuint (strlen (duplex_profile_get_trusted_certificate (fixture.profile)), ==, 64);
  tear_down (&fixture, NULL);
}

/* Nothing of a page stays behind when its tab is closed with the connection open. */
static void
test_close_open_page (void)
{
  Fixture fixture = { 0 };

  set_up_profile (&fixture, "Test", "demo:/echo");
  connect_page (&fixture);
  tear_down (&fixture, NULL);
}

#define ADD(path, url, test) \
  g_test_add ("/app/session-page/" path, Fixture, url, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add_func ("/app/session-page/title", test_title);
  ADD ("title-follows", "demo:/echo", test_title_follows);
  ADD ("url", "demo:/echo", test_url);
  ADD ("settings", "demo:/echo", test_settings);
  ADD ("talk", "demo:/echo", test_talk);
  g_test_add_func ("/app/session-page/cancel", test_cancel);
  ADD ("toast-place", "demo:/echo", test_toast_place);
  ADD ("ping", "demo:/echo", test_ping);
  ADD ("pong", "demo:/echo", test_pong);
  ADD ("clear", "demo:/echo", test_clear);
  ADD ("inspector", "demo:/echo", test_inspector);
  ADD ("refused", "demo:/nowhere", test_refused);
  ADD ("invalid-url", "demo:/echo", test_invalid_url);
  ADD ("closed", "demo:/close?code=4321&reason=why%20not", test_closed);
  g_test_add_func ("/app/session-page/trust/once", test_trust_once);
  g_test_add_func ("/app/session-page/trust/always", test_trust_always);
  g_test_add_func ("/app/session-page/close-open-page", test_close_open_page);

  return g_test_run ();
}
