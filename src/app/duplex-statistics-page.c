/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-statistics-page.h"

#include <glib/gi18n.h>

#include "app/duplex-deflate-words.h"
#include "app/duplex-texts.h"

/* Milliseconds between two counts: fast enough to look alive, slow enough to be read. */
#define INTERVAL 250

/* Columns of values: sent, received, both. */
#define N_DIRECTIONS 3

struct _DuplexStatisticsPage
{
  GtkWidget parent_instance;

  /* owned */
  DuplexCapture *capture;
  GSignalGroup  *signals; /* of capture */
  guint          timeout_id;

  /* template */
  GtkGrid *grid;

  /* borrowed */
  GtkLabel *names[DUPLEX_N_STATISTICS];
  GtkLabel *values[DUPLEX_N_STATISTICS][N_DIRECTIONS];

  /* state */
  gint64 counted_at; /* monotonic */
};

G_DEFINE_FINAL_TYPE (DuplexStatisticsPage, duplex_statistics_page, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_CAPTURE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static guint64
get_sum (const guint64 values[2],
         guint         direction)
{
  return direction < 2 ? values[direction] : values[0] + values[1];
}

static guint64
get_payload_on_wire (const DuplexTotals *totals,
                     guint               direction)
{
  const guint64 sums[2] = { duplex_totals_get_payload_on_wire (totals, 0),
                            duplex_totals_get_payload_on_wire (totals, 1) };

  return get_sum (sums, direction);
}

/* What frames add to the messages that were finished, as they were on the wire; a message that is
 * still on its way counts in full. */
static char *
dup_overhead (guint64 bytes,
              guint64 wire)
{
  if (wire == 0)
    return g_strdup ("–");

  return g_strdup_printf (_ ("%.1f %%"), 100.0 * (double)(wire - MIN (bytes, wire)) / (double)wire);
}

char *
duplex_statistics_page_dup_value (const DuplexTotals *totals,
                                  DuplexStatistic     statistic,
                                  guint               direction)
{
  guint64 messages;
  guint64 bytes;

  g_return_val_if_fail (totals != NULL, NULL);
  g_return_val_if_fail (direction < N_DIRECTIONS, NULL);

  messages = get_sum (totals->messages, direction);
  bytes = get_sum (totals->bytes, direction);
  switch (statistic)
    {
    case DUPLEX_STATISTIC_MESSAGES:
      return duplex_text_count (messages);
    case DUPLEX_STATISTIC_BYTES:
      return duplex_text_size (bytes);
    case DUPLEX_STATISTIC_AVERAGE:
      return messages > 0 ? duplex_text_size (bytes / messages) : g_strdup ("–");
    case DUPLEX_STATISTIC_FRAMES:
      return duplex_text_count (get_sum (totals->frames, direction));
    case DUPLEX_STATISTIC_WIRE:
      return duplex_text_size (get_sum (totals->wire_bytes, direction));
    case DUPLEX_STATISTIC_OVERHEAD:
      return dup_overhead (get_payload_on_wire (totals, direction),
                           get_sum (totals->wire_bytes, direction));
    case DUPLEX_STATISTIC_COMPRESSED:
      return duplex_text_count (get_sum (totals->compressed, direction));
    case DUPLEX_STATISTIC_INFLATED_BYTES:
      return duplex_text_size (get_sum (totals->inflated_bytes, direction));
    case DUPLEX_STATISTIC_COMPRESSED_BYTES:
      return duplex_text_size (get_sum (totals->compressed_bytes, direction));
    case DUPLEX_STATISTIC_RATIO:
      return duplex_deflate_words_dup_ratio (get_sum (totals->inflated_bytes, direction),
                                             get_sum (totals->compressed_bytes, direction));
    case DUPLEX_STATISTIC_FINDINGS:
      return direction < 2 ? g_strdup ("") : duplex_text_count (totals->findings);
    case DUPLEX_STATISTIC_EVENTS:
      return direction < 2 ? g_strdup ("") : duplex_text_count (totals->events);
    case DUPLEX_N_STATISTICS:
    default:
      g_return_val_if_reached (NULL);
    }
}

/* Of compression nothing is said where there is none. */
static gboolean
is_worth_saying (const DuplexTotals *totals,
                 DuplexStatistic     statistic)
{
  return statistic < DUPLEX_STATISTIC_COMPRESSED || statistic > DUPLEX_STATISTIC_RATIO ||
         get_sum (totals->compressed, 2) > 0;
}

static void
count (DuplexStatisticsPage *self)
{
  DuplexTotals totals = { 0 };

  self->counted_at = g_get_monotonic_time ();
  if (self->capture != NULL)
    duplex_capture_get_totals (self->capture, &totals);

  for (guint i = 0; i < DUPLEX_N_STATISTICS; i++)
    {
      gboolean is_shown = is_worth_saying (&totals, (DuplexStatistic)i);

      gtk_widget_set_visible (GTK_WIDGET (self->names[i]), is_shown);
      for (guint direction = 0; direction < N_DIRECTIONS; direction++)
        {
          g_autofree char *value = NULL;

          value = duplex_statistics_page_dup_value (&totals, (DuplexStatistic)i, direction);
          gtk_label_set_text (self->values[i][direction], value);
          gtk_widget_set_visible (GTK_WIDGET (self->values[i][direction]), is_shown);
        }
    }
}

static gboolean
timeout_cb (gpointer user_data)
{
  DuplexStatisticsPage *self = user_data;

  self->timeout_id = 0;
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    count (self);
  return G_SOURCE_REMOVE;
}

static void
published_cb (DuplexStatisticsPage *self)
{
  gint64 since = (g_get_monotonic_time () - self->counted_at) / 1000;

  if (self->timeout_id != 0 || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;

  if (since >= INTERVAL)
    count (self);
  else
    self->timeout_id = g_timeout_add ((guint)(INTERVAL - since), timeout_cb, self);
}

static void
duplex_statistics_page_map (GtkWidget *widget)
{
  count (DUPLEX_STATISTICS_PAGE (widget));

  GTK_WIDGET_CLASS (duplex_statistics_page_parent_class)->map (widget);
}

static GtkLabel *
add_label (DuplexStatisticsPage *self,
           int                   column,
           int                   row,
           const char           *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), column == 0 ? 0 : 1);
  gtk_label_set_wrap (GTK_LABEL (label), column == 0);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_hexpand (label, column == 0);
  gtk_widget_add_css_class (label, column == 0 ? "dim-label" : "numeric");
  gtk_grid_attach (self->grid, label, column, row, 1, 1);
  return GTK_LABEL (label);
}

