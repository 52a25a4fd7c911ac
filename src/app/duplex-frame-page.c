/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-frame-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/duplex-field-list.h"
#include "app/duplex-finding-list.h"
#include "app/duplex-frame-picture.h"
#include "app/duplex-frame-table.h"
#include "app/duplex-hex-view.h"
#include "app/duplex-row-hold.h"
#include "app/duplex-texts.h"
#include "core/model/duplex-capture.h"

/* Frames of a message that are listed. Their numbers take eight bytes each. */
#define MAX_FRAMES 100000

/* Frames that stand among more events than that are looked up off the main thread. */
#define MAX_EVENTS_AT_ONCE 64

struct _DuplexFramePage
{
  GtkWidget parent_instance;

  /* owned */
  DuplexRow    *row;
  GCancellable *cancellable; /* of the look-up that runs, or NULL */

  /* template */
  GtkStack           *stack;
  AdwStatusPage      *empty;
  DuplexFrameTable   *table;
  GtkLabel           *note;
  DuplexFindingList  *findings;
  DuplexFramePicture *picture;
  GtkWidget          *legend;
  DuplexFieldList    *fields;
  GtkLabel           *bytes_title;
  GtkWidget          *views;
  GtkToggleButton    *wire_button;
  GtkToggleButton    *inflated_button;
  GtkLabel           *share;
  DuplexHexView      *hex;

  /* state */
  gboolean is_inflated; /* hex shows what the payload inflates to */
  gboolean is_stale;    /* row is not what is shown */
};

