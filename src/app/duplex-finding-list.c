/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-finding-list.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/duplex-severity.h"
#include "app/duplex-texts.h"

struct _DuplexFindingList
{
  GtkWidget parent_instance;

  /* owned */
  GArray     *findings;
  GtkListBox *list;

  /* state */
  gboolean activatable;
};

G_DEFINE_FINAL_TYPE (DuplexFindingList, duplex_finding_list, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_ACTIVATABLE,
  N_PROPS
};

enum {
  SIGNAL_FINDING_ACTIVATED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

char *
duplex_finding_list_dup_detail (const DuplexFinding *finding,
                                gboolean             of_frame)
{
  g_autofree char *offset = NULL;

  g_return_val_if_fail (finding != NULL, NULL);

  if (!of_frame && finding->offset == 0)
    return g_strdup (duplex_finding_get_section (finding->id));

  offset = duplex_text_count (finding->offset);

  /* Translators: a rule and the position of a byte: "RFC 6455 §5.1 · byte 12". */
  return g_strdup_printf (_ ("%s · byte %s"), duplex_finding_get_section (finding->id), offset);
}

static GtkWidget *
new_row (DuplexFindingList   *self,
         const DuplexFinding *finding)
{
  DuplexSeverity   severity = duplex_finding_get_severity (finding->id);
  g_autofree char *detail = duplex_finding_list_dup_detail (finding, self->activatable);
  GtkWidget       *row = adw_action_row_new ();
  GtkWidget       *icon;

  icon = gtk_image_new_from_icon_name (duplex_severity_get_icon (severity));
  gtk_widget_add_css_class (icon, duplex_severity_get_css_class (severity));
  gtk_accessible_update_property (GTK_ACCESSIBLE (icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  duplex_severity_get_label (severity), -1);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row),
                                 _ (duplex_finding_get_text (finding->id)));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), detail);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), self->activatable);
  return row;
}

static void
row_activated_cb (DuplexFindingList *self,
                  GtkListBoxRow     *row)
{
  int                  index = gtk_list_box_row_get_index (row);
  const DuplexFinding *finding = &g_array_index (self->findings, DuplexFinding, index);

  g_signal_emit (self, signals[SIGNAL_FINDING_ACTIVATED], 0, (guint)finding->id, finding->offset);
}

static void
duplex_finding_list_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DuplexFindingList *self = DUPLEX_FINDING_LIST (object);

  switch (prop_id)
    {
    case PROP_ACTIVATABLE:
      g_value_set_boolean (value, self->activatable);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_finding_list_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  DuplexFindingList *self = DUPLEX_FINDING_LIST (object);

  switch (prop_id)
    {
    case PROP_ACTIVATABLE:
      self->activatable = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_finding_list_dispose (GObject *object)
{
  DuplexFindingList *self = DUPLEX_FINDING_LIST (object);

  if (self->list != NULL)
    gtk_widget_unparent (GTK_WIDGET (g_steal_pointer (&self->list)));

  G_OBJECT_CLASS (duplex_finding_list_parent_class)->dispose (object);
}

static void
duplex_finding_list_finalize (GObject *object)
{
  DuplexFindingList *self = DUPLEX_FINDING_LIST (object);

  g_clear_pointer (&self->findings, g_array_unref);

  G_OBJECT_CLASS (duplex_finding_list_parent_class)->finalize (object);
}

static void
duplex_finding_list_class_init (DuplexFindingListClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_finding_list_get_property;
  object_class->set_property = duplex_finding_list_set_property;
  object_class->dispose = duplex_finding_list_dispose;
  object_class->finalize = duplex_finding_list_finalize;

  properties[PROP_ACTIVATABLE] =
    g_param_spec_boolean ("activatable", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_FINDING_ACTIVATED] =
    g_signal_new ("finding-activated", DUPLEX_TYPE_FINDING_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                  NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT64);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
duplex_finding_list_init (DuplexFindingList *self)
{
  self->findings = g_array_new (FALSE, FALSE, sizeof (DuplexFinding));
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Findings"), -1);
  g_signal_connect_swapped (self->list, "row-activated", G_CALLBACK (row_activated_cb), self);
  gtk_widget_set_parent (GTK_WIDGET (self->list), GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

void
duplex_finding_list_set_findings (DuplexFindingList   *self,
                                  const DuplexFinding *findings,
                                  guint                n_findings)
{
  GtkWidget *child;

  g_return_if_fail (DUPLEX_IS_FINDING_LIST (self));
  g_return_if_fail (findings != NULL || n_findings == 0);

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))) != NULL)
    gtk_list_box_remove (self->list, child);

  g_array_set_size (self->findings, 0);
  if (n_findings > 0)
    g_array_append_vals (self->findings, findings, n_findings);
  for (guint i = 0; i < n_findings; i++)
    gtk_list_box_append (self->list, new_row (self, &findings[i]));

  gtk_widget_set_visible (GTK_WIDGET (self), n_findings > 0);
}
