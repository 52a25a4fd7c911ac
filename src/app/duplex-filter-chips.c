/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-filter-chips.h"

#include "app/duplex-filter-words.h"

/* Between groups, besides the spacing of the bar. */
#define GROUP_MARGIN 6

void
duplex_filter_chips_add (DuplexFilterChips *self,
                         GtkWidget         *parent,
                         GtkWidget         *before,
                         GCallback          toggled,
                         gpointer           object)
{
  g_return_if_fail (self != NULL && GTK_IS_WIDGET (parent));

  for (guint i = 0; i < DUPLEX_N_FILTER_CHIPS; i++)
    {
      GtkWidget *chip = gtk_toggle_button_new_with_label (duplex_filter_words_chip (i));

      gtk_widget_add_css_class (chip, "chip");
      gtk_widget_set_valign (chip, GTK_ALIGN_CENTER);
      if (duplex_filter_chip_ends_group (i))
        gtk_widget_set_margin_end (chip, GROUP_MARGIN);
      gtk_widget_insert_before (chip, parent, before);
      g_signal_connect_object (chip, "toggled", toggled, object, G_CONNECT_SWAPPED);
      self->buttons[i] = GTK_TOGGLE_BUTTON (chip);
    }
  duplex_filter_chips_set_has_legs (self, FALSE);
}

guint
duplex_filter_chips_get_active (DuplexFilterChips *self)
{
  guint chips = 0;

  g_return_val_if_fail (self != NULL, 0);

  for (guint i = 0; i < DUPLEX_N_FILTER_CHIPS; i++)
    if (gtk_toggle_button_get_active (self->buttons[i]))
      chips |= 1u << i;
  return chips;
}

void
duplex_filter_chips_set_active (DuplexFilterChips *self,
                                guint              chips)
{
  g_return_if_fail (self != NULL);

  for (guint i = 0; i < DUPLEX_N_FILTER_CHIPS; i++)
    gtk_toggle_button_set_active (self->buttons[i], (chips & (1u << i)) != 0);
}

void
duplex_filter_chips_set_has_legs (DuplexFilterChips *self,
                                  gboolean           has_legs)
{
  g_return_if_fail (self != NULL);

  for (guint i = 0; i < DUPLEX_N_FILTER_CHIPS; i++)
    if (duplex_filter_chip_is_of_legs (i))
      gtk_widget_set_visible (GTK_WIDGET (self->buttons[i]), has_legs);
}
