/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-page.h"

#include <adwaita.h>

#include "app/duplex-field-list.h"
#include "app/duplex-finding-list.h"
#include "app/duplex-frame-box.h"
#include "app/duplex-frame-picture.h"
#include "app/duplex-frame-table.h"
#include "app/duplex-hex-view.h"
#include "conversation.h"
#include "widgets.h"

typedef struct
{
  DuplexCapture *capture;
  GtkWidget     *window;
  GtkWidget     *page;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->capture = duplex_capture_new ();
  fixture->page = g_object_new (DUPLEX_TYPE_FRAME_PAGE, NULL);
  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 340, 700);
  gtk_window_set_child (GTK_WINDOW (fixture->window), fixture->page);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  g_object_ref (fixture->page);
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  widgets_wait_until (widgets_is_last_ref, fixture->page, "the end of the page's tasks");
  g_assert_finalize_object (fixture->page);
  widgets_wait_until (widgets_is_last_ref, fixture->capture, "the end of the rows");
  g_assert_finalize_object (fixture->capture);
}

static gboolean
is_laid_out (gpointer data)
{
  return gtk_widget_get_mapped (data) && gtk_widget_get_width (data) > 0;
}

static gpointer
find (Fixture *fixture,
      GType    type)
{
  return widgets_find_type (fixture->page, type);
}

static void
select_row (Fixture *fixture,
            guint    position)
{
  g_autoptr (DuplexRow) row = conversation_get_row (fixture->capture, position);

  duplex_frame_page_set_row (DUPLEX_FRAME_PAGE (fixture->page), row);
}

static DuplexFrameBox *
find_box (DuplexFramePicture *picture,
          DuplexFrameFieldId  id)
{
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (picture)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      if (duplex_frame_box_get_field (DUPLEX_FRAME_BOX (child))->id == id)
        return DUPLEX_FRAME_BOX (child);
    }

  return NULL;
}

static guint
count_children (GtkWidget *parent)
{
  guint n = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (parent); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n++;
  return n;
}

static void
select_frames (Fixture *fixture)
{
  gtk_window_present (GTK_WINDOW (fixture->window));
  widgets_wait_until (is_laid_out, fixture->page, "the window");
  select_row (fixture, 0);
}

static void
test_picture (Fixture      *fixture,
              gconstpointer data)
{
  DuplexFramePicture *picture = find (fixture, DUPLEX_TYPE_FRAME_PICTURE);
  DuplexFrameBox     *opcode;

  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "Hello", -1);
  select_frames (fixture);

  /* FIN, three RSV, opcode, MASK, length, masking key, payload. */
  g_assert_cmpuint (count_children (GTK_WIDGET (picture)), ==, 9);
  g_assert_null (find_box (picture, DUPLEX_FRAME_FIELD_EXTENDED_LENGTH));
  opcode = find_box (picture, DUPLEX_FRAME_FIELD_OPCODE);
  gtk_test_accessible_assert_property (opcode, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Opcode 0x1 text: the payload is text in UTF-8");
  g_assert_cmpuint (duplex_frame_box_get_first_line (
                      find_box (picture, DUPLEX_FRAME_FIELD_MASKING_KEY)),
                    ==, 0);
  g_assert_cmpuint (duplex_frame_box_get_last_line (
                      find_box (picture, DUPLEX_FRAME_FIELD_MASKING_KEY)),
                    ==, 1);
}

static gboolean
has_size (gpointer data)
{
  return gtk_widget_get_width (data) > 0 && gtk_widget_get_height (data) > 0;
}

/* A field takes the pointer where it is drawn: the masking key's box spans two lines, and half of
 * each is another field. */
static void
test_pick (Fixture      *fixture,
           gconstpointer data)
{
  DuplexFramePicture *picture = find (fixture, DUPLEX_TYPE_FRAME_PICTURE);
  GtkWidget          *key;
  GtkWidget          *payload;
  int                 width;
  int                 height;
  int                 line;

  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "Hello", -1);
  select_frames (fixture);
  key = GTK_WIDGET (find_box (picture, DUPLEX_FRAME_FIELD_MASKING_KEY));
  payload = GTK_WIDGET (find_box (picture, DUPLEX_FRAME_FIELD_PAYLOAD));
  widgets_wait_until (has_size, key, "the size of the masking key");
  width = gtk_widget_get_width (key);
  height = gtk_widget_get_height (key);
  line = height - duplex_frame_box_measure_line (DUPLEX_FRAME_BOX (payload), 1) / 2;

  g_assert_true (gtk_widget_contains (key, width * 3 / 4, 5));
  g_assert_false (gtk_widget_contains (key, width / 4, 5));
  g_assert_true (gtk_widget_contains (key, width / 4, line));
  g_assert_false (gtk_widget_contains (key, width * 3 / 4, line));
}

