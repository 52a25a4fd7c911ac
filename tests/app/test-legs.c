/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a relay recorded: bubbles, frames, the inspector and the filter bar say which leg it was;
 * and of a session of one's own they say nothing. */
#include <adwaita.h>

#include "app/duplex-bubble-text.h"
#include "app/duplex-filter-bar.h"
#include "app/duplex-frame-item.h"
#include "app/duplex-inspector.h"
#include "app/duplex-leg-words.h"
#include "conversation.h"
#include "widgets.h"

enum {
  ROW_CLIENT,
  ROW_BACKEND,
  ROW_CONTROL,
  ROW_CLOSED,
};

static void
append (DuplexCapture  *capture,
        guint32         connection,
        DuplexEventKind kind,
        guint8          opcode,
        guint           flags)
{
  DuplexEvent event = DUPLEX_EVENT_INIT;

  event.kind = kind;
  event.connection = connection;
  event.flags = flags;
  event.opcode = opcode;
  event.time_us = G_GINT64_CONSTANT (1709294462000000);
  event.first = DUPLEX_EVENT_FIRST_IS_SELF;
  event.payload = (const guint8 *)"hello";
  event.payload_size = 5;
  if (kind == DUPLEX_EVENT_FRAME)
    {
      event.direction = DUPLEX_DIRECTION_SENT;
      event.message = duplex_opcode_is_control (opcode) ? 0 : 1;
      event.message_size = 5;
      event.n_frames = 1;
      event.header[0] = 0x80 | opcode;
      event.header[1] = 5;
      event.header_size = 2;
    }
  duplex_capture_append (capture, &event);
}

/* A message on each leg of one pair, or of two sessions. */
static DuplexCapture *
make_capture (gboolean is_relayed)
{
  DuplexCapture *capture = duplex_capture_new ();
  guint          flag = is_relayed ? DUPLEX_EVENT_FLAG_SERVER : 0;

  append (capture, duplex_capture_begin_connection (capture), DUPLEX_EVENT_CONNECTING, 0, flag);
  append (capture, duplex_capture_begin_connection (capture), DUPLEX_EVENT_CONNECTING, 0, 0);
  append (capture, 1, DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_TEXT, DUPLEX_EVENT_FLAG_ROW);
  append (capture, 2, DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_TEXT, DUPLEX_EVENT_FLAG_ROW);
  append (capture, 2, DUPLEX_EVENT_FRAME, DUPLEX_OPCODE_PING, DUPLEX_EVENT_FLAG_ROW);
  append (capture, 1, DUPLEX_EVENT_CONNECTED, 0, DUPLEX_EVENT_FLAG_ROW | flag);
  return capture;
}

static void
test_words (void)
{
  static const struct
  {
    guint       row;
    const char *name;
    const char *sentence;
  } cases[] = {
    { ROW_CLIENT, "Client 1", "Connection 1, between client 1 and the relay" },
    { ROW_BACKEND, "Backend 1", "Connection 2, between the relay and backend 1" },
  };

  for (guint relayed = 0; relayed < 2; relayed++)
    {
      g_autoptr (DuplexCapture) capture = make_capture (relayed == 1);

      for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        {
          g_autoptr (DuplexRow) row = conversation_get_row (capture, cases[i].row);
          const DuplexEvent    *event = duplex_row_get_event (row);
          g_autofree char      *name = duplex_leg_words_dup_name (capture, event);
          g_autofree char      *sentence = duplex_leg_words_dup_sentence (capture, event);

          g_assert_cmpstr (name, ==, relayed == 1 ? cases[i].name : NULL);
          g_assert_cmpstr (sentence, ==, relayed == 1 ? cases[i].sentence : NULL);
        }
    }
}

static void
test_bubbles (void)
{
  static const struct
  {
    guint       row;
    const char *part;
  } cases[] = {
    { ROW_CLIENT, "→ Sent · Client\u00a01 · " },
    { ROW_BACKEND, "→ Sent · Backend\u00a01 · " },
    { ROW_CONTROL, "Backend\u00a01 · " },
    { ROW_CLOSED, " · Client\u00a01 · " },
  };

  for (guint relayed = 0; relayed < 2; relayed++)
    {
      g_autoptr (DuplexCapture) capture = make_capture (relayed == 1);

      for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
        {
          g_autoptr (DuplexRow)        row = conversation_get_row (capture, cases[i].row);
          g_autoptr (DuplexBubbleText) text = duplex_bubble_text_new (row);

          if ((strstr (text->text->str, cases[i].part) != NULL) != (relayed == 1))
            g_error ("“%s” and “%s”", cases[i].part, text->text->str);
        }
    }
}