G_DEFINE_FINAL_TYPE (DuplexFramePage, duplex_frame_page, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_ROW,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static gsize
read_wire (gpointer source,
           guint64  offset,
           guint8  *buffer,
           gsize    size)
{
  return duplex_frame_item_read (source, DUPLEX_PAYLOAD_WIRE, offset, buffer, size);
}

static gsize
read_inflated (gpointer source,
               guint64  offset,
               guint8  *buffer,
               gsize    size)
{
  return duplex_frame_item_read (source, DUPLEX_PAYLOAD_INFLATED, offset, buffer, size);
}

static gboolean
has_inflated (DuplexFrameItem *item)
{
  return item != NULL &&
         duplex_payload_exists (duplex_frame_item_get_event (item), DUPLEX_PAYLOAD_INFLATED);
}

/* The bytes of a frame: as they were on the wire, or what they inflate to where that is wanted. */
static void
show_bytes (DuplexFramePage *self,
            DuplexFrameItem *item)
{
  gboolean is_inflated = has_inflated (item) &&
                         gtk_toggle_button_get_active (self->inflated_button);
  g_autoptr (DuplexHexBytes) bytes = NULL;
  g_autofree char           *share = NULL;

  if (item == NULL)
    bytes = duplex_hex_bytes_new (NULL, NULL, NULL);
  else if (is_inflated)
    {
      share = duplex_frame_words_dup_share (duplex_frame_item_get_event (item));
      bytes = duplex_hex_bytes_new_reading (NULL, duplex_frame_item_get_event (item)->inflated_size,
                                            NULL, read_inflated, g_object_ref (item),
                                            g_object_unref);
    }
  else
    {
      g_autoptr (GBytes) header = duplex_frame_item_dup_header (item);

      bytes = duplex_hex_bytes_new_reading (header,
                                            duplex_frame_item_get_event (item)->payload_size,
                                            duplex_frame_item_get_mask (item), read_wire,
                                            g_object_ref (item), g_object_unref);
    }

  self->is_inflated = is_inflated;
  gtk_label_set_text (self->bytes_title,
                      is_inflated ? _ ("Inflated Bytes") : _ ("Bytes on the Wire"));
  gtk_label_set_text (self->share, share != NULL ? share : "");
  gtk_widget_set_visible (GTK_WIDGET (self->share), share != NULL);
  gtk_widget_set_visible (self->views, has_inflated (item));
  duplex_hex_view_set_bytes (self->hex, bytes);
}

static void
show_item (DuplexFramePage *self,
           DuplexFrameItem *item)
{
  const DuplexEvent *event;

  duplex_frame_picture_set_item (self->picture, item);
  duplex_field_list_set_item (self->fields, item);
  if (item == NULL)
    duplex_finding_list_set_findings (self->findings, NULL, 0);
  else
    {
      event = duplex_frame_item_get_event (item);
      duplex_finding_list_set_findings (self->findings, event->findings, event->n_findings);
      gtk_widget_set_visible (self->legend, duplex_frame_item_get_mask (item) != NULL &&
                                              event->payload_size > 0);
    }
  show_bytes (self, item);
}

static void
selected_cb (DuplexFramePage *self)
{
  if (self->table != NULL)
    show_item (self, duplex_frame_table_get_selected (self->table));
}

static void
current_cb (DuplexFramePage *self)
{
  const DuplexFrameField *field = duplex_frame_picture_get_current_field (self->picture);
  guint64                 n = 0;
  guint64                 offset = 0;

  /* What the bytes inflate to has no fields. */
  if (field != NULL && !self->is_inflated)
    offset = duplex_frame_field_get_bytes (field, &n);
  duplex_hex_view_set_highlight (self->hex, offset, n);
  duplex_field_list_set_current (self->fields, duplex_frame_picture_get_current (self->picture));
}

static void
view_toggled_cb (DuplexFramePage *self)
{
  if (self->table == NULL)
    return;

  show_bytes (self, duplex_frame_table_get_selected (self->table));
  current_cb (self);
}

static void
field_activated_cb (DuplexFramePage *self,
                    int              field)
{
  duplex_frame_picture_set_current (self->picture, field);
}

static void
finding_activated_cb (DuplexFramePage *self,
                      guint            finding,
                      guint64          offset)
{
  DuplexFrameFieldId field = duplex_frame_words_get_finding_field ((DuplexFindingId)finding);

  gtk_toggle_button_set_active (self->wire_button, TRUE);
  duplex_frame_picture_set_current (self->picture, field < DUPLEX_N_FRAME_FIELDS ? (int)field : -1);
  duplex_hex_view_set_highlight (self->hex, offset, 1);
}

static void
show_frames (DuplexFramePage *self,
             GArray          *numbers)
{
  g_autoptr (DuplexFrameList) list = NULL;
  guint                       n_frames = duplex_row_get_n_frames (self->row);

  if (numbers->len < n_frames)
    {
      g_autofree char *shown = duplex_text_count (numbers->len);
      g_autofree char *all = duplex_text_count (n_frames);
      g_autofree char *text = NULL;

      /* Translators: two numbers. */
      text = g_strdup_printf (_ ("The first %s of %s frames"), shown, all);
      gtk_label_set_text (self->note, text);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->note), numbers->len < n_frames);
  list = duplex_frame_list_new (duplex_row_get_capture (self->row), numbers);
  duplex_frame_table_set_list (self->table, list);
  gtk_stack_set_visible_child_name (self->stack, "frames");
}

static void
find_frames_worker (GTask        *task,
                    gpointer      source_object,
                    gpointer      task_data,
                    GCancellable *cancellable)
{
  g_task_return_pointer (task, duplex_row_dup_frames (task_data, MAX_FRAMES),
                         (GDestroyNotify)g_array_unref);
}

static void
find_frames_ready_cb (GObject      *source_object,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  DuplexFramePage   *self = DUPLEX_FRAME_PAGE (source_object);
  g_autoptr (GArray) numbers = g_task_propagate_pointer (G_TASK (result), NULL);

  /* Cancelled: another row is shown by now. */
  if (numbers == NULL)
    return;

  g_clear_object (&self->cancellable);
  show_frames (self, numbers);
}

static gboolean
is_quick (DuplexRow *row)
{
  const DuplexEvent *event = duplex_row_get_event (row);

  return event->first >= event->number || event->number - event->first < MAX_EVENTS_AT_ONCE;
}

