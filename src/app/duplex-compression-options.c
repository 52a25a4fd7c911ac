/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-compression-options.h"

#include <glib/gi18n.h>

#include "app/duplex-deflate-words.h"

struct _DuplexCompressionOptions
{
  AdwPreferencesGroup parent_instance;

  GBindingGroup *bindings; /* owned */

  GtkSwitch   *offer_switch; /* template */
  GtkSwitch   *server_switch;
  GtkSwitch   *client_switch;
  AdwComboRow *server_window;
  AdwComboRow *client_window;
};

G_DEFINE_FINAL_TYPE (DuplexCompressionOptions,
                     duplex_compression_options,
                     ADW_TYPE_PREFERENCES_GROUP)

/* Behind the choices that are no number come those of 8 to 15 bits, in order. */
static const guint server_extras[] = { 0 };
static const guint client_extras[] = { 0, DUPLEX_WINDOW_BITS_NO_VALUE };

/* What a list of choices begins with. */
typedef struct
{
  const guint *extras;
  guint        n_extras;
} Choices;

static const Choices server_choices = { server_extras, G_N_ELEMENTS (server_extras) };
static const Choices client_choices = { client_extras, G_N_ELEMENTS (client_extras) };

static gboolean
bits_to_selected (GBinding     *binding,
                  const GValue *from,
                  GValue       *to,
                  gpointer      user_data)
{
  const Choices *choices = user_data;
  guint          bits = g_value_get_uint (from);

  for (guint i = 0; i < choices->n_extras; i++)
    if (choices->extras[i] == bits)
      {
        g_value_set_uint (to, i);
        return TRUE;
      }
  if (bits < DUPLEX_WINDOW_BITS_MIN || bits > DUPLEX_WINDOW_BITS_MAX)
    return FALSE;

  g_value_set_uint (to, choices->n_extras + bits - DUPLEX_WINDOW_BITS_MIN);
  return TRUE;
}

static gboolean
selected_to_bits (GBinding     *binding,
                  const GValue *from,
                  GValue       *to,
                  gpointer      user_data)
{
  const Choices *choices = user_data;
  guint          selected = g_value_get_uint (from);

  if (selected == GTK_INVALID_LIST_POSITION)
    return FALSE;

  g_value_set_uint (to, selected < choices->n_extras
                          ? choices->extras[selected]
                          : selected - choices->n_extras + DUPLEX_WINDOW_BITS_MIN);
  return TRUE;
}

static void
fill_choices (AdwComboRow   *row,
              const Choices *choices)
{
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);

  for (guint i = 0; i < choices->n_extras; i++)
    /* Translators: of a parameter of an extension: whether and how it stands in the offer. */
    gtk_string_list_append (list, choices->extras[i] == 0 ? _ ("Not stated") : _ ("Any size"));
  for (guint bits = DUPLEX_WINDOW_BITS_MIN; bits <= DUPLEX_WINDOW_BITS_MAX; bits++)
    {
      g_autofree char *window = duplex_deflate_words_dup_window (bits);

      /* Translators: a parameter's number, and the size that it stands for: "15 (32 KiB)". */
      gtk_string_list_take (list, g_strdup_printf (_ ("%u (%s)"), bits, window));
    }
  adw_combo_row_set_model (row, G_LIST_MODEL (list));
}

static void
bind_rows (DuplexCompressionOptions *self)
{
  const GBindingFlags both = G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE;

  self->bindings = g_binding_group_new ();
  g_binding_group_bind (self->bindings, "deflate", self->offer_switch, "active", both);
  g_binding_group_bind (self->bindings, "deflate-server-no-context-takeover",
                        self->server_switch, "active", both);
  g_binding_group_bind (self->bindings, "deflate-client-no-context-takeover",
                        self->client_switch, "active", both);
  g_binding_group_bind_full (self->bindings, "deflate-server-max-window-bits",
                             self->server_window, "selected", both, bits_to_selected,
                             selected_to_bits, (gpointer)&server_choices, NULL);
  g_binding_group_bind_full (self->bindings, "deflate-client-max-window-bits",
                             self->client_window, "selected", both, bits_to_selected,
                             selected_to_bits, (gpointer)&client_choices, NULL);
}

static void
duplex_compression_options_dispose (GObject *object)
{
  DuplexCompressionOptions *self = DUPLEX_COMPRESSION_OPTIONS (object);

  g_clear_object (&self->bindings);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_COMPRESSION_OPTIONS);

  G_OBJECT_CLASS (duplex_compression_options_parent_class)->dispose (object);
}

static void
duplex_compression_options_class_init (DuplexCompressionOptionsClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_compression_options_dispose;

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-compression-options.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexCompressionOptions, offer_switch);
  gtk_widget_class_bind_template_child (widget_class, DuplexCompressionOptions, server_switch);
  gtk_widget_class_bind_template_child (widget_class, DuplexCompressionOptions, client_switch);
  gtk_widget_class_bind_template_child (widget_class, DuplexCompressionOptions, server_window);
  gtk_widget_class_bind_template_child (widget_class, DuplexCompressionOptions, client_window);
}

static void
duplex_compression_options_init (DuplexCompressionOptions *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  fill_choices (self->server_window, &server_choices);
  fill_choices (self->client_window, &client_choices);
  bind_rows (self);
}

void
duplex_compression_options_set_profile (DuplexCompressionOptions *self,
                                        DuplexProfile            *profile)
{
  g_return_if_fail (DUPLEX_IS_COMPRESSION_OPTIONS (self));
  g_return_if_fail (profile == NULL || DUPLEX_IS_PROFILE (profile));

  g_binding_group_set_source (self->bindings, profile);
}
