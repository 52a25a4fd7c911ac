/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-problem.h"

PangoAttrList *
duplex_filter_problem_mark (const char *text,
                            int         column)
{
  PangoAttrList  *attrs = pango_attr_list_new ();
  PangoAttribute *line = pango_attr_underline_new (PANGO_UNDERLINE_ERROR);
  glong           length = g_utf8_strlen (text, -1);
  const char     *at;

  if (length > 0)
    {
      at = g_utf8_offset_to_pointer (text, MIN ((glong)column, length - 1));
      line->start_index = (guint)(at - text);
      line->end_index = (guint)(g_utf8_next_char (at) - text);
    }
  pango_attr_list_insert (attrs, line);
  return attrs;
}

void
duplex_filter_problem_show (GtkEntry   *entry,
                            GtkLabel   *label,
                            const char *problem,
                            int         column)
{
  GtkAccessible            *accessible = GTK_ACCESSIBLE (entry);
  g_autoptr (PangoAttrList) attrs = NULL;

  g_return_if_fail (GTK_IS_ENTRY (entry));
  g_return_if_fail (GTK_IS_LABEL (label));

  if (problem != NULL && column >= 0)
    attrs = duplex_filter_problem_mark (gtk_editable_get_text (GTK_EDITABLE (entry)), column);
  gtk_entry_set_attributes (entry, attrs);
  if (problem != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (entry), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (entry), "error");

  gtk_label_set_label (label, problem != NULL ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (label), problem != NULL);

  gtk_accessible_update_state (accessible, GTK_ACCESSIBLE_STATE_INVALID,
                               problem != NULL ? GTK_ACCESSIBLE_INVALID_TRUE
                                               : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
  gtk_accessible_update_property (accessible, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  problem != NULL ? problem : "", -1);
}