static void
test_keys (Fixture      *fixture,
           gconstpointer data)
{
  GtkWidget *picture = find (fixture, DUPLEX_TYPE_FRAME_PICTURE);

  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "Hello", -1);
  select_frames (fixture);
  /* Where focus goes from a box depends on where the boxes are. */
  widgets_wait_until (has_size, find_box (DUPLEX_FRAME_PICTURE (picture), DUPLEX_FRAME_FIELD_RSV1),
                      "the size of a box");

  g_assert_true (gtk_widget_child_focus (picture, GTK_DIR_TAB_FORWARD));
  g_assert_cmpint (duplex_frame_picture_get_current (DUPLEX_FRAME_PICTURE (picture)), ==,
                   DUPLEX_FRAME_FIELD_FIN);
  g_assert_true (gtk_widget_child_focus (picture, GTK_DIR_RIGHT));
  g_assert_cmpint (duplex_frame_picture_get_current (DUPLEX_FRAME_PICTURE (picture)), ==,
                   DUPLEX_FRAME_FIELD_RSV1);
  g_assert_true (gtk_widget_child_focus (picture, GTK_DIR_DOWN));
  g_assert_cmpint (duplex_frame_picture_get_current (DUPLEX_FRAME_PICTURE (picture)), ==,
                   DUPLEX_FRAME_FIELD_MASKING_KEY);
  g_assert_true (gtk_widget_child_focus (picture, GTK_DIR_DOWN));
  g_assert_cmpint (duplex_frame_picture_get_current (DUPLEX_FRAME_PICTURE (picture)), ==,
                   DUPLEX_FRAME_FIELD_PAYLOAD);
  g_assert_false (gtk_widget_child_focus (picture, GTK_DIR_TAB_FORWARD));
}

static void
test_select_frame (Fixture      *fixture,
                   gconstpointer data)
{
  DuplexFrameTable   *table = find (fixture, DUPLEX_TYPE_FRAME_TABLE);
  DuplexFramePicture *picture = find (fixture, DUPLEX_TYPE_FRAME_PICTURE);
  const DuplexEvent  *event;

  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, "abcdef",
                        6, 3, 0);
  select_frames (fixture);
  g_assert_true (duplex_frame_picture_get_item (picture) ==
                 duplex_frame_table_get_selected (table));

  /* The field that was chosen stays chosen. */
  duplex_frame_picture_set_current (picture, DUPLEX_FRAME_FIELD_FIN);
  duplex_frame_table_select (table, 2);
  event = duplex_frame_item_get_event (duplex_frame_picture_get_item (picture));
  g_assert_cmpmem (event->payload, event->payload_size, "ef", 2);
  g_assert_cmpint (duplex_frame_picture_get_current (picture), ==, DUPLEX_FRAME_FIELD_FIN);
}

static void
test_finding (Fixture      *fixture,
              gconstpointer data)
{
  DuplexFramePicture *picture = find (fixture, DUPLEX_TYPE_FRAME_PICTURE);
  DuplexFindingList  *findings = find (fixture, DUPLEX_TYPE_FINDING_LIST);
  GtkWidget          *length;

  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, "a", 1, 1,
                        1);
  select_frames (fixture);

  g_assert_true (gtk_widget_get_visible (GTK_WIDGET (findings)));
  length = GTK_WIDGET (find_box (picture, DUPLEX_FRAME_FIELD_LENGTH));
  g_assert_true (gtk_widget_has_css_class (length, "error") ||
                 gtk_widget_has_css_class (length, "warning") ||
                 gtk_widget_has_css_class (length, "accent"));

  g_signal_emit_by_name (findings, "finding-activated", DUPLEX_FINDING_INVALID_UTF8,
                         (guint64)2);
  g_assert_cmpint (duplex_frame_picture_get_current (picture), ==, DUPLEX_FRAME_FIELD_PAYLOAD);
}