static void
add_labels (DuplexStatisticsPage *self)
{
  const char *const names[DUPLEX_N_STATISTICS] = {
    [DUPLEX_STATISTIC_MESSAGES] = _ ("Messages"),
    [DUPLEX_STATISTIC_BYTES] = _ ("Payload"),
    [DUPLEX_STATISTIC_AVERAGE] = _ ("Average message"),
    [DUPLEX_STATISTIC_FRAMES] = _ ("Frames"),
    /* Translators: bytes that were on the wire. */
    [DUPLEX_STATISTIC_WIRE] = _ ("On the wire"),
    /* Translators: bytes that were not payload of messages. */
    [DUPLEX_STATISTIC_OVERHEAD] = _ ("Overhead"),
    [DUPLEX_STATISTIC_COMPRESSED] = _ ("Compressed messages"),
    /* Translators: bytes of compressed messages, as they were on the wire. */
    [DUPLEX_STATISTIC_COMPRESSED_BYTES] = _ ("Compressed"),
    /* Translators: bytes of compressed messages, as they were before and are after that. */
    [DUPLEX_STATISTIC_INFLATED_BYTES] = _ ("Inflated"),
    /* Translators: how well messages are compressed. */
    [DUPLEX_STATISTIC_RATIO] = _ ("Ratio"),
    [DUPLEX_STATISTIC_FINDINGS] = _ ("Findings"),
    [DUPLEX_STATISTIC_EVENTS] = _ ("Recorded events"),
  };
  const char *const directions[N_DIRECTIONS] = { _ ("Sent"), _ ("Received"), _ ("Total") };

  for (int direction = 0; direction < N_DIRECTIONS; direction++)
    gtk_widget_add_css_class (
      GTK_WIDGET (add_label (self, direction + 1, 0, directions[direction])), "heading");

  for (int i = 0; i < DUPLEX_N_STATISTICS; i++)
    {
      self->names[i] = add_label (self, 0, i + 1, names[i]);
      for (int direction = 0; direction < N_DIRECTIONS; direction++)
        {
          GtkLabel        *value = add_label (self, direction + 1, i + 1, NULL);
          g_autofree char *label = g_strdup_printf ("%s, %s", names[i], directions[direction]);

          gtk_accessible_update_property (GTK_ACCESSIBLE (value),
                                          GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, label, -1);
          self->values[i][direction] = value;
        }
    }
}

static void
set_capture (DuplexStatisticsPage *self,
             DuplexCapture        *capture)
{
  if (!g_set_object (&self->capture, capture))
    return;

  g_signal_group_set_target (self->signals, capture);
  count (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}

static void
duplex_statistics_page_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DuplexStatisticsPage *self = DUPLEX_STATISTICS_PAGE (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_statistics_page_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  DuplexStatisticsPage *self = DUPLEX_STATISTICS_PAGE (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      set_capture (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_statistics_page_dispose (GObject *object)
{
  DuplexStatisticsPage *self = DUPLEX_STATISTICS_PAGE (object);

  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_object (&self->signals);
  g_clear_object (&self->capture);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_STATISTICS_PAGE);
  /* It unparents bound children only. */
  while (gtk_widget_get_first_child (GTK_WIDGET (self)) != NULL)
    gtk_widget_unparent (gtk_widget_get_first_child (GTK_WIDGET (self)));

  G_OBJECT_CLASS (duplex_statistics_page_parent_class)->dispose (object);
}

static void
duplex_statistics_page_class_init (DuplexStatisticsPageClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_statistics_page_get_property;
  object_class->set_property = duplex_statistics_page_set_property;
  object_class->dispose = duplex_statistics_page_dispose;

  widget_class->map = duplex_statistics_page_map;

  properties[PROP_CAPTURE] =
    g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-statistics-page.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexStatisticsPage, grid);
  gtk_widget_class_set_css_name (widget_class, "statistics-page");
}

static void
duplex_statistics_page_init (DuplexStatisticsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->signals = g_signal_group_new (DUPLEX_TYPE_CAPTURE);
  g_signal_group_connect_swapped (self->signals, "published", G_CALLBACK (published_cb), self);
  add_labels (self);
  count (self);
}