static void
find_frames (DuplexFramePage *self)
{
  if (is_quick (self->row))
    {
      g_autoptr (GArray) numbers = duplex_row_dup_frames (self->row, MAX_EVENTS_AT_ONCE);

      show_frames (self, numbers);
    }
  else
    {
      g_autoptr (GTask) task = NULL;

      self->cancellable = g_cancellable_new ();
      task = g_task_new (self, self->cancellable, find_frames_ready_cb, NULL);
      g_task_set_source_tag (task, find_frames);
      g_task_set_task_data (task, g_object_ref (self->row), duplex_row_hold_release);
      g_task_run_in_thread (task, find_frames_worker);
    }
}

static void
update (DuplexFramePage *self)
{
  const char *title = _ ("No Frames");
  const char *description = _ ("This line tells of the connection");

  self->is_stale = FALSE;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);

  if (self->row != NULL && duplex_row_get_n_frames (self->row) > 0)
    {
      find_frames (self);
      return;
    }

  duplex_frame_table_set_list (self->table, NULL);
  if (self->row == NULL)
    {
      title = _ ("No Message Selected");
      description = _ ("Select a message to see its frames");
    }
  adw_status_page_set_title (self->empty, title);
  adw_status_page_set_description (self->empty, description);
  gtk_stack_set_visible_child_name (self->stack, "empty");
}

static void
duplex_frame_page_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  DuplexFramePage *self = DUPLEX_FRAME_PAGE (object);

  switch (prop_id)
    {
    case PROP_ROW:
      g_value_set_object (value, self->row);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_frame_page_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  DuplexFramePage *self = DUPLEX_FRAME_PAGE (object);

  switch (prop_id)
    {
    case PROP_ROW:
      duplex_frame_page_set_row (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_frame_page_map (GtkWidget *widget)
{
  DuplexFramePage *self = DUPLEX_FRAME_PAGE (widget);

  if (self->is_stale)
    update (self);

  GTK_WIDGET_CLASS (duplex_frame_page_parent_class)->map (widget);
}

static void
duplex_frame_page_dispose (GObject *object)
{
  DuplexFramePage *self = DUPLEX_FRAME_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->row);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_FRAME_PAGE);

  G_OBJECT_CLASS (duplex_frame_page_parent_class)->dispose (object);
}

static void
duplex_frame_page_class_init (DuplexFramePageClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_frame_page_get_property;
  object_class->set_property = duplex_frame_page_set_property;
  object_class->dispose = duplex_frame_page_dispose;

  widget_class->map = duplex_frame_page_map;

  properties[PROP_ROW] =
    g_param_spec_object ("row", NULL, NULL, DUPLEX_TYPE_ROW,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (DUPLEX_TYPE_FIELD_LIST);
  g_type_ensure (DUPLEX_TYPE_FINDING_LIST);
  g_type_ensure (DUPLEX_TYPE_FRAME_PICTURE);
  g_type_ensure (DUPLEX_TYPE_FRAME_TABLE);
  g_type_ensure (DUPLEX_TYPE_HEX_VIEW);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-frame-page.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, stack);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, empty);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, table);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, note);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, findings);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, picture);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, legend);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, fields);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, bytes_title);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, views);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, wire_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, inflated_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, share);
  gtk_widget_class_bind_template_child (widget_class, DuplexFramePage, hex);
  gtk_widget_class_bind_template_callback (widget_class, selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, current_cb);
  gtk_widget_class_bind_template_callback (widget_class, view_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, field_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, finding_activated_cb);
  gtk_widget_class_set_css_name (widget_class, "frame-page");
}

static void
duplex_frame_page_init (DuplexFramePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  update (self);
}

void
duplex_frame_page_set_row (DuplexFramePage *self,
                           DuplexRow       *row)
{
  g_return_if_fail (DUPLEX_IS_FRAME_PAGE (self));
  g_return_if_fail (row == NULL || DUPLEX_IS_ROW (row));

  if (!g_set_object (&self->row, row))
    return;

  /* Out of sight it is enough to do it when the page comes back. */
  self->is_stale = TRUE;
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ROW]);
}