/* Idle reserved bits share a row; a chosen row chooses the field in the picture. */
static void
test_field_list (Fixture      *fixture,
                 gconstpointer data)
{
  DuplexFramePicture *picture = find (fixture, DUPLEX_TYPE_FRAME_PICTURE);
  GtkWidget          *fields = find (fixture, DUPLEX_TYPE_FIELD_LIST);
  GtkListBox         *list = GTK_LIST_BOX (gtk_widget_get_first_child (fields));
  int                 current = -1;

  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, "Hello", -1);
  select_frames (fixture);
  g_assert_cmpuint (count_children (GTK_WIDGET (list)), ==, 6);

  g_signal_emit_by_name (list, "row-activated", gtk_list_box_get_row_at_index (list, 2));
  g_assert_cmpint (duplex_frame_picture_get_current (picture), ==, DUPLEX_FRAME_FIELD_OPCODE);
  duplex_frame_picture_set_current (picture, DUPLEX_FRAME_FIELD_RSV3);
  g_object_get (fields, "current", &current, NULL);
  g_assert_cmpint (current, ==, DUPLEX_FRAME_FIELD_RSV3);
  g_assert_true (gtk_list_box_get_selected_row (list) == gtk_list_box_get_row_at_index (list, 1));
}

static gboolean
has_frame (gpointer data)
{
  return duplex_frame_table_get_selected (data) != NULL;
}

static void
test_many_frames (Fixture      *fixture,
                  gconstpointer data)
{
  DuplexFrameTable *table = find (fixture, DUPLEX_TYPE_FRAME_TABLE);
  g_autofree char  *text = g_strnfill (10000, 'x');

  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, text,
                        10000, 10000, 0);
  select_frames (fixture);
  g_assert_null (duplex_frame_table_get_selected (table));
  widgets_wait_until (has_frame, table, "the frames of the message");
  duplex_frame_table_select (table, 9999);
  g_assert_cmpuint (
    duplex_frame_item_get_event (duplex_frame_table_get_selected (table))->n_frames, ==, 10000);
}