/* Sent to a client is a server's frame, which is not masked. */
static void
test_frames (void)
{
  static const struct
  {
    guint       row;
    const char *label;
    const char *mask;
  } cases[] = {
    { ROW_CLIENT, "Client 1, Frame 1, Sent, text, FIN 1, length 5",
      "not masked, as a server’s frames must be (RFC 6455 §5.1)" },
    { ROW_BACKEND, "Backend 1, Frame 1, Sent, text, FIN 1, length 5",
      "not masked, but a client’s frames must be (RFC 6455 §5.1)" },
  };
  g_autoptr (DuplexCapture) capture = make_capture (TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DuplexRow)       row = conversation_get_row (capture, cases[i].row);
      g_autoptr (DuplexFrameItem) item = NULL;
      DuplexEvent                 event = DUPLEX_EVENT_INIT;
      g_autofree char            *label = NULL;
      g_autofree char            *words = NULL;

      g_assert_true (duplex_capture_read (capture, duplex_row_get_event (row)->number, &event));
      item = duplex_frame_item_new (capture, 0, &event);
      g_object_get (item, "label", &label, NULL);
      g_assert_cmpstr (label, ==, cases[i].label);
      words = duplex_frame_words_dup_all (duplex_frame_item_get_event (item));
      g_assert_nonnull (strstr (words, cases[i].mask));
    }
}

/* Over the pages that are about one message. */
static void
test_inspector (void)
{
  static const char         sentence[] = "Connection 2, between the relay and backend 1";
  g_autoptr (DuplexCapture) relayed = make_capture (TRUE);
  g_autoptr (DuplexCapture) own = make_capture (FALSE);
  g_autoptr (DuplexRow)     row = conversation_get_row (relayed, ROW_BACKEND);
  g_autoptr (DuplexRow)     own_row = conversation_get_row (own, ROW_BACKEND);
  GtkWidget                *root = g_object_ref_sink (duplex_inspector_new ());
  DuplexInspector          *inspector = DUPLEX_INSPECTOR (root);
  GtkWidget                *label;

  duplex_inspector_set_capture (inspector, relayed);
  g_assert_null (widgets_find_label (root, sentence));
  duplex_inspector_set_row (inspector, row);
  label = widgets_find_label (root, sentence);
  g_assert_nonnull (label);
  g_assert_true (gtk_widget_get_visible (label));
  duplex_inspector_set_page_name (inspector, "statistics");
  g_assert_false (gtk_widget_get_visible (label));
  duplex_inspector_set_page_name (inspector, "frames");
  g_assert_true (gtk_widget_get_visible (label));
  duplex_inspector_set_row (inspector, own_row);
  g_assert_false (gtk_widget_get_visible (label));
  duplex_inspector_set_row (inspector, row);
  g_assert_true (gtk_widget_get_visible (label));
  duplex_inspector_set_row (inspector, NULL);
  g_assert_false (gtk_widget_get_visible (label));
  g_assert_finalize_object (root);
}

static gboolean
has_chip (GtkWidget  *root,
          const char *name)
{
  GtkWidget *label = widgets_find_label (root, name);
  GtkWidget *chip;

  g_assert_nonnull (label);
  chip = gtk_widget_get_ancestor (label, GTK_TYPE_TOGGLE_BUTTON);
  return gtk_widget_get_visible (chip);
}

static void
test_chips (void)
{
  g_autoptr (DuplexCapture) relayed = make_capture (TRUE);
  g_autoptr (DuplexCapture) own = make_capture (FALSE);
  GtkWidget                *root = g_object_ref_sink (duplex_filter_bar_new ());
  DuplexFilterBar          *bar = DUPLEX_FILTER_BAR (root);

  g_assert_false (has_chip (root, "Client"));
  duplex_filter_bar_set_capture (bar, own);
  g_assert_false (has_chip (root, "Client"));
  g_assert_false (has_chip (root, "Backend"));
  duplex_filter_bar_set_capture (bar, relayed);
  g_assert_true (has_chip (root, "Client"));
  g_assert_true (has_chip (root, "Backend"));
  duplex_filter_bar_set_capture (bar, NULL);
  g_assert_false (has_chip (root, "Backend"));
  g_assert_true (has_chip (root, "Sent"));
  g_assert_finalize_object (root);
}

int
main (int   argc,
      char *argv[])
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/app/legs/words", test_words);
  g_test_add_func ("/app/legs/bubbles", test_bubbles);
  g_test_add_func ("/app/legs/frames", test_frames);
  g_test_add_func ("/app/legs/inspector", test_inspector);
  g_test_add_func ("/app/legs/chips", test_chips);
  return g_test_run ();
}