/* The n-th descendant row, depth first, that GTK made for the table. */
static GtkWidget *
find_table_row (GtkWidget *root,
                guint     *n)
{
  if (g_str_equal (gtk_widget_get_css_name (root), "row") && (*n)-- == 0)
    return root;

  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_table_row (child, n);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static void
test_table_row_names (Fixture      *fixture,
                      gconstpointer data)
{
  GtkWidget *table = find (fixture, DUPLEX_TYPE_FRAME_TABLE);
  GtkWidget *row;
  guint      n = 1;

  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, "abcdef",
                        6, 3, 0);
  select_frames (fixture);
  row = find_table_row (table, &n);
  g_assert_nonnull (row);
  gtk_test_accessible_assert_property (row, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Frame 2, Received, continuation, FIN 0, length 2");
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "hello", -1);
  select_row (fixture, 1);
  n = 0;
  row = find_table_row (table, &n);
  gtk_test_accessible_assert_property (row, GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Frame 1, Sent, text, FIN 1, length 5");
}

/* The look-up for a row that is no longer selected does not come through. */
static void
test_outdated_frames (Fixture      *fixture,
                      gconstpointer data)
{
  DuplexFrameTable *table = find (fixture, DUPLEX_TYPE_FRAME_TABLE);

  g_autofree char *text = g_strnfill (10000, 'x');

  conversation_message (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT, text,
                        10000, 10000, 0);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_SENT, "small", -1);
  select_frames (fixture);
  select_row (fixture, 1);
  g_assert_cmpuint (
    duplex_frame_item_get_event (duplex_frame_table_get_selected (table))->payload_size, ==, 5);
  select_row (fixture, 0);
  widgets_wait_until (has_frame, table, "the frames of the message");
  select_row (fixture, 1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (
    duplex_frame_item_get_event (duplex_frame_table_get_selected (table))->payload_size, ==, 5);
}

static void
test_no_frames (Fixture      *fixture,
                gconstpointer data)
{
  GtkWidget *root = fixture->page;

  conversation_state (fixture->capture, DUPLEX_EVENT_CONNECTED, "ws://x/", 12);
  select_frames (fixture);
  g_assert_true (widgets_is_shown (widgets_find_label (root, "No Frames"), root));
}

/* A header that was cut off stands in the event's payload. */
static GtkWidget *
find_button (Fixture    *fixture,
             const char *label)
{
  GtkWidget *child = widgets_find_label (fixture->page, label);

  g_assert_nonnull (child);
  return gtk_widget_get_ancestor (child, GTK_TYPE_TOGGLE_BUTTON);
}

/* The bytes on the wire, or what they inflate to; the choice holds for the next frame. */
static void
test_inflated (Fixture      *fixture,
               gconstpointer data)
{
  DuplexHexView      *hex = find (fixture, DUPLEX_TYPE_HEX_VIEW);
  DuplexFrameTable   *table = find (fixture, DUPLEX_TYPE_FRAME_TABLE);
  DuplexFramePicture *picture = find (fixture, DUPLEX_TYPE_FRAME_PICTURE);
  g_autofree char    *letters = g_strnfill (480, 'a');
  const DuplexEvent  *event;

  conversation_compressed (fixture->capture, DUPLEX_DIRECTION_RECEIVED, DUPLEX_OPCODE_TEXT,
                           letters, 480, 1);
  conversation_text (fixture->capture, DUPLEX_DIRECTION_RECEIVED, "plain", -1);
  select_frames (fixture);
  event = duplex_frame_item_get_event (duplex_frame_table_get_selected (table));

  g_assert_true (widgets_is_shown (find_button (fixture, "Inflated"), fixture->page));
  g_assert_cmpuint (duplex_hex_view_get_size (hex), ==, 2 + event->payload_size);
  g_assert_nonnull (widgets_find_label (fixture->page, "Bytes on the Wire"));

  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (find_button (fixture, "Inflated")), TRUE);
  g_assert_cmpuint (duplex_hex_view_get_size (hex), ==, 480);
  g_assert_null (widgets_find_label (fixture->page, "Bytes on the Wire"));
  g_assert_nonnull (
    widgets_find_label (fixture->page, "480 bytes, 8 bytes on the wire"));
  /* A field of the frame has no place in what is shown now. */
  duplex_frame_picture_set_current (picture, DUPLEX_FRAME_FIELD_PAYLOAD);
  g_assert_cmpuint (duplex_hex_view_get_size (hex), ==, 480);

  select_row (fixture, 1);
  g_assert_false (widgets_is_shown (find_button (fixture, "Wire"), fixture->page));
  g_assert_cmpuint (duplex_hex_view_get_size (hex), ==, 2 + 5);
  select_row (fixture, 0);
  g_assert_cmpuint (duplex_hex_view_get_size (hex), ==, 480);
}

static void
test_cut_header (void)
{
  DuplexEvent                 event = DUPLEX_EVENT_INIT;
  g_autoptr (DuplexFrameItem) item = NULL;
  g_autofree char            *opcode = NULL;

  event.kind = DUPLEX_EVENT_FRAME;
  event.flags = DUPLEX_EVENT_FLAG_CUT;
  event.payload = (const guint8 *)"\x81\xfe\x01";
  event.payload_size = 3;
  item = duplex_frame_item_new (NULL, 0, &event);
  g_assert_cmpuint (duplex_frame_item_get_event (item)->header_size, ==, 3);
  g_assert_cmpuint (duplex_frame_item_get_event (item)->payload_size, ==, 0);
  g_assert_null (duplex_frame_item_get_mask (item));
  g_object_get (item, "opcode", &opcode, NULL);
  g_assert_cmpstr (opcode, ==, "header cut off");
}

static void
add (const char *path,
     void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

  add ("/app/frame-page/picture", test_picture);
  add ("/app/frame-page/pick", test_pick);
  add ("/app/frame-page/keys", test_keys);
  add ("/app/frame-page/select", test_select_frame);
  add ("/app/frame-page/finding", test_finding);
  add ("/app/frame-page/field-list", test_field_list);
  add ("/app/frame-page/table-row-names", test_table_row_names);
  add ("/app/frame-page/many", test_many_frames);
  add ("/app/frame-page/outdated", test_outdated_frames);
  add ("/app/frame-page/inflated", test_inflated);
  add ("/app/frame-page/none", test_no_frames);
  g_test_add_func ("/app/frame-item/cut-header", test_cut_header);

  return g_test_run ();
}
